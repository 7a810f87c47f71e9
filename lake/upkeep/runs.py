"""Runs of upkeep as the queue remembers them: the last one, what is due, and runs by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from engine.times import SECONDS_PER_DAY, mjd_now
from lake.job_rows import ENDED, Job, JobState, job_of
from lake.operations import jobs, reading, writing
from lake.upkeep.maintain import Outcome, Scope

KIND = "maintain"
FULL_PAUSE_D = 20 / 24  # the full part runs once a night
FULL_OVERDUE_D = 2.0  # a machine that sleeps at night makes up for it at any hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run that has ended."""

    scope: Scope
    state: JobState
    reason: str  # what was done, or why not
    finished_mjd: float


def last_run(operations: Engine, scope: Scope | None = None) -> Run | None:
    """Return the newest run that has ended, of one scope or of any."""
    for job in _ended(operations):
        if scope in {None, _scope_of(job)}:
            return Run(
                scope=_scope_of(job),
                state=job.state,
                reason=job.reason,
                finished_mjd=job.finished_mjd or job.created_mjd,
            )
    return None


def due_scope(operations: Engine, *, quiet_hour: int, now: datetime | None = None) -> Scope:
    """Return what is due now: the full part once a day at the quiet hour (UTC), else the light part."""
    moment = datetime.now(UTC) if now is None else now
    last = last_run(operations, Scope.FULL)
    if last is None:
        return Scope.FULL
    pause_d = mjd_now() - last.finished_mjd
    is_quiet = moment.hour == quiet_hour
    return Scope.FULL if pause_d > (FULL_PAUSE_D if is_quiet else FULL_OVERDUE_D) else Scope.LIGHT


def record_run(operations: Engine, scope: Scope, outcome: Outcome, *, seconds: float, by: str) -> None:
    """Let the queue remember a run that no worker did."""
    now_mjd = mjd_now()
    row = {
        "kind": KIND,
        "args": {"scope": scope.value},
        "state": JobState.DONE.value,
        "worker": by,
        "attempts": 1,
        "progress": 1.0,
        "reason": outcome.sentence,
        "created_mjd": now_mjd - seconds / SECONDS_PER_DAY,
        "not_before_mjd": now_mjd - seconds / SECONDS_PER_DAY,
        "started_mjd": now_mjd - seconds / SECONDS_PER_DAY,
        "finished_mjd": now_mjd,
    }
    with writing(operations) as connection:
        connection.execute(insert(jobs).values(row))


def _ended(operations: Engine) -> list[Job]:
    states = [state.value for state in ENDED if state != JobState.CANCELLED]
    query = select(jobs).where(jobs.c.kind == KIND, jobs.c.state.in_(states))
    with reading(operations) as connection:
        found = connection.execute(query.order_by(jobs.c.job_id.desc()).limit(200)).mappings()
        return [job_of(row) for row in found]


def _scope_of(job: Job) -> Scope:
    return Scope.FULL if job.args.get("scope") == Scope.FULL.value else Scope.LIGHT
