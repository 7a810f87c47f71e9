"""What is written is sealed once, whoever seals; maintenance and missed seals are no damage."""

import threading
from collections.abc import Iterator

import pytest
from traced_lakes import add_points, fill, quietly, seal, seal_everything, sentences, verdict

from lake.opening import Lake, open_lake
from lake.settings import Settings
from lake.trace.book import book_of
from lake.trace.catalog_check import catalog_damages, catalog_state
from lake.trace.catch_up import seal_all
from lake.trace.ledger import Kind, broken_lines, read_lines
from lake.trace.seals import seal_new

MAINTENANCE = (
    "CALL ducklake_merge_adjacent_files('lake')",
    "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)",
    "CALL ducklake_merge_adjacent_files('lake')",
    "CALL ducklake_expire_snapshots('lake', versions => [3, 4])",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)",
)


@pytest.fixture
def small_lake(settings: Settings) -> Iterator[Lake]:
    opened = open_lake(settings)
    fill(opened)
    yield opened
    opened.close()


def maintain(lake: Lake, statement: str) -> None:
    with lake.store.exclusive() as connection:
        connection.execute(statement).fetchall()


def alarms(lake: Lake) -> list[str]:
    """Return what verify would say of the catalog and the ledger."""
    book = book_of(read_lines(lake.operations))
    return [each.sentence for each in catalog_damages(catalog_state(lake.store.backend.catalog), book)]


def test_every_commit_is_sealed_once_and_the_chain_holds(small_lake: Lake) -> None:
    assert seal(small_lake) > 0
    assert seal(small_lake) == 0
    add_points(small_lake, 3, 2)
    assert seal(small_lake) > 0
    lines = read_lines(small_lake.operations)
    assert broken_lines(lines) == []
    named = [(line.seal.kind, line.seal.object_id, line.seal.name) for line in lines]
    assert len(set(named)) == len(named)
    assert {Kind.DATA, Kind.DELETE, Kind.END, Kind.VERSION, Kind.SCHEMA} <= {kind for kind, _, _ in named}


def test_a_commit_that_was_never_sealed_is_no_damage_but_is_counted(small_lake: Lake) -> None:
    seal_everything(small_lake)
    add_points(small_lake, 1, 40)
    found = verdict(small_lake)
    assert found.damages == ()
    assert found.lake_files.unsealed > 0
    assert found.unsealed_versions == 1
    assert found.raw_files.unsealed == 1
    seal_everything(small_lake)
    found = verdict(small_lake)
    assert (found.lake_files.unsealed, found.unsealed_versions, found.raw_files.unsealed) == (0, 0, 0)


@pytest.mark.parametrize("sealing", ["before", "after each step", "at the end"])
def test_maintenance_gives_no_false_alarm(small_lake: Lake, sealing: str) -> None:
    if sealing != "at the end":
        seal_everything(small_lake)
    for statement in MAINTENANCE:
        maintain(small_lake, statement)
        if sealing == "after each step":
            seal(small_lake)
        assert alarms(small_lake) == [], statement
    assert sentences(small_lake) == []
    add_points(small_lake, 2, 3)
    seal_everything(small_lake)
    assert sentences(small_lake) == []


def test_a_merge_that_was_sealed_only_after_cleanup_and_expiry_is_no_damage(small_lake: Lake) -> None:
    seal_everything(small_lake)
    maintain(small_lake, MAINTENANCE[0])
    add_points(small_lake, 2, 3)
    maintain(small_lake, "CALL ducklake_expire_snapshots('lake', older_than => now())")
    maintain(small_lake, MAINTENANCE[4])
    assert sentences(small_lake) == []
    seal(small_lake)
    assert sentences(small_lake) == []


def test_threads_that_seal_at_once_leave_one_chain_without_doubles(small_lake: Lake) -> None:
    version = small_lake.store.version()
    work = [
        threading.Thread(target=seal_new, args=(small_lake.store.backend, small_lake.operations, version))
        for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    lines = read_lines(small_lake.operations)
    assert broken_lines(lines) == []
    files = [line.seal.object_id for line in lines if line.seal.kind in {Kind.DATA, Kind.DELETE}]
    assert sorted(files) == sorted(set(files))
    assert sentences(small_lake) == []


def test_a_ledger_full_of_gone_files_begins_anew_and_still_knows_every_file(small_lake: Lake) -> None:
    for number in range(6):
        add_points(small_lake, 3, 10 + number)
        seal(small_lake)
    for statement in MAINTENANCE:
        maintain(small_lake, statement)
    before = read_lines(small_lake.operations)
    seal_all(small_lake.store.backend, small_lake.operations, small_lake.raw, quietly, anew_from_lines=10)
    after = read_lines(small_lake.operations)
    assert after[0].seal.kind == Kind.START
    assert after[0].seal.object_id >= before[-1].seal_id
    assert len(after) < len(before)
    found = verdict(small_lake)
    assert (found.damages, found.lake_files.unsealed, found.unsealed_versions) == ((), 0, 0)
    add_points(small_lake, 3, 2)
    assert seal(small_lake) > 0
    assert broken_lines(read_lines(small_lake.operations)) == []
    assert sentences(small_lake) == []
