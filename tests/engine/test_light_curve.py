"""The light-curve table: what a row is, and the id that makes it itself."""

import hashlib

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.lightcurve import light_curve

IDENTITY = {
    "target_id": pl.Int64(),
    "source": pl.String(),
    "source_ref": pl.String(),
    "calib_version": pl.String(),
    "point_id": pl.Int64(),
}
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def id_of(*identity: object) -> int:
    text = "\x1f".join("" if value is None else str(value) for value in identity)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 2**40), words, words, st.none() | words, st.none() | st.integers(-9, 9)),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None)
def test_a_point_without_an_id_gets_the_hash_of_what_makes_it_itself(rows: list[tuple[object, ...]]) -> None:
    points = pl.DataFrame(rows, schema=IDENTITY, orient="row")

    found = light_curve(
        points.with_columns(mjd=pl.int_range(len(rows)) + 6e4, band=pl.lit("ZTF(zg)"), mag=17.0)
    )

    assert found["point_id"].to_list() == [row[4] if row[4] is not None else id_of(*row[:4]) for row in rows]


def test_a_row_without_any_brightness_is_no_point() -> None:
    row = {"target_id": [1], "source": "ztf", "source_ref": "1", "mjd": 60000.0, "band": "ZTF(zg)"}
    with pytest.raises(Rejected) as refused:
        light_curve(pl.DataFrame(row))
    assert refused.value.code == "bad-point"
