"""The same points put into the lake and into PostgreSQL, piece by piece in turn."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks import postgres
from benchmarks.data import arrivals
from benchmarks.figures import Report, seconds
from benchmarks.postgres import Connection, Server
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import Settings, read_settings

INDEX = "CREATE INDEX photometry_target ON photometry (target_id, mjd)"
COMMIT_ROWS = 1_000_000
SORTED_POINTS = 50_000_000  # with more, PostgreSQL clusters by its index: a sort fills the disk once more
CLUSTER = "CLUSTER photometry USING photometry_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two stores with the same points in them."""

    folder: Path
    lake: Lake
    server: Server

    @property
    def sql(self) -> Connection:
        """Return the connection to PostgreSQL."""
        return self.server.sql

    @property
    def settings(self) -> Settings:
        """Return the lake's settings, for other processes."""
        return self.lake.settings


@contextmanager
def empty_pair(folder: Path) -> Iterator[Pair]:
    """Give both stores without points; all of it is gone afterwards."""
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder / "lake")}))
    try:
        with postgres.running(folder) as server:
            postgres.create(server.sql)
            yield Pair(folder=folder, lake=lake, server=server)
    finally:
        lake.close()


def fill(pair: Pair, points: int, report: Report) -> int:
    """Return how many points both hold now; making the points and writing them as CSV is not counted."""
    ours_s = theirs_s = 0.0
    count = 0
    for piece in _large(arrivals(points)):
        text = postgres.csv_of(piece.with_columns(batch_id=pl.lit("0" * 32)))
        ours_s += seconds(lambda: ingest(pair.lake, piece))  # noqa: B023 - used at once
        theirs_s += postgres.copy_in(pair.sql, text)
        count += len(piece)
    theirs_s += postgres.timed(pair.sql, [INDEX])
    report.faster(f"ingest of {count:,} points, against COPY + index", (ours_s, theirs_s), bar=2.0)
    report.numbers |= {"points": count, "ingest_s": ours_s, "pg_ingest_s": theirs_s}
    if count > SORTED_POINTS:
        pair.sql.execute("SET enable_sort = off")
    clustered_s = postgres.timed(pair.sql, [CLUSTER, "ANALYZE photometry"])
    pair.sql.execute("RESET enable_sort")
    report.numbers["pg_cluster_s"] = clustered_s
    return count


def ingest(lake: Lake, points: pl.DataFrame) -> None:
    """Put points of many targets into the lake in one transaction."""
    lake.store.ingest(points, batch=new_batch("bench", "bench"))


def _large(pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Give the pieces put together until each has a million rows."""
    waiting: list[pl.DataFrame] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= COMMIT_ROWS:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def compare_disk(pair: Pair, count: int, report: Report) -> None:
    """Report the bytes of a point: live files and catalog, against table and index."""
    ours, theirs = _lake_bytes(pair.lake) / count, _table_bytes(pair.sql) / count
    report.ratio("disk, bytes a point", (ours, theirs), bar=1 / 6, words="≤ 1/6")
    report.numbers |= {"bytes_per_point": ours, "pg_bytes_per_point": theirs}


def _lake_bytes(lake: Lake) -> int:
    files = lake.store.backend.catalog.rows(
        "SELECT (SELECT coalesce(sum(file_size_bytes), 0) FROM ducklake_data_file WHERE end_snapshot IS NULL)"
        " + (SELECT coalesce(sum(file_size_bytes), 0) FROM ducklake_delete_file WHERE end_snapshot IS NULL)"
    )
    catalog = lake.store.backend.catalog.file
    return int(files[0][0]) + (catalog.stat().st_size if catalog else 0)


def _table_bytes(sql: Connection) -> int:
    found = sql.execute("SELECT pg_total_relation_size('photometry')").fetchone()
    return int(str(found[0])) if found else 0
