"""What is done with every connection to the operational database, whoever asks for one."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import Rejected

BUSY_TIMEOUT_MS = 30_000
READ_ONLY = "tomlake_reads"  # execution option: the transaction begins without the writer's lock


def listen(engine: Engine) -> None:
    """Set up what every connection of this engine needs."""
    event.listen(engine, "before_cursor_execute", _refuse_nul)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _refuse_nul(
    _connection: Connection, _cursor: object, _statement: str, asked: object, _context: object, many: bool
) -> None:
    # PostgreSQL keeps no NUL in its text, and a lake in SQLite may move there
    for values in asked if many and isinstance(asked, Sequence) else (asked,):
        named = values.values() if isinstance(values, Mapping) else values
        if isinstance(named, Iterable) and any(isinstance(each, str) and "\0" in each for each in named):
            raise Rejected("Take the NUL character out of what you sent.", code="nul-character")


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, by the hook below
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",  # an acknowledged upload survives a power cut
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails with "database is locked" when another one
    # wrote in between; taking the writer's lock at once makes it wait instead.
    only_reads = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
