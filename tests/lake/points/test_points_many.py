"""Points sorted piece by piece are in the order that sorting them all gives."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.points.many import SORTED_BY, by_target


@given(
    targets=st.integers(0, 50),
    of_each=st.sampled_from([1, 7, 300]),
    files=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_many_targets_are_sorted_as_a_whole_table_is(
    targets: int, of_each: int, files: int, seed: int
) -> None:
    number = pl.int_range(targets * of_each, eager=True).cast(pl.Int64)
    points = pl.DataFrame(
        {
            "point_id": number.shuffle(seed),
            "target_id": number // of_each * 10 - 100,
            "mjd": (number * 7919 % 50).cast(pl.Float64).replace(3.0, None),  # many of one moment
        }
    )
    parts = [points.filter(points["target_id"] // 10 % files == each) for each in range(files)]
    asked = sorted({*points["target_id"], -5000, 5000})

    found = by_target(pl.concat(parts, rechunk=False), asked)

    assert found.equals(points.sort(SORTED_BY, nulls_last=True))
