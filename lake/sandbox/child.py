"""The process that runs one statement and ends: it reads a line from stdin and writes Arrow to stdout.

It imports nothing of tomlake that knows a setting or a secret. What it has to say besides rows goes to a
second pipe, one JSON object a line: first that it is ready, last how the query ended.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TextIO

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from engine.errors import Rejected
from lake.sandbox.fences import allow_many_files, take_limits
from lake.sandbox.statement import checked_statement

ROWS_AT_A_TIME = 2048
IDLE_S = 600  # a process that nobody asks anything goes away
_OUT_OF_MEMORY = (
    "bad_alloc",
    "Out of Memory",
    "malloc of size",
    "temporarily unavailable",
)  # the last: no thread
_WARM_UP = "SELECT json_serialize_sql('SELECT 1')"
_CONFIG = {
    "threads": "2",
    "asof_loop_join_threshold": "0",  # or it compares all rows with all, guessing that there is one
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One query as the parent writes it."""

    sql: str
    tables: Mapping[str, Sequence[str]]
    columns: Mapping[str, Mapping[str, str]]
    metadata: Mapping[str, str]
    memory_mb: int
    wall_clock_s: float
    cpu_s: int
    rows: int
    result_bytes: int


def main(fences: list[str]) -> None:
    """Answer one request; the process ends here, without cleaning up."""
    sys.setrecursionlimit(20_000)
    signal.alarm(IDLE_S)
    status = os.fdopen(int(sys.argv[2]), "w", encoding="utf-8")
    pa.set_cpu_count(2)
    pa.set_io_thread_count(2)
    allow_many_files()
    connection = duckdb.connect(":memory:", config=dict(_CONFIG))
    connection.execute(_WARM_UP).to_arrow_reader(1).read_all()
    _tell(status, {"ready": True})
    line = sys.stdin.buffer.readline()
    if line:
        _tell(status, _answer(connection, Request(**json.loads(line)), fences))
    os._exit(0)


def _answer(connection: duckdb.DuckDBPyConnection, request: Request, fences: list[str]) -> dict[str, object]:
    """Return how the query ended; its rows are on stdout by then."""
    try:
        tables = {name: _dataset(files) for name, files in request.tables.items() if files}
    except (OSError, pa.ArrowException) as error:
        return {"code": "unreadable", "reason": str(error)}
    try:
        fences = fences + take_limits(
            memory_mb=request.memory_mb, cpu_s=request.cpu_s, wall_clock_s=request.wall_clock_s
        )
        _close(connection, tables, memory_mb=request.memory_mb)
        for name in request.tables.keys() - tables.keys():
            _make_empty(connection, name, request.columns.get(name, {}))
        statement = checked_statement(connection, request.sql, tables=list(request.tables))
        truncated = _write_rows(connection.execute(statement).to_arrow_reader(ROWS_AT_A_TIME), request)
    except Rejected as error:
        return {"code": error.code, "reason": error.reason}
    except (MemoryError, duckdb.OutOfMemoryException) as error:
        return {"code": "too-large", "reason": f"Out of memory: {error}"}
    except (duckdb.Error, pa.ArrowException, RuntimeError) as error:
        memory = any(words in str(error) for words in _OUT_OF_MEMORY)
        return {"code": "too-large" if memory else "bad-sql", "reason": str(error)}
    return {"truncated": truncated, "fences": fences}


def _dataset(files: Sequence[str]) -> ds.Dataset:
    """Return the table over files that are open from here on: no path is read while the query runs."""
    parquet = ds.ParquetFileFormat()
    fragments = [parquet.make_fragment(pa.OSFile(file)) for file in files]
    return ds.FileSystemDataset(fragments, fragments[0].physical_schema, parquet)


def _close(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, ds.Dataset], *, memory_mb: int
) -> None:
    """Leave the connection the published tables and nothing else."""
    for name, table in tables.items():
        connection.register(name, table)
    connection.execute(f"SET memory_limit = '{memory_mb // 2}MB'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _make_empty(connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str]) -> None:
    """Make a table of which nothing was published."""
    wanted = ", ".join(f"{_quoted(column)} {sql_type}" for column, sql_type in columns.items())
    connection.execute(f"CREATE TABLE {_quoted(name)} ({wanted or 'nothing INTEGER'})")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _write_rows(reader: pa.RecordBatchReader, request: Request) -> bool:
    """Write the rows that the limits let through, and return whether there were more."""
    metadata = {**(reader.schema.metadata or {}), **request.metadata}
    out = sys.stdout.buffer
    with pa.ipc.new_stream(pa.PythonFile(out, "w"), reader.schema.with_metadata(metadata)) as stream:
        truncated = _write_batches(reader, request, stream, out)
    out.flush()
    return truncated


def _write_batches(
    reader: pa.RecordBatchReader, request: Request, stream: pa.RecordBatchStreamWriter, out: BinaryIO
) -> bool:
    rows_left, bytes_left = request.rows, request.result_bytes
    for batch in _filled(reader):
        if rows_left == 0:
            return True
        fitting = _fitting(batch.slice(0, rows_left), bytes_left)
        if fitting.num_rows == 0 and rows_left == request.rows:
            raise Rejected(
                "One row alone is larger than a result may be; select less of it.", code="too-large"
            )
        stream.write_batch(fitting)
        out.flush()
        rows_left -= fitting.num_rows
        bytes_left -= fitting.nbytes
        if fitting.num_rows < batch.num_rows:
            return True
    return False


def _filled(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    return (batch for batch in reader if batch.num_rows)


def _fitting(batch: pa.RecordBatch, most_bytes: int) -> pa.RecordBatch:
    """Return as many of the first rows as have room, by halving."""
    fits, too_many = 0, batch.num_rows + 1
    while too_many - fits > 1:
        tried = (fits + too_many) // 2
        if batch.slice(0, tried).nbytes <= most_bytes:
            fits = tried
        else:
            too_many = tried
    return batch.slice(0, fits)


def _tell(status: TextIO, words: Mapping[str, object]) -> None:
    print(json.dumps(words), file=status, flush=True)
