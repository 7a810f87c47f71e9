"""The science lake: photometry and its papers in DuckLake; readers never wait, one writer at a time.

Every write is one transaction under one lock, and doing it twice is doing it once.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import duckdb
import polars as pl

from engine.errors import Rejected, Transient
from engine.lightcurve import light_curve
from lake.attach import LAKE, connect
from lake.changes import Change, apply_change
from lake.layout import FOUND_COLUMNS, complete, is_complete
from lake.lock import locked
from lake.paths import paths_of
from lake.provenance import Batch, batch_row
from lake.settings import Settings
from lake.tables import BATCHES, PHOTOMETRY, TABLES, table_named

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

LOCK_TIMEOUT_S = 120.0
ATTEMPTS = 8
_VERSION = f"SELECT id FROM ducklake_current_snapshot('{LAKE}')"  # noqa: S608 - our own name
_PASSING = ("database is locked", "conflict", "database table is locked", "failed to commit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """All points that one source has of one target; they take the place of what was there."""

    target_id: int
    source: str
    points: pl.DataFrame


class Store:
    """The lake's tables; one object serves all threads of a process.

    Connections are opened when first needed: one for reading, shared through cursors, and one for writing
    that only the holder of the writer's lock touches.
    """

    def __init__(self, settings: Settings) -> None:
        self._paths = paths_of(settings)
        self._opening = threading.Lock()
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._writer: duckdb.DuckDBPyConnection | None = None

    # Reading

    def light_curve(self, target_id: int, *, as_of: int | None = None) -> pl.DataFrame:
        """Return the points of a target, sorted by time; ``as_of`` is a version of the lake.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version.
        """
        columns = ", ".join(PHOTOMETRY.schema)
        version = "" if as_of is None else " AT (VERSION => $as_of)"
        sql = f"SELECT {columns} FROM lake.photometry{version} WHERE target_id = $target_id ORDER BY mjd, point_id"  # noqa: S608, E501 - our own column names
        parameters = {"target_id": target_id} | ({} if as_of is None else {"as_of": as_of})
        try:
            return PHOTOMETRY.rows(self.read(sql, parameters))
        except duckdb.InvalidInputException as error:
            if "snapshot" not in str(error).lower():
                raise
            raise Rejected(f"The lake has no version {as_of}.", code="unknown-version") from error

    def version(self) -> int:
        """Return the number of the lake's newest version; it grows with every write."""
        return int(self.read(_VERSION).item())

    def batch(self, batch_id: str) -> Batch:
        """Return the papers of a batch.

        Raises
        ------
        Rejected
            ``unknown-batch``
        """
        rows = self.read("SELECT * FROM lake.batches WHERE batch_id = $batch_id", {"batch_id": batch_id})
        if rows.is_empty():
            raise Rejected(f"The lake knows no batch {batch_id}.", code="unknown-batch")
        return Batch(**rows.row(0, named=True))

    def read(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement; tables are named ``lake.photometry`` and so on."""
        return _patiently(lambda: self._rows(sql, parameters or {}))

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of a person's statement, on a read-only connection of its own (0.15 s).

        It reads with the rights of this process: never offer it on a page.

        Raises
        ------
        Rejected
            ``bad-sql``: the database refused the statement; the reason is its own message.
        """
        connection = connect(self._paths, read_only=True)
        try:
            connection.execute(f"USE {LAKE}")
            return connection.execute(sql, dict(parameters or {})).pl()
        except duckdb.Error as error:
            raise Rejected(str(error), code="bad-sql") from error
        finally:
            connection.close()

    # Writing

    def replace_points(self, target_id: int, source: str, points: pl.DataFrame, *, batch: Batch) -> int:
        """Return the version in which these are all points that the source has of the target."""
        return self.replace_many(
            [Replacement(target_id=target_id, source=source, points=points)], batch=batch
        )

    def replace_many(self, replacements: Sequence[Replacement], *, batch: Batch) -> int:
        """Return the version in which every replacement took place, all in one transaction.

        Where the lake already holds exactly these points nothing is written, not even the batch: the rows
        keep the papers of the work that first made them.
        """
        checked = [_checked(each) for each in replacements]
        changed = [each for each in checked if not self._holds(each)]
        if not changed:
            return self.version()
        keys = pl.DataFrame(
            [(each.target_id, each.source) for each in changed],
            schema={"target_id": pl.Int64(), "source": pl.String()},
            orient="row",
        )
        if keys.is_duplicated().any():
            raise ValueError("a target and source stand twice in one replacement")
        points = pl.concat([each.points for each in changed])
        return self.commit([Change(table=PHOTOMETRY, rows=points, keys=keys)], batch=batch)

    def append_points(self, points: pl.DataFrame, *, batch: Batch) -> int:
        """Return the version that holds the points; a point that was there already is written anew."""
        checked = _without_doubles(light_curve(points))
        keys = checked.select("target_id", "point_id")
        return self.commit([Change(table=PHOTOMETRY, rows=checked, keys=keys)], batch=batch)

    def append(self, table: str, rows: pl.DataFrame, *, batch: Batch) -> int:
        """Return the version that holds the rows; the same batch again replaces its own rows."""
        keys = pl.DataFrame({"batch_id": [batch.batch_id]})
        return self.commit([Change(table=table_named(table), rows=rows, keys=keys)], batch=batch)

    def delete_target_points(self, target_ids: Iterable[int], *, batch: Batch) -> int:
        """Return the version without any row of these targets, papers of batches excepted."""
        keys = pl.DataFrame({"target_id": list(target_ids)}, schema={"target_id": pl.Int64()})
        changes = [
            Change(table=table, rows=table.empty(), keys=keys)
            for table in TABLES
            if "target_id" in table.schema and table is not BATCHES
        ]
        return self.commit(changes, batch=batch)

    def commit(self, changes: Sequence[Change], *, batch: Batch) -> int:
        """Return the version in which all changes and the batch's papers stand, or none of them.

        Raises
        ------
        Transient
            ``lake-busy``: other writers did not let this one through.
        """
        papers = Change(
            table=BATCHES, rows=batch_row(batch), keys=pl.DataFrame({"batch_id": [batch.batch_id]})
        )
        stamped = [change.stamped(batch.batch_id) for change in changes]
        with locked(self._paths.writer_lock, timeout_s=LOCK_TIMEOUT_S):
            return _patiently(lambda: self._transaction([*stamped, papers], batch))

    # Life

    def prepare(self) -> None:
        """Create the tables and columns that the lake lacks; a complete lake is only looked at."""
        if self._is_complete():
            return
        with locked(self._paths.writer_lock, timeout_s=LOCK_TIMEOUT_S):
            self._forget_writer()
            complete(self._writing())
            self._forget_writer()
        logger.info("the lake's tables were created or completed")

    def close(self) -> None:
        """Close the connections; the store opens them again when it is used again."""
        with self._opening:
            if self._reader is not None:
                self._reader.close()
            self._reader = None
        self._forget_writer()

    def _rows(self, sql: str, parameters: Mapping[str, object]) -> pl.DataFrame:
        with self._reading().cursor() as cursor:
            return cursor.execute(sql, dict(parameters)).pl()

    def _transaction(self, changes: Sequence[Change], batch: Batch) -> int:
        try:
            connection = self._writing()
            connection.execute("BEGIN")
            for change in changes:
                apply_change(connection, change)
            connection.execute(
                "CALL lake.set_commit_message($author, $message, extra_info => $extra)",
                {
                    "author": batch.by or batch.task,
                    "message": f"{batch.task} {batch.source}",
                    "extra": json.dumps({"batch_id": batch.batch_id}),
                },
            )
            connection.execute("COMMIT")
            return int(connection.execute(_VERSION).pl().item())
        except BaseException:  # a broken or interrupted transaction ends with its connection
            self._forget_writer()
            raise

    def _reading(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._reader is None:
                self._reader = connect(self._paths, read_only=True)
            return self._reader

    def _writing(self) -> duckdb.DuckDBPyConnection:
        if self._writer is None:
            self._writer = connect(self._paths, read_only=False)
        return self._writer

    def _forget_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _is_complete(self) -> bool:
        if not self._paths.catalog_file.exists():
            return False
        try:
            found = self.read(FOUND_COLUMNS)
        except duckdb.Error:  # a process was killed while it made the catalog: making it again helps
            return False
        return is_complete({(str(table), str(column)) for table, column in found.iter_rows()})

    def _holds(self, replacement: Replacement) -> bool:
        found = self.light_curve(replacement.target_id).filter(pl.col("source") == replacement.source)
        return found.drop("batch_id").equals(replacement.points.drop("batch_id"))


def _checked(replacement: Replacement) -> Replacement:
    points = _without_doubles(light_curve(replacement.points))
    strangers = (pl.col("target_id") != replacement.target_id) | (pl.col("source") != replacement.source)
    if not points.filter(strangers).is_empty():
        raise ValueError("a replacement holds points of another target or source")
    return replace(replacement, points=points)


def _without_doubles(points: pl.DataFrame) -> pl.DataFrame:
    return points.unique("point_id", keep="last", maintain_order=True)


def _is_passing(error: duckdb.Error) -> bool:
    text = str(error).lower()
    return any(words in text for words in _PASSING)


def _patiently(work: Callable[[], Result]) -> Result:
    """Return what the work gives, tried again while another process is in its way."""
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except duckdb.Error as error:
            if not _is_passing(error):
                raise
            last = error
            _pause(attempt)
    raise Transient("The lake is busy; try again.", code="lake-busy", retry_after_s=5) from last


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0.5, 1.0) * min(1.0, 0.01 * 2**attempt))  # noqa: S311 - only spreads writers
