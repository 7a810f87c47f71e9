"""Merging makes few files of many, and changes nothing that anybody can read in any version."""

import pytest
from small_batches import append, content, disordered_files, replace

from lake.opening import Lake
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.live import LiveFile, live_files
from lake.upkeep.merge import STEP_FILES, merge_small_files, mergeable
from lake.upkeep.turns import Turns


def merge(lake: Lake, *, below_bytes: int = 1_000_000) -> Done:
    turns = Turns(lake.store.backend)
    try:
        return sum(merge_small_files(lake.store, turns, below_bytes=below_bytes), NOTHING)
    finally:
        turns.close()


def photometry(lake: Lake) -> list[LiveFile]:
    return [file for file in live_files(lake.store) if file.table == "photometry"]


def test_many_small_files_become_one_in_each_bucket_and_table(lake: Lake) -> None:
    append(lake, 16)
    buckets = {file.group for file in photometry(lake)}

    done = merge(lake)

    assert done.merged == 32
    assert {file.group for file in photometry(lake)} == buckets
    assert len(photometry(lake)) == len(buckets)
    assert len([file for file in live_files(lake.store) if file.table == "batches"]) == 1
    assert merge(lake) == NOTHING


def test_every_version_reads_the_same_after_a_merge_and_the_files_are_sorted(lake: Lake) -> None:
    first = lake.store.version()
    append(lake, 8)
    replace(lake, [1, 2, 3], seed=1)
    append(lake, 3)
    versions = range(first, lake.store.version() + 1)
    before = {version: content(lake, version) for version in versions}
    newest = content(lake)

    merge(lake)

    assert content(lake).equals(newest)
    assert all(content(lake, version).equals(rows) for version, rows in before.items())
    assert not disordered_files(lake)


def test_a_merge_that_has_nothing_to_do_leaves_no_version(lake: Lake) -> None:
    append(lake, 1)
    version = lake.store.version()
    assert merge(lake) == NOTHING
    assert lake.store.version() == version


def test_the_version_of_a_merge_says_who_made_it(lake: Lake) -> None:
    append(lake, 3, targets=1)
    merge(lake)
    told = lake.store.read(
        "SELECT author, commit_message FROM ducklake_snapshots('lake') WHERE snapshot_id = $version",
        {"version": lake.store.version()},
    )
    assert told.row(0) == ("tomlake", "maintain merge")


@pytest.mark.parametrize(("size_bytes", "expected"), [(999, 1), (1000, 0)])
def test_only_files_below_the_size_without_deleted_rows_are_merged(size_bytes: int, expected: int) -> None:
    files = [_file(size_bytes), _file(10), _file(10, delete_file_bytes=7, group="2"), _file(10, group="2")]
    assert len(mergeable(files, below_bytes=1000).get("photometry", [])) == expected


def test_a_crowd_of_files_is_merged_in_steps_of_a_bounded_number(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.upkeep.merge.STEP_FILES", 4)
    append(lake, 12, targets=1)
    rows = content(lake)

    done = merge(lake)

    assert STEP_FILES > 4
    assert len(photometry(lake)) == 1
    assert done.made > 3  # several steps made files that were merged once more
    assert content(lake).equals(rows)


def _file(size_bytes: int, *, delete_file_bytes: int = 0, group: str = "1") -> LiveFile:
    return LiveFile(
        table="photometry",
        path=f"{size_bytes}.parquet",
        rows=10,
        size_bytes=size_bytes,
        deleted_rows=int(delete_file_bytes > 0),
        delete_file_bytes=delete_file_bytes,
        group=group,
    )
