"""Databases as SQLite files: what a backup holds is the same whichever database the rows came from."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, insert, select, text
from sqlalchemy.pool import NullPool

from engine.errors import Rejected
from lake.backend import Backend
from lake.metadata import metadata
from lake.operations import open_operations
from lake.safekeeping.copiers import server
from lake.settings import Settings

_STREAM = {"yield_per": 1000}  # rows at once in memory
_CATALOG = "ducklake\\_%"
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS data_type, i.indrelid IS NOT NULL AS is_key
FROM pg_attribute AS a
LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)
WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_SQLITE = {"bigint": "BIGINT", "boolean": "BIGINT"}  # as DuckLake has them in SQLite; all else is text


def write_operations(connection: Connection, file: Path) -> None:
    """Write the operational database that a connection sees into a SQLite file."""
    engine = open_operations(f"sqlite:///{file}")
    with engine.begin() as copied:
        for table in metadata.sorted_tables:
            for rows in connection.execute(select(table), execution_options=_STREAM).mappings().partitions():
                copied.execute(insert(table), [dict(row) for row in rows])
            last = _last_id(connection, table.name)
            if last:  # so that no id is given twice, also when its row is gone
                name = {"name": table.name}
                copied.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
                copied.execute(
                    text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), name | {"last": last}
                )
    engine.dispose()
    single_file(file)


def load_operations(file: Path, url: str) -> None:
    """Put the rows of a SQLite file in place of all rows of an operational database, in one transaction."""
    source = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    target = open_operations(url)
    with source.connect() as copied, target.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for table in metadata.sorted_tables:
            for rows in copied.execute(select(table), execution_options=_STREAM).mappings().partitions():
                connection.execute(insert(table), [dict(row) for row in rows])
        for name, last in copied.execute(text("SELECT name, seq FROM sqlite_sequence")):
            sequence = _sequence(connection, name)
            if sequence and last:
                connection.execute(
                    text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last}
                )
    source.dispose()
    target.dispose()


def write_catalog(connection: Connection, file: Path) -> None:
    """Write the catalog that a connection sees into a SQLite file, as DuckLake itself would."""
    connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
    with closing(sqlite3.connect(file, isolation_level=None)) as copied:
        copied.execute("BEGIN")
        for name in _server_tables(connection):
            columns = connection.execute(text(_COLUMNS), {"name": name}).all()
            copied.execute(_create(name, columns))
            with connection.execute(text(_select(name, columns)), execution_options=_STREAM) as rows:
                copied.executemany(_insert(name, columns), map(tuple, rows))
        copied.execute("COMMIT")
    single_file(file)


def load_catalog(file: Path, settings: Settings) -> None:
    """Put the rows of a SQLite file in place of all rows of a catalog in PostgreSQL, in one transaction."""
    _make_catalog(settings)
    with (
        closing(sqlite3.connect(file)) as copied,
        server(settings.catalog_url) as engine,
        engine.begin() as connection,
    ):
        present = set(_server_tables(connection))
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ducklake_%'"
        for (name,) in copied.execute(names).fetchall():
            rows = copied.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - DuckLake's own name
            if name in present:
                connection.execute(text(f'DELETE FROM "{name}"'))  # noqa: S608
                _copy_in(connection, name, [column[0] for column in rows.description], rows)
            elif _has_rows(copied, name):
                raise Rejected(
                    f"The catalog's table {name} is of another DuckLake: install the tomlake that made it.",
                    code="other-catalog",
                )


def set_data_url(catalog: Path, data_url: str) -> None:
    """Write into a catalog where its data files are, for programs that do not say so themselves."""
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (data_url,))


def single_file(file: Path) -> None:
    """Bring all of a database into its one file, without what was deleted before."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
    file.with_name(f"{file.name}.lock").unlink(missing_ok=True)


def _make_catalog(settings: Settings) -> None:
    """Let DuckLake make its tables where there are none."""
    backend = Backend(settings)
    backend.connect(read_only=False).close()
    backend.close()


def _server_tables(connection: Connection) -> list[str]:
    query = (
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = current_schema() AND table_name LIKE :ours ORDER BY table_name"
    )
    return list(connection.execute(text(query), {"ours": _CATALOG}).scalars())


def _create(name: str, columns: Sequence[Any]) -> str:
    given = [f'"{column.name}" {_SQLITE.get(column.data_type, "VARCHAR")}' for column in columns]
    keys = [f'"{column.name}"' for column in columns if column.is_key]
    return f'CREATE TABLE "{name}" ({", ".join(given + ([f"PRIMARY KEY ({keys[0]})"] if keys else []))})'


def _select(name: str, columns: Sequence[Any]) -> str:
    chosen = [f'"{column.name}"::{"int" if column.data_type == "boolean" else "text"}' for column in columns]
    return f'SELECT {", ".join(chosen)} FROM "{name}"'  # noqa: S608 - DuckLake's own names


def _insert(name: str, columns: Sequence[Any]) -> str:
    chosen = ", ".join(f'"{column.name}"' for column in columns)
    return f'INSERT INTO "{name}" ({chosen}) VALUES ({", ".join("?" for _ in columns)})'  # noqa: S608


def _copy_in(connection: Connection, name: str, columns: Sequence[str], rows: sqlite3.Cursor) -> None:
    chosen = ", ".join(f'"{column}"' for column in columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{name}" ({chosen}) FROM STDIN') as incoming:
        for row in rows:
            incoming.write_row([None if value is None else str(value) for value in row])


def _has_rows(connection: sqlite3.Connection, name: str) -> bool:
    return connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is not None  # noqa: S608


def _sequence(connection: Connection, table: str) -> str | None:
    key = next(
        (column.name for column in metadata.tables[table].primary_key if column.autoincrement is True), ""
    )
    if connection.dialect.name != "postgresql" or not key:
        return None
    query = text("SELECT pg_get_serial_sequence(:table, :key)")
    return connection.execute(query, {"table": table, "key": key}).scalar_one_or_none()


def _last_id(connection: Connection, table: str) -> int:
    sequence = _sequence(connection, table)
    if sequence is None:
        return 0
    row = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return int(row.last_value) if row.is_called else 0
