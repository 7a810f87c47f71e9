"""Points by the hundred thousand: polars writes the files with all cores, DuckLake notes them.

DuckLake's own writer needs three times as long for a million rows, and other writers would wait for it.
"""

import glob
import re
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from lake.backend import Backend
from lake.changes import Change
from lake.layout import ROW_GROUP_ROWS
from lake.paths import local_folder
from lake.points.buckets import buckets_of
from lake.trouble import telling

FEWEST_ROWS = 100_000  # with fewer, DuckLake's own writer is as quick
_DIGITS = 8  # of a file's name, those that tell its bucket
_BUCKET = "bucket"  # the partition's name among columns and folders
_TRANSFORM = re.compile(r"bucket\((\d+)\)")
_LIVE = "{0}.end_snapshot IS NULL"
_COLUMNS = f"""
SELECT h.path || t.path AS folder, c.column_id AS column_id, c.column_name AS column_name
FROM ducklake_schema h
JOIN ducklake_table t ON t.schema_id = h.schema_id AND {_LIVE.format("t")}
JOIN ducklake_column c ON c.table_id = t.table_id AND {_LIVE.format("c")}
WHERE h.schema_name = 'main' AND {_LIVE.format("h")} AND t.table_name = :table_name
  AND CAST(h.path_is_relative AS INTEGER) = 1 AND CAST(t.path_is_relative AS INTEGER) = 1
"""  # noqa: S608 - our own words
_PARTITION = f"""
SELECT c.column_id AS column_id, c.transform AS transform
FROM ducklake_table t
JOIN ducklake_partition_info p ON p.table_id = t.table_id AND {_LIVE.format("p")}
JOIN ducklake_partition_column c ON c.partition_id = p.partition_id
WHERE t.table_name = :table_name AND {_LIVE.format("t")}
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the files of a table go, and how they are cut."""

    folder: Path
    numbers: dict[str, int]  # of the columns
    column: str  # whose buckets
    buckets: int


def written(backend: Backend, change: Change, *, fewest_rows: int = FEWEST_ROWS) -> Change:
    """Return a change whose many rows stand in files already; any other change as it is.

    Files of a change that never takes place are orphans, which maintenance removes.

    Raises
    ------
    Transient
        ``disk-full``
    Rejected
        ``no-write-access``
    """
    if len(change.rows) < fewest_rows:
        return change
    place = _place(backend, change)
    if place is None:
        return change
    with telling():
        pattern = _write(change, place)
    return replace(change, rows=change.rows.clear(), files=pattern)


def _place(backend: Backend, change: Change) -> _Place | None:
    """Return None where the table is not cut into buckets of one number, or does not lie in a folder."""
    root = local_folder(backend.data_url)
    told = {"table_name": change.table.name}
    partition = backend.catalog.rows(_PARTITION, told)
    cut = _TRANSFORM.fullmatch(str(partition[0][1])) if len(partition) == 1 else None
    if root is None or cut is None:
        return None
    columns = backend.catalog.rows(_COLUMNS, told)
    names = {int(number): str(name) for _, number, name in columns}
    if set(names.values()) != set(change.table.schema):
        return None
    return _Place(
        folder=root / str(columns[0][0]),
        numbers={name: number for number, name in names.items()},
        column=names[int(partition[0][0])],
        buckets=int(cut[1]),
    )


def _write(change: Change, place: _Place) -> str:
    """Return the pattern of the files' paths; every file of a lake has a name of its own."""
    name = f"ducklake-{uuid.uuid4()}"[:-_DIGITS]
    bucket = buckets_of(change.rows[place.column].to_numpy(), place.buckets)
    order = [_BUCKET, *change.table.sorted_by.split(", ")]
    rows = change.rows.with_columns(pl.Series(_BUCKET, bucket)).sort(order, nulls_last=True)
    starts = np.searchsorted(rows[_BUCKET].to_numpy(), np.arange(place.buckets + 1))
    rows = rows.drop(_BUCKET)
    schema = _numbered(rows, place.numbers)
    for number, (start, end) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        if end > start:
            rows[start:end].write_parquet(
                place.folder / f"{_BUCKET}={number}" / f"{name}{number:0{_DIGITS}x}.parquet",
                compression="zstd",
                compression_level=1,
                row_group_size=ROW_GROUP_ROWS,
                arrow_schema=schema,
                mkdir=True,
            )
    return f"{glob.escape(str(place.folder))}/*/{name}{'?' * _DIGITS}.parquet"


def _numbered(rows: pl.DataFrame, numbers: dict[str, int]) -> pa.Schema:
    """Return the schema in which each column has the number by which the lake knows it."""
    plain = rows.clear().to_arrow(compat_level=pl.CompatLevel.newest()).schema
    return pa.schema([field.with_metadata({"PARQUET:field_id": str(numbers[field.name])}) for field in plain])
