"""What can be done to a lake, in words of DuckDB, for the tests of the fast path."""

from collections.abc import Callable
from itertools import count

import duckdb
import polars as pl

from lake.bulk import written
from lake.changes import Change, apply_change
from lake.opening import Lake
from lake.tables import PHOTOMETRY

COLUMNS = ", ".join(PHOTOMETRY.schema)
Deed = Callable[[duckdb.DuckDBPyConnection], None]
_POINT_IDS = count(1)


def points_of(target_id: int, mags: list[float | None]) -> pl.DataFrame:
    """Return one point for each magnitude; several may be of one moment."""
    ids = [next(_POINT_IDS) * 7919 % 10007 * 10**6 + next(_POINT_IDS) for _ in mags]
    return PHOTOMETRY.rows(
        pl.DataFrame(
            {
                "point_id": ids,
                "target_id": target_id,
                "source": "ztf" if len(mags) % 2 else "atlas",
                "source_ref": [str(each) for each in ids],
                "mjd": [60000.0 + (each % 5) * 0.5 for each in ids],
                "band": "ZTF(zg)",
                "mag": mags,
                "facility": ["Zoë's dome" if each % 3 else None for each in ids],
                "camera": [f"camera {each % 4}" for each in ids],
                "observer": [None if each % 2 else "Ada" for each in ids],
                "flags": [2**31 - 1 if each % 4 else 0 for each in ids],
                "batch_id": "batch",
            },
            schema_overrides={"mag": pl.Float64()},
            strict=False,
        )
    )


def insert(points: pl.DataFrame) -> Deed:
    """Write points."""

    def deed(connection: duckdb.DuckDBPyConnection) -> None:
        connection.register("incoming", points)
        connection.execute(f"INSERT INTO lake.photometry ({COLUMNS}) SELECT {COLUMNS} FROM incoming")
        connection.unregister("incoming")

    return deed


def load(lake: Lake, points: pl.DataFrame) -> Deed:
    """Write points as many points are written: into files first."""
    change = Change(table=PHOTOMETRY, rows=points, keys=points.select("point_id").clear())

    def deed(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("BEGIN")
        apply_change(connection, written(lake.store.backend, change, fewest_rows=0))
        connection.execute("COMMIT")

    return deed


def replace(points: pl.DataFrame) -> Deed:
    """Write points in place of all points of their targets."""

    def deed(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("BEGIN")
        for target_id in points["target_id"].unique(maintain_order=True):
            connection.execute("DELETE FROM lake.photometry WHERE target_id = ?", [target_id])
        insert(points)(connection)
        connection.execute("COMMIT")

    return deed


def said(*statements: str) -> Deed:
    """Carry out statements in one transaction."""

    def deed(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        connection.execute("COMMIT")

    return deed


def called(statement: str) -> Deed:
    """Carry out one call, which is a transaction of its own."""

    def deed(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(statement).fetchall()

    return deed


MERGE = called("CALL ducklake_merge_adjacent_files('lake')")
REWRITE = called("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)")
CLEAN = called("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
REMAKE_COLUMN = said(
    "ALTER TABLE lake.photometry DROP COLUMN observer",
    "ALTER TABLE lake.photometry ADD COLUMN observer VARCHAR",
)
SWAP_NAMES = said(
    "ALTER TABLE lake.photometry RENAME COLUMN facility TO other",
    "ALTER TABLE lake.photometry RENAME COLUMN camera TO facility",
    "ALTER TABLE lake.photometry RENAME COLUMN other TO camera",
)


def expire(*versions: int) -> Deed:
    """Forget versions."""
    told = ", ".join(str(version) for version in versions)
    return called(f"CALL ducklake_expire_snapshots('lake', versions => [{told}])")


def do(lake: Lake, deed: Deed) -> int:
    """Return the newest version after a deed."""
    with lake.store.exclusive() as connection:
        deed(connection)
    return lake.store.version()


def plain(lake: Lake, target_ids: list[int], version: int | None = None) -> pl.DataFrame:
    """Return what the plain query gives."""
    at = "" if version is None else f" AT (VERSION => {int(version)})"
    return PHOTOMETRY.rows(
        lake.store.read(
            f"SELECT {COLUMNS} FROM lake.photometry{at} WHERE list_contains($target_ids, target_id) "
            "ORDER BY target_id, mjd, point_id",
            {"target_ids": target_ids},
        )
    )
