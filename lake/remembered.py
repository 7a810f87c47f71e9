"""What was made from the operations database, remembered while nothing is committed to it.

What ends it is a commit by any process of this machine, be it of rights, tokens or a second factor: the mark
of ``lake.points.commit_mark`` differs then, before who committed is told so. A few seconds are the longest:
embargoes end and priorities grow without a commit. PostgreSQL has no such mark: nothing of it is remembered.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from lake.operations import writing
from lake.points.bounded import Bounded
from lake.points.commit_mark import commit_mark, is_next
from lake.store import Store

KEPT_S = 5.0
_MOST_SAME = 256
_SAME: dict[bytes, bytes] = {}  # mark -> the earlier one of a state that differs only in what stands beside
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made(Generic[Kept]):
    mark: bytes
    until_s: float
    value: Kept


class Remembered(Generic[Kept]):
    """Remembers values by key; serves all threads. Of PostgreSQL nothing is remembered: it has no mark."""

    def __init__(self, *, most_bytes: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._made: Bounded[_Made[Kept]] = Bounded(most_bytes=most_bytes)
        self._now_s = now_s

    def found(self, operations: Engine, key: Hashable) -> Kept | None:
        """Return what was made under a key, or None where it must be made anew; it costs some 5 µs."""
        made = self._made.get(key)
        if made is None or made.mark != state_of(operations) or made.until_s < self._now_s():
            return None
        return made.value

    def made(
        self,
        operations: Engine,
        key: Hashable,
        make: Callable[[], Kept | None],
        *,
        size_bytes: Callable[[Kept], int],
    ) -> Kept | None:
        """Return what ``make`` gives, and remember it; the key says all that it depends on, rights too."""
        mark = state_of(operations)  # before the work: what is committed meanwhile makes it old
        until_s = self._now_s() + KEPT_S
        value = make()
        if mark is not None and value is not None:
            self._made.put(key, _Made(mark=mark, until_s=until_s, value=value), size_bytes=size_bytes(value))
        return value


def remembers(operations: Engine, store: Store) -> bool:
    """Return whether anything is remembered of a lake: both its databases must tell of commits by a mark."""
    return operations.dialect.name == "sqlite" and store.backend.catalog.file is not None


def state_of(operations: Engine) -> bytes | None:
    """Return bytes that no other state has, what is written beside left aside; None where it has no mark."""
    found = _found_mark(operations)
    return None if found is None else _SAME.get(found, found)


@contextmanager
def writing_beside(operations: Engine) -> Iterator[Connection]:
    """Give a transaction that writes only what nothing remembered is made of: it ends no memory."""
    with writing(operations) as connection:
        before = _found_mark(operations)  # others commit before this one or after it
        yield connection
    after = _found_mark(operations)
    if before is not None and after is not None and is_next(before, after):
        if len(_SAME) >= _MOST_SAME:
            _SAME.clear()
        _SAME[after] = _SAME.get(before, before)


def _found_mark(operations: Engine) -> bytes | None:
    """Return bytes that no other state of this or of another database has."""
    database = operations.url.database
    if operations.dialect.name != "sqlite" or not database:
        return None
    return commit_mark(Path(database))
