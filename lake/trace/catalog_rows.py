"""What the lake's catalog says of its files and versions, and checksums of these rows.

A checksum is the same whether SQLite or PostgreSQL keeps the catalog, and leaves out what may change later.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lake.catalog import Catalog, CatalogKind
from lake.trace.ledger import Kind

Row = Sequence[object]

SQLITE_TABLE = "sqlite table"  # begins the name of a seal that only a catalog in SQLite has

_DATA = """
    SELECT data_file_id, table_id, begin_snapshot, end_snapshot, path, path_is_relative, record_count,
           file_size_bytes, file_order, file_format, footer_size, row_id_start, partition_id, encryption_key,
           mapping_id, partial_max
    FROM ducklake_data_file WHERE data_file_id > :above ORDER BY data_file_id"""
_DELETE = """
    SELECT delete_file_id, table_id, begin_snapshot, end_snapshot, path, path_is_relative, delete_count,
           file_size_bytes, data_file_id, format, footer_size, encryption_key, partial_max
    FROM ducklake_delete_file WHERE delete_file_id > :above ORDER BY delete_file_id"""
_STATISTICS = """
    SELECT data_file_id, table_id, column_id, column_size_bytes, value_count, null_count,
           min_value, max_value, contains_nan, extra_stats
    FROM ducklake_file_column_stats WHERE data_file_id > :above"""
_PARTITIONS = """
    SELECT data_file_id, table_id, partition_key_index, partition_value
    FROM ducklake_file_partition_value WHERE data_file_id > :above"""
_PLACES = """
    SELECT t.table_id, t.table_name, t.path, t.path_is_relative, s.path AS schema_path
    FROM ducklake_table t JOIN ducklake_schema s ON s.schema_id = t.schema_id ORDER BY t.begin_snapshot"""
_TARGET_COLUMNS = "SELECT table_id, column_id FROM ducklake_column WHERE column_name = 'target_id'"
_VERSIONS = """
    SELECT s.snapshot_id, s.schema_version, s.next_file_id, s.snapshot_time, s.next_catalog_id,
           c.changes_made, c.author, c.commit_message, c.commit_extra_info
    FROM ducklake_snapshot s LEFT JOIN ducklake_snapshot_changes c ON c.snapshot_id = s.snapshot_id
    WHERE s.snapshot_id > :above ORDER BY s.snapshot_id"""
_ENDED = """
    SELECT data_file_id, end_snapshot FROM ducklake_data_file
    WHERE end_snapshot > :above AND end_snapshot <= :version
    UNION ALL
    SELECT delete_file_id, end_snapshot FROM ducklake_delete_file
    WHERE end_snapshot > :above AND end_snapshot <= :version"""
_FILE_IDS = """
    SELECT data_file_id AS file_id FROM ducklake_data_file
    UNION ALL SELECT delete_file_id FROM ducklake_delete_file"""
_TABLE_STATISTICS = (
    "SELECT table_id, record_count, next_row_id, file_size_bytes FROM ducklake_table_stats",
    "SELECT table_id, column_id, contains_null, contains_nan, min_value, max_value, extra_stats"
    " FROM ducklake_table_column_stats",
)
_SETTINGS = "SELECT key, scope, scope_id, value FROM ducklake_metadata WHERE key <> 'data_path'"
_SQLITE_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
_SCHEMA = {  # tables about tables: those with an end_snapshot last
    "ducklake_schema_versions": "begin_snapshot, schema_version, table_id",
    "ducklake_partition_column": "partition_id, table_id, partition_key_index, column_id, transform",
    "ducklake_sort_expression": "sort_id, table_id, sort_key_index, expression, dialect,"
    " sort_direction, null_order",
    "ducklake_column_mapping": "mapping_id, table_id, type",
    "ducklake_name_mapping": "mapping_id, column_id, source_name, target_field_id,"
    " parent_column, is_partition",
}
_SCHEMA_WITH_ENDS = {
    "ducklake_schema": "schema_id, schema_uuid, schema_name, path, path_is_relative",
    "ducklake_table": "table_id, table_uuid, schema_id, table_name, path, path_is_relative",
    "ducklake_view": "view_id, view_uuid, schema_id, view_name, dialect, sql, column_aliases",
    "ducklake_column": "column_id, table_id, column_order, column_name, column_type, initial_default,"
    " default_value, nulls_allowed, parent_column, default_value_type, default_value_dialect",
    "ducklake_partition_info": "partition_id, table_id",
    "ducklake_sort_info": "sort_id, table_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A data or delete file as the catalog knows it."""

    kind: Kind
    file_id: int
    table: str
    path: str  # under the lake's data, or absolute
    rows: int
    size_bytes: int
    first: int  # the first version that holds it
    end: int | None  # the first version that does not
    row_sha256: str
    target_ids: tuple[int, int] | None  # least and greatest, where its table has targets


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version of the lake as the catalog knows it."""

    version: int
    schema_version: int
    next_file_id: int
    time: object  # as the database gives it
    changes: str
    extra: str
    row_sha256: str  # of everything but its number


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaPart:
    """The tables' columns, layout and order: those that hold, or those that once held."""

    name: str  # live, ended
    rows: int
    row_sha256: str


def stored_files(catalog: Catalog, *, above: int = -1) -> list[StoredFile]:
    """Return the data and delete files whose id is greater than ``above``, by id."""
    parameters = {"above": above}
    places = _places(catalog)
    targets = {(whole(table), whole(column)) for table, column in catalog.rows(_TARGET_COLUMNS)}
    about: dict[int, list[Row]] = defaultdict(list)
    ranges: dict[int, tuple[int, int]] = {}
    for row in catalog.rows(_STATISTICS, parameters):
        about[whole(row[0])].append(row)
        if (whole(row[1]), whole(row[2])) in targets:
            ranges[whole(row[0])] = (whole(row[6]), whole(row[7]))
    for row in catalog.rows(_PARTITIONS, parameters):
        about[whole(row[0])].append(row)
    data = [
        _file(Kind.DATA, row, places, about[whole(row[0])], ranges.get(whole(row[0])))
        for row in catalog.rows(_DATA, parameters)
    ]
    deletes = [
        _file(Kind.DELETE, row, places, (), ranges.get(whole(row[8])))
        for row in catalog.rows(_DELETE, parameters)
    ]
    return sorted((*data, *deletes), key=lambda file: file.file_id)


def version_rows(catalog: Catalog, *, above: int = -1) -> list[VersionRow]:
    """Return the versions after ``above``, the oldest first."""
    return [
        VersionRow(
            version=whole(row[0]),
            schema_version=whole(row[1]),
            next_file_id=whole(row[2]),
            time=row[3],
            changes=str(row[5] or ""),
            extra=str(row[8] or ""),
            row_sha256=digest([row[1:]]),
        )
        for row in catalog.rows(_VERSIONS, {"above": above})
    ]


def ended_files(catalog: Catalog, *, above: int, version: int) -> dict[int, int]:
    """Return the version in which each file ceased to be live, of those after ``above``."""
    rows = catalog.rows(_ENDED, {"above": above, "version": version})
    return {whole(file_id): whole(end) for file_id, end in rows}


def scheduled_files(catalog: Catalog) -> dict[int, str]:
    """Return the path of every file that waits for removal, by id."""
    rows = catalog.rows("SELECT data_file_id, path FROM ducklake_files_scheduled_for_deletion")
    return {whole(file_id): str(path) for file_id, path in rows}


def stored_file_ids(catalog: Catalog) -> set[int]:
    """Return the ids of all data and delete files that the catalog has now."""
    return {whole(file_id) for (file_id,) in catalog.rows(_FILE_IDS)}


def newest_version(catalog: Catalog) -> int:
    """Return the number of the newest version."""
    return whole(catalog.rows("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0])


def statistics_sha256(catalog: Catalog) -> str:
    """Return the checksum of the tables' statistics, which are new in every version."""
    return digest_of_set([row for sql in _TABLE_STATISTICS for row in catalog.rows(sql)])


def settings_rows(catalog: Catalog) -> dict[str, str]:
    """Return the checksum of each setting of the catalog, and of each table that SQLite keeps it in.

    The place of the data is left out: it is tomlake's to say.
    """
    rows = [("setting", *row) for row in catalog.rows(_SETTINGS)]
    if catalog.kind == CatalogKind.SQLITE:
        rows += [(SQLITE_TABLE, *row) for row in catalog.rows(_SQLITE_TABLES)]
    return {"|".join(_word(value) for value in row[:-1]): digest([row[-1:]]) for row in rows}


def schema_parts(catalog: Catalog) -> list[SchemaPart]:
    """Return the live and the ended part of the lake's schema."""
    live = [(table, *row) for table, columns in _SCHEMA.items() for row in _select(catalog, table, columns)]
    ended: list[Row] = []
    for table, columns in _SCHEMA_WITH_ENDS.items():
        for row in _select(catalog, table, f"{columns}, begin_snapshot, end_snapshot"):
            (live if row[-1] is None else ended).append((table, *row))
    return [
        SchemaPart(name=name, rows=len(rows), row_sha256=digest_of_set(rows))
        for name, rows in (("live", live), ("ended", ended))
    ]


def digest(rows: Iterable[Row]) -> str:
    """Return the sha256 of rows in their order, the same from every database."""
    return _sha256(_text(row) for row in rows)


def digest_of_set(rows: Iterable[Row]) -> str:
    """Return the sha256 of rows in whatever order they came, the same from every database."""
    return _sha256(sorted(_text(row) for row in rows))


def canonical(value: object) -> str:
    """Return a value as text: truth as 0 or 1, a moment in UTC with microseconds, nothing as NUL."""
    if value is None:
        return "\0"
    if isinstance(value, bool):
        return str(int(value))
    moment = moment_of(value)
    return str(value) if moment is None else moment.isoformat(timespec="microseconds")


def moment_of(value: object) -> datetime | None:
    """Return a time of the catalog in UTC, which SQLite keeps as text; None for what is no time."""
    if isinstance(value, str) and value[4:5] == "-" and value[10:11] == " ":
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def whole(value: object) -> int:
    """Return a number of the catalog; -2 where it is damaged so that it is none."""
    try:
        return int(str(value))
    except ValueError:
        return -2


def _word(value: object) -> str:
    return "" if value is None else canonical(value)


def _text(row: Row) -> str:
    return "\x1f".join(canonical(value) for value in row)


def _sha256(texts: Iterable[str]) -> str:
    return hashlib.sha256("\x1e".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def _select(catalog: Catalog, table: str, columns: str) -> list[tuple[object, ...]]:
    return catalog.rows(f"SELECT {columns} FROM {table}")  # noqa: S608 - names from this module


def _places(catalog: Catalog) -> dict[int, tuple[str, str]]:
    """Return (name, folder under the lake's data) of each table."""
    return {
        whole(table_id): (str(name), f"{schema_path}{path}" if is_relative else str(path))
        for table_id, name, path, is_relative, schema_path in catalog.rows(_PLACES)
    }


def _file(
    kind: Kind,
    row: Row,
    places: Mapping[int, tuple[str, str]],
    about: Sequence[Row],
    target_ids: tuple[int, int] | None,
) -> StoredFile:
    file_id, table_id, first, end, path, is_relative, rows, size_bytes, *_ = row
    table, folder = places.get(whole(table_id), (f"table {table_id}", ""))
    return StoredFile(
        kind=kind,
        file_id=whole(file_id),
        table=table,
        path=f"{folder}{path}" if is_relative else str(path),
        rows=whole(rows),
        size_bytes=whole(size_bytes),
        first=whole(first),
        end=None if end is None else whole(end),
        row_sha256=digest([[*row[:3], *row[4:], digest_of_set(about)]]),
        target_ids=target_ids,
    )
