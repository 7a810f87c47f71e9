"""The queue of jobs: put in by pages, programs and the clock; its workers' side is in ``lake.leases``."""

from collections.abc import Collection, Mapping
from typing import TypedDict, Unpack

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.job_rows import ENDED, Job, JobState, LeaseLost, check_fence, job_of
from lake.leases import (
    ALL_KINDS,
    Kinds,
    claim,
    due_jobs,
    fail,
    finish,
    heartbeat,
    is_held,
    release,
    release_worker,
)
from lake.operations import jobs, reading, serialised, writing

__all__ = [
    "ALL_KINDS",
    "Job",
    "JobOptions",
    "JobState",
    "Kinds",
    "LeaseLost",
    "cancel",
    "check_fence",
    "claim",
    "counts",
    "due_jobs",
    "enqueue",
    "enqueue_within",
    "fail",
    "finish",
    "get_job",
    "heartbeat",
    "is_held",
    "list_jobs",
    "release",
    "release_worker",
    "remove_old_jobs",
    "retry",
    "states_of",
]


class JobOptions(TypedDict, total=False):
    """What may be said of a job beside its kind and arguments."""

    dedupe: str | None  # never two waiting under one key
    lock: str | None  # never two running under one key
    priority: int  # lower is more urgent; 5 unless said
    not_before_s: float  # seconds from now


def enqueue(operations: Engine, kind: str, args: Mapping[str, str], **options: Unpack[JobOptions]) -> int:
    """Return the id of a new job, or of the one that waits already under the same ``dedupe``."""
    with writing(operations) as connection:
        return enqueue_within(connection, kind, args, **options)


def enqueue_within(
    connection: Connection, kind: str, args: Mapping[str, str], **options: Unpack[JobOptions]
) -> int:
    """Do what ``enqueue`` does as a part of a transaction that is under way."""
    priority = options.get("priority", 5)
    now_mjd = mjd_now()
    not_before_mjd = now_mjd + options.get("not_before_s", 0.0) / SECONDS_PER_DAY
    dedupe = options.get("dedupe")
    if dedupe is not None:
        serialised(connection, "jobs")
        twin = (jobs.c.dedupe == dedupe) & (jobs.c.state == JobState.WAITING.value)
        present = connection.execute(select(jobs.c.job_id, jobs.c.priority).where(twin)).one_or_none()
        if present is not None:
            if priority < present.priority:  # somebody asks with more urgency: do not wait out the pause
                connection.execute(
                    update(jobs).where(twin).values(priority=priority, not_before_mjd=not_before_mjd)
                )
            return int(present.job_id)
    row = {
        "kind": kind,
        "args": dict(args),
        "state": JobState.WAITING.value,
        "priority": priority,
        "dedupe": dedupe,
        "lock": options.get("lock"),
        "not_before_mjd": not_before_mjd,
        "created_mjd": now_mjd,
    }
    return int(connection.execute(insert(jobs).values(row).returning(jobs.c.job_id)).scalar_one())


def get_job(operations: Engine, job_id: int) -> Job:
    """Return a job as it stands.

    Raises
    ------
    Rejected
        ``unknown-job``.
    """
    with reading(operations) as connection:
        return _job_within(connection, job_id)


def list_jobs(
    operations: Engine, *, state: JobState | None = None, kind: str = "", limit: int = 100, offset: int = 0
) -> list[Job]:
    """Return jobs, the newest first."""
    query = select(jobs).order_by(jobs.c.job_id.desc()).limit(limit).offset(offset)
    if state is not None:
        query = query.where(jobs.c.state == state.value)
    if kind:
        query = query.where(jobs.c.kind == kind)
    with reading(operations) as connection:
        return [job_of(row) for row in connection.execute(query).mappings()]


def states_of(operations: Engine, job_ids: Collection[int]) -> dict[int, JobState]:
    """Return the states of jobs that are still on the list."""
    query = select(jobs.c.job_id, jobs.c.state).where(jobs.c.job_id >= min(job_ids, default=0))
    with reading(operations) as connection:
        wanted = set(job_ids)
        return {
            int(job_id): JobState(state)
            for job_id, state in connection.execute(query)
            if int(job_id) in wanted
        }


def counts(operations: Engine) -> dict[JobState, int]:
    """Return how many jobs stand in each state, zeros included."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    with reading(operations) as connection:
        found = {state: int(number) for state, number in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in JobState}


def cancel(operations: Engine, job_id: int) -> JobState:
    """Return the state of a job after asking it to stop; a running one stops at its next step.

    Raises
    ------
    Rejected
        ``unknown-job``.
    """
    with writing(operations) as connection:
        job = _job_within(connection, job_id)
        this = update(jobs).where(jobs.c.job_id == job_id)
        if job.state == JobState.RUNNING:
            connection.execute(this.values(cancel_requested=True))
        if job.state != JobState.WAITING:
            return job.state
        connection.execute(
            this.values(
                state=JobState.CANCELLED.value,
                finished_mjd=mjd_now(),
                reason="It was cancelled.",
                code="cancelled",
            )
        )
    return JobState.CANCELLED


def retry(operations: Engine, job_id: int) -> None:
    """Let a job that ended without success wait again, as if it were new.

    Raises
    ------
    Rejected
        ``unknown-job``; ``not-failed``: it has not ended, or was done; ``already-waiting``.
    """
    with writing(operations) as connection:
        serialised(connection, "jobs")
        job = _job_within(connection, job_id)
        if job.state not in ENDED or job.state == JobState.DONE:
            raise Rejected(
                f"Job {job_id} is {job.state}: only a failed job can be retried.", code="not-failed"
            )
        twin = (jobs.c.dedupe == job.dedupe) & (jobs.c.state == JobState.WAITING.value)
        if job.dedupe and connection.execute(select(jobs.c.job_id).where(twin)).first() is not None:
            raise Rejected("A job for the same work is waiting already.", code="already-waiting")
        fresh = {
            "state": JobState.WAITING.value,
            "attempts": 0,
            "delays": 0,
            "cancel_requested": False,
            "progress": 0.0,
            "reason": "",
            "code": "",
            "not_before_mjd": mjd_now(),
            "finished_mjd": None,
        }
        connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(fresh))


def remove_old_jobs(operations: Engine, *, older_than_d: float) -> int:
    """Return how many jobs that were done long ago were removed from the list."""
    old = (jobs.c.state == JobState.DONE.value) & (jobs.c.finished_mjd < mjd_now() - older_than_d)
    with writing(operations) as connection:
        return connection.execute(delete(jobs).where(old)).rowcount


def _job_within(connection: Connection, job_id: int) -> Job:
    query = select(jobs).where(jobs.c.job_id == job_id)
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise Rejected(f"Job {job_id} does not exist.", code="unknown-job")
    return job_of(row)
