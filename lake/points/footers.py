"""The footers of Parquet files: which row groups a target can be in, and how columns are named.

A file of the lake never changes, so a footer is read once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from lake.points.bounded import Bounded
from lake.points.catalog_rows import NotPlain
from lake.points.live_files import Column, DataFile
from lake.points.parquet_place import ParquetPlace

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
    lowest: np.ndarray  # target of each row group
    highest: np.ndarray
    metadata: pq.FileMetaData | None  # kept only for files far away
    scan: pl.LazyFrame  # remembers, once used, what polars read of the footer; for files nearby

    def groups_of(self, target_ids: Sequence[int]) -> list[int]:
        """Return the row groups in which points of the targets can be; targets are sorted."""
        wanted = np.asarray(target_ids, dtype=np.int64)
        first = np.searchsorted(wanted, self.lowest, side="left")
        behind = np.searchsorted(wanted, self.highest, side="right")
        return np.flatnonzero(behind > first).tolist()


class Footers:
    """Reads and keeps footers."""

    def __init__(self, place: ParquetPlace) -> None:
        self._place = place
        self._kept: Bounded[Footer] = Bounded(most_bytes=_MOST_BYTES)

    def footer(self, file: DataFile, target_column: Column) -> Footer:
        """Return the footer of a file."""
        key = (file.path, target_column.column_id)
        found = self._kept.get(key)
        if found is None:
            metadata = self._place.metadata(file.path, file.size_bytes)
            scan = self._place.scan(file.path)
            found = _footer(metadata, target_column, scan, keep=not self._place.is_local)
            self._kept.put(key, found, size_bytes=_MEMORY_PER_BYTE * metadata.serialized_size)
        return found


def _footer(metadata: pq.FileMetaData, target_column: Column, scan: pl.LazyFrame, *, keep: bool) -> Footer:
    schema = metadata.schema.to_arrow_schema()
    numbers = [(field.metadata or {}).get(b"PARQUET:field_id") for field in schema]
    names = {int(number): field.name for number, field in zip(numbers, schema, strict=True) if number}
    if not names:  # a stranger's file: DuckLake knows which name means which column
        raise NotPlain
    position = schema.get_field_index(names.get(target_column.column_id, ""))
    rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    ranges = [_range(metadata, group, position) for group in range(metadata.num_row_groups)]
    return Footer(
        names=names,
        has_snapshots=SNAPSHOT in schema.names,
        starts=np.cumsum([0, *rows[:-1]], dtype=np.int64),
        lowest=np.array([low for low, _ in ranges], dtype=np.int64),
        highest=np.array([high for _, high in ranges], dtype=np.int64),
        metadata=metadata if keep else None,
        scan=scan,
    )


def _range(metadata: pq.FileMetaData, group: int, position: int) -> tuple[int, int]:
    statistics = metadata.row_group(group).column(position).statistics if position >= 0 else None
    if statistics is None or not statistics.has_min_max:
        return _LEAST, _MOST
    return int(statistics.min), int(statistics.max)


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
