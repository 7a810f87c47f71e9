"""What killed writers leave behind goes; what somebody else put there, or still writes, stays."""

import uuid

import pytest
from small_batches import append, content

from lake.files import filesystem_of
from lake.opening import Lake
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.orphans import known_names, orphans, remove_orphans, stored_files


@pytest.fixture
def orphan(lake: Lake) -> str:
    """Return the path of a file as a killed writer leaves it."""
    return put(lake, f"main/photometry/bucket=3/ducklake-{uuid.uuid4()}.parquet")


def put(lake: Lake, place: str) -> str:
    filesystem, root = filesystem_of(lake.settings, lake.settings.store_url)
    path = f"{root}/{place}"
    filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    filesystem.pipe_file(path, b"PAR1")
    return path


def remove(lake: Lake, *, older_than_s: float) -> Done:
    found = remove_orphans(lake.store, lake.store.backend, older_than_s=older_than_s)
    return sum(found, NOTHING)


def test_an_orphan_is_found_and_removed_and_every_other_file_stays(lake: Lake, orphan: str) -> None:
    append(lake, 4)
    foreign = [put(lake, "notes.txt"), put(lake, "mine/table.parquet"), put(lake, "ducklake-1.parquet")]
    rows = content(lake)
    filesystem, _ = filesystem_of(lake.settings, lake.settings.store_url)
    stored, known = stored_files(lake.store.backend), known_names(lake.store)
    assert [file.path for file in orphans(stored, known, older_than_s=-60)] == [orphan]

    assert remove(lake, older_than_s=-60) == Done(orphans=1)

    assert not filesystem.exists(orphan)
    assert all(filesystem.exists(path) for path in foreign)
    assert {file.name for file in stored_files(lake.store.backend)} == known_names(lake.store)
    assert content(lake).equals(rows)


def test_a_young_file_may_be_of_a_writer_at_work_and_stays(lake: Lake, orphan: str) -> None:
    assert remove(lake, older_than_s=3600.0) == NOTHING
    assert [file.path for file in stored_files(lake.store.backend)].count(orphan) == 1
