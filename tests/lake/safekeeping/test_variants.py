"""The same lake in a folder and in PostgreSQL and S3: carried over in both ways, row for row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from filling import PASSWORD, database_sums, lake_sums, nothing, points
from installations import on_servers
from sqlalchemy import delete

from engine.errors import Rejected
from engine.target import Target
from lake.opening import Lake
from lake.operations import targets, writing
from lake.people.accounts import check_password
from lake.provenance import new_batch
from lake.safekeeping.backup import backup
from lake.safekeeping.move import move
from lake.safekeeping.restore import restore
from lake.settings import Settings, read_settings
from lake.snapshots import find_snapshot
from lake.targets import create_target

Open = Callable[[Settings], Lake]
needs_servers = pytest.mark.skipif(
    not on_servers(), reason="needs PostgreSQL and S3: run tests/on_servers.py"
)


@pytest.fixture
def in_folder(elsewhere: Settings, tmp_path: Path) -> Settings:
    """Return the settings of an empty place in a folder, from which S3 can be reached."""
    plain = read_settings({"TOMLAKE_DATA": str(tmp_path / "folder")})
    names = ("s3_endpoint", "s3_key_id", "s3_secret", "s3_region")
    reached = {name: getattr(elsewhere, name) for name in names}
    return replace(plain, **reached)


def assert_same(lake: Lake, other: Lake) -> None:
    assert lake_sums(lake) == lake_sums(other)
    assert database_sums(lake) == database_sums(other)
    assert sorted(lake.raw.hashes()) == sorted(other.raw.hashes())
    assert all(map(lake.raw.is_sound, lake.raw.hashes()))
    assert lake.store.version() == other.store.version()
    paper = find_snapshot(lake.operations, "paper-2026a").version
    assert lake.store.at(paper).light_curve(1).equals(other.store.at(paper).light_curve(1))


def assert_works(lake: Lake) -> None:
    """Hold a lake to being one that people can go on with."""
    assert check_password(lake.operations, "ada", PASSWORD) is not None
    version = lake.store.version()
    target = create_target(lake.operations, Target(name="new one", ra_deg=200.0, dec_deg=1.0), by="ada")
    rows = points(target.target_id or 0, "ztf")
    batch = new_batch("harvest", "ztf", raw_sha256=lake.raw.put(b"new"))
    assert lake.store.replace_points(target.target_id or 0, "ztf", rows, batch=batch) == version + 1
    assert len(lake.store.light_curve(target.target_id or 0)) == len(rows)


@needs_servers
def test_a_lake_moves_from_servers_to_a_folder_and_back(
    own: Lake, in_folder: Settings, elsewhere: Settings, opened: Open
) -> None:
    with writing(own.operations) as connection:
        connection.execute(delete(targets).where(targets.c.target_id == 4))  # the next one is 5 all the same
    there = move(own, in_folder, progress=nothing)
    embedded = opened(in_folder)
    assert_same(embedded, own)
    back = move(embedded, elsewhere, progress=nothing)
    again = opened(elsewhere)
    assert_same(again, own)
    assert there.tables == back.tables == lake_sums(own)
    assert_works(again)
    assert create_target(again.operations, Target(name="x", ra_deg=1.0, dec_deg=1.0), by="ada").target_id == 6
    assert_works(own)
    assert_works(embedded)


@needs_servers
def test_a_backup_of_servers_comes_back_in_a_folder(
    filled: Lake, backup_url: str, in_folder: Settings, opened: Open
) -> None:
    backup(filled, backup_url, progress=nothing)
    restore(backup_url, in_folder, progress=nothing)
    lake = opened(in_folder)
    assert_same(lake, filled)
    assert_works(lake)


@needs_servers
def test_a_backup_of_a_folder_comes_back_on_servers(
    own: Lake, in_folder: Settings, elsewhere: Settings, tmp_path: Path, opened: Open
) -> None:
    move(own, in_folder, progress=nothing)
    embedded = opened(in_folder)
    backup(embedded, str(tmp_path / "backups"), progress=nothing)
    restore(str(tmp_path / "backups"), elsewhere, progress=nothing)
    lake = opened(elsewhere)
    assert_same(lake, embedded)
    assert_works(lake)


def test_a_lake_moves_to_other_places_of_its_kind(own: Lake, elsewhere: Settings, opened: Open) -> None:
    before = database_sums(own)
    report = move(own, elsewhere, progress=nothing)
    lake = opened(elsewhere)
    assert report.tables == lake_sums(own)
    assert_same(lake, own)
    assert database_sums(own) == before
    assert_works(lake)
    assert_works(own)


def test_a_lake_that_goes_on_meanwhile_is_not_moved_by_halves(
    own: Lake, elsewhere: Settings, opened: Open
) -> None:
    written: list[str] = []

    def write(step: str, _fraction: float) -> None:
        if not written and step.startswith("Copying"):
            written.append(step)
            own.store.replace_points(8, "ztf", points(8, "ztf"), batch=new_batch("harvest", "ztf"))

    with pytest.raises(Rejected) as refusal:
        move(own, elsewhere, progress=write)
    assert refusal.value.code == "lake-changed"
    move(own, elsewhere, progress=nothing)  # simply again
    assert_same(opened(elsewhere), own)


@pytest.mark.parametrize("name", ["operations_url", "catalog_url", "store_url", "raw_url"])
def test_no_place_serves_two_lakes(filled: Lake, elsewhere: Settings, name: str) -> None:
    with pytest.raises(Rejected) as refusal:
        move(filled, replace(elsewhere, **{name: getattr(filled.settings, name)}), progress=nothing)
    assert refusal.value.code == "same-place"


def test_a_damaged_raw_file_is_named_and_not_moved(own: Lake, elsewhere: Settings) -> None:
    wrong = "ab" * 32
    with own.raw.receive() as reception:
        reception.write(b"other bytes")
        reception.finish()
    sound = next(iter(own.raw.hashes()))
    place = own.raw._place(wrong)
    own.raw._filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
    own.raw._filesystem.cp_file(own.raw._place(sound), place)
    with pytest.raises(Rejected) as refusal:
        move(own, elsewhere, progress=nothing)
    assert refusal.value.code == "damaged-lake"
    assert wrong in refusal.value.reason
