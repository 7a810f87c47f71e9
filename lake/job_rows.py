"""Jobs as rows: their states, what a page or a worker sees of one, and the check of its fence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select

from engine.errors import TomlakeError
from lake.operations import jobs


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"  # its input cannot be used: never retried
    DEAD = "dead"  # given up after failures: staff may retry it
    CANCELLED = "cancelled"


ENDED = (JobState.DONE, JobState.REJECTED, JobState.DEAD, JobState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work; ``fence`` tells its present holder from all earlier ones."""

    job_id: int
    kind: str
    args: Mapping[str, str]
    state: JobState
    priority: int
    dedupe: str | None
    lock: str | None
    attempts: int
    delays: int
    worker: str
    fence: int
    lease_until_mjd: float | None
    not_before_mjd: float
    cancel_requested: bool
    progress: float  # 0 to 1
    step: str  # what it is doing, in words
    reason: str  # how it ended or why it waits, in words
    code: str
    ticket: str  # of an archive that works on it
    created_mjd: float
    started_mjd: float | None
    finished_mjd: float | None


class LeaseLost(TomlakeError):  # noqa: N818 - reads as the other ways in which work ends
    """Another worker holds the job, or it was cancelled: whatever this one would write must not count."""


def job_of(row: RowMapping) -> Job:
    """Return a row of ``jobs`` as a job."""
    values = {field.name: row[field.name] for field in fields(Job)}
    return Job(**values | {"state": JobState(row["state"])})


def held_by(job: Job) -> ColumnElement[bool]:
    """Return the condition that the holder whose fence this is still holds the job."""
    return and_(
        jobs.c.job_id == job.job_id, jobs.c.fence == job.fence, jobs.c.state == JobState.RUNNING.value
    )


def check_fence(connection: Connection, job: Job) -> None:
    """Let only the present holder of a job past this line of a transaction.

    Raises
    ------
    LeaseLost
        ``lease-lost``.
    """
    if connection.execute(select(jobs.c.job_id).where(held_by(job)).with_for_update()).first() is None:
        raise LeaseLost(f"Job {job.job_id} was given to another worker.", code="lease-lost")
