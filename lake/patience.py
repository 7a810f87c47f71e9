"""Trying again while another process, or a server that restarts, is in the way."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

import duckdb

from engine.errors import Transient
from lake.trouble import told_of

Result = TypeVar("Result")

ATTEMPTS = 8
_BUSY = ("database is locked", "conflict", "database table is locked", "failed to commit")
_AWAY = (
    "server closed the connection", "terminating connection", "connection to server", "could not connect",
    "connection refused", "starting up", "shutting down", "no connection to the server", "slow down",
    "ssl connection has been closed", "http code 50", "unable to connect", "connection error",
    "timeout was reached",
    "transaction is aborted",  # after a statement of DuckLake's own lost its server without a word
)  # fmt: skip


def patiently(work: Callable[[], Result], *, again: Callable[[], None] | None = None) -> Result:
    """Return what the work gives, tried again while what hinders it passes by itself.

    Parameters
    ----------
    again
        Called before a new attempt after a server went away: it forgets connections that broke.

    Raises
    ------
    Transient
        ``lake-busy``: other writers did not let this one through; ``lake-away``: a server did not answer;
        ``disk-full``.
    Rejected
        ``lake-damaged``: a file cannot be read; ``no-write-access``.
    """
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except duckdb.Error as error:
            last = error
            told = told_of(error)  # first: a commit that failed for want of space also speaks of the commit
            if told is not None:
                raise told from error
            if not is_busy(error) and not is_away(error):
                raise
            if again is not None and is_away(error):
                again()
            _pause(attempt)
    if is_busy(last):
        raise Transient("The lake is busy; try again.", code="lake-busy", retry_after_s=5) from last
    raise Transient(
        "The lake's database or file store does not answer; try again when it is up.",
        code="lake-away",
        retry_after_s=10,
    ) from last


def is_busy(error: duckdb.Error) -> bool:
    """Return whether another writer was in the way."""
    return _has(error, _BUSY)


def is_away(error: duckdb.Error) -> bool:
    """Return whether a server did not answer."""
    return _has(error, _AWAY)


def _has(error: duckdb.Error, words: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(each in text for each in words)


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0.5, 1.0) * min(2.0, 0.01 * 2**attempt))  # noqa: S311 - only spreads writers
