"""Checksums of tables: the same rows give the same one, in any order, any files and any database.

A row is hashed as text in which numbers stand bit by bit; a table's checksum is the sum of its rows' hashes,
so the sums of its files can be kept and added up.
"""

import hashlib
import sqlite3
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import duckdb

from lake.backend import LAKE

HEX_DIGITS = 32
_MODULUS = 1 << 128
_BITS = {"DOUBLE": "BIGINT", "FLOAT": "INTEGER"}
# What a copied catalog may say otherwise: where its files are, and what was only waiting to be deleted.
_OWN_ROWS = {"ducklake_metadata": "key <> 'data_path'", "ducklake_files_scheduled_for_deletion": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """How many rows there are, and the sum of their hashes."""

    rows: int = 0
    digest: str = "0" * HEX_DIGITS

    def __add__(self, other: Self) -> "Checksum":
        """Return the checksum of both sets of rows together."""
        total = (int(self.digest, 16) + int(other.digest, 16)) % _MODULUS
        return Checksum(rows=self.rows + other.rows, digest=f"{total:0{HEX_DIGITS}x}")


def total(parts: Iterable[Checksum]) -> Checksum:
    """Return the checksum of all parts together."""
    return sum(parts, Checksum())


def lake_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the columns and their SQL types of every table of the attached lake."""
    found = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = $lake"
        " ORDER BY table_name, column_name",
        {"lake": LAKE},
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, data_type in found:
        tables.setdefault(str(table), {})[str(column)] = str(data_type)
    return tables


def table_checksum(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str]) -> Checksum:
    """Return the checksum of a table of the attached lake."""
    return total(file_checksums(connection, table, columns).values())


def file_checksums(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    *,
    files: Collection[str] | None = None,
) -> dict[str, Checksum]:
    """Return the checksums of the living rows in each data file of a table, by the file's whole path.

    Parameters
    ----------
    files
        Only of these; the others are not opened.
    """
    text = f"concat_ws('|', {', '.join(_as_text(name, kind) for name, kind in columns.items())})"
    parameters = {f"file_{number}": file for number, file in enumerate(sorted(files or ()))}
    chosen = "" if files is None else f"WHERE filename IN ({', '.join(f'${name}' for name in parameters)})"
    rows = connection.execute(
        f"SELECT filename, count(*), sum(md5_number_upper(row_text)), sum(md5_number_lower(row_text))"  # noqa: S608
        f' FROM (SELECT filename, {text} AS row_text FROM {LAKE}."{table}" {chosen}) GROUP BY filename',
        parameters,
    ).fetchall()
    return {
        str(file): Checksum(rows=int(number), digest=_digest(int(upper), int(lower)))
        for file, number, upper, lower in rows
    }


def database_checksums(file: Path) -> dict[str, Checksum]:
    """Return the checksum of every table of a SQLite file."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        return {name: _rows_checksum(_rows_of(connection, name)) for (name,) in names}


def differing(expected: dict[str, Checksum], found: dict[str, Checksum]) -> list[str]:
    """Return the tables that are not the same, or only on one side."""
    return sorted(name for name in expected | found if expected.get(name) != found.get(name))


def _as_text(column: str, data_type: str) -> str:
    name = f'"{column}"'
    if data_type in _BITS:
        return f"coalesce({name}::BIT::{_BITS[data_type]}::VARCHAR, '-')"
    if data_type == "VARCHAR":
        return f"coalesce(strlen({name})::VARCHAR, '-'), coalesce({name}, '')"
    if data_type == "VARCHAR[]":
        each = f"list_transform({name}, lambda x: coalesce(strlen(x) || '|' || x, '-'))"
        return f"coalesce(len({name}) || '|' || array_to_string({each}, '|'), '-')"
    return f"coalesce({name}::VARCHAR, '-')"


def _digest(upper: int, lower: int) -> str:
    """Return the sum of hashes of 128 bits, whose halves were added up apart."""
    return f"{((upper << 64) + lower) % _MODULUS:0{HEX_DIGITS}x}"


def _rows_of(connection: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    columns = sorted(row[1] for row in connection.execute(f'PRAGMA table_info("{table}")'))
    chosen = ", ".join(f'"{column}"' for column in columns)
    query = f'SELECT {chosen} FROM "{table}" WHERE {_OWN_ROWS.get(table, "1")}'  # noqa: S608 - its own names
    moments = [number for number, column in enumerate(columns) if column == "snapshot_time"]
    for row in connection.execute(query):
        yield tuple(_utc(value) if number in moments else value for number, value in enumerate(row))


def _utc(moment: object) -> str:
    """Return a moment that may be written in any time zone in one."""
    return datetime.fromisoformat(str(moment)).astimezone(UTC).isoformat()


def _rows_checksum(rows: Iterable[tuple[object, ...]]) -> Checksum:
    number, sum_of_hashes = 0, 0
    for row in rows:
        body = b"|".join(map(_value_bytes, row))
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        upper, lower = (int.from_bytes(half, "little") for half in (digest[:8], digest[8:]))  # as DuckDB does
        sum_of_hashes += (upper << 64) + lower
        number += 1
    return Checksum(rows=number, digest=f"{sum_of_hashes % _MODULUS:0{HEX_DIGITS}x}")


def _value_bytes(value: object) -> bytes:
    if value is None:
        return b"-"
    if isinstance(value, float):
        return struct.pack(">d", value)
    if isinstance(value, int):
        return str(value).encode()
    body = value if isinstance(value, bytes) else str(value).encode()
    return b"%d|%b" % (len(body), body)
