"""What a person at a terminal asks: the real lake, read-only under their own rights, or what is published."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa

from engine.errors import Rejected
from lake.backend import LAKE
from lake.opening import Lake
from lake.public.versions import LATEST
from lake.sandbox.published import PublishedLake
from lake.sandbox.reading_only import reading_statements
from lake.sandbox.run import Sandbox
from lake.snapshots import version_of

_ROWS_AT_A_TIME = 2048
_TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = $lake ORDER BY table_name"
_COLUMNS = """
    SELECT column_name, data_type
    FROM duckdb_columns()
    WHERE database_name = $lake AND table_name = $table
    ORDER BY column_index
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows of one statement, to be read once; the note is told after the last one."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    note: Callable[[], str]


class Source(Protocol):
    """Something that statements can be asked of; one thread asks, any thread may cancel."""

    def answers(self, text: str) -> Iterator[Answer]:
        """Give the answer of each statement in turn."""
        ...

    def tables(self) -> list[str]:
        """Return the names of the tables."""
        ...

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return the columns of a table and their types; none for an unknown table."""
        ...

    def look_at(self, text: str) -> str:
        """Choose a version by name, number or date, the newest by an empty text; return it in words."""
        ...

    def cancel(self) -> None:
        """End the statement that runs."""
        ...

    def close(self) -> None:
        """Let everything go."""
        ...


class RealLake:
    """The lake itself, attached read-only, as it stands or as it stood in a version."""

    def __init__(self, lake: Lake, *, as_of: str = "") -> None:
        self._lake = lake
        self._changing = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._words = ""
        self.look_at(as_of)

    def look_at(self, text: str) -> str:
        """Open the version that is meant, and return it in words."""
        version = version_of(self._lake, text) if text.strip() else None
        connection = self._lake.store.backend.connect(read_only=True, version=version)
        connection.execute(f"USE {LAKE}")
        with self._changing:
            before, self._connection = self._connection, connection
        if before is not None:
            before.close()
        self._words = "newest version" if version is None else f"version {version}"
        return self._words

    def answers(self, text: str) -> Iterator[Answer]:
        """Give the answer of each statement in turn.

        Raises
        ------
        Rejected
            ``bad-sql``, ``not-a-select``.
        """
        connection = self._opened()
        for statement in reading_statements(connection, text):
            with _bad_sql():
                answered = connection.execute(statement)
            if answered is None:  # it sets something
                continue
            with _bad_sql():
                reader = answered.to_arrow_reader(_ROWS_AT_A_TIME)
            yield Answer(schema=reader.schema, batches=_batches(reader), note=lambda: self._words)

    def tables(self) -> list[str]:
        """Return the names of the tables."""
        return [str(name) for (name,) in self._opened().execute(_TABLES, {"lake": LAKE}).fetchall()]

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return the columns of a table and their types."""
        rows = self._opened().execute(_COLUMNS, {"lake": LAKE, "table": table}).fetchall()
        return [(str(name), str(sql_type)) for name, sql_type in rows]

    def cancel(self) -> None:
        """End the statement that runs."""
        self._opened().interrupt()

    def close(self) -> None:
        """Close the connection."""
        with self._changing:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise Rejected("The lake was closed.", code="closed")
        return self._connection


class PublicVersion:
    """A published version, asked in the sandbox exactly as the public asks it."""

    def __init__(self, lake: Lake, *, version: str = LATEST) -> None:
        self._published = PublishedLake(lake.settings)
        self._sandbox = Sandbox(at_once=1, spares=0)
        self._version = LATEST
        self.look_at(version)

    def look_at(self, text: str) -> str:
        """Choose a published version by its name, and return it in words."""
        told = self._published.manifest(text.strip() or LATEST)
        self._version = told.name
        return f"published version {told.name} (lake version {told.lake_version})"

    def answers(self, text: str) -> Iterator[Answer]:
        """Give the answer of the one statement.

        Raises
        ------
        Rejected
            As ``Sandbox.select``.
        """
        publication = self._published.publication(self._version)
        with self._sandbox.select(publication, text) as selection:

            def note() -> str:
                return str(selection.snapshot) + (", cut at the limit" if selection.truncated else "")

            yield Answer(schema=selection.schema, batches=selection, note=note)

    def tables(self) -> list[str]:
        """Return the names of the tables."""
        return sorted(table.name for table in self._published.manifest(self._version).tables)

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return the columns of a table with their types and units."""
        tables = {each.name: each for each in self._published.manifest(self._version).tables}
        if table not in tables:
            return []
        return [(column.name, f"{column.type} {column.unit}".strip()) for column in tables[table].columns]

    def cancel(self) -> None:
        """End the query that runs."""
        self._sandbox.stop()

    def close(self) -> None:
        """End the processes that wait."""
        self._sandbox.close()


@contextmanager
def _bad_sql() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        raise Rejected(str(error), code="bad-sql") from error


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    with _bad_sql():
        yield from reader


def is_complete(text: str) -> bool:
    """Return whether a text ends with a semicolon that is no part of a string or a remark."""
    tokens = duckdb.tokenize(text)
    if not tokens:
        return False
    offset = tokens[-1][0]
    return text.encode()[offset:].lstrip().startswith(b";")
