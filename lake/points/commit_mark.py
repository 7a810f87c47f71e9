"""Whether a catalog in SQLite changed since the last look, without asking SQLite (3 µs instead of 600).

Every commit rewrites the header of the WAL's index, the file ``-shm`` beside the database, as its last act
(https://www.sqlite.org/walformat.html, section 2): equal headers, equal database. The file must not be
closed while this process may have SQLite open, for that would take SQLite's own locks on it away; so it stays
open until it is removed from its folder. SQLite removes it with the last connection, and the next one begins
with the same header, sometimes under the same inode; so every file that is opened here gets a number.
"""

import os
import sys
import threading
from itertools import count
from pathlib import Path

_HEADER_BYTES = 96  # two copies of the header
_COUNT_AT = 8  # in a copy: a number of 32 bits that grows by one with every commit
_NUMBER_BYTES = 8
_MOST_OPEN = 256  # files; a process works on one lake, a process of tests on many
_OPENING = threading.Lock()
_OPEN: dict[str, tuple[int, int, int]] = {}  # path -> (inode, file descriptor, number)
_NUMBERS = count()


def commit_mark(database: Path) -> bytes | None:
    """Return bytes that differ after every commit, or None where only the database itself can tell."""
    path = f"{database}-shm"
    try:
        inode = os.stat(path).st_ino  # noqa: PTH116 - on the hot path
        known = _OPEN.get(path)
        if known is None or known[0] != inode:
            known = _opened(path)
    except OSError:  # nobody is connected, or the journal is no WAL
        return None
    if known is None:
        return None
    header = os.pread(known[1], _HEADER_BYTES, 0)
    return known[2].to_bytes(_NUMBER_BYTES, "big") + header if len(header) == _HEADER_BYTES else None


def is_next(before: bytes | None, after: bytes | None) -> bool:
    """Return whether exactly one commit lies between two marks, of which SQLite counts them."""
    if before is None or after is None or before[:_NUMBER_BYTES] != after[:_NUMBER_BYTES]:
        return False
    counts = [_count(mark[_NUMBER_BYTES:]) for mark in (before, after)]
    return counts[0] is not None and counts[1] == (counts[0] + 1) % 2**32


def _count(header: bytes) -> int | None:
    """Return the commits that a header counts, or None where it was read while it was written."""
    half = _HEADER_BYTES // 2
    if header[:half] != header[half:]:
        return None
    return int.from_bytes(header[_COUNT_AT : _COUNT_AT + 4], sys.byteorder)


def _opened(path: str) -> tuple[int, int, int] | None:
    with _OPENING:
        _close_removed()
        known = _OPEN.get(path)
        if known is None and len(_OPEN) < _MOST_OPEN:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            known = _OPEN[path] = (os.fstat(handle).st_ino, handle, next(_NUMBERS))
        return known


def _close_removed() -> None:
    for path, (_, handle, _) in list(_OPEN.items()):
        if os.fstat(handle).st_nlink == 0:
            del _OPEN[path]
            os.close(handle)
