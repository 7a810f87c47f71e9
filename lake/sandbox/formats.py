"""Rows of a query as CSV, JSON or Parquet, whatever types the columns have."""

import base64
import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import Rejected


class Format(StrEnum):
    """What a result can be had as."""

    CSV = "csv"
    JSON = "json"
    ARROW = "arrow"
    PARQUET = "parquet"


Value = str | int | float | bool | list["Value"] | dict[str, "Value"] | None


def write_rows(
    reader: pa.RecordBatchReader, wanted: Format, facts: dict[str, object], out: IO[bytes]
) -> None:
    """Write a result in a format other than Arrow, which it is already.

    Raises
    ------
    Rejected
        ``bad-format``: the format has no way to say what is in the result.
    """
    if wanted is Format.PARQUET:
        _write_parquet(reader, out)
        return
    pieces = csv_pieces(reader.schema, reader) if wanted is Format.CSV else _json_pieces(reader, facts)
    try:
        out.writelines(piece.encode() for piece in pieces)
    except (ValueError, OverflowError) as error:  # such as a date after the year 9999
        raise _no_place(wanted, error) from error


def csv_pieces(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[str]:
    """Give one header and the rows; missing is empty, lists and structures are JSON."""
    yield _csv_lines([schema.names])
    for batch in batches:
        columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
        yield _csv_lines(zip(*columns, strict=True))


def _json_pieces(reader: pa.RecordBatchReader, facts: dict[str, object]) -> Iterator[str]:
    """Give one object: the facts, the columns with their types, and each row as a list."""
    columns = [{"name": field.name, "type": str(field.type)} for field in reader.schema]
    yield json.dumps({**facts, "columns": columns})[:-1] + ', "rows": ['
    comma = ""
    for batch in reader:
        values = [[_plain(value) for value in column.to_pylist()] for column in batch.columns]
        rows = json.dumps(list(zip(*values, strict=True)), allow_nan=False)
        if len(rows) > 2:
            yield comma + rows[1:-1]
            comma = ", "
    yield "]}"


def _write_parquet(reader: pa.RecordBatchReader, out: IO[bytes]) -> None:
    if len(set(reader.schema.names)) < len(reader.schema.names):
        raise Rejected("Two columns have one name, which Parquet cannot keep; write AS.", code="bad-format")
    try:
        with pq.ParquetWriter(out, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise _no_place(Format.PARQUET, error) from error


def _no_place(wanted: Format, error: Exception) -> Rejected:
    return Rejected(
        f"The result has no place in {wanted} ({error!s:.200}); ask for format=arrow.", code="bad-format"
    )


def _csv_lines(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Return what the CSV writer puts down; floats as Python writes them, which loses nothing."""
    if value is None or isinstance(value, str | int | float | Decimal):
        return "true" if value is True else "false" if value is False else value
    plain = _plain(value)
    return json.dumps(plain) if isinstance(plain, list | dict) else plain


def _plain(value: object) -> Value:
    """Return what JSON can say: NaN is missing, bytes are base64, times and the like are text."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
