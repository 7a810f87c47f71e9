"""Reading the live files of the photometry out of the catalog."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from lake.catalog import Catalog
from lake.points.catalog_sql import COLUMNS, EXISTS, FILES, FILES_AT, INLINED_TABLES, NEWEST, NEWS
from lake.points.live_files import Bucket, Column, DataFile, DeleteFile, FileNews, LiveFiles
from lake.tables import PHOTOMETRY
from lake.trouble import unknown_version

_CHANGE = re.compile(r"([a-z_]+):(\d+)(?=,|$)")
_OF_ROWS = {"inserted_into_table", "deleted_from_table"}  # they leave the files of others as they are
_KEYS = {"target_id", "mjd", "point_id"}
_BUCKETS = re.compile(r"bucket\((\d+)\)")
_TABLE = {"table_name": PHOTOMETRY.name}


class NotPlain(Exception):  # noqa: N818 - no error: the plain query answers
    """The lake holds photometry in a way that only DuckLake itself should read."""


def newest_version(catalog: Catalog) -> int:
    """Return the number of the newest version."""
    return int(catalog.rows(NEWEST)[0][0])


def has_version(catalog: Catalog, version: int) -> bool:
    """Return whether the lake keeps a version."""
    return bool(catalog.rows(EXISTS, {"version": version}))


def live_files(catalog: Catalog, *, version: int | None = None) -> LiveFiles:
    """Return the files of a version, or of the newest.

    Raises
    ------
    NotPlain
        Only DuckLake itself should read this version.
    Rejected
        ``unknown-version``
    """
    told = {} if version is None else {"version": version}
    rows = catalog.rows(FILES if version is None else FILES_AT, {**_TABLE, **told})
    if not rows:
        raise unknown_version(version)
    found_version, next_file_id, table_id = rows[0][:3]
    if table_id is None:
        raise NotPlain
    empty = LiveFiles(
        version=int(found_version),
        next_file_id=int(next_file_id),
        table_id=int(table_id),
        columns=_columns(catalog, int(table_id), int(found_version)),
        buckets={},
    )
    return empty.with_news(_news(rows), version=empty.version, next_file_id=empty.next_file_id)


def newer_files(catalog: Catalog, files: LiveFiles) -> LiveFiles:
    """Return the files of the newest version, learning only what changed since an earlier one.

    Raises
    ------
    NotPlain
        Only DuckLake itself should read this version.
    """
    rows = catalog.rows(NEWS, {**_TABLE, "version": files.version, "next_file_id": files.next_file_id})
    told = sorted((int(row[0]), str(row[3] or "")) for row in rows if row[1] is None)
    rows = [row for row in rows if row[1] is not None]
    if not rows or not _only_of_rows(told, files):
        return live_files(catalog)
    return files.with_news(_news(rows), version=int(rows[0][0]), next_file_id=int(rows[0][1]))


def _only_of_rows(told: Sequence[tuple[int, str]], files: LiveFiles) -> bool:
    """Return whether every version since did nothing to the table but add and delete rows."""
    versions = [version for version, _ in told]
    if not versions or versions != list(range(files.version, versions[-1] + 1)):
        return False  # some are expired: who knows what they did
    words = {
        word
        for _, changes in told[1:]
        for word, table_id in _CHANGE.findall(changes)
        if int(table_id) == files.table_id
    }
    return words <= _OF_ROWS


def _news(rows: Iterable[Sequence[Any]]) -> Iterator[FileNews]:
    found = sorted((row[3:] for row in rows if row[3] is not None), key=lambda row: (row[0], row[5] or ""))
    for _, group in groupby(found, key=itemgetter(0)):
        several = list(group)
        if not all(int(row[-1]) for row in several):
            raise NotPlain
        yield FileNews(
            file=_data_file(several), bucket=_bucket(several[0]), is_live=bool(int(several[0][-2]))
        )


def _bucket(row: Sequence[Any]) -> Bucket | None:
    transform, value = row[3:5]
    count = _BUCKETS.fullmatch(transform or "")
    return None if count is None or value is None else (int(count[1]), int(value))


def _data_file(rows: Sequence[Sequence[Any]]) -> DataFile:
    path, size, partial_max = rows[0][:3]
    return DataFile(
        path=path,
        size_bytes=int(size),
        partial_max=_number(partial_max),
        deletes=tuple(
            DeleteFile(path=row[5], size_bytes=int(row[6]), partial_max=_number(row[7]))
            for row in rows
            if row[5] is not None
        ),
    )


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))


def _columns(catalog: Catalog, table_id: int, version: int) -> tuple[Column, ...]:
    rows = catalog.rows(COLUMNS, {"table_id": table_id, "version": version})
    found = {str(name): int(column_id) for column_id, name, _ in rows}
    has_defaults = any(default is not None for *_, default in rows)
    if has_defaults or not set(found) >= _KEYS or _has_inlined_rows(catalog, table_id):
        raise NotPlain
    return tuple(Column(column_id=found[name], name=name) for name in PHOTOMETRY.schema if name in found)


def _has_inlined_rows(catalog: Catalog, table_id: int) -> bool:
    """Return whether rows or deletions stand in the catalog itself: a plain lake has none."""
    own = re.compile(rf"ducklake_inlined_(data_{table_id}_\d+|delete_{table_id})")
    names = [str(name) for (name,) in catalog.rows(INLINED_TABLES[catalog.kind]) if own.fullmatch(str(name))]
    return any(catalog.rows(f"SELECT 1 AS one FROM {name} LIMIT 1") for name in names)  # noqa: S608 - checked
