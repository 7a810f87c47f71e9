"""The science lake: photometry and its papers in DuckLake; readers never wait, one writer at a time.

Every write is one transaction under one lock, and doing it twice is doing it once.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from engine.lightcurve import light_curve
from lake.backend import LAKE, Backend
from lake.changes import Change, apply_change
from lake.layout import FOUND_COLUMNS, complete, is_complete
from lake.patience import patiently
from lake.provenance import Batch, batch_row
from lake.reader import OlderVersions, Reader
from lake.settings import Settings
from lake.tables import BATCHES, PHOTOMETRY, TABLES, table_named

logger = logging.getLogger(__name__)

_VERSION = f"SELECT id FROM ducklake_current_snapshot('{LAKE}')"  # noqa: S608 - our own name


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """All points that one source has of one target; they take the place of what was there."""

    target_id: int
    source: str
    points: pl.DataFrame


class Store:
    """The lake's tables; one object serves all threads of a process.

    Connections are opened when first needed: those for reading are shared through cursors, and one for
    writing is touched only by the holder of the writer's lock.
    """

    def __init__(self, settings: Settings) -> None:
        self.backend = Backend(settings)
        self._newest = Reader(self.backend)
        self._older = OlderVersions(self.backend)
        self._writer: duckdb.DuckDBPyConnection | None = None

    # Reading

    def light_curve(self, target_id: int, *, as_of: int | None = None) -> pl.DataFrame:
        """Return the points of a target, sorted by time; ``as_of`` is a version of the lake.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version.
        """
        return (self._newest if as_of is None else self.at(as_of)).light_curve(target_id)

    def light_curves(self, target_ids: Sequence[int]) -> pl.DataFrame:
        """Return the points of many targets, sorted by target and time."""
        return self._newest.light_curves(target_ids)

    def read(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement; tables are named ``lake.photometry`` and so on."""
        return self._newest.read(sql, parameters)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of a person's statement; see :meth:`lake.reader.Reader.query`."""
        return self._newest.query(sql, parameters)

    def batch(self, batch_id: str) -> Batch:
        """Return the papers of a batch; see :meth:`lake.reader.Reader.batch`."""
        return self._newest.batch(batch_id)

    def version(self) -> int:
        """Return the number of the lake's newest version; it grows with every write."""
        return self._newest.version()

    def at(self, version: int) -> Reader:
        """Return the lake as it stood in a version.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version, or keeps it no longer.
        """
        return self._older.reader(version)

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
        with self.backend.writer_turn():
            return patiently(lambda: self._transaction([*stamped, papers], batch))

    @contextmanager
    def exclusive(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection that writes, outside a transaction, while no other writer is at work.

        Raises
        ------
        Transient
            ``lake-busy``: others held the writer's lock for too long.
        """
        with self.backend.writer_turn():
            try:
                yield self._writing()
            except BaseException:  # a broken or interrupted statement ends with its connection
                self._forget_writer()
                raise

    # Life

    def prepare(self) -> None:
        """Create the tables and columns that the lake lacks; a complete lake is only looked at."""
        if self._is_complete():
            return
        self.backend.prepare()
        with self.backend.writer_turn():
            self._forget_writer()
            complete(self._writing())
            self._forget_writer()
        logger.info("the lake's tables were created or completed")

    def close(self) -> None:
        """Close the connections; the store opens them again when it is used again."""
        self._newest.close()
        self._older.close()
        self._forget_writer()
        self.backend.close()

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

    def _writing(self) -> duckdb.DuckDBPyConnection:
        if self._writer is None:
            self._writer = self.backend.connect(read_only=False)
        return self._writer

    def _forget_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _is_complete(self) -> bool:
        if not self.backend.catalog.exists():
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
