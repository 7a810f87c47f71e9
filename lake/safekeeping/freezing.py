"""A program that copies a SQLite file as it stood at one instant: ``python -m lake.safekeeping.freezing``.

It is a process of its own because, inside one, only DuckDB may open the lake's catalog (``lake.catalog``).
It says when it is ready, reads a line, freezes what the file then holds, says so, and copies at leisure.
"""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

BUSY_TIMEOUT_MS = 5000
READY, FROZEN = "ready", "frozen"


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy the file that is named first to the name that comes second."""
    file, copied = sys.argv[1:] if arguments is None else arguments
    _say(READY)
    sys.stdin.readline()
    uri = f"{Path(file).absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
        source.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is this one
        _say(FROZEN)
        with closing(sqlite3.connect(copied)) as target:
            source.backup(target)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
