"""The science lake: photometry and its papers in DuckLake; readers never wait, one writer at a time.

Every write is one transaction under one lock, and doing it twice is doing it once.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import duckdb
import polars as pl

from engine.lightcurve import checked
from lake.as_of import AsOf
from lake.backend import Backend
from lake.bulk import written
from lake.changes import Change
from lake.layout import FOUND_COLUMNS, LAYOUT, complete, is_complete, newer_lake, refuse_newer
from lake.points.reader import PointReader
from lake.provenance import Batch, batch_row
from lake.reader import OlderVersions, Reader
from lake.replacing import PAIR, Replacement, checked_points, news_of, pairs_of, without_doubles
from lake.settings import Settings
from lake.tables import BATCHES, PHOTOMETRY, TABLES, table_named
from lake.writer import Writer

__all__ = ["Replacement", "Store"]

logger = logging.getLogger(__name__)


class Store:
    """The lake's tables; one object serves all threads of a process.

    Connections are opened when first needed: those for reading are shared through cursors, and one for
    writing is touched only by the holder of the writer's lock.
    """

    def __init__(self, settings: Settings) -> None:
        self.backend = Backend(settings)
        self._tables = Reader(self.backend)
        self._scans = Reader(self.backend, threads=os.cpu_count() or 1)
        self._points = PointReader(self.backend)
        self._older = OlderVersions(self.backend)
        self._writer = Writer(self.backend)

    # Reading

    def light_curve(self, target_id: int, *, as_of: int | None = None) -> pl.DataFrame:
        """Return the points of a target, sorted by time; ``as_of`` is a version of the lake.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version, or keeps it no longer.
        """
        return self._points.light_curve(target_id, version=as_of)

    def light_curves(
        self, target_ids: Sequence[int], *, as_of: int | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the points of many targets, sorted by target and time; by default all columns."""
        return self._points.light_curves(target_ids, version=as_of, columns=columns)

    def has_long_curve(self, target_id: int, *, as_of: int) -> bool:
        """Return whether a target has so many points that they are better read in pieces."""
        return self._points.is_long(target_id, version=as_of)

    def light_curve_pieces(
        self, target_id: int, *, as_of: int, columns: Sequence[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Give the points of a target, sorted by time, a part at a time: memory stays flat."""
        return self._points.light_curve_pieces(target_id, version=as_of, columns=columns)

    def read(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement; tables are named ``lake.photometry`` and so on."""
        return self._tables.read(sql, parameters)

    def scan(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement that reads much of a table, with all cores."""
        return self._scans.read(sql, parameters)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of a person's statement; see :meth:`lake.reader.Reader.query`."""
        return self._tables.query(sql, parameters)

    def batch(self, batch_id: str) -> Batch:
        """Return the papers of a batch; see :meth:`lake.reader.Reader.batch`."""
        return self._tables.batch(batch_id)

    def version(self) -> int:
        """Return the number of the lake's newest version; it grows with every write."""
        return self._points.newest_version()

    def at(self, version: int) -> AsOf:
        """Return the lake as it stood in a version.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version, or keeps it no longer.
        """
        return AsOf(self._older.reader(version), self._points)

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
        given = [checked_points(each) for each in replacements]
        pairs = pairs_of(replacements)
        points = pl.concat(given) if given else PHOTOMETRY.empty()
        return self._replace(points, pairs, batch)

    def ingest(self, points: pl.DataFrame, *, batch: Batch) -> int:
        """Return the version in which these are all points of every target and source among them.

        The quick way for millions of rows; like ``replace_many`` it writes nothing that is there already.
        """
        rows = without_doubles(checked(points))
        return self._replace(rows, rows.select(PAIR).unique(maintain_order=True), batch)

    def append_points(self, points: pl.DataFrame, *, batch: Batch) -> int:
        """Return the version that holds the points; a point that was there already is written anew."""
        rows = without_doubles(checked(points))
        keys = rows.select("target_id", "point_id")
        return self.commit([Change(table=PHOTOMETRY, rows=rows, keys=keys)], batch=batch)

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
        signed = self._ready(changes, batch)
        return self._writer.commit(lambda: signed, batch)

    def commit_planned(self, plan: Callable[[], Sequence[Change]], *, batch: Batch) -> int:
        """Return the version in which all changes stand that ``plan`` finds while no other writer is at work.

        Where it finds none nothing is written, not even the batch.
        """

        def ready() -> Sequence[Change]:
            changes = plan()
            return self._ready(changes, batch) if changes else []

        return self._writer.commit(ready, batch)

    def exclusive(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Return the connection that writes, outside a transaction, while no other writer is at work.

        Raises
        ------
        Transient
            ``lake-busy``: others held the writer's lock for too long.
        """
        return self._writer.exclusive()

    def _replace(self, points: pl.DataFrame, pairs: pl.DataFrame, batch: Batch) -> int:
        seen = self.version()
        news = news_of(self, points, pairs)  # before the lock: others write meanwhile
        if news.pairs.is_empty():
            return seen
        wanted = Change(table=PHOTOMETRY, rows=news.points, keys=news.outdated)
        change, *papers = self._ready([wanted], batch)

        def plan() -> Sequence[Change]:
            known = self.version() == seen
            return [change if known else replace(change, keys=news.pairs), *papers]

        return self._writer.commit(plan, batch)

    def _ready(self, changes: Sequence[Change], batch: Batch) -> list[Change]:
        """Return changes that need only the writer's turn: signed, with the batch's papers, in order."""
        papers = batch_row(batch)
        # by time first: it tells which files of the papers can be left alone, a random id cannot
        own = Change(table=BATCHES, rows=papers, keys=papers.select("made_mjd", "batch_id"))
        signed = [change.stamped(batch.batch_id) for change in changes]
        return [*(written(self.backend, change).in_order() for change in signed), own]

    # Life

    def prepare(self) -> None:
        """Create the tables and columns that the lake lacks; a complete lake is only looked at."""
        if self._is_complete():
            return
        self.backend.prepare()
        with self.exclusive() as connection:
            complete(connection)
        self._writer.forget()
        logger.info("the lake's tables were created or completed")

    def close(self) -> None:
        """Close the connections; the store opens them again when it is used again."""
        self._tables.close()
        self._scans.close()
        self._points.close()
        self._older.close()
        self._writer.forget()
        self.backend.close()

    def _is_complete(self) -> bool:
        if not self.backend.catalog.exists():
            return False
        try:
            found = self.read(FOUND_COLUMNS)
            has_all = is_complete({(str(table), str(column)) for table, column in found.iter_rows()})
            number = self.read("SELECT max(number) FROM lake.layouts").item() if has_all else None
        except duckdb.Error as error:
            if "version mismatch" in str(error):
                raise newer_lake() from error
            return False  # a process was killed while it made the catalog: making it again helps
        refuse_newer(number or 0)
        return has_all and number == LAYOUT
