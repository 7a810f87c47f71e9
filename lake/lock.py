"""One at a time: locks that hold between threads and processes of one machine, given in order of arrival."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from engine.errors import Transient
from lake.paths import writing_to


@contextmanager
def locked(path: Path, *, timeout_s: float) -> Iterator[None]:
    """Hold the lock of a file while the body runs; a killed process leaves nothing locked.

    Raises
    ------
    Transient
        ``lake-busy``: another process held the lock for ``timeout_s``.
    """
    handle = _acquired(path, timeout_s)
    try:
        yield
    finally:
        os.close(handle)  # releases the lock as well


@contextmanager
def fair_turn(path: Path, *, timeout_s: float) -> Iterator[None]:
    """Hold the lock of a file like ``locked``, but let nobody who comes back at once overtake who waits.

    Who waits for the lock holds a second one, the queue; everybody passes the queue first.

    Raises
    ------
    Transient
        ``lake-busy``: others held the lock or stood in the queue for ``timeout_s``.
    """
    with ExitStack() as turn:
        with locked(path.with_suffix(".queue"), timeout_s=timeout_s):
            turn.enter_context(locked(path, timeout_s=timeout_s))
        yield


def try_lock(handle: int) -> bool:
    """Return whether the open file could be locked at once."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquired(path: Path, timeout_s: float) -> int:
    with writing_to(path.parent):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if try_lock(handle):
        return handle
    waiting = _Waiting(handle)
    if not waiting.wait(timeout_s):
        raise Transient(
            f"Another process kept the lock {path.name} for too long.", code="lake-busy", retry_after_s=10
        )
    return handle


class _Waiting:
    """A thread that waits in the system for the lock, because such a wait has no time limit of its own."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._guard = threading.Lock()
        self._is_given_up = False
        self._has_it = threading.Event()
        threading.Thread(target=self._take, name="lock", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Return whether the lock came in time; an interrupted or late wait gives it away."""
        try:
            came = self._has_it.wait(timeout_s)
        except BaseException:
            self._give_up()
            raise
        return came or not self._give_up()

    def _take(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        with self._guard:
            if self._is_given_up:
                os.close(self._handle)
            else:
                self._has_it.set()

    def _give_up(self) -> bool:
        with self._guard:
            self._is_given_up = not self._has_it.is_set()
            return self._is_given_up
