"""Parquet: the complete columns, with units and meanings in the file's own metadata."""

import tempfile
from collections.abc import Iterable, Iterator

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.formats.columns import COLUMNS, rows_of
from engine.formats.curve import AnyCurve

_PIECE_BYTES = 1 << 18
_ARROW: dict[type[pl.DataType], pa.DataType] = {
    pl.Int64: pa.int64(),
    pl.Float64: pa.float64(),
    pl.String: pa.string(),
}
_SCHEMA = pa.schema(
    [
        pa.field(
            column.name,
            _ARROW[type(column.dtype)],
            metadata={"unit": column.unit, "ucd": column.ucd, "description": column.description},
        )
        for column in COLUMNS
    ]
)


def parquet_pieces(curve: AnyCurve) -> Iterator[bytes]:
    """Give the file piece by piece."""
    return parquet_of([curve])


def parquet_of(curves: Iterable[AnyCurve]) -> Iterator[bytes]:
    """Give one file of several light curves; it waits without a name, because its footer comes last."""
    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
            for curve in curves:
                for points in curve.slices():
                    writer.write_table(rows_of(curve, points).to_arrow().cast(_SCHEMA))
        file.seek(0)
        while piece := file.read(_PIECE_BYTES):
            yield piece
