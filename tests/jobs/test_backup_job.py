"""The nightly backup: due once a day, told in a sentence, and continued when its time is over."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from installations import needs_folder, opened_in
from sqlalchemy import update

from engine.errors import NotReady, Rejected
from engine.times import mjd_now
from jobs.backup import KIND, backup_lake, enqueue_due_backup
from jobs.clock import Clock
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.provenance import new_batch
from lake.queue import Job, JobState, claim, enqueue, finish, list_jobs
from lake.safekeeping.checking import check
from lake.safekeeping.manifest import names
from lake.safekeeping.place import Place


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data", TOMLAKE_BACKUP_URL=str(tmp_path / "backups"))
    rows = pl.DataFrame({"target_id": [1], "source": ["ztf"], "source_ref": ["1"], "mjd": [60000.5]})
    rows = rows.with_columns(band=pl.lit("ZTF(zg)"), mag=17.5, mag_err=0.1)
    opened.store.append_points(rows, batch=new_batch("harvest", "ztf", raw_sha256=opened.raw.put(b"answer")))
    yield opened
    opened.close()


def job_of(lake: Lake) -> Job:
    enqueue(lake.operations, KIND, {})
    job = claim(lake.operations, "test")
    assert job is not None
    return job


def nothing(_step: str, _fraction: float) -> None:
    """Take what is told."""


def test_the_clock_asks_for_a_backup_once_a_day(lake: Lake) -> None:
    clock = Clock(lake.settings, lake.operations, brokers=())
    assert clock.enqueue_backup()
    assert not clock.enqueue_backup()
    job = claim(lake.operations, "test")
    assert job is not None
    assert job.kind == KIND
    finish(lake.operations, job, "done")
    assert not clock.enqueue_backup()
    with writing(lake.operations) as connection:
        connection.execute(update(jobs).values(created_mjd=mjd_now() - 1.01))
    assert clock.enqueue_backup()
    assert len(list_jobs(lake.operations, kind=KIND, state=JobState.WAITING)) == 1
    clock.stop()


def test_without_a_place_there_is_no_nightly_backup(lake: Lake) -> None:
    settings = replace(lake.settings, backup_url="")
    assert not enqueue_due_backup(settings, lake.operations)
    with pytest.raises(Rejected) as refusal:
        backup_lake(replace(lake, settings=settings), job_of(lake), nothing)
    assert refusal.value.code == "no-backup-url"


def test_the_job_makes_a_backup_and_says_what_was_new(lake: Lake, tmp_path: Path) -> None:
    steps: list[str] = []
    said = backup_lake(lake, job_of(lake), lambda step, _: steps.append(step))
    place = Place(lake.settings, lake.settings.backup_url, spool_dir=tmp_path)
    assert said.startswith(f"Backup {names(place)[0]}: ")
    assert {step.split()[0] for step in steps} == {"Copying", "Adding"}
    assert check(place, progress=nothing).damaged == ()


def test_a_backup_longer_than_a_job_goes_on_in_the_next(lake: Lake, tmp_path: Path) -> None:
    hurried = replace(lake, settings=replace(lake.settings, job_wall_clock_s=0))
    job = job_of(lake)
    held = []
    for _ in range(2):
        with pytest.raises(NotReady):
            backup_lake(hurried, job, nothing)
        place = Place(lake.settings, lake.settings.backup_url, spool_dir=tmp_path)
        held.append(len(place.sizes()))
        assert names(place) == []
    assert 0 < held[0] <= held[1]
    backup_lake(lake, job, nothing)
    assert len(names(place)) == 1


@needs_folder
def test_a_lake_that_lost_files_is_not_called_well(lake: Lake) -> None:
    backup_lake(lake, job_of(lake), nothing)
    lost = next(Path(lake.settings.store_url).rglob("*.parquet"))
    lost.unlink()
    with pytest.raises(Rejected) as refusal:
        backup_lake(lake, job_of(lake), nothing)
    assert refusal.value.code == "files-lost"
    assert lost.name in refusal.value.reason
