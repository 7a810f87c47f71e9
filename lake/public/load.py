"""Fills an installation with a published version, so that a copy works like the original without network."""

from collections.abc import Callable, Iterator, Mapping

import duckdb
import polars as pl
from sqlalchemy import Connection, delete, insert, update

from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now
from lake.opening import Lake
from lake.operations import target_names, targets, writing
from lake.public.manifest import Manifest, PublishedFile
from lake.public.place import Place
from lake.public.schema import (
    NAMES,
    POINTS,
    PUBLIC_BATCHES,
    PUBLIC_CALIBRATIONS,
    PUBLIC_FRAMES,
    TARGETS,
    PublicTable,
)
from lake.tables import BATCHES, CALIBRATIONS, FRAMES, PHOTOMETRY, Table
from lake.target_list import summary_of
from lake.target_rows import name_key, row_of

MADE_BY = "clone"
_LAKE_TABLES: tuple[tuple[Table, PublicTable], ...] = (
    (PHOTOMETRY, POINTS),
    (FRAMES, PUBLIC_FRAMES),
    (CALIBRATIONS, PUBLIC_CALIBRATIONS),
    (BATCHES, PUBLIC_BATCHES),
)
# What is not published, as the pages expect it where there is nothing.
_UNPUBLISHED = {"file": "''", "cutout_sha256": "''", "dry_run": "FALSE", "by": "''"}
_TARGETS_AT_ONCE = 1000
Progress = Callable[[str, float], None]


def load_published(lake: Lake, manifest: Manifest, progress: Progress) -> None:
    """Fill the lake with every row of a version whose files are in its own public lake.

    Whatever the tables held before is gone: the installation must be a copy that is being made. A second
    call, after the first was interrupted, does the whole once more.

    Raises
    ------
    Rejected
        ``bad-public-file``: a file does not hold the rows that it should.
    """
    place = Place(lake.settings)
    progress("Loading points, frames and papers", 0.0)
    with lake.store.exclusive() as connection:
        connection.execute("BEGIN")
        for table, public in _LAKE_TABLES:
            _fill(connection, table, [place.url(file.place) for file in manifest.of_table(public.name)])
        connection.execute(
            "CALL lake.set_commit_message('clone', $message)", {"message": f"clone {manifest.name}"}
        )
        connection.execute("COMMIT")
    progress("Loading targets", 0.6)
    with writing(lake.operations) as operations:
        _fill_targets(operations, place, manifest)
        files = manifest.of_table(POINTS.name)
        for number, file in enumerate(files):
            progress("Summing up light curves", 0.7 + 0.3 * number / len(files))
            _sum_up(operations, place, file)


def _fill(connection: duckdb.DuckDBPyConnection, table: Table, urls: list[str]) -> None:
    connection.execute(f"DELETE FROM lake.{table.name}")  # noqa: S608 - names from lake.tables
    if not urls:
        return
    columns = ", ".join(f'"{name}"' for name in table.schema)
    values = ", ".join(_UNPUBLISHED.get(name, f'"{name}"') for name in table.schema)
    order = f" ORDER BY {table.sorted_by}" if table.sorted_by else ""
    try:
        connection.execute(
            f"INSERT INTO lake.{table.name} ({columns}) "  # noqa: S608 - names from lake.tables
            f"SELECT {values} FROM read_parquet($urls, hive_partitioning = false){order}",
            {"urls": urls},
        )
    except (duckdb.BinderException, duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise _bad_file(table.name) from error


def _fill_targets(operations: Connection, place: Place, manifest: Manifest) -> None:
    rows = _rows(place, manifest, TARGETS)
    aliases = _rows(place, manifest, NAMES).filter(pl.col("source") != "")
    operations.execute(delete(targets))
    for values in _at_once([_target_values(row) for row in rows.iter_rows(named=True)]):
        operations.execute(insert(targets), values)
    names = [row | {"name_key": name_key(row["name"])} for row in aliases.iter_rows(named=True)]
    for values in _at_once(names):
        operations.execute(insert(target_names), values)


def _target_values(row: Mapping[str, object]) -> dict[str, object]:
    known = {name: row[name] for name in TARGETS.schema if name in Target.__dataclass_fields__}
    target = Target(**known)  # type: ignore[arg-type]  # the schema has the types of the fields
    own = {"target_id": target.target_id, "created_by": MADE_BY, "created_mjd": mjd_now()}
    return row_of(target) | own


def _sum_up(operations: Connection, place: Place, file: PublishedFile) -> None:
    points = pl.read_parquet(place.url(file.place), columns=["target_id", "mjd", "band", "mag"])
    for curve in points.partition_by("target_id"):
        this = targets.c.target_id == curve["target_id"][0]
        operations.execute(update(targets).where(this).values(summary_of(curve)))


def _rows(place: Place, manifest: Manifest, table: PublicTable) -> pl.DataFrame:
    urls = [place.url(file.place) for file in manifest.of_table(table.name)]
    try:
        return table.rows(pl.read_parquet(urls, hive_partitioning=False)) if urls else _empty(table)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _bad_file(table.name) from error


def _empty(table: PublicTable) -> pl.DataFrame:
    return pl.DataFrame(schema=table.schema)


def _at_once(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(rows), _TARGETS_AT_ONCE):
        yield rows[start : start + _TARGETS_AT_ONCE]


def _bad_file(table: str) -> Rejected:
    return Rejected(
        f"The files of the table {table} do not hold what this tomlake expects: it may be older than the "
        "tomlake that published them.",
        code="bad-public-file",
    )
