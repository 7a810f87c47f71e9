"""Writes the Parquet files of the public lake: small row groups that end with a target, units in the footer.

The same rows give the same bytes, so a file that did not change keeps its sha256.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lake.public.schema import PublicTable
from lake.public.votable import votable_of

# Over HTTP one light curve is then one row group, about half a megabyte, and the footer of a file of half
# a million points stays under 64 kB: measured in docs/public-lake.md.
ROW_GROUP_ROWS = 20_000
_TYPES: dict[type[pl.DataType], pa.DataType] = {
    pl.Int64: pa.int64(),
    pl.UInt32: pa.uint32(),
    pl.Float64: pa.float64(),
    pl.String: pa.string(),
    pl.Boolean: pa.bool_(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How rows become row groups."""

    sorted_by: tuple[str, ...] = ()
    whole: str = ""  # rows with one value of this column are not torn apart where it can be helped
    ranges_of: tuple[str, ...] = ()  # columns whose least and greatest value each row group tells
    times: tuple[str, ...] = ()  # floats that all differ: smaller with their bytes apart
    distinct: tuple[str, ...] = ()  # other columns in which no value comes twice


def arrow_schema(table: PublicTable) -> pa.Schema:
    """Return the table's columns with their units and UCDs."""
    return pa.schema(
        [
            pa.field(column.name, _arrow_type(column.dtype), metadata=_about(column.unit, column.ucd))
            for column in table.columns
        ]
    )


def write_parquet(path: Path, rows: pl.DataFrame, table: PublicTable, layout: Layout) -> None:
    """Write rows of a table, sorted already, as one file."""
    schema = arrow_schema(table)
    order = pq.SortingColumn.from_ordering(schema, [(name, "ascending") for name in layout.sorted_by])
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        version="2.6",
        store_schema=False,  # it would repeat in the footer, which every reader fetches, what VOParquet says
        sorting_columns=order or None,
        write_statistics=list(layout.ranges_of) or True,
        use_dictionary=[name for name in schema.names if name not in (*layout.times, *layout.distinct)],
        column_encoding=dict.fromkeys(layout.times, "BYTE_STREAM_SPLIT") or None,
    ) as writer:
        for start, length in _groups(rows, layout.whole):
            group = table.rows(rows.slice(start, length)).to_arrow().cast(schema)
            writer.write_table(group, row_group_size=length)
        writer.add_key_value_metadata(
            {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": votable_of(table)}
        )


def write_schema(path: Path, table: PublicTable) -> None:
    """Write a file without rows, which only tells the columns: HATS asks for it."""
    pq.write_metadata(arrow_schema(table), path)


def _groups(rows: pl.DataFrame, whole: str) -> Iterator[tuple[int, int]]:
    """Give (first row, number of rows) of each row group."""
    if not whole:
        for start in range(0, len(rows), ROW_GROUP_ROWS):
            yield start, min(ROW_GROUP_ROWS, len(rows) - start)
        return
    start = length = 0
    for run in rows[whole].rle().struct.field("len"):
        if length and length + run > ROW_GROUP_ROWS:
            yield start, length
            start, length = start + length, 0
        length += run
        while length > 2 * ROW_GROUP_ROWS:
            yield start, ROW_GROUP_ROWS
            start, length = start + ROW_GROUP_ROWS, length - ROW_GROUP_ROWS
    if length:
        yield start, length


def _arrow_type(dtype: pl.DataType) -> pa.DataType:
    return pa.list_(pa.string()) if isinstance(dtype, pl.List) else _TYPES[type(dtype)]


def _about(unit: str, ucd: str) -> dict[str, str]:
    return {name: value for name, value in (("unit", unit), ("ucd", ucd)) if value}
