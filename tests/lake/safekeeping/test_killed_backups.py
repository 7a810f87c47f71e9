"""kill -9 during a backup or a restore: the last backup stays good, and doing it again is enough."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filling import database_sums, lake_sums, nothing, points
from installations import needs_folder

from engine.errors import Rejected
from lake.opening import Lake
from lake.provenance import new_batch
from lake.safekeeping.backup import backup
from lake.safekeeping.checking import check
from lake.safekeeping.manifest import names
from lake.safekeeping.mark import mark_of, refuse_unfinished
from lake.safekeeping.place import Place
from lake.safekeeping.restore import restore
from lake.settings import Settings

pytestmark = [pytest.mark.alone, needs_folder]
Open = Callable[[Settings], Lake]
CHILD = Path(__file__).with_name("killed_child.py")
ROOT = Path(__file__).resolve().parents[3]


def killed(kind: str, folder: Path, url: str, step: str, count: int) -> None:
    """Run a child that is killed when it has told of a step so many times."""
    command = [sys.executable, str(CHILD), kind, str(folder), url, step, str(count)]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_a_killed_backup_leaves_the_last_one_good_and_its_files_for_the_next(
    own: Lake, backup_url: str, place: Place, elsewhere: Settings, opened: Open
) -> None:
    killed("backup", own.settings.data_dir, backup_url, "Copying files", 9)
    assert names(place) == []
    half = {path for path in place.sizes() if path.endswith((".parquet", ".zst"))}
    assert half
    first = backup(own, backup_url, progress=nothing)
    assert first.copied_files == first.files - len(half)
    before = lake_sums(own), database_sums(own)

    for step in ("Copying files", "Adding up", "Copying databases"):
        own.store.append_points(points(3, f"after {step}"), batch=new_batch("harvest", "ztf"))
        killed("backup", own.settings.data_dir, backup_url, step, 1)
        assert names(place) == [first.name]
    assert check(place, progress=nothing).damaged == ()
    restore(backup_url, elsewhere, progress=nothing)
    lake = opened(elsewhere)
    assert (lake_sums(lake), database_sums(lake)) == before
    backup(own, backup_url, progress=nothing)
    assert check(place, progress=nothing).backups == tuple(names(place))
    assert len(names(place)) == 2
    assert not list((own.settings.data_dir / "spool").glob("moment-*")), "what a killed one left is removed"


def test_a_restore_killed_between_its_two_databases_is_done_again(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    backup(own, backup_url, progress=nothing)
    restore(backup_url, elsewhere, progress=nothing)
    (elsewhere.data_dir / "operations.sqlite").unlink()
    mark_of(elsewhere).write_text('{"phase": "databases"}')
    with pytest.raises(Rejected) as refusal:
        refuse_unfinished(elsewhere)
    assert refusal.value.code == "unfinished-restore"
    restore(backup_url, elsewhere, progress=nothing)
    refuse_unfinished(elsewhere)
    lake = opened(elsewhere)
    assert lake_sums(lake) == lake_sums(own)
    assert database_sums(lake) == database_sums(own)


def test_a_killed_restore_is_done_again(
    own: Lake, backup_url: str, elsewhere: Settings, opened: Open
) -> None:
    backup(own, backup_url, progress=nothing)
    for step, count in (("Copying data", 3), ("Adding up", 2), ("Putting", 1)):
        killed("restore", elsewhere.data_dir, backup_url, step, count)
        assert not (elsewhere.data_dir / "catalog.sqlite").exists()
        assert not (elsewhere.data_dir / "operations.sqlite").exists()
    restore(backup_url, elsewhere, progress=nothing)
    lake = opened(elsewhere)
    assert lake_sums(lake) == lake_sums(own)
    assert database_sums(lake) == database_sums(own)
    left = [path.name for path in elsewhere.data_dir.rglob("*") if "restoring" in path.name]
    assert left == []
