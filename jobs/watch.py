"""The thread beside a running job: keeps its lease, minds its limits, and ends the process when it must."""

import logging
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import TomlakeError
from jobs.progress import Progress, Stopped
from lake.queue import Job, fail, heartbeat, is_held, release

logger = logging.getLogger(__name__)

TICK_S = 0.2
ASK_S = 1.0  # between looks whether the job was cancelled or taken away
EXIT_LIMIT, EXIT_STOPPED, EXIT_BLIND = 75, 76, 77
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one job may use, and how long others wait for its worker."""

    wall_clock_s: float
    memory_mb: float  # more than the worker had before
    lease_s: float = 60.0
    heartbeat_s: float = 10.0
    grace_s: float = 3.3  # for a job to end by itself when the worker or the job is stopped
    parent_pid: int | None = None  # stop when this process is not the parent any more


@dataclass(slots=True, kw_only=True)
class _Running:
    job: Job
    began_s: float = field(default_factory=time.monotonic)
    beat_s: float = field(default_factory=time.monotonic)
    asked_s: float = field(default_factory=time.monotonic)
    lost_s: float | None = None  # when it was seen to be cancelled or taken away
    step: str = ""
    progress: float = 0.0
    told: bool = True  # the queue knows step and progress


class Watch:
    """Watches the jobs of one worker; used in a ``with`` block, in the main thread for signals to count."""

    def __init__(
        self, operations: Engine, limits: Limits, *, is_ending: Callable[[], bool] = lambda: False
    ) -> None:
        self._operations = operations
        self._limits = limits
        self._is_ending = is_ending  # whether whoever runs this worker wants it to stop
        self._at_start_mb = used_memory_mb()
        self._running: _Running | None = None
        self._lock = threading.Lock()  # held while a tick may end the process over the running job
        self._stopping = threading.Event()
        self._stop_by_s = 0.0
        self._closed = False
        self._signals_in, self._signals_out = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._handlers: dict[int, object] = {}
        self._wakeup_fd = -1

    @property
    def is_stopping(self) -> bool:
        """Return whether the worker shall take no other job."""
        return self._stopping.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, or return at once when the worker shall stop."""
        self._stopping.wait(seconds)

    @contextmanager
    def over(self, job: Job) -> Iterator[Progress]:
        """Watch a job while the body runs; gives the function by which its task tells how far it is."""
        running = _Running(job=job)

        def progress(step: str, fraction: float) -> None:
            if running.lost_s is not None:
                raise Stopped(f"Job {job.job_id} was stopped.", code="stopped")
            if (step, fraction) != (running.step, running.progress):
                running.step, running.progress, running.told = step, fraction, False

        self._running = running
        try:
            yield progress
        finally:
            with self._lock:
                self._running = None

    def __enter__(self) -> Self:
        """Begin to watch, and let SIGTERM and SIGINT stop the worker politely."""
        if threading.current_thread() is threading.main_thread():
            # The pipe is written by the system's own handler, even while the main thread is deep in C code.
            os.set_blocking(self._signals_out, False)
            self._wakeup_fd = signal.set_wakeup_fd(self._signals_out, warn_on_full_buffer=False)
            self._handlers = {number: signal.signal(number, _noticed) for number in _SIGNALS}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the watch and give signals back to whom they belonged."""
        self._closed = True
        os.write(self._signals_out, b"\0")  # it need not wait for its next tick
        self._thread.join()
        if self._handlers:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]
            signal.set_wakeup_fd(self._wakeup_fd)
        os.close(self._signals_in)
        os.close(self._signals_out)

    def _watch(self) -> None:
        try:
            self._look_until_closed()
        finally:
            if not self._closed:  # nobody would keep the lease or mind the limits
                logger.critical("the watch broke down, and its worker ends with it", exc_info=sys.exception())
                os._exit(EXIT_BLIND)

    def _look_until_closed(self) -> None:
        while not self._closed:
            came, _, _ = select.select([self._signals_in], [], [], TICK_S)
            if self._closed:
                return
            orphaned = self._limits.parent_pid not in {None, os.getppid()}
            if (came and os.read(self._signals_in, 64)) or orphaned or self._is_ending():
                self._begin_to_stop()
            with self._lock:
                if self._running is None:
                    continue
                try:
                    self._tick(self._running)
                except SQLAlchemyError:
                    logger.warning("the operational database did not answer", exc_info=True)

    def _begin_to_stop(self) -> None:
        if not self._stopping.is_set():
            self._stop_by_s = time.monotonic() + self._limits.grace_s
            self._stopping.set()

    def _tick(self, running: _Running) -> None:
        now_s = time.monotonic()
        self._mind_limits(running, now_s)
        if self._stopping.is_set() and now_s > self._stop_by_s:
            release(self._operations, running.job)
            _end_process(running.job, "given back: the worker stops", 0)
        if running.lost_s is not None:
            if now_s > running.lost_s + self._limits.grace_s:
                fail(self._operations, running.job, Stopped("It was stopped.", code="stopped"))
                _end_process(running.job, "stopped: cancelled or taken away", EXIT_STOPPED)
        elif not self._keep_lease(running, now_s):
            running.lost_s = now_s

    def _keep_lease(self, running: _Running, now_s: float) -> bool:
        due = now_s - running.beat_s >= self._limits.heartbeat_s
        if now_s - running.asked_s < min(ASK_S, self._limits.heartbeat_s):
            return True
        running.asked_s = now_s
        if not (due or not running.told):
            return is_held(self._operations, running.job)
        running.beat_s, running.told = now_s, True
        return heartbeat(
            self._operations,
            running.job,
            progress=running.progress,
            step=running.step,
            lease_s=self._limits.lease_s,
        )

    def _mind_limits(self, running: _Running, now_s: float) -> None:
        if now_s - running.began_s > self._limits.wall_clock_s:
            self._give_up(
                running,
                f"The job ran longer than {self._limits.wall_clock_s:g} s and was stopped.",
                "too-long",
            )
        if used_memory_mb() - self._at_start_mb > self._limits.memory_mb:
            self._give_up(
                running,
                f"The job used more than {self._limits.memory_mb:g} MB of memory and was stopped.",
                "too-much-memory",
            )

    def _give_up(self, running: _Running, reason: str, code: str) -> NoReturn:
        try:
            fail(self._operations, running.job, TomlakeError(reason, code=code))
        finally:
            _end_process(running.job, reason, EXIT_LIMIT)


def used_memory_mb() -> float:
    """Return the memory that this process holds; where the system does not say, the most it ever held."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def _noticed(_number: int, _frame: object) -> None:
    """Keep the signal from ending the process; the pipe tells the watch."""


def _end_process(job: Job, reason: str, exit_code: int) -> NoReturn:
    logger.warning("job %d: %s", job.job_id, reason)
    logging.shutdown()
    os._exit(exit_code)
