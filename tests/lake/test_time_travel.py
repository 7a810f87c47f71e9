"""Older versions give back exactly what stood there, by every way of asking."""

import polars as pl
import pytest
from test_store import few_points

from engine.errors import Rejected
from lake.opening import open_lake
from lake.provenance import new_batch
from lake.settings import Settings

QUESTIONS = (
    "SELECT point_id, flags, mag FROM lake.photometry WHERE target_id = $target_id ORDER BY mag",
    "SELECT flags, max(point_id) AS id, count(*) AS n FROM lake.photometry WHERE target_id = $target_id"
    " GROUP BY flags ORDER BY flags",
    "SELECT count(*) AS n, min(point_id) AS low, max(flags) AS high"
    " FROM lake.photometry WHERE target_id = $target_id",
)


def test_rows_that_were_deleted_since_come_back_with_their_own_numbers(settings: Settings) -> None:
    lake = open_lake(settings)  # a new one: its minima and maxima must be those of these points
    target_id = 7
    points = few_points(target_id, 6).with_columns(
        point_id=pl.Series([7919000002, 3743000004, 9574000006, 5398000008, -1, 2**62]),
        flags=pl.Series([2**31 - 1, 0, 2**32 - 1, 3, 4, 5], dtype=pl.UInt32),
        mag=pl.int_range(6) + 15.0,
    )
    version = lake.store.append_points(points, batch=new_batch("test", "ztf"))
    then = [lake.store.read(question, {"target_id": target_id}) for question in QUESTIONS]

    with lake.store.exclusive() as connection:
        for mag in (15, 16, 18, 19, 20):
            connection.execute("DELETE FROM lake.photometry WHERE target_id = 7 AND mag = $mag", {"mag": mag})
        connection.execute("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.0)")

    older = lake.store.at(version)
    for question, expected in zip(QUESTIONS, then, strict=True):
        assert older.read(question, {"target_id": target_id}).equals(expected)
        assert older.query(question, {"target_id": target_id}).equals(expected)
    lake.close()


def test_a_version_that_went_while_it_was_read_is_told_of(settings: Settings) -> None:
    lake = open_lake(settings)
    version = lake.store.append_points(few_points(7, 3), batch=new_batch("test", "ztf"))
    lake.store.append_points(few_points(8, 3), batch=new_batch("test", "ztf"))
    older = lake.store.at(version)
    assert older.read("SELECT count(*) AS n FROM lake.photometry").item() == 3

    with lake.store.exclusive() as connection:
        connection.execute(f"CALL ducklake_expire_snapshots('lake', versions => [{version}])")

    with pytest.raises(Rejected, match=f"no version {version}"):
        older.read("SELECT count(*) AS n FROM lake.photometry")
    lake.close()
