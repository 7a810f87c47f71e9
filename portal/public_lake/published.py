"""The public lake as the page *Data* shows it: what is published, and the answers to queries.

Nothing here depends on who asks: what is published is the same for everybody.
"""

import io
import logging
import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import urlencode

import polars as pl
import pyarrow as pa

from engine.errors import Rejected, TomlakeError
from lake.people.accounts import User
from lake.public.manifest import Manifest
from lake.public.shelf import MANIFEST
from lake.public.versions import LATEST
from lake.sandbox.formats import Format, write_rows
from lake.sandbox.run import LIMITS, MOST_SQL_CHARACTERS
from portal.data import interesting_targets
from portal.fmt import MISSING, size_text
from portal.opened import settings
from portal.public_lake.desk import QUERIES, Asking, Desk, desk_of, noted
from portal.spreadsheet import BYTE_ORDER_MARK, harmless_texts
from portal.words import _, several

logger = logging.getLogger("portal.public_lake.published")

LONGEST_LINK = 4000  # characters of an address that every browser and mail program keeps whole
_KEPT_RESULTS, _KEPT_BYTES = 6, 120_000_000
_PLACE = re.compile(r"\(line (\d+)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The rows that a query gave."""

    sql: str
    version: str  # by its own name, never "latest"
    lake_version: int
    rows: pa.Table
    truncated: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there are no rows, and which line of the query is to be looked at; empty: no single one."""

    reason: str
    line: str = ""


def limit_words() -> str:
    """Return what a query may be and cost."""
    return _(
        "One SELECT of at most {characters} characters, {seconds} s, {rows} rows, {size} MB, "
        "{memory} GB of memory; {queries} queries a minute.",
        characters=f"{MOST_SQL_CHARACTERS:,}",
        seconds=f"{LIMITS.wall_clock_s:g}",
        rows=f"{LIMITS.rows:,}",
        size=LIMITS.result_mb,
        memory=f"{LIMITS.memory_mb / 1000:g}",
        queries=QUERIES,
    )


class _Kept:
    """The last results of this process: a chart of other columns need not ask again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: OrderedDict[tuple[str, str], Result] = OrderedDict()

    def get(self, version: str, sql: str) -> Result | None:
        with self._lock:
            return self._results.get((version, sql))

    def put(self, result: Result) -> None:
        with self._lock:
            self._results[result.version, result.sql] = result
            self._results.move_to_end((result.version, result.sql))
            while len(self._results) > 1 and (
                len(self._results) > _KEPT_RESULTS
                or sum(each.rows.nbytes for each in self._results.values()) > _KEPT_BYTES
            ):
                self._results.popitem(last=False)


_KEPT = _Kept()


def manifest(version: str = LATEST) -> Manifest | None:
    """Return what is told of a version, or None where nothing was ever published.

    Raises
    ------
    Rejected
        ``unknown-version``, ``withdrawn-version``, ``bad-manifest``, ``public-file-missing``.
    """
    try:
        return desk_of(settings()).published.manifest(version or LATEST)
    except Rejected as error:
        if error.code == "unknown-version" and version in ("", LATEST):
            return None
        raise


def answer(
    sql: str, told: Manifest, *, user: User | None, address: str, again: bool = False
) -> Result | Refusal:
    """Return the rows of a query, or why there are none.

    Parameters
    ----------
    address
        Of the visitor, who may ask so many queries a minute.
    again
        Ask even where the answer is known: ``random()`` gives others each time.
    """
    known = None if again else _KEPT.get(told.name, sql)
    if known is not None:
        return known
    desk = desk_of(settings())
    try:
        with noted(Asking(logger=logger, text=sql, user=user)):
            desk.take_turn(address)
            result = _run(desk, sql, told)
    except TomlakeError as error:
        return _refusal(sql, error)
    _KEPT.put(result)
    return result


def _run(desk: Desk, sql: str, told: Manifest) -> Result:
    publication = desk.published.publication(told.name)
    started_s = time.monotonic()
    with desk.sandbox.select(publication, sql) as selection:
        rows = pa.Table.from_batches(list(selection), selection.schema)
    return Result(
        sql=sql,
        version=told.name,
        lake_version=told.lake_version,
        rows=rows,
        truncated=selection.truncated,
        seconds=time.monotonic() - started_s,
    )


def _refusal(sql: str, error: TomlakeError) -> Refusal:
    place, lines = _PLACE.search(error.reason), sql.splitlines()
    number = int(place[1]) if place else 0
    return Refusal(reason=error.reason, line=lines[number - 1].strip() if 0 < number <= len(lines) else "")


def result_words(result: Result) -> str:
    """Return how many rows came, how fast, and from what."""
    return several(
        "{count} row in {seconds} s from version {version}",
        "{count} rows in {seconds} s from version {version}",
        result.rows.num_rows,
        seconds=f"{result.seconds:.2f}",
        version=result.version,
    )


def permalink(sql: str, version: str) -> str:
    """Return the address of this page with a query in it, or nothing where it would be too long."""
    address = f"{settings().public_url}/data?{urlencode({'sql': sql, 'version': version})}"
    return address if len(address) <= LONGEST_LINK else ""


def query_address(sql: str, version: str, *, wanted: str) -> str:
    """Return the address that gives the rows to a program."""
    asked = urlencode({"sql": sql, "version": version, "format": wanted})
    return f"{settings().public_url}/api/sql?{asked}"


def csv_file(result: Result) -> bytes:
    """Return the rows as CSV, every value as it is."""
    return _file(result.rows, Format.CSV)


def parquet_file(result: Result) -> bytes:
    """Return the rows as Parquet."""
    return _file(result.rows, Format.PARQUET)


def spreadsheet_file(result: Result) -> bytes:
    """Return the rows as CSV that no spreadsheet takes for a formula.

    An apostrophe goes before texts that begin with ``= + - @``, a tab or a return. Numbers are never
    touched: a column that is not text has no place for a formula, and a minus there is a number's sign. A
    byte order mark says that the file is UTF-8.
    """
    names = [_harmless(pa.array([name]))[0].as_py() for name in result.rows.column_names]
    columns = [
        _harmless(column.combine_chunks()) if _is_text(column.type) else column
        for column in result.rows.columns
    ]
    return BYTE_ORDER_MARK + _file(pa.table(columns, names=names), Format.CSV)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _harmless(texts: pa.Array) -> pa.Array:
    series = pl.Series("text", texts).cast(pl.String)
    return harmless_texts(series.to_frame())["text"].to_arrow()


def _file(rows: pa.Table, wanted: Format) -> bytes:
    out = io.BytesIO()
    write_rows(pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches()), wanted, {}, out)
    return out.getvalue()


def example_name(told: Manifest) -> str:
    """Return the name of a public target that a version may hold; empty: none is known."""
    rows = interesting_targets(None)
    return next((row.target.name for row in rows if told.simulated or not row.target.simulated), "")


def columns_table(told: Manifest, table: str) -> pl.DataFrame:
    """Return the columns of a published table with unit, meaning and type."""
    found = next(each for each in told.tables if each.name == table)
    rows = [(c.name, c.unit, _(c.description), c.type) for c in found.columns]
    return pl.DataFrame(rows, schema=["Column", "Unit", "Meaning", "Type"], orient="row")


def tables_table(told: Manifest) -> pl.DataFrame:
    """Return what can be had whole: each table with its rows, files and size, and where the first lies."""
    base = lake_address(told.name)
    held = [(table, told.of_table(table.name)) for table in told.tables]
    return pl.DataFrame(
        [
            {
                "Table": table.name,
                "Address": f"{base}/{files[0].path if len(files) == 1 else 'files.csv'}",
                "Rows": table.rows,
                "Files": len(files),
                "Size": size_text(sum(file.size_bytes for file in files)) if files else MISSING,
                "One row is": _(table.description).removeprefix("One row is ").rstrip("."),
            }
            for table, files in held
        ]
    )


def lake_address(version: str) -> str:
    """Return where the files of a version lie."""
    return f"{settings().public_url}/lake/" + (LATEST if version == LATEST else f"v/{version}")


def manifest_address(version: str) -> str:
    """Return where the manifest of a version lies."""
    return f"{lake_address(version)}/{MANIFEST}"
