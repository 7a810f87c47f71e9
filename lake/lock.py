"""One writer at a time: a lock that holds between threads and processes of one machine."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Transient
from lake.paths import writing_to

_PAUSE_S = 0.005


@contextmanager
def locked(path: Path, *, timeout_s: float) -> Iterator[None]:
    """Hold the lock of a file while the body runs; a killed process leaves nothing locked.

    Raises
    ------
    Transient
        ``lake-busy``: another writer held the lock for ``timeout_s``.
    """
    with writing_to(path.parent):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, path, deadline_s=time.monotonic() + timeout_s)
        yield
    finally:
        os.close(handle)  # releases the lock as well


def try_lock(handle: int) -> bool:
    """Return whether the open file could be locked at once."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(handle: int, path: Path, *, deadline_s: float) -> None:
    while not try_lock(handle):
        if time.monotonic() > deadline_s:
            raise Transient(
                f"Another process kept the lock {path.name} for too long.", code="lake-busy", retry_after_s=10
            )
        time.sleep(_PAUSE_S)
