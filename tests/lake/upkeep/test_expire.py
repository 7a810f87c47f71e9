"""Old versions go, named ones stay for ever, and no file goes that anybody may still read."""

import threading

import pytest
from small_batches import append, content, make_older, replace

from engine.errors import Rejected
from engine.times import mjd_now
from lake.files import filesystem_of
from lake.opening import Lake
from lake.operations import snapshots, writing
from lake.rights import SYSTEM
from lake.snapshots import create_snapshot, delete_snapshot
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.expire import expire_versions
from lake.upkeep.leftovers import remove_leftovers
from lake.upkeep.live import METADATA, live_files
from lake.upkeep.merge import merge_small_files
from lake.upkeep.orphans import known_names, stored_files
from lake.upkeep.turns import Turns

LET_GO_EARLIER = f"""
    UPDATE {METADATA}.ducklake_files_scheduled_for_deletion
    SET schedule_start = now() - to_hours($hours)
    WHERE schedule_start::TIMESTAMPTZ > now() - INTERVAL 1 HOUR
"""
SCHEDULED = f"""
    SELECT count(*) FILTER (schedule_start::TIMESTAMPTZ < now() - INTERVAL 24 HOUR),
           count(*) FILTER (schedule_start::TIMESTAMPTZ >= now() - INTERVAL 24 HOUR)
    FROM {METADATA}.ducklake_files_scheduled_for_deletion
"""


def expire(lake: Lake, *, keep_d: float = 90.0) -> Done:
    turns = Turns(lake.store.backend)
    try:
        return sum(expire_versions(lake.operations, turns, keep_d=keep_d), NOTHING)
    finally:
        turns.close()


def remove(lake: Lake, *, keep_d: float) -> Done:
    turns = Turns(lake.store.backend)
    try:
        return sum(remove_leftovers(lake.store, lake.store.backend, turns, keep_d=keep_d), NOTHING)
    finally:
        turns.close()


def is_kept(lake: Lake, version: int) -> bool:
    try:
        lake.store.at(version)
    except Rejected as error:
        assert error.code == "unknown-version"
        return False
    return True


def test_old_versions_go_and_named_ones_recent_ones_and_the_newest_stay(lake: Lake) -> None:
    old = [replace(lake, [1, 2], seed=seed) for seed in range(4)]
    named = create_snapshot(lake, "paper", version=old[1]).version
    before = content(lake, named)
    recent = replace(lake, [3], seed=9)
    make_older(lake, old[-1])
    newest = replace(lake, [4], seed=10)

    assert expire(lake, keep_d=200.0) == NOTHING
    assert expire(lake).expired == old[-1]  # from 0 on, the named one excepted

    assert [version for version in (*old, recent, newest) if is_kept(lake, version)] == [
        named,
        recent,
        newest,
    ]
    assert content(lake, named).equals(before)
    assert expire(lake) == NOTHING
    delete_snapshot(lake.operations, "paper", user=SYSTEM)
    assert expire(lake) == Done(expired=1)


def test_a_clock_that_ran_ahead_lets_nothing_go(lake: Lake) -> None:
    append(lake, 3)
    make_older(lake, lake.store.version())  # as if the clock now stood a hundred days later
    assert expire(lake) == NOTHING


def test_files_of_let_go_versions_stay_for_a_day(lake: Lake) -> None:
    append(lake, 6, targets=2)
    turns = Turns(lake.store.backend)
    merged = sum(merge_small_files(lake.store, turns, below_bytes=1_000_000), NOTHING)
    turns.close()
    stored, rows = len(stored_files(lake.store.backend)), content(lake)

    assert remove(lake, keep_d=1.0) == NOTHING
    assert len(stored_files(lake.store.backend)) == stored
    assert remove(lake, keep_d=0.0) == Done(removed=merged.merged)

    assert {file.name for file in stored_files(lake.store.backend)} == known_names(lake.store)
    assert content(lake).equals(rows)


def test_of_files_let_go_on_one_day_only_those_longer_ago_than_a_day_are_removed(lake: Lake) -> None:
    for hours in (25, 23):
        append(lake, 3, targets=1)
        turns = Turns(lake.store.backend)
        list(merge_small_files(lake.store, turns, below_bytes=1_000_000))
        turns.close()
        with lake.store.exclusive() as connection:
            connection.execute(LET_GO_EARLIER, {"hours": hours})
    scheduled = lake.store.read(SCHEDULED).row(0)
    assert min(scheduled) > 0

    assert remove(lake, keep_d=1.0) == Done(removed=scheduled[0])
    assert remove(lake, keep_d=1.0) == NOTHING

    assert lake.store.read(SCHEDULED).row(0) == (0, scheduled[1])
    assert known_names(lake.store) == {file.name for file in stored_files(lake.store.backend)}


def test_a_file_that_is_gone_already_is_forgotten(lake: Lake) -> None:
    append(lake, 3, targets=1)
    turns = Turns(lake.store.backend)
    merged = sum(merge_small_files(lake.store, turns, below_bytes=1_000_000), NOTHING)
    turns.close()
    filesystem, _ = filesystem_of(lake.settings, lake.settings.store_url)
    live = {file.name for file in live_files(lake.store)}
    filesystem.rm_file(next(each.path for each in stored_files(lake.store.backend) if each.name not in live))
    assert remove(lake, keep_d=0.0) == Done(removed=merged.merged)
    assert lake.store.read(SCHEDULED).row(0) == (0, 0)


def test_a_version_that_is_named_while_upkeep_waits_for_its_turn_is_kept(lake: Lake) -> None:
    version = replace(lake, [1], seed=1)
    replace(lake, [1], seed=2)
    make_older(lake, version)
    upkeep = threading.Thread(target=expire, args=(lake,))
    with lake.store.backend.writer_turn():
        upkeep.start()
        values = {
            "name": "late", "name_key": "late", "version": version, "note": "", "created_by": "",
            "created_mjd": mjd_now(),
        }  # fmt: skip
        with writing(lake.operations) as connection:
            connection.execute(snapshots.insert().values(values))
    upkeep.join()
    assert is_kept(lake, version)


def test_a_reader_of_a_version_that_went_is_told_so_and_never_reads_less(lake: Lake) -> None:
    version = replace(lake, [1], seed=1)
    reader = lake.store.at(version)
    assert len(reader.light_curve(1)) == 6
    replace(lake, [1], seed=2)
    make_older(lake, version)
    expire(lake)
    with pytest.raises(Exception, match=f"(?i)version {version}"):
        reader.read("SELECT count(*) FROM lake.photometry")
