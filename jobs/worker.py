"""A worker: its own process, one job at a time, watched by a thread that may end the process.

``python -m jobs.worker --tasks MODULE:NAME`` runs tasks of one's own: NAME is a dict from the kind of job to
a function (lake, job, progress) -> sentence. Without it the tasks of ``jobs.tasks`` are run.
"""

import argparse
import importlib
import logging
import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import Rejected
from jobs.executor import left_to_cluster
from jobs.loop import work
from jobs.progress import Task
from jobs.watch import Limits
from lake.opening import open_lake
from lake.queue import ALL_KINDS, Kinds
from lake.settings import Settings, read_settings

logger = logging.getLogger(__name__)

TASKS = "jobs.tasks:TASKS"
EXIT_REFUSED = 2


def run_worker(
    settings: Settings,
    *,
    once: bool = False,
    tasks: Mapping[str, Task] | None = None,
    name: str = "",
    limits: Limits | None = None,
    kinds: Kinds = ALL_KINDS,
) -> None:
    """Work until SIGTERM; or, with ``once``, until nothing is due any more.

    Parameters
    ----------
    tasks
        Functions by kind of job; by default those of ``jobs.tasks``.
    name
        Under which the worker holds its leases; it must be no other worker's.
    limits
        What one job may use; by default what the settings say.
    kinds
        Which jobs it takes; by default all.
    """
    tasks = load_tasks(TASKS) if tasks is None else tasks
    limits = limits or Limits(wall_clock_s=settings.job_wall_clock_s, memory_mb=settings.job_memory_mb)
    name = name or new_name()
    lake = open_lake(settings)
    logger.info("worker %s started", name)
    try:
        work(
            lake,
            tasks,
            name=name,
            limits=limits,
            once=once,
            kinds=replace(kinds, never={*kinds.never, *left_to_cluster(settings)}),
        )
    finally:
        lake.close()
        logger.info("worker %s ended", name)


def new_name() -> str:
    """Return a name that no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def load_tasks(place: str) -> Mapping[str, Task]:
    """Return the tasks that a place such as ``jobs.tasks:TASKS`` names.

    Raises
    ------
    Rejected
        ``bad-tasks``: there are none.
    """
    module, _, attribute = place.partition(":")
    try:
        tasks = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise Rejected(f"There are no tasks at {place!r}: {error}.", code="bad-tasks") from error
    if not isinstance(tasks, Mapping):
        raise Rejected(f"{place!r} is no dict of tasks.", code="bad-tasks")
    return tasks


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a worker with the settings of the environment."""
    parser = argparse.ArgumentParser(prog="python -m jobs.worker", description="Work on tomlake's jobs.")
    parser.add_argument("--name", default="", help="name of the worker, unique")
    parser.add_argument("--tasks", default=TASKS, help="MODULE:NAME of a dict of tasks")
    parser.add_argument("--only", nargs="*", default=(), help="kinds of jobs that it takes; all if not said")
    parser.add_argument("--once", action="store_true", help="end when nothing is due any more")
    parser.add_argument("--child", action="store_true", help="end when the parent process ends")
    parser.add_argument("--never", nargs="*", default=(), help="kinds of jobs that it leaves to others")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = read_settings()
        limits = Limits(
            wall_clock_s=settings.job_wall_clock_s,
            memory_mb=settings.job_memory_mb,
            parent_pid=os.getppid() if given.child else None,
        )
        run_worker(
            settings,
            once=given.once,
            tasks=load_tasks(given.tasks),
            name=given.name,
            limits=limits,
            kinds=Kinds(only=given.only, never=given.never),
        )
    except Rejected as refusal:
        logger.error("%s", refusal, exc_info=refusal.__cause__)
        raise SystemExit(EXIT_REFUSED) from refusal


if __name__ == "__main__":
    main()
