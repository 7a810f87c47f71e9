"""Reading the live files of the photometry out of DuckLake's own tables (DuckLake specification 1.0)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from engine.errors import Rejected
from lake.catalog import Catalog, CatalogKind
from lake.points.live_files import Column, DataFile, DeleteFile, LiveFiles
from lake.tables import PHOTOMETRY

_LIVE = (
    "{0}.begin_snapshot <= s.snapshot_id AND ({0}.end_snapshot IS NULL OR {0}.end_snapshot > s.snapshot_id)"
)
_PLAIN = "CAST({0}.path_is_relative AS INTEGER) = 1"
_PARQUET = _PLAIN + " AND {0}.{1} = 'parquet' AND {0}.encryption_key IS NULL"
# One statement, so that its answer is one version whatever is written meanwhile.
_FILES = f"""
SELECT s.snapshot_id AS version,
       t.table_id AS table_id,
       h.path || t.path || f.path AS path,
       f.file_size_bytes AS size_bytes,
       f.partial_max AS partial_max,
       CASE WHEN k.column_name = 'target_id' THEN c.transform END AS transform,
       p.partition_value AS bucket,
       h.path || t.path || d.path AS delete_path,
       d.file_size_bytes AS delete_size_bytes,
       d.partial_max AS delete_partial_max,
       CASE WHEN f.data_file_id IS NULL THEN 1
            WHEN {_PLAIN.format("h")} AND {_PLAIN.format("t")} AND {_PARQUET.format("f", "file_format")}
                 AND f.mapping_id IS NULL AND (d.path IS NULL OR {_PARQUET.format("d", "format")}) THEN 1
            ELSE 0 END AS is_plain
FROM ducklake_snapshot s
LEFT JOIN ducklake_schema h ON h.schema_name = 'main' AND {_LIVE.format("h")}
LEFT JOIN ducklake_table t ON t.schema_id = h.schema_id AND t.table_name = :table_name AND {_LIVE.format("t")}
LEFT JOIN ducklake_data_file f ON f.table_id = t.table_id AND {_LIVE.format("f")}
LEFT JOIN ducklake_file_partition_value p ON p.data_file_id = f.data_file_id AND p.partition_key_index = 0
LEFT JOIN ducklake_partition_column c ON c.partition_id = f.partition_id AND c.partition_key_index = 0
LEFT JOIN ducklake_column k ON k.table_id = t.table_id AND k.column_id = c.column_id AND {_LIVE.format("k")}
LEFT JOIN ducklake_delete_file d ON d.data_file_id = f.data_file_id AND {_LIVE.format("d")}
WHERE s.snapshot_id = %s
ORDER BY f.data_file_id, d.delete_file_id
"""  # noqa: S608 - our own words
_NEWEST = "SELECT max(snapshot_id) AS version FROM ducklake_snapshot"
_COLUMNS = """
SELECT column_id, column_name, initial_default
FROM ducklake_column
WHERE table_id = :table_id
  AND parent_column IS NULL
  AND begin_snapshot <= :version
  AND (end_snapshot IS NULL OR end_snapshot > :version)
ORDER BY column_id
"""
_TABLES = {
    CatalogKind.SQLITE: "SELECT name FROM sqlite_master WHERE name LIKE 'ducklake_inlined_d%'",
    CatalogKind.POSTGRESQL: "SELECT tablename FROM pg_tables WHERE tablename LIKE 'ducklake_inlined_d%'",
}
_CHANGES = """
SELECT snapshot_id, changes_made FROM ducklake_snapshot_changes
WHERE snapshot_id >= :version
ORDER BY snapshot_id
"""
_EXISTS = "SELECT 1 AS one FROM ducklake_snapshot WHERE snapshot_id = :version"
_CHANGE = re.compile(r"([a-z_]+):(\d+)(?=,|$)")
_OF_ROWS = {
    "inserted_into_table",
    "deleted_from_table",
    "merge_adjacent",
    "rewrite_delete",
    "compacted_table",
}
_KEYS = {"target_id", "mjd", "point_id"}
_BUCKETS = re.compile(r"bucket\((\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What later versions did to a table: to its rows, or to more than that (its columns, say)."""

    version: int | None  # the newest; None where the catalog cannot tell
    of_rows: bool
    of_more: bool


class NotPlain(Exception):  # noqa: N818 - no error: the plain query answers
    """The lake holds photometry in a way that only DuckLake itself should read."""


def newest_version(catalog: Catalog) -> int:
    """Return the number of the newest version."""
    return int(catalog.rows(_NEWEST)[0][0])


def has_version(catalog: Catalog, version: int) -> bool:
    """Return whether the lake keeps a version."""
    return bool(catalog.rows(_EXISTS, {"version": version}))


def changes_since(catalog: Catalog, files: LiveFiles) -> Changes:
    """Return what versions later than that of some live files did to their table."""
    told = catalog.rows(_CHANGES, {"version": files.version})
    versions = [int(version) for version, _ in told]
    if not versions or versions != list(range(files.version, versions[-1] + 1)):
        return Changes(version=None, of_rows=True, of_more=True)  # some are expired: who knows what they did
    words = {
        word
        for _, changes in told[1:]
        for word, table_id in _CHANGE.findall(changes or "")
        if int(table_id) == files.table_id
    }
    return Changes(version=versions[-1], of_rows=bool(words & _OF_ROWS), of_more=bool(words - _OF_ROWS))


def live_files(
    catalog: Catalog, *, version: int | None = None, columns: tuple[Column, ...] | None = None
) -> LiveFiles:
    """Return the files of a version, or of the newest.

    Parameters
    ----------
    columns
        Those of an earlier version, where only rows changed since.

    Raises
    ------
    NotPlain
        Only DuckLake itself should read this version.
    Rejected
        ``unknown-version``
    """
    statement = _FILES % (f"({_NEWEST})" if version is None else ":version")
    told = {} if version is None else {"version": version}
    rows = catalog.rows(statement, {"table_name": PHOTOMETRY.name, **told})
    if not rows:
        raise unknown_version(version)
    found_version, table_id = int(rows[0][0]), rows[0][1]
    if table_id is None or not all(int(row[-1]) for row in rows):
        raise NotPlain
    buckets, elsewhere = _sorted_out(row[2:-1] for row in rows if row[2] is not None)
    return LiveFiles(
        version=found_version,
        table_id=int(table_id),
        columns=columns or _columns(catalog, int(table_id), found_version),
        buckets=buckets,
        elsewhere=elsewhere,
    )


def unknown_version(version: int | None) -> Rejected:
    """Return the refusal of a version."""
    return Rejected(f"The lake has no version {version}.", code="unknown-version")


def _columns(catalog: Catalog, table_id: int, version: int) -> tuple[Column, ...]:
    rows = catalog.rows(_COLUMNS, {"table_id": table_id, "version": version})
    found = {str(name): int(column_id) for column_id, name, _ in rows}
    has_defaults = any(default is not None for *_, default in rows)
    if has_defaults or not set(found) >= _KEYS or _has_inlined_rows(catalog, table_id):
        raise NotPlain
    return tuple(Column(column_id=found[name], name=name) for name in PHOTOMETRY.schema if name in found)


def _has_inlined_rows(catalog: Catalog, table_id: int) -> bool:
    """Return whether rows or deletions stand in the catalog itself: a plain lake has none."""
    own = re.compile(rf"ducklake_inlined_(data_{table_id}_\d+|delete_{table_id})")
    names = [str(name) for (name,) in catalog.rows(_TABLES[catalog.kind]) if own.fullmatch(str(name))]
    return any(catalog.rows(f"SELECT 1 AS one FROM {name} LIMIT 1") for name in names)  # noqa: S608 - checked


def _sorted_out(
    rows: Iterable[Sequence[Any]],
) -> tuple[dict[tuple[int, int], tuple[DataFile, ...]], tuple[DataFile, ...]]:
    buckets: dict[tuple[int, int], list[DataFile]] = defaultdict(list)
    elsewhere: list[DataFile] = []
    for _, group in groupby(rows, key=itemgetter(0)):
        several = list(group)
        *_, transform, bucket = several[0][:5]
        count = _BUCKETS.fullmatch(transform or "")
        is_in_bucket = count is not None and bucket is not None
        place = buckets[int(count[1]), int(bucket)] if count and is_in_bucket else elsewhere
        place.append(_data_file(several))
    return {bucket: tuple(files) for bucket, files in buckets.items()}, tuple(elsewhere)


def _data_file(rows: Sequence[Sequence[Any]]) -> DataFile:
    path, size, partial_max = rows[0][:3]
    deletes = [row[5:] for row in rows if row[5] is not None]
    return DataFile(
        path=path,
        size_bytes=int(size),
        partial_max=_number(partial_max),
        deletes=tuple(
            DeleteFile(path=each, size_bytes=int(bytes_), partial_max=_number(newest))
            for each, bytes_, newest in deletes
        ),
    )


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
