"""Whatever is done to a lake, the fast path and the plain query give the same light curves."""

from itertools import count

import polars as pl
from deeds import (
    CLEAN,
    MERGE,
    REMAKE_COLUMN,
    REWRITE,
    SWAP_NAMES,
    Deed,
    do,
    expire,
    insert,
    load,
    plain,
    points_of,
    said,
)
from deeds import replace as replace_deed
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lake.opening import Lake
from lake.points.reader import PointReader

FIRST_TARGETS = count(1, 100)  # targets of its own for every example

mags = st.lists(st.none() | st.floats(5, 23), min_size=1, max_size=5)
written = st.dictionaries(st.integers(0, 3), mags, min_size=1, max_size=3)
steps = st.one_of(
    st.tuples(st.sampled_from(["insert", "insert", "load", "load", "replace"]), written),
    st.tuples(st.sampled_from(["delete", "update"]), st.integers(0, 3)),
    st.tuples(st.just("expire"), st.sampled_from([1, 2, 3])),
    st.tuples(st.just("partition"), st.sampled_from([2, 16, 64])),
    st.sampled_from([("merge", 0), ("rewrite", 0), ("clean", 0), ("merge", 0), ("remake", 0), ("swap", 0)]),
)


def deed_of(lake: Lake, step: tuple[str, object], first: int, versions: list[int]) -> Deed | None:
    match step:
        case (("insert" | "replace") as word, dict(rows)):
            points = pl.concat([points_of(first + target, mags) for target, mags in rows.items()])
            return insert(points) if word == "insert" else replace_deed(points)
        case ("load", dict(rows)):
            return load(lake, pl.concat([points_of(first + target, mags) for target, mags in rows.items()]))
        case ("delete", int(target)):
            return said(f"DELETE FROM lake.photometry WHERE target_id = {first + target} AND mjd < 60001.2")
        case ("update", int(target)):
            return said(f"UPDATE lake.photometry SET flags = 7 WHERE target_id = {first + target}")
        case ("expire", int(each)):
            old = versions[:-1][::each]
            return expire(*old) if old else None
        case ("partition", int(buckets)):
            return said(f"ALTER TABLE lake.photometry SET PARTITIONED BY (bucket({buckets}, target_id))")
        case (word, _):
            return {"merge": MERGE, "rewrite": REWRITE, "clean": CLEAN, "remake": REMAKE_COLUMN}.get(
                str(word), SWAP_NAMES
            )
    raise AssertionError(step)


@given(todo=st.lists(steps, min_size=2, max_size=9))
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_the_fast_path_gives_what_the_plain_query_gives(
    lake: Lake, reader: PointReader, todo: list[tuple[str, object]]
) -> None:
    first = next(FIRST_TARGETS)
    versions = [lake.store.version()]
    for step in [("insert", {0: [17.0], 1: [18.0, None]}), *todo]:
        deed = deed_of(lake, step, first, versions)
        if deed is None:
            continue
        versions.append(do(lake, deed))
        assert reader.newest_version() == versions[-1]
        assert reader.light_curve(first).equals(plain(lake, [first]), null_equal=True)

    targets = [first + target for target in range(5)]  # the last one has no points
    kept = {
        version for (version,) in lake.store.backend.catalog.rows("SELECT snapshot_id FROM ducklake_snapshot")
    }
    for version in [None, *(each for each in dict.fromkeys(versions[-5:]) if each in kept)]:
        expected = plain(lake, targets, version)
        assert reader.light_curves(targets, version=version).equals(expected)
        assert reader.light_curves(targets, version=version).schema == expected.schema
        for target_id in targets:
            one = reader.light_curve(target_id, version=version)
            assert one.equals(expected.filter(pl.col("target_id") == target_id)), (target_id, version)
    assert reader.plain_answers == 0, "the plain query must not be what was tested"
