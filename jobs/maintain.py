"""The task `maintain`: upkeep of the lake, its light part every hour and all of it every night."""

from sqlalchemy import Engine

from engine.errors import Rejected
from engine.times import mjd_now
from jobs.progress import Progress
from lake.opening import Lake
from lake.queue import Job, enqueue
from lake.upkeep.maintain import Scope, maintain
from lake.upkeep.runs import KIND, due_scope, last_run

LIGHT_EVERY_D = 1 / 24
PRIORITY = 8  # people, uploads and harvests come first
TIME_SHARE = 0.6  # of what a job may run: the last step must end in time as well


def maintain_lake(lake: Lake, job: Job, progress: Progress) -> str:
    """Return what upkeep did; what did not fit into the time of one job is put into the queue again.

    Raises
    ------
    Rejected
        ``bad-scope``: the job asks for another upkeep than there is.
    """
    try:
        scope = Scope(job.args.get("scope", Scope.LIGHT.value))
    except ValueError as error:
        raise Rejected("Upkeep is light or full.", code="bad-scope") from error
    budget_s = TIME_SHARE * lake.settings.job_wall_clock_s
    outcome = maintain(lake, scope, tell=progress, budget_s=budget_s)
    if not outcome.is_complete:
        enqueue_maintenance(lake.operations, scope)
    return outcome.sentence


def enqueue_due_maintenance(operations: Engine, *, quiet_hour: int) -> bool:
    """Return whether upkeep was put into the queue: hourly, in full once a day at the quiet hour (UTC)."""
    scope, last = due_scope(operations, quiet_hour=quiet_hour), last_run(operations)
    if scope == Scope.LIGHT and last is not None and mjd_now() - last.finished_mjd < LIGHT_EVERY_D:
        return False
    enqueue_maintenance(operations, scope)
    return True


def enqueue_maintenance(operations: Engine, scope: Scope) -> int:
    """Return the job of this upkeep, new or waiting already; two never run at once."""
    return enqueue(
        operations,
        KIND,
        {"scope": scope.value},
        dedupe=f"{KIND}:{scope.value}",
        lock=KIND,
        priority=PRIORITY,
    )
