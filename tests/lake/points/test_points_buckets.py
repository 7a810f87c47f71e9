"""A target is looked for in the bucket where DuckLake put it."""

import numpy as np
import polars as pl
from deeds import do, plain, points_of, replace
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.opening import Lake
from lake.points.buckets import bucket_of, buckets_of
from lake.points.reader import PointReader


@given(target_ids=st.sets(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40))
@settings(max_examples=5, deadline=None)
def test_any_target_is_found_in_its_bucket(lake: Lake, reader: PointReader, target_ids: set[int]) -> None:
    do(lake, replace(pl.concat([points_of(each, [17.0, 18.0]) for each in target_ids])))

    assert all(len(reader.light_curve(each)) == 2 for each in target_ids)
    assert reader.light_curves(sorted(target_ids)).equals(plain(lake, sorted(target_ids)))


@given(target_ids=st.lists(st.integers(-(2**63), 2**63 - 1)), buckets=st.integers(1, 2**31))
def test_many_targets_have_the_buckets_of_each(target_ids: list[int], buckets: int) -> None:
    found = buckets_of(np.array(target_ids, dtype=np.int64), buckets)

    assert found.tolist() == [bucket_of(each, buckets) for each in target_ids]


def test_buckets_are_those_of_iceberg() -> None:
    assert bucket_of(34, 2**31) == 2017239379  # the example of its specification
