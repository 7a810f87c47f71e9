"""The task `seal`: what the lake wrote since the last time gets its checksums in the ledger."""

import time

from sqlalchemy import Engine

from engine.errors import NotReady
from engine.times import mjd_now
from jobs.progress import Progress
from lake.backend import Backend
from lake.opening import Lake
from lake.queue import Job, enqueue, list_jobs
from lake.settings import Settings
from lake.trace.catch_up import Told, seal_all, seal_raw_of
from lake.trace.seals import is_behind, seal_new

KIND = "seal"
ALL_EVERY_D = 1.0  # how often everything without a seal is looked for, also raw files that no batch names
ALL, NEW = "all", "new"
_PRIORITY = 8  # after everything that somebody waits for
_RECENT_JOBS = 500
_MARGIN_D = 0.1  # a batch is made a while before it is committed
_SHARE = 0.6  # of the time that a job may take


def enqueue_due_sealing(settings: Settings, operations: Engine) -> bool:
    """Return whether sealing was put into the queue: of everything once a day, else of what is new."""
    if _last(operations, ALL) is None:
        scope = ALL
    else:
        backend = Backend(settings)
        try:
            if not is_behind(backend, operations):
                return False
        finally:
            backend.close()
        scope = NEW
    enqueue(operations, KIND, {"scope": scope}, dedupe=f"{KIND}:{scope}", lock=KIND, priority=_PRIORITY)
    return True


def seal_lake(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how many lines the ledger got for everything new, or for ``all`` that has no seal yet.

    Raises
    ------
    NotReady
        The time of one job is over; the next one goes on with what has no seal yet.
    """
    stop_s = time.monotonic() + _SHARE * lake.settings.job_wall_clock_s

    def told(step: str, fraction: float) -> None:
        progress(step, fraction)
        if time.monotonic() > stop_s:
            raise NotReady("Sealing goes on where it stopped.", code="sealing-continues", retry_after_s=1.0)

    if job.args.get("scope", ALL) == ALL:
        return _all(lake, told)
    since = [each.created_mjd for each in list_jobs(lake.operations, kind=KIND, limit=_RECENT_JOBS)]
    backend = lake.store.backend
    lines = seal_new(backend, lake.operations, lake.store.version())
    if lines == 0 and is_behind(backend, lake.operations):  # so much came at once that it needs its time
        return _all(lake, told)
    lines += seal_raw_of(lake.store, backend, lake.operations, lake.raw, since_mjd=_before(job, since))
    return f"The ledger has {lines} new lines."


def _all(lake: Lake, told: Told) -> str:
    done = seal_all(lake.store.backend, lake.operations, lake.raw, told)
    damaged = f" {len(done.unsound)} files are damaged: see `tomlake verify`." if done.unsound else ""
    return f"The ledger has {done.lines} new lines.{damaged}"


def _last(operations: Engine, scope: str) -> float | None:
    """Return when sealing of a scope was last asked for within the day."""
    jobs = list_jobs(operations, kind=KIND, limit=_RECENT_JOBS)
    asked = [job.created_mjd for job in jobs if job.args.get("scope") == scope]
    return next((mjd for mjd in asked if mjd_now() - mjd < ALL_EVERY_D), None)


def _before(job: Job, asked_mjd: list[float]) -> float:
    """Return the time of the job before this one, with a margin."""
    earlier = [mjd for mjd in asked_mjd if mjd < job.created_mjd]
    return (earlier[0] if earlier else job.created_mjd - ALL_EVERY_D) - _MARGIN_D
