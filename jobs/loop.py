"""The loop of a worker: claim a job, do its task under watch, say how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.errors import Rejected, TomlakeError
from jobs.watch import Limits, Watch, used_memory_mb
from lake.queue import ALL_KINDS, Job, Kinds, claim, fail, finish

if TYPE_CHECKING:  # opening a lake needs much more code than this loop
    from sqlalchemy import Engine

    from jobs.progress import Task
    from lake.opening import Lake

logger = logging.getLogger(__name__)

POLL_S = 0.3


def work(
    lake: Lake,
    tasks: Mapping[str, Task],
    *,
    name: str,
    limits: Limits,
    once: bool = False,
    kinds: Kinds = ALL_KINDS,
) -> None:
    """Work until the process is told to stop; or, with ``once``, until nothing is due any more.

    It also ends when earlier jobs left so much memory behind that the next one would not have its share.
    Jobs of other than the given kinds are left to others.
    """
    at_start_mb = used_memory_mb()
    with Watch(lake.operations, limits) as watch:
        while not watch.is_stopping and not is_full(limits, at_start_mb):
            job = claim(lake.operations, name, lease_s=limits.lease_s, kinds=kinds)
            if job is not None:
                carry_out(lake, job, tasks, watch)
            elif once:
                return
            else:
                watch.wait(POLL_S)


def is_full(limits: Limits, at_start_mb: float) -> bool:
    """Return whether earlier jobs left so much behind that the next one would not have its share."""
    return used_memory_mb() - at_start_mb >= limits.memory_mb / 2


def carry_out(lake: Lake, job: Job, tasks: Mapping[str, Task], watch: Watch) -> None:
    """Do a claimed job under watch, and write down how it ended: whatever goes wrong is that job's end."""

    def work() -> str:
        with watch.over(job) as progress:
            if job.kind not in tasks:
                raise Rejected(f"This worker has no task {job.kind!r:.60}.", code="unknown-task")
            return tasks[job.kind](lake, job, progress)

    end_with(lake.operations, job, work)


def end_with(operations: Engine, job: Job, work: Callable[[], str]) -> bool:
    """Do the work of a claimed job, write down how it ended, and return whether it went well."""
    logger.info("job %d %s started, attempt %d", job.job_id, job.kind, job.attempts)
    try:
        reason = work()
    except Exception as error:
        state = fail(operations, job, error)
        is_bug = not isinstance(error, TomlakeError)
        logger.info("job %d %s: %s", job.job_id, state or "taken away", error, exc_info=is_bug)
        return False
    kept = finish(operations, job, reason)
    logger.info("job %d %s: %s", job.job_id, "done" if kept else "taken away", reason)
    return True
