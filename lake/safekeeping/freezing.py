"""A program that copies a SQLite file as it stood at one instant: ``python -m lake.safekeeping.freezing``.

It is a process of its own because, inside one, only DuckDB may open the lake's catalog (``lake.catalog``).
It reads a line, freezes what the file then holds, writes a line, and copies at leisure.
"""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing

BUSY_TIMEOUT_MS = 5000
FROZEN = "frozen"


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy the file that is named first to the name that comes second."""
    file, copied = sys.argv[1:] if arguments is None else arguments
    sys.stdin.readline()
    with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True, isolation_level=None)) as source:
        source.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is this one
        sys.stdout.write(f"{FROZEN}\n")
        sys.stdout.flush()
        with closing(sqlite3.connect(copied)) as target:
            source.backup(target)


if __name__ == "__main__":
    main()
