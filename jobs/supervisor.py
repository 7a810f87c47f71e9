"""Starts the portal, the workers and the clock, restarts what dies, and stops everything without orphans."""

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from jobs.clock import Clock
from jobs.executor import CANARY, DISPATCHER, EPHEMERIS, HARVEST, WATCH, check_executor
from lake.operations import open_operations
from lake.paths import make_folders
from lake.queue import release_worker
from lake.settings import Executor, Settings, child_environment

logger = logging.getLogger(__name__)

TICK_S = 0.1
TERM_S = 3.8  # then what has not ended is killed; a worker gives its job back after 3.3 s
KILL_S = 0.4
STEADY_S = 10.0  # who lived longer is restarted at once
PAUSE_S, PAUSE_MAX_S = 0.5, 30.0
EARLY_DEATHS = 4  # of a program that nothing works without

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LONE_WORKER = (sys.executable, "-m", "jobs.worker", "--child")
WORKER = (*LONE_WORKER, "--never", HARVEST, CANARY, WATCH, EPHEMERIS)
HARVESTER = (sys.executable, "-m", "jobs.harvester", "--child")
PORTAL = (sys.executable, "-m", "portal.serve", "--child")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is kept running."""

    title: str
    command: tuple[str, ...]
    is_worker: bool = False  # gets a name of its own at each start, under which it holds leases
    is_essential: bool = False  # when it cannot start, everything ends


@dataclass(slots=True, kw_only=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    name: str = ""
    started_s: float = 0.0
    start_after_s: float = 0.0
    early_deaths: int = 0


def run(settings: Settings, *, with_web: bool = True) -> int:
    """Run everything until Ctrl-C or SIGTERM, then stop it within five seconds; return the exit code.

    Raises
    ------
    Rejected
        Jobs shall run on a Dask cluster, and the settings or the installation do not allow it.
    """
    check_executor(settings)
    return supervise(settings, programs_of(settings, with_web=with_web))


def programs_of(settings: Settings, *, with_web: bool) -> list[Program]:
    """Return what an installation keeps running."""
    portal = [Program(title="portal", command=PORTAL, is_essential=True)] * with_web
    dispatcher = [Program(title="dispatcher", command=DISPATCHER)] * (settings.executor == Executor.DASK)
    harvester = [Program(title="harvester", command=HARVESTER, is_worker=True)]
    asks_here = settings.executor == Executor.LOCAL and settings.workers > 0
    # where no harvester runs beside them, workers ask what the cluster does not
    worker = Program(title="worker", command=WORKER if asks_here else LONE_WORKER, is_worker=True)
    return [*portal, *dispatcher, *harvester * asks_here, *[worker] * settings.workers]


def supervise(settings: Settings, programs: Sequence[Program]) -> int:
    """Run programs and the clock until SIGTERM or Ctrl-C; return 1 when an essential one cannot start."""
    make_folders(settings)
    operations = open_operations(settings.operations_url)
    told: list[int] = []  # a plain list: a handler may not take a lock that the main thread holds
    handlers = {number: signal.signal(number, lambda came, _: told.append(came)) for number in _STOPS}
    clock = Clock(settings, operations)
    family = Family(operations, programs, child_environment(settings))
    try:
        clock.start()
        while not told and not family.has_failed:
            family.tend()
            time.sleep(TICK_S)
    finally:
        clock.stop()  # first: what it has begun ends while the programs do
        family.stop()
        operations.dispose()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 1 if family.has_failed else 0


class Family:
    """The child processes; each leads a session of its own, so that its own children end with it."""

    def __init__(self, operations: Engine, programs: Sequence[Program], environment: dict[str, str]) -> None:
        self._operations = operations
        self._environment = environment
        self._children = [_Child(program=program) for program in programs]
        self.has_failed = False

    def processes(self, title: str) -> dict[str, int]:
        """Return the process ids of the children of one title that were started, by name."""
        return {
            child.name: child.process.pid
            for child in self._children
            if child.process is not None and child.program.title == title
        }

    def tend(self) -> None:
        """Start what is due, and see who died: a dead worker's jobs are given back at once."""
        now_s = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now_s)
            if child.process is None and now_s >= child.start_after_s:
                self._start(child, now_s)

    def stop(self) -> None:
        """Ask all to end, kill who does not, and give back the jobs that they held."""
        deadline_s = time.monotonic() + TERM_S
        self._signal(signal.SIGTERM)
        while time.monotonic() < deadline_s and any(_lives(child) for child in self._children):
            time.sleep(0.02)
        self._signal(signal.SIGKILL)
        for child in self._children:
            if child.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(KILL_S)
                self._give_jobs_back(child)
                child.process = None

    def _start(self, child: _Child, now_s: float) -> None:
        command = list(child.program.command)
        if child.program.is_worker:
            child.name = f"worker-{uuid.uuid4().hex[:12]}"
            command += ["--name", child.name]
        child.process = subprocess.Popen(  # noqa: S603 - our own programs
            command, env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        child.started_s = now_s
        logger.info("%s started as process %d", child.program.title, child.process.pid)

    def _bury(self, child: _Child, now_s: float) -> None:
        process = child.process
        if process is None:
            return
        _signal_group(process, signal.SIGKILL)  # what it left behind
        child.process = None
        gave_back = self._give_jobs_back(child)
        # Who died over a job had started well, and the job's own pauses keep it from coming back at once.
        is_early = now_s - child.started_s < STEADY_S and not gave_back
        child.early_deaths = child.early_deaths + 1 if is_early else 0
        pause_s = min(PAUSE_S * 2 ** (child.early_deaths - 2), PAUSE_MAX_S) if child.early_deaths > 1 else 0.0
        child.start_after_s = now_s + pause_s
        logger.warning(
            "%s ended with code %s; it starts again in %.1f s",
            child.program.title,
            process.returncode,
            pause_s,
        )
        if child.program.is_essential and child.early_deaths >= EARLY_DEATHS:
            logger.error("%s cannot start; its own message stands above", child.program.title)
            self.has_failed = True

    def _give_jobs_back(self, child: _Child) -> bool:
        name, child.name = child.name, ""
        if not name:
            return False
        try:
            released = release_worker(self._operations, name)
        except SQLAlchemyError:
            logger.warning("the jobs of %s wait until their leases run out", name, exc_info=True)
            return False
        for job_id in released:
            logger.warning("job %d lost its worker", job_id)
        return bool(released)

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.process is not None:
                _signal_group(child.process, number)


def _lives(child: _Child) -> bool:
    return child.process is not None and child.process.poll() is None


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
