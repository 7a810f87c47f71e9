"""Checksums of a lake's tables in one version, file by file, so that the next backup reads only new files."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from lake.backend import Backend
from lake.files import is_s3
from lake.safekeeping.checksums import Checksum, file_checksums, lake_tables
from lake.settings import Settings

Progress = Callable[[str, float], None]  # what is done now, and which part of all lies behind
TableSums = dict[str, dict[str, Checksum]]
_BYTES_AT_ONCE = 200_000_000
_FILES_AT_ONCE = 200
_MEMORY = "SET memory_limit = '1GB'"
_HASTE = "SET http_retry_backoff = 1.5"  # by default it would ask ten minutes for a file that is gone
_LIVING = """
SELECT t.table_name, s.path || t.path || d.path, s.path || t.path || x.path, d.file_size_bytes
FROM ducklake_data_file AS d
JOIN ducklake_table AS t ON t.table_id = d.table_id AND t.end_snapshot IS NULL
JOIN ducklake_schema AS s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
LEFT JOIN ducklake_delete_file AS x ON x.data_file_id = d.data_file_id AND x.end_snapshot IS NULL
WHERE d.end_snapshot IS NULL
ORDER BY t.table_name, d.path
"""
_COLUMNS = """
SELECT t.table_name, c.column_name, c.column_type
FROM ducklake_table AS t
JOIN ducklake_column AS c ON c.table_id = t.table_id AND c.end_snapshot IS NULL
WHERE t.end_snapshot IS NULL
"""
_FORGET = """
DELETE FROM ducklake_data_file WHERE data_file_id IN (
    SELECT d.data_file_id
    FROM ducklake_data_file AS d
    JOIN ducklake_table AS t ON t.table_id = d.table_id
    JOIN ducklake_schema AS s ON s.schema_id = t.schema_id
    LEFT JOIN ducklake_delete_file AS x ON x.data_file_id = d.data_file_id
    WHERE s.path || t.path || d.path IN (SELECT path FROM lost)
       OR s.path || t.path || x.path IN (SELECT path FROM lost)
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _LivingFile:
    table: str
    data: str  # path in the store
    deleted: str  # path of the file that says which rows are gone, or ""
    size_bytes: int
    columns: str  # a short hash of the table's columns

    @property
    def key(self) -> str:
        """Return what the file's checksum depends on."""
        return f"{self.data}|{self.deleted}|{self.columns}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was added up, and what could not be."""

    tables: TableSums
    unreadable: frozenset[str]  # data files, by their paths in the store


def table_sums(
    settings: Settings,
    catalog: Path,
    *,
    known: TableSums | None = None,
    without: Collection[str] = (),
    progress: Progress,
) -> Sums:
    """Return the checksum of each living data file of each table.

    Parameters
    ----------
    catalog
        The catalog in a SQLite file; the data files are where the settings say.
    known
        Sums of an earlier backup; files that stand in it are not read.
    without
        Files that are lost; the rows in them are left out.
    """
    unreadable: frozenset[str] = frozenset()
    while True:
        found = _sums_of(settings, catalog, known or {}, frozenset(without) | unreadable, progress)
        if not found.unreadable:
            return Sums(tables=found.tables, unreadable=unreadable)
        unreadable |= found.unreadable
        known = found.tables


def _sums_of(
    settings: Settings, catalog: Path, known: TableSums, without: frozenset[str], progress: Progress
) -> Sums:
    sums: TableSums = {table: {} for table in _tables(catalog)}
    unread: list[_LivingFile] = []
    for file in _living_files(catalog):
        earlier = known.get(file.table, {})
        if file.key in earlier:
            sums[file.table][file.key] = earlier[file.key]
        elif not without & {file.data, file.deleted}:
            unread.append(file)
    if not unread:
        return Sums(tables=sums, unreadable=frozenset())
    unreadable: set[str] = set()
    with _without(catalog, without) as rest, _attached(settings, rest) as (connection, data_url):
        tables = lake_tables(connection)
        for number, files in enumerate(groups := list(_in_groups(unread))):
            table = files[0].table
            progress(f"Adding up the rows of {table}", number / len(groups))
            try:
                sums[table] |= _group_sums(connection, data_url, tables[table], files)
            except duckdb.Error:
                spoilt = {path for path in _paths(files) if not _is_readable(connection, f"{data_url}{path}")}
                if not spoilt:
                    raise
                unreadable |= spoilt
    return Sums(tables=sums, unreadable=frozenset(unreadable))


def _paths(files: Sequence[_LivingFile]) -> list[str]:
    return [path for file in files for path in (file.data, file.deleted) if path]


def _is_readable(connection: duckdb.DuckDBPyConnection, path: str) -> bool:
    try:
        connection.execute("SELECT bit_xor(hash(t)) FROM read_parquet($path) AS t", {"path": path}).fetchall()
    except duckdb.Error:
        return False
    return True


def _group_sums(
    connection: duckdb.DuckDBPyConnection,
    data_url: str,
    columns: dict[str, str],
    files: Sequence[_LivingFile],
) -> dict[str, Checksum]:
    whole = {f"{data_url}{file.data}": file for file in files}
    found = file_checksums(connection, files[0].table, columns, files=whole.keys())
    return {file.key: found.get(path, Checksum()) for path, file in whole.items()}


@contextmanager
def _without(catalog: Path, lost: frozenset[str]) -> Iterator[Path]:
    """Give a catalog without the lost files: DuckLake opens more files than a query asks for."""
    if not lost:
        yield catalog
        return
    rest = catalog.with_suffix(".rest")
    shutil.copyfile(catalog, rest)
    with closing(sqlite3.connect(rest)) as connection, connection:
        connection.execute("CREATE TEMP TABLE lost (path VARCHAR PRIMARY KEY)")
        connection.executemany("INSERT INTO lost VALUES (?)", [(path,) for path in lost])
        connection.execute(_FORGET)
    yield rest
    rest.unlink()


@contextmanager
def _attached(settings: Settings, catalog: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Give a connection that reads a catalog in a file, with the data files of an installation."""
    backend = Backend(replace(settings, catalog_url=f"sqlite:///{catalog}"))
    with closing(backend.connect(read_only=True)) as connection:
        connection.execute("RESET threads")
        connection.execute(_MEMORY)
        if is_s3(backend.data_url):
            connection.execute(_HASTE)
        yield connection, backend.data_url
    backend.close()


def _tables(catalog: Path) -> dict[str, str]:
    """Return the living tables and a short hash of each one's columns."""
    columns: dict[str, list[str]] = {}
    with closing(sqlite3.connect(catalog)) as connection:
        for table, name, data_type in connection.execute(_COLUMNS):
            columns.setdefault(table, []).append(f"{name} {data_type}")
    return {
        table: hashlib.sha256("\n".join(sorted(each)).encode()).hexdigest()[:8]
        for table, each in columns.items()
    }


def _living_files(catalog: Path) -> list[_LivingFile]:
    tables = _tables(catalog)
    with closing(sqlite3.connect(catalog)) as connection:
        return [
            _LivingFile(table=table, data=data, deleted=deleted or "", size_bytes=size, columns=tables[table])
            for table, data, deleted, size in connection.execute(_LIVING)
        ]


def _in_groups(files: Sequence[_LivingFile]) -> Iterator[list[_LivingFile]]:
    """Give files of one table at a time, as many as one query shall read."""
    group: list[_LivingFile] = []
    for file in files:
        full = len(group) == _FILES_AT_ONCE or sum(each.size_bytes for each in group) > _BYTES_AT_ONCE
        if group and (full or group[0].table != file.table):
            yield group
            group = []
        group.append(file)
    if group:
        yield group
