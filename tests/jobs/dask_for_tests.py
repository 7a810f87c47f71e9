"""A Dask cluster of real processes on this machine, and a dispatcher with tasks and leases made for tests."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert
from worker_for_tests import EFFECTS, effect, telling

from jobs.dask_dispatch import run_dispatcher
from jobs.reduce import reduce_upload
from jobs.watch import Limits
from lake.operations import writing
from lake.queue import check_fence
from lake.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.progress import Progress
    from lake.opening import Lake
    from lake.queue import Job

FOLDER = Path(__file__).parent
LIMITS = Limits(wall_clock_s=60.0, memory_mb=3000.0, lease_s=2.0, heartbeat_s=0.3, grace_s=0.5)


def slow_effect(lake: Lake, job: Job, progress: Progress) -> str:
    """Write one row after a second: there is time to kill whoever does it."""
    for step in range(20):
        progress("Thinking", step / 20)
        time.sleep(0.05)
    with writing(lake.operations) as connection:
        connection.execute(delete(EFFECTS).where(EFFECTS.c.number == job.args["number"]))
        connection.execute(insert(EFFECTS).values(number=job.args["number"], attempt=job.attempts))
        check_fence(connection, job)
    return f"Effect {job.args['number']}."


def any_harvest(lake: Lake, job: Job, progress: Progress) -> str:
    """Do the task that the job names."""
    tasks = {task.__name__: task for task in (effect, slow_effect, telling)}
    return tasks[job.args["task"]](lake, job, progress)


TASKS = {"harvest": any_harvest, "reduce": reduce_upload}


class Processes:
    """Programs that were started here, each in a session of its own; all are killed at the end."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "PYTHONPATH": f"{FOLDER.parent.parent}{os.pathsep}{FOLDER}"}
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start a program; what it says goes to ``log(name)``."""
        with (self._folder / f"{name}.log").open("ab") as log:
            self._started[name] = subprocess.Popen(
                [sys.executable, *command],
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )

    def scheduler(self, port: int) -> None:
        """Start a Dask scheduler."""
        listen = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
        self.start("scheduler", "-m", "distributed.cli.dask_scheduler", *listen)

    def worker(self, name: str, port: int, **environment: str) -> None:
        """Start a Dask worker with its nanny."""
        listen = ("--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0")
        where = ("--name", name, "--local-directory", str(self._folder / "dask"))
        address = f"tcp://127.0.0.1:{port}"
        self.start(name, "-m", "distributed.cli.dask_worker", address, *listen, *where, **environment)

    def dispatcher(self, port: int) -> None:
        """Start a dispatcher with the tasks of this module."""
        self.start("dispatcher", __file__, TOMLAKE_SCHEDULER=f"tcp://127.0.0.1:{port}")

    def kill(self, name: str) -> None:
        """Kill a program with its children, as a machine that dies would."""
        process = self._started[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log(self, name: str) -> str:
        """Return what the programs of a name said."""
        return (self._folder / f"{name}.log").read_text()

    def stop(self) -> None:
        """Kill everything that was started, with its children."""
        for name in self._started:
            self.kill(name)


def until(condition: Callable[[], bool], *, within_s: float = 40.0) -> None:
    """Wait for something to become true."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.02)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    run_dispatcher(read_settings(), tasks="dask_for_tests:TASKS", limits=LIMITS, parent_pid=os.getppid())
