"""The footers of Parquet files: which row groups a target can be in, and how columns are named.

A file of the lake never changes, so a footer is read once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from lake.points.bounded import Bounded
from lake.points.catalog_rows import NotPlain
from lake.points.live_files import Column, DataFile
from lake.points.parquet_place import ParquetPlace
from lake.points.span import ALWAYS, Span

SNAPSHOT = "_ducklake_internal_snapshot_id"  # the version of each row, in files merged from several versions
_MOST_BYTES = 64 << 20
_MEMORY_PER_BYTE = 8  # of a footer as it is written: here and in polars
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footer:
    """What the footer of one file tells."""

    names: dict[int, str]  # number of a column -> its name in this file
    has_snapshots: bool
    starts: np.ndarray  # first row of each row group, counted in the file
    rows_of_one: np.ndarray  # about so many has one target of each row group
    lowest: np.ndarray  # target of each row group
    highest: np.ndarray
    earliest_mjd: np.ndarray  # of each row group; NaN where the file does not tell
    latest_mjd: np.ndarray
    metadata: pq.FileMetaData | None  # kept only for files far away
    scan: pl.LazyFrame  # remembers, once used, what polars read of the footer; for files nearby

    def groups_of(self, target_ids: Sequence[int], span: Span = ALWAYS) -> list[int]:
        """Return the row groups in which points of the targets can be; targets are sorted."""
        wanted = np.asarray(target_ids, dtype=np.int64)
        first = np.searchsorted(wanted, self.lowest, side="left")
        behind = np.searchsorted(wanted, self.highest, side="right")
        is_other_time = (self.earliest_mjd >= span.before_mjd) | (self.latest_mjd < span.from_mjd)
        return np.flatnonzero((behind > first) & ~is_other_time).tolist()


class Footers:
    """Reads and keeps footers."""

    def __init__(self, place: ParquetPlace) -> None:
        self._place = place
        self._kept: Bounded[Footer] = Bounded(most_bytes=_MOST_BYTES)

    def footer(self, file: DataFile, columns: Sequence[Column]) -> Footer:
        """Return the footer of a file; the columns are the table's."""
        target_column, time_column = (_named(columns, name) for name in ("target_id", "mjd"))
        key = (file.path, target_column.column_id, time_column.column_id)
        found = self._kept.get(key)
        if found is None:
            metadata = self._place.metadata(file.path, file.size_bytes)
            scan = self._place.scan(file.path)
            kept = None if self._place.is_local else metadata
            found = replace(_footer(metadata, (target_column, time_column), scan), metadata=kept)
            self._kept.put(key, found, size_bytes=_MEMORY_PER_BYTE * metadata.serialized_size)
        return found


def _named(columns: Sequence[Column], name: str) -> Column:
    return next(column for column in columns if column.name == name)


def _footer(metadata: pq.FileMetaData, keys: tuple[Column, Column], scan: pl.LazyFrame) -> Footer:
    schema = metadata.schema.to_arrow_schema()
    numbers = [(field.metadata or {}).get(b"PARQUET:field_id") for field in schema]
    names = {int(number): field.name for number, field in zip(numbers, schema, strict=True) if number}
    if not names:  # a stranger's file: DuckLake knows which name means which column
        raise NotPlain
    of_target, of_time = (schema.get_field_index(names.get(column.column_id, "")) for column in keys)
    groups = range(metadata.num_row_groups)
    rows = [metadata.row_group(group).num_rows for group in groups]
    ranges = [_range(metadata, group, of_target) or (_LEAST, _MOST) for group in groups]
    times = [_range(metadata, group, of_time) or (math.nan, math.nan) for group in groups]
    lowest = np.array([low for low, _ in ranges], dtype=np.int64)
    highest = np.array([high for _, high in ranges], dtype=np.int64)
    return Footer(
        names=names,
        has_snapshots=SNAPSHOT in schema.names,
        starts=np.cumsum([0, *rows[:-1]], dtype=np.int64),
        rows_of_one=np.array(rows) / (highest.astype(np.float64) - lowest + 1.0),
        lowest=lowest,
        highest=highest,
        earliest_mjd=np.array([low for low, _ in times], dtype=np.float64),
        latest_mjd=np.array([high for _, high in times], dtype=np.float64),
        metadata=metadata,
        scan=scan,
    )


def _range(metadata: pq.FileMetaData, group: int, position: int) -> tuple[Any, Any] | None:
    statistics = metadata.row_group(group).column(position).statistics if position >= 0 else None
    if statistics is None or not statistics.has_min_max:
        return None
    return statistics.min, statistics.max


def names_in(footer: Footer, columns: Sequence[Column]) -> dict[str, str]:
    """Return (name in the file, name in the table) of those columns that the file has."""
    return {
        footer.names[column.column_id]: column.name for column in columns if column.column_id in footer.names
    }


def has_table_names(footer: Footer, columns: Sequence[Column]) -> bool:
    """Return whether each name of the table means the same column in the file, or none."""
    known = set(footer.names.values())
    return all(
        footer.names.get(column.column_id) == (column.name if column.name in known else None)
        for column in columns
    )
