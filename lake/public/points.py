"""Photometry of the public lake: one file for each cell of the sky, written anew only where rows changed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence

import duckdb
import polars as pl
import pyarrow as pa

from lake.public.edition import Edition
from lake.public.parquet import ROW_GROUP_ROWS, Layout
from lake.public.schema import HEALPIX, POINTS
from lake.public.selection import Selection
from lake.public.sky import Tile, tiles
from lake.public.votable import votable_of
from lake.readable import Readable
from lake.tables import PHOTOMETRY

FILE_ROWS = 500_000
_ROWS_AT_ONCE = 500_000  # publishing then takes 0.7 GB of memory
_LAYOUT = Layout(
    sorted_by=("target_id", "mjd"),
    whole="target_id",
    ranges_of=("target_id", "mjd", "band", "mag", "flags", "source", HEALPIX),
    times=("mjd", "bjd_tdb"),
    distinct=("point_id", "source_ref"),
)
_FACTS = {"name": "target", "ra_deg": "ra_deg", "dec_deg": "dec_deg", HEALPIX: HEALPIX}
_COLUMNS = ", ".join(f'"{column}"' for column in PHOTOMETRY.schema)

# The one condition on rows; the targets are those of lake.public.selection. Flag 1 is Flag.SIMULATED,
# flag 2048 is Flag.HIDDEN.
PUBLIC_POINTS = (
    "FROM lake.photometry WHERE target_id IN (SELECT unnest($target_ids::BIGINT[])) "
    "AND ($with_simulated OR flags & 1 = 0) AND flags & 2048 = 0 "
    "AND (source <> 'upload' OR target_id || ':' || substr(source_ref, 1, 64) "
    "NOT IN (SELECT unnest($closed_files::VARCHAR[])))"
)
_COUNTS = f"""
    SELECT target_id, count(*) AS points, min(mjd) AS first_mjd, max(mjd) AS last_mjd,
           bit_xor(hash({_COLUMNS}))::VARCHAR || ' ' || sum(hash({_COLUMNS}))::VARCHAR AS mark
    {PUBLIC_POINTS} GROUP BY target_id
"""
_ROWS = f"SELECT {_COLUMNS} {PUBLIC_POINTS}"

Progress = Callable[[str, float], None]


def count_points(lake: Readable, chosen: Selection, *, with_simulated: bool) -> pl.DataFrame:
    """Return the public targets that have points: how many, from when to when, and a mark of their rows."""
    asked = {"target_ids": chosen.target_ids, "closed_files": chosen.closed_files}
    counts = lake.read(_COUNTS, asked | {"with_simulated": with_simulated})
    return chosen.targets.join(counts, on="target_id", how="inner").sort("target_id")


def add_points(
    edition: Edition,
    lake: Readable,
    counted: pl.DataFrame,
    *,
    closed_files: Sequence[str],
    with_simulated: bool,
    progress: Progress,
) -> dict[int, str]:
    """Return the file of each target's points, after adding the files that changed and keeping the others."""
    paths: dict[int, str] = {}
    changed = []
    for tile in tiles(counted, weight="points", most_rows=FILE_ROWS):
        path = f"{POINTS.name}/{tile.path}"
        paths |= dict.fromkeys(tile.targets["target_id"], path)
        if not edition.reuse(_mark(tile), path):
            changed.append(tile)
    done, total = 0, sum(tile.rows for tile in changed)
    for together in _read_together(changed):
        ids = [target_id for tile in together for target_id in tile.targets["target_id"]]
        asked = {"target_ids": ids, "closed_files": list(closed_files)}
        rows = lake.read(_ROWS, asked | {"with_simulated": with_simulated})
        for tile in together:
            facts = tile.targets.select("target_id", *(pl.col(old).alias(new) for old, new in _FACTS.items()))
            inside = rows.join(facts, on="target_id", how="inner").sort("target_id", "mjd", "point_id")
            edition.add_tile(tile, inside, POINTS, _LAYOUT, mark=_mark(tile))
            done += tile.rows
            edition.note_progress()
            progress(f"Writing points, {done:,} of {total:,}", done / total)
    return paths


def _read_together(changed: Sequence[Tile]) -> Iterator[list[Tile]]:
    """Give tiles in groups small enough for the memory, large enough to read the lake few times."""
    together: list[Tile] = []
    for tile in changed:
        if together and sum(each.rows for each in together) + tile.rows > _ROWS_AT_ONCE:
            yield together
            together = []
        together.append(tile)
    if together:
        yield together


def _mark(tile: Tile) -> str:
    """Return what stands for the rows of a file: their values, their target's, and how they are written."""
    facts = tile.targets.select("target_id", *_FACTS, "points", "mark").rows()
    writer = (duckdb.__version__, pa.__version__, repr(_LAYOUT), ROW_GROUP_ROWS, votable_of(POINTS))
    return hashlib.sha256(json.dumps([writer, facts]).encode()).hexdigest()
