"""Lakes as they look after many small writes, and what must stay true of them."""

import random

import polars as pl

from lake.opening import Lake
from lake.provenance import new_batch
from lake.store import Replacement
from lake.upkeep.live import METADATA

LAYOUT = """
    SELECT filename, file_row_number, target_id, mjd FROM lake.photometry ORDER BY filename, file_row_number
"""
AGE = f"""
    UPDATE {METADATA}.ducklake_snapshot
    SET snapshot_time = snapshot_time::TIMESTAMPTZ - INTERVAL 100 DAY
    WHERE snapshot_id <= $version
"""


def points(target_id: int, n: int, *, seed: int = 0, source: str = "ztf") -> pl.DataFrame:
    """Return n points at random times."""
    chance = random.Random(f"{target_id} {seed}")
    return pl.DataFrame(
        {
            "source_ref": [f"{seed} {number}" for number in range(n)],
            "mjd": [chance.uniform(58000, 61000) for _ in range(n)],
        },
        schema={"source_ref": pl.String, "mjd": pl.Float64},
    ).with_columns(
        target_id=pl.lit(target_id),
        source=pl.lit(source),
        band=pl.lit("ZTF(zg)"),
        mag=pl.lit(17.0 + seed % 5),
    )


def append(lake: Lake, batches: int, *, targets: int = 8, n: int = 6) -> None:
    """Write batches of one target each."""
    for number in range(batches):
        target_id = 1 + number % targets
        lake.store.append_points(points(target_id, n, seed=number), batch=new_batch("test", "ztf"))


def replace(lake: Lake, target_ids: list[int], *, seed: int, n: int = 6, source: str = "ztf") -> int:
    """Return the version in which these targets have new points in place of the old ones."""
    return lake.store.replace_many(
        [
            Replacement(
                target_id=each, source=source, points=points(each, n, seed=1000 + seed, source=source)
            )
            for each in target_ids
        ],
        batch=new_batch("test", source),
    )


def content(lake: Lake, version: int | None = None) -> pl.DataFrame:
    """Return every point, of the newest or of an older version."""
    at = "" if version is None else f"AT (VERSION => {version})"
    return lake.store.read(f"SELECT * FROM lake.photometry {at} ORDER BY target_id, mjd, point_id")


def disordered_files(lake: Lake) -> list[str]:
    """Return the files whose rows are not in the order of the table."""
    found = []
    for (name,), rows in lake.store.read(LAYOUT).group_by("filename", maintain_order=True):
        keys = rows.select("target_id", "mjd")
        if not keys.equals(keys.sort("target_id", "mjd")):
            found.append(str(name))
    return found


def make_older(lake: Lake, version: int) -> None:
    """Let all versions up to this one look a hundred days older."""
    with lake.store.exclusive() as connection:
        connection.execute(AGE, {"version": version})
