"""The drill: a lake that is written to is backed up, brought back elsewhere, and is the same row for row."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from filling import PASSWORD, database_sums, lake_sums, nothing, points, writers
from sqlalchemy import select

from engine.errors import Rejected, Transient
from engine.target import Target
from lake.lock import locked
from lake.opening import Lake
from lake.operations import harvests, metadata, reading, targets
from lake.paths import paths_of
from lake.people.accounts import check_password, issue_token, user_of_token
from lake.provenance import new_batch
from lake.safekeeping.backup import LOCK, backup
from lake.safekeeping.checking import check
from lake.safekeeping.manifest import names, read_manifest
from lake.safekeeping.place import Place
from lake.safekeeping.pruning import prune
from lake.safekeeping.restore import restore
from lake.settings import Settings
from lake.snapshots import find_snapshot
from lake.targets import create_target

Open = Callable[[Settings], Lake]


def test_what_comes_back_is_what_was_there(
    filled: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    token = issue_token(filled.operations, check_password(filled.operations, "ada", PASSWORD), name="drill")
    made = backup(filled, backup_url, progress=nothing)
    before = database_sums(filled)
    back = restore(backup_url, elsewhere, progress=nothing)
    assert (made.lost, made.gone, back.lost) == ((), (), ())
    lake = opened(elsewhere)

    assert set(metadata.tables) <= {name for name, each in before.items() if each.rows}, "a table is empty"
    assert database_sums(lake) == before
    assert all(each.rows for each in lake_sums(filled).values()), "a table of the lake is empty"
    assert lake_sums(lake) == lake_sums(filled)
    assert sorted(lake.raw.hashes()) == sorted(filled.raw.hashes())
    assert all(map(lake.raw.is_sound, lake.raw.hashes()))

    assert check_password(lake.operations, "ada", PASSWORD) is not None
    assert user_of_token(lake.operations, token) is not None
    paper = find_snapshot(lake.operations, "paper-2026a").version
    assert lake.store.at(paper).light_curve(1).equals(filled.store.at(paper).light_curve(1))
    assert not lake.store.at(paper).light_curve(1).equals(lake.store.light_curve(1))
    version = lake.store.replace_points(9, "ztf", points(9, "ztf"), batch=new_batch("harvest", "ztf"))
    assert version == made.lake_version + 1
    assert len(lake.store.light_curve(9)) == 40


def test_a_backup_under_writers_is_one_moment(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    with writers(own):
        made = backup(own, backup_url, progress=nothing)
        while own.store.version() < made.lake_version + 3:  # they went on
            pass
    restore(backup_url, elsewhere, progress=nothing)
    lake = opened(elsewhere)

    manifest = read_manifest(Place(own.settings, backup_url, spool_dir=elsewhere.data_dir), made.name)
    assert lake.store.version() == made.lake_version
    assert lake_sums(lake) == lake_sums(own, version=made.lake_version) == manifest.lake_tables()
    assert database_sums(lake) == manifest.databases

    with_points = set(lake.store.read("SELECT DISTINCT target_id FROM lake.photometry")["target_id"])
    with reading(lake.operations) as connection:
        known = set(connection.execute(select(targets.c.target_id)).scalars())
        answered = set(connection.execute(select(harvests.c.target_id).where(harvests.c.rows > 0)).scalars())
    assert with_points <= known, "points of a target that nobody knows would go to the next new one"
    assert answered <= with_points, "an answer was told, and its points are lost"


def test_the_next_new_target_gets_a_number_that_nothing_ever_had(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    def new(lake: Lake, name: str) -> int | None:
        return create_target(
            lake.operations, Target(name=name, ra_deg=200.0, dec_deg=1.0), by="ada"
        ).target_id

    last = new(own, "to be deleted")
    with own.operations.begin() as connection:
        connection.execute(targets.delete().where(targets.c.target_id == last))
    backup(own, backup_url, progress=nothing)
    restore(backup_url, elsewhere, progress=nothing)
    assert new(opened(elsewhere), "new") == (last or 0) + 1


def test_a_second_backup_copies_only_what_is_new(own: Lake, backup_url: str) -> None:
    first = backup(own, backup_url, progress=nothing)
    again = backup(own, backup_url, progress=nothing)
    assert first.copied_files == first.files
    assert (again.copied_files, again.files) == (0, first.files)
    own.store.append_points(points(1, "neowise"), batch=new_batch("harvest", "neowise"))
    third = backup(own, backup_url, progress=nothing)
    assert third.copied_files == 3  # points, papers, catalog
    steps: set[str] = set()
    backup(own, backup_url, progress=lambda step, _: steps.add(step))
    assert not any(step.startswith("Adding up") for step in steps), "sums of known files are kept"


def test_each_backup_can_be_brought_back(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    first = backup(own, backup_url, progress=nothing)
    before = lake_sums(own)
    own.store.delete_target_points([1, 2], batch=new_batch("test", "removal"))
    backup(own, backup_url, progress=nothing)
    restore(backup_url, elsewhere, which=first.name, progress=nothing)
    assert lake_sums(opened(elsewhere)) == before


def test_old_backups_go_with_the_files_that_only_they_need(own: Lake, backup_url: str, place: Place) -> None:
    for number in range(4):
        own.store.append_points(points(1, f"source {number}"), batch=new_batch("harvest", "neowise"))
        with own.store.exclusive() as connection:
            connection.execute("CALL ducklake_merge_adjacent_files('lake')")
            connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
            connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
        made = backup(own, backup_url, keep=2, progress=nothing)
    assert len(names(place)) == 2
    assert made.removed_files == 0, "files of today may belong to a backup that runs elsewhere"
    before = len(place.sizes())
    removed = prune_as_tomorrow(place)
    assert 0 < removed == before - len(place.sizes())
    assert check(place, progress=nothing).damaged == ()
    assert check(place, progress=nothing).backups == tuple(names(place))


def prune_as_tomorrow(place: Place) -> int:
    return prune(place, keep=2, now_s=time.time() + 90_000)


def test_files_that_are_cleaned_up_meanwhile_do_no_harm(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    cleaned: list[str] = []

    def clean(step: str, _fraction: float) -> None:
        if cleaned or not step.startswith("Copying"):
            return
        cleaned.append(step)
        with own.store.exclusive() as connection:
            connection.execute("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0)")
            connection.execute("CALL ducklake_merge_adjacent_files('lake')")
            connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
            connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")

    before = lake_sums(own)
    made = backup(own, backup_url, progress=clean)
    assert cleaned
    assert (made.lost, made.gone) == ((), ())
    restore(backup_url, elsewhere, progress=nothing)
    assert lake_sums(opened(elsewhere)) == before


def test_a_place_that_holds_anything_is_refused(filled: Lake, backup_url: str) -> None:
    backup(filled, backup_url, progress=nothing)
    before = database_sums(filled)
    with pytest.raises(Rejected) as refusal:
        restore(backup_url, filled.settings, progress=nothing)
    assert refusal.value.code == "not-empty"
    assert database_sums(filled) == before


@pytest.mark.parametrize("name", ["store_url", "raw_url"])
def test_files_in_the_way_are_refused(filled: Lake, backup_url: str, elsewhere: Settings, name: str) -> None:
    backup(filled, backup_url, progress=nothing)
    full = replace(elsewhere, **{name: getattr(filled.settings, name)})
    with pytest.raises(Rejected) as refusal:
        restore(backup_url, full, progress=nothing)
    assert refusal.value.code == "not-empty"


def test_two_lakes_do_not_share_a_place(
    filled: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    backup(filled, backup_url, progress=nothing)
    with pytest.raises(Rejected) as refusal:
        backup(opened(elsewhere), backup_url, progress=nothing)
    assert refusal.value.code == "other-lake"


def test_a_restored_lake_goes_on_with_its_backups(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    backup(own, backup_url, progress=nothing)
    restore(backup_url, elsewhere, progress=nothing)
    again = backup(opened(elsewhere), backup_url, progress=nothing)
    assert again.copied_files <= 2  # its databases


def test_one_backup_at_a_time(filled: Lake, backup_url: str) -> None:
    with (
        locked(paths_of(filled.settings).data_dir / LOCK, timeout_s=1),
        pytest.raises(Transient) as refusal,
    ):
        backup(filled, backup_url, progress=nothing)
    assert refusal.value.code == "lake-busy"


def test_nothing_is_brought_back_from_nowhere(backup_url: str, elsewhere: Settings) -> None:
    with pytest.raises(Rejected) as refusal:
        restore(backup_url, elsewhere, progress=nothing)
    assert refusal.value.code == "no-backup"
