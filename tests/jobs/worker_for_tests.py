"""A worker with tasks made for tests, run as a program by the supervisor: ``--child --name NAME``."""

from __future__ import annotations

import logging
import os
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert

from jobs.loop import work
from jobs.watch import Limits
from lake.operations import open_operations, writing
from lake.queue import check_fence
from lake.settings import read_settings

if TYPE_CHECKING:
    from jobs.progress import Progress
    from lake.opening import Lake
    from lake.queue import Job

EFFECTS = Table("effects", MetaData(), Column("number", String, nullable=False), Column("attempt", Integer))


def effect(lake: Lake, job: Job, progress: Progress) -> str:
    """Write one row in two steps with a pause between, the same row however often it is run."""
    progress("Thinking", 0.5)
    time.sleep(0.05)
    with writing(lake.operations) as connection:
        connection.execute(delete(EFFECTS).where(EFFECTS.c.number == job.args["number"]))
        connection.execute(insert(EFFECTS).values(number=job.args["number"], attempt=job.attempts))
        time.sleep(0.02)  # a kill here undoes both
        check_fence(connection, job)
    time.sleep(0.02)
    return f"Effect {job.args['number']}."


def stubborn(lake: Lake, job: Job, progress: Progress) -> str:
    """Run for ever without ever saying how far it is."""
    time.sleep(600)
    return "never"


def telling(lake: Lake, job: Job, progress: Progress) -> str:
    """Run long, and say so often."""
    for number in range(6000):
        progress(f"Step {number}", number / 6000)
        time.sleep(0.01)
    return "never"


def greedy(lake: Lake, job: Job, progress: Progress) -> str:
    """Take a gigabyte that was not asked for."""
    taken = bytearray(os.urandom(1000)) * 1_000_000
    time.sleep(600)
    return f"{len(taken)} bytes"


def short(lake: Lake, job: Job, progress: Progress) -> str:
    """End within half a second."""
    progress("Nearly there", 0.9)
    time.sleep(0.5)
    return "It ended by itself."


TASKS = {task.__name__: task for task in (effect, stubborn, telling, greedy, short)}

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    lake = SimpleNamespace(operations=open_operations(read_settings().operations_url))
    limits = Limits(
        wall_clock_s=float(os.environ.get("WALL_CLOCK_S", "900")),
        memory_mb=300.0,
        lease_s=float(os.environ.get("LEASE_S", "60")),
        heartbeat_s=0.2,
        grace_s=float(os.environ.get("GRACE_S", "3.3")),
        parent_pid=os.getppid() if "--child" in sys.argv else None,
    )
    work(lake, TASKS, name=sys.argv[sys.argv.index("--name") + 1], limits=limits)
