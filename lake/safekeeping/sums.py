"""Checksums of a lake's tables in one version, file by file, so that the next backup reads only new files."""

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from lake.backend import Backend
from lake.safekeeping.checksums import Checksum, file_checksums, lake_tables
from lake.settings import Settings

Progress = Callable[[str, float], None]  # what is done now, and which part of all lies behind
TableSums = dict[str, dict[str, Checksum]]
_BYTES_AT_ONCE = 200_000_000
_FILES_AT_ONCE = 200
_MEMORY = "SET memory_limit = '1GB'"
_LIVING = """
SELECT t.table_name, s.path || t.path || d.path, s.path || t.path || x.path, d.file_size_bytes
FROM ducklake_data_file AS d
JOIN ducklake_table AS t ON t.table_id = d.table_id AND t.end_snapshot IS NULL
JOIN ducklake_schema AS s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
LEFT JOIN ducklake_delete_file AS x ON x.data_file_id = d.data_file_id AND x.end_snapshot IS NULL
WHERE d.end_snapshot IS NULL
ORDER BY t.table_name, d.path
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _LivingFile:
    table: str
    data: str  # path in the store
    deleted: str  # path of the file that says which rows are gone, or ""
    size_bytes: int

    def key(self, columns: Mapping[str, str]) -> str:
        """Return what the file's checksum depends on."""
        signature = hashlib.sha256(repr(sorted(columns.items())).encode()).hexdigest()[:8]
        return f"{self.data}|{self.deleted}|{signature}"


def table_sums(
    settings: Settings,
    catalog: Path,
    *,
    known: TableSums | None = None,
    without: Collection[str] = (),
    progress: Progress = lambda _step, _fraction: None,
) -> TableSums:
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
    with _attached(settings, catalog) as (backend, connection):
        tables = lake_tables(connection)
        sums: TableSums = {table: {} for table in tables}
        unread: list[_LivingFile] = []
        for file in _living_files(catalog):
            key, earlier = file.key(tables[file.table]), (known or {}).get(file.table, {})
            if key in earlier:
                sums[file.table][key] = earlier[key]
            elif file.data not in without and file.deleted not in without:
                unread.append(file)
        for number, files in enumerate(groups := list(_in_groups(unread))):
            table = files[0].table
            progress(f"Adding up the rows of {table}", number / len(groups))
            sums[table] |= _group_sums(connection, backend.data_url, tables[table], files)
        return sums


def _group_sums(
    connection: duckdb.DuckDBPyConnection,
    data_url: str,
    columns: dict[str, str],
    files: Sequence[_LivingFile],
) -> dict[str, Checksum]:
    whole = {f"{data_url}{file.data}": file for file in files}
    found = file_checksums(connection, files[0].table, columns, files=whole.keys())
    return {file.key(columns): found.get(path, Checksum()) for path, file in whole.items()}


@contextmanager
def _attached(settings: Settings, catalog: Path) -> Iterator[tuple[Backend, duckdb.DuckDBPyConnection]]:
    """Give a connection that reads a catalog in a file, with the data files of an installation."""
    backend = Backend(replace(settings, catalog_url=f"sqlite:///{catalog}"))
    with closing(backend.connect(read_only=True)) as connection:
        connection.execute("RESET threads")
        connection.execute(_MEMORY)
        yield backend, connection
    backend.close()


def _living_files(catalog: Path) -> list[_LivingFile]:
    with closing(sqlite3.connect(catalog)) as connection:
        return [
            _LivingFile(table=table, data=data, deleted=deleted or "", size_bytes=size_bytes)
            for table, data, deleted, size_bytes in connection.execute(_LIVING)
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
