"""The workers' side of the queue: a job is held by a lease with a heartbeat, and a fence guards its end.

A job may run twice, when a lease ran out while its worker still lived, but it ends once: every finishing
write asks for the fence number of the claim.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, not_, or_, select, true, update

from engine.errors import NotReady, Rejected, TomlakeError, Transient
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.job_rows import Job, JobState, held_by, job_of
from lake.operations import jobs, reading, serialised, writing

LEASE_S = 60.0
MAX_ATTEMPTS = 3  # that ended in a bug of ours or at a limit
MAX_DEATHS = 6  # more than bugs get: who dies may be killed by somebody, not by the job
MAX_DELAYS = 10  # failures of something outside: with back-off about a day
NOT_READY_DAYS = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Which jobs a worker takes: where ``only`` names any no others, and none of ``never``.

    Jobs whose lock begins with one of ``avoid`` wait: what they would ask is busy, or ill.
    """

    only: Collection[str] = ()
    never: Collection[str] = ()
    avoid: Collection[str] = ()


ALL_KINDS = Kinds()
_BACK_OFF_MAX_S = 6 * 3600.0
_BUG_PAUSE_S = 10.0
_CRASH_PAUSE_S = 1.0


def claim(
    operations: Engine,
    worker: str,
    *,
    lease_s: float = LEASE_S,
    kinds: Kinds = ALL_KINDS,
) -> Job | None:
    """Return the most urgent due job of these kinds, now held by this worker; None when there is none."""
    now_mjd = mjd_now()
    if not due_jobs(operations, kinds=kinds, limit=1):
        return None
    with writing(operations) as connection:
        serialised(connection, "jobs")
        _release_expired(connection, now_mjd)
        due = (
            select(jobs.c.job_id)
            .where(_is_due(now_mjd), _is_of(kinds))
            .order_by(jobs.c.priority, jobs.c.job_id)
            .limit(1)
        )
        taken = (
            update(jobs)
            .where(jobs.c.job_id == due.scalar_subquery())
            .values(
                state=JobState.RUNNING.value,
                worker=worker,
                fence=jobs.c.fence + 1,
                attempts=jobs.c.attempts + 1,
                lease_until_mjd=now_mjd + lease_s / SECONDS_PER_DAY,
                started_mjd=now_mjd,
                progress=0.0,
                step="",
            )
            .returning(jobs)
        )
        row = connection.execute(taken).mappings().one_or_none()
    return None if row is None else job_of(row)


def due_jobs(operations: Engine, *, kinds: Kinds = ALL_KINDS, limit: int = 100) -> list[Job]:
    """Return jobs that a worker could claim now, and any that a dead one left; only a read."""
    now_mjd = mjd_now()
    expired = (jobs.c.state == JobState.RUNNING.value) & (jobs.c.lease_until_mjd < now_mjd)
    query = select(jobs).where(or_(_is_due(now_mjd) & _is_of(kinds), expired)).limit(limit)
    with reading(operations) as connection:
        return [job_of(row) for row in connection.execute(query).mappings()]


def heartbeat(
    operations: Engine, job: Job, *, progress: float | None = None, step: str = "", lease_s: float = LEASE_S
) -> bool:
    """Return whether the work shall go on, with the lease lengthened; False: lease lost, or cancelled."""
    values: dict[str, object] = {"lease_until_mjd": mjd_now() + lease_s / SECONDS_PER_DAY}
    if progress is not None:
        values["progress"] = min(max(progress, 0.0), 1.0)
    if step:
        values["step"] = step
    held = update(jobs).where(held_by(job)).values(values).returning(jobs.c.cancel_requested)
    with writing(operations) as connection:
        return connection.execute(held).scalar_one_or_none() is False


def is_held(operations: Engine, job: Job) -> bool:
    """Return whether the work shall go on; only a read, so it may be asked often."""
    query = select(jobs.c.job_id).where(held_by(job), jobs.c.cancel_requested.is_(False))
    with reading(operations) as connection:
        return connection.execute(query).first() is not None


def finish(operations: Engine, job: Job, reason: str) -> bool:
    """Return whether the job is done by this worker; False: it was taken away, and nothing was written."""
    with writing(operations) as connection:
        return _end(connection, job, JobState.DONE, reason=reason, code="", progress=1.0, step="")


def fail(operations: Engine, job: Job, error: BaseException) -> JobState | None:
    """Return the state in which a failure leaves the job; None: it was taken away, and nothing was written.

    ``Rejected`` ends it; ``Transient`` waits ever longer; ``NotReady`` waits, keeps the ticket and costs no
    attempt; anything else costs one of three attempts.
    """
    now_mjd = mjd_now()
    with writing(operations) as connection:
        row = connection.execute(select(jobs).where(held_by(job)).with_for_update()).mappings().one_or_none()
        if row is None:
            return None
        present = job_of(row)
        if present.cancel_requested:
            return _given_up(connection, present, JobState.CANCELLED, "It was cancelled.", "cancelled")
        if isinstance(error, Rejected):
            return _given_up(connection, present, JobState.REJECTED, error.reason, error.code)
        if isinstance(error, NotReady):
            return _not_ready(connection, present, error, now_mjd)
        if isinstance(error, Transient):
            return _delay(connection, present, error, now_mjd)
        return _count_failure(connection, present, error, now_mjd)


def release(operations: Engine, job: Job) -> bool:
    """Return whether an unfinished job was given back; it costs no attempt."""
    with writing(operations) as connection:
        row = connection.execute(select(jobs).where(held_by(job)).with_for_update()).mappings().one_or_none()
        if row is None:
            return False
        present = job_of(row)
        _wait(connection, present, mjd_now(), reason="", code="", attempts=present.attempts - 1)
        return True


def release_worker(operations: Engine, worker: str) -> list[int]:
    """Return the jobs that a dead worker held; they are tried again, or dead after three such deaths."""
    query = select(jobs).where(jobs.c.worker == worker, jobs.c.state == JobState.RUNNING.value)
    with writing(operations) as connection:
        return _worker_died(connection, connection.execute(query.with_for_update()).mappings().all())


def _is_due(now_mjd: float) -> ColumnElement[bool]:
    busy = select(jobs.c.lock).where(jobs.c.state == JobState.RUNNING.value, jobs.c.lock.is_not(None))
    return and_(
        jobs.c.state == JobState.WAITING.value,
        jobs.c.not_before_mjd <= now_mjd,
        or_(jobs.c.lock.is_(None), jobs.c.lock.not_in(busy)),
    )


def _is_of(kinds: Kinds) -> ColumnElement[bool]:
    wanted = [jobs.c.kind.in_(kinds.only)] if kinds.only else []
    left = [jobs.c.kind.not_in(kinds.never)] if kinds.never else []
    locked = [not_(jobs.c.lock.startswith(start, autoescape=True)) for start in kinds.avoid]
    free = [or_(jobs.c.lock.is_(None), and_(*locked))] if locked else []
    return and_(true(), *wanted, *left, *free)


def _release_expired(connection: Connection, now_mjd: float) -> None:
    query = select(jobs).where(jobs.c.state == JobState.RUNNING.value, jobs.c.lease_until_mjd < now_mjd)
    _worker_died(connection, connection.execute(query.with_for_update()).mappings().all())


def _worker_died(connection: Connection, rows: Sequence[RowMapping]) -> list[int]:
    now_mjd = mjd_now()
    for job in map(job_of, rows):
        if job.cancel_requested:
            _given_up(connection, job, JobState.CANCELLED, "It was cancelled.", "cancelled")
        elif job.attempts >= MAX_DEATHS:
            reason = (
                f"The worker died {job.attempts} times on this job, so it is not tried again: "
                "its input is kept, and staff can look into it and retry it."
            )
            _given_up(connection, job, JobState.DEAD, reason, "worker-died")
        else:
            pause_s = _CRASH_PAUSE_S * 2 ** (job.attempts - 1)
            reason = "The worker died on this job; it is tried again."
            _wait(connection, job, now_mjd + pause_s / SECONDS_PER_DAY, reason=reason, code="worker-died")
    return [int(row["job_id"]) for row in rows]


def _not_ready(connection: Connection, job: Job, error: NotReady, now_mjd: float) -> JobState:
    if now_mjd - job.created_mjd > NOT_READY_DAYS:
        reason = f"It was not ready after {NOT_READY_DAYS:g} days and was given up: {error.reason}"
        return _given_up(connection, job, JobState.DEAD, reason, error.code)
    return _wait(
        connection,
        job,
        now_mjd + error.retry_after_s / SECONDS_PER_DAY,
        reason=error.reason,
        code=error.code,
        attempts=job.attempts - 1,
        ticket=error.ticket or job.ticket,
    )


def _delay(connection: Connection, job: Job, error: Transient, now_mjd: float) -> JobState:
    delays = job.delays + 1
    if delays >= MAX_DELAYS:
        reason = f"It failed {delays} times and was given up; the last time: {error.reason}"
        return _given_up(connection, job, JobState.DEAD, reason, error.code)
    pause_s = min(error.retry_after_s * 2**job.delays, _BACK_OFF_MAX_S)
    return _wait(
        connection,
        job,
        now_mjd + pause_s / SECONDS_PER_DAY,
        reason=error.reason,
        code=error.code,
        attempts=job.attempts - 1,
        delays=delays,
    )


def _count_failure(connection: Connection, job: Job, error: BaseException, now_mjd: float) -> JobState:
    if isinstance(error, TomlakeError):
        reason, code = error.reason, error.code
    else:
        reason, code = f"tomlake failed on this job ({type(error).__name__}: {error!s:.200}).", "bug"
    if job.attempts >= MAX_ATTEMPTS:
        reason = f"{reason} It was tried {job.attempts} times and given up."
        return _given_up(connection, job, JobState.DEAD, reason, code)
    pause_s = _BUG_PAUSE_S * 2 ** (job.attempts - 1)
    return _wait(connection, job, now_mjd + pause_s / SECONDS_PER_DAY, reason=reason, code=code)


def _given_up(connection: Connection, job: Job, state: JobState, reason: str, code: str) -> JobState:
    _end(connection, job, state, reason=reason, code=code)
    return state


def _end(connection: Connection, job: Job, state: JobState, **values: object) -> bool:
    ended = update(jobs).where(held_by(job))
    ended = ended.values(state=state.value, finished_mjd=mjd_now(), lease_until_mjd=None, **values)
    return connection.execute(ended).rowcount == 1


def _wait(connection: Connection, job: Job, not_before_mjd: float, **values: object) -> JobState:
    if job.dedupe is not None:  # two may not wait under one key: the one that has begun goes on
        twin = (jobs.c.dedupe == job.dedupe) & (jobs.c.state == JobState.WAITING.value)
        connection.execute(
            update(jobs)
            .where(twin)
            .values(
                state=JobState.CANCELLED.value,
                finished_mjd=mjd_now(),
                reason=f"Job {job.job_id} does the same work.",
                code="superseded",
            )
        )
    waiting = {"state": JobState.WAITING.value, "not_before_mjd": not_before_mjd, "lease_until_mjd": None}
    connection.execute(update(jobs).where(held_by(job)).values(waiting | {"step": ""} | values))
    return JobState.WAITING
