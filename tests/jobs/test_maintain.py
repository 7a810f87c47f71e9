"""Upkeep by the queue: enqueued once, done in the worker's way, continued where its time was over."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from installations import opened_in
from sqlalchemy import delete, update

from engine.errors import Rejected
from engine.times import mjd_now
from jobs.maintain import enqueue_due_maintenance, enqueue_maintenance, maintain_lake
from jobs.tasks import TASKS
from lake.notices.kinds import Kind
from lake.notices.notices import KEEP_READ_D, list_notices, mark_read
from lake.notices.tables import notices
from lake.notices.telling import tell
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import Job, claim, enqueue, finish, list_jobs
from lake.upkeep.maintain import Scope
from lake.upkeep.runs import due_scope


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    made = opened_in(Path(tmp_path_factory.mktemp("upkeep")) / "data")
    yield made
    made.close()


@pytest.fixture
def lake(opened: Lake) -> Lake:
    with writing(opened.operations) as connection:
        connection.execute(delete(jobs))
    return opened


def append(lake: Lake, batches: int) -> None:
    for number in range(batches):
        points = pl.DataFrame({"source_ref": [str(number)]}).with_columns(
            target_id=1, source=pl.lit("ztf"), mjd=60000.0 + number, band=pl.lit("ZTF(zg)"), mag=pl.lit(17.0)
        )
        lake.store.append_points(points, batch=new_batch("test", "ztf"))


def work(lake: Lake) -> str:
    job = claim(lake.operations, "w")
    assert isinstance(job, Job)
    reason = maintain_lake(lake, job, lambda _step, _fraction: None)
    assert finish(lake.operations, job, reason)
    return reason


def age_runs(lake: Lake, days: float) -> None:
    with writing(lake.operations) as connection:
        connection.execute(update(jobs).values(finished_mjd=jobs.c.finished_mjd - days))


def test_workers_know_the_task() -> None:
    assert TASKS["maintain"] is maintain_lake


def test_upkeep_waits_once_and_never_runs_twice_at_a_time(lake: Lake) -> None:
    first = enqueue_maintenance(lake.operations, Scope.LIGHT)
    assert enqueue_maintenance(lake.operations, Scope.LIGHT) == first
    enqueue_maintenance(lake.operations, Scope.FULL)
    assert claim(lake.operations, "w") is not None
    assert claim(lake.operations, "v") is None


def test_the_full_part_alone_forgets_notices_that_were_read_long_ago(lake: Lake) -> None:
    ada = create_user(lake.operations, "ada", "an honest password")
    with writing(lake.operations) as connection:
        tell(connection, Kind.APPROVED, [ada.user_id])
        connection.execute(update(notices).values(made_mjd=mjd_now() - KEEP_READ_D - 1.0))
        tell(connection, Kind.APPROVED, [ada.user_id])
    mark_read(lake.operations, ada)
    for scope, left in ((Scope.LIGHT, 2), (Scope.FULL, 1)):
        enqueue_maintenance(lake.operations, scope)
        said = work(lake)
        assert len(list_notices(lake.operations, ada)) == left
    assert "1 old notices removed" in said


def test_the_job_tells_what_it_did(lake: Lake) -> None:
    append(lake, 4)
    enqueue_maintenance(lake.operations, Scope.FULL)
    assert "small files merged" in work(lake)
    (job,) = list_jobs(lake.operations, kind="maintain")
    assert "small files merged" in job.reason


def test_what_did_not_fit_into_the_time_of_a_job_waits_again(lake: Lake) -> None:
    append(lake, 4)
    hurried = replace(lake, settings=replace(lake.settings, job_wall_clock_s=0))
    enqueue_maintenance(lake.operations, Scope.FULL)
    assert work(hurried).endswith("More is left to do.")
    assert [job.args["scope"] for job in list_jobs(lake.operations, kind="maintain")] == ["full", "full"]
    assert not work(lake).endswith("More is left to do.")


def test_an_unknown_scope_is_refused(lake: Lake) -> None:
    enqueue(lake.operations, "maintain", {"scope": "spring"})
    job = claim(lake.operations, "w")
    assert job is not None
    with pytest.raises(Rejected) as refused:
        maintain_lake(lake, job, lambda _step, _fraction: None)
    assert refused.value.code == "bad-scope"


def test_upkeep_is_due_every_hour_and_in_full_every_night(lake: Lake) -> None:
    assert enqueue_due_maintenance(lake.operations, quiet_hour=2)
    assert [job.args["scope"] for job in list_jobs(lake.operations)] == ["full"]
    work(lake)
    assert not enqueue_due_maintenance(lake.operations, quiet_hour=2)

    age_runs(lake, 0.05)
    assert enqueue_due_maintenance(lake.operations, quiet_hour=2)
    assert [job.args["scope"] for job in list_jobs(lake.operations)] == ["light", "full"]
    work(lake)

    age_runs(lake, 0.9)
    hour = int(mjd_now() % 1 * 24)
    assert due_scope(lake.operations, quiet_hour=hour) == Scope.FULL
    assert due_scope(lake.operations, quiet_hour=(hour + 5) % 24) == Scope.LIGHT
    age_runs(lake, 2.0)
    assert due_scope(lake.operations, quiet_hour=(hour + 5) % 24) == Scope.FULL
