"""Reference stars kept per HEALPix cell, so that every frame of a field calibrates without an archive."""

from collections.abc import Iterable
from functools import cache

import numpy as np
import polars as pl
from astropy import units
from astropy.coordinates import SkyCoord
from astropy_healpix import HEALPix
from numpy.typing import NDArray

from engine.photometry.references import REFERENCE_SCHEMA
from engine.times import mjd_now
from lake.changes import Change
from lake.provenance import Batch
from lake.readable import Readable
from lake.store import Store
from lake.tables import REFERENCE_CELLS, REFERENCE_STARS

NSIDE = 32  # cells of 3.4 square degrees
_HEALPIX = HEALPix(nside=NSIDE, order="nested")
_CELL_RADIUS_DEG = 2.0  # no cell reaches farther from its centre
_EDGE_STEPS = 64
_EDGE_SPACING_DEG = 0.045  # no two points on an edge are farther apart
_ROUNDING_DEG = 1e-9
_FROM_ARCHIVE = "archive"
_FROM_FILE = "file"


def cells_of_cone(ra_deg: float, dec_deg: float, radius_deg: float) -> list[int]:
    """Return every cell that may hold a star of the cone, sorted.

    ``HEALPix.cone_search_lonlat`` leaves out one cell in a hundred cones near the polar caps, so the
    distances to the cells' edges are looked at instead.
    """
    centre = SkyCoord(ra_deg, dec_deg, unit="deg")
    near = np.flatnonzero(_cell_centres().separation(centre).deg <= radius_deg + _CELL_RADIUS_DEG)
    edge_ra, edge_dec = _HEALPIX.boundaries_lonlat(near, step=_EDGE_STEPS)
    to_edge_deg = SkyCoord(edge_ra, edge_dec).separation(centre).deg.min(axis=1)
    own = int(_HEALPIX.lonlat_to_healpix(centre.ra, centre.dec))
    touched = (to_edge_deg <= radius_deg + _EDGE_SPACING_DEG) | (near == own)
    return [int(cell) for cell in near[touched]]


@cache
def _cell_centres() -> SkyCoord:
    ra, dec = _HEALPIX.healpix_to_lonlat(np.arange(_HEALPIX.npix))
    return SkyCoord(ra, dec)


def cone_of_cell(cell: int) -> tuple[float, float, float]:
    """Return (ra_deg, dec_deg, radius_deg) of a cone about the cell that covers it."""
    ra, dec = _HEALPIX.healpix_to_lonlat([cell])
    centre = SkyCoord(ra, dec)[0]
    edge_ra, edge_dec = _HEALPIX.boundaries_lonlat([cell], step=16)
    radius = SkyCoord(edge_ra[0], edge_dec[0]).separation(centre).max()
    return float(centre.ra.deg), float(centre.dec.deg), float(radius.deg) * 1.001  # curved edges


def cells_of_stars(stars: pl.DataFrame) -> NDArray[np.int64]:
    """Return the cell of each row by its ``ra_deg`` and ``dec_deg``, shape (n,)."""
    ra_deg, dec_deg = stars["ra_deg"].to_numpy(), stars["dec_deg"].to_numpy()
    cells = _HEALPIX.lonlat_to_healpix(ra_deg * units.deg, dec_deg * units.deg)
    return np.asarray(cells, dtype=np.int64)


def has_cells(store: Readable, cells: Iterable[int]) -> bool:
    """Return whether an archive answered for every one of the cells."""
    return not missing_cells(store, cells)


def missing_cells(store: Readable, cells: Iterable[int]) -> list[int]:
    """Return the cells, sorted, for which no archive answered yet."""
    wanted = set(cells)
    known = store.read(
        "SELECT cell FROM lake.reference_cells WHERE list_contains($cells, cell)", {"cells": sorted(wanted)}
    )
    return sorted(wanted - set(known["cell"]))


def put_cell(store: Store, cell: int, stars: pl.DataFrame, *, batch: Batch) -> int:
    """Return the version in which these are the archive's stars of a cell; none is an answer as well.

    Stars beyond the cell's edge are left out: they belong to the neighbours' answers.
    """
    rows = _rows(stars, _FROM_ARCHIVE).filter(pl.col("cell") == cell)
    answer = pl.DataFrame({"cell": [cell], "stars": [rows["ref_id"].n_unique()], "made_mjd": [mjd_now()]})
    earlier = pl.DataFrame({"cell": [cell], "origin": [_FROM_ARCHIVE]})
    return store.commit(
        [
            Change(table=REFERENCE_STARS, rows=REFERENCE_STARS.empty(), keys=earlier),
            Change(table=REFERENCE_STARS, rows=rows, keys=rows.select("cell", "ref_id", "band")),
            Change(table=REFERENCE_CELLS, rows=answer, keys=answer.select("cell")),
        ],
        batch=batch,
    )


def put_stars(store: Store, stars: pl.DataFrame, *, batch: Batch) -> int:
    """Return the version that holds the stars of a local file; the same star and band is written anew.

    A file never makes a cell complete: the archive is asked for it all the same.
    """
    rows = _rows(stars, _FROM_FILE)
    change = Change(table=REFERENCE_STARS, rows=rows, keys=rows.select("cell", "ref_id", "band"))
    return store.commit([change], batch=batch)


def cone(store: Readable, ra_deg: float, dec_deg: float, radius_deg: float) -> pl.DataFrame:
    """Return the stars of a cone in ``REFERENCE_SCHEMA``, one row per star and band."""
    names = ", ".join(REFERENCE_SCHEMA)
    cells = cells_of_cone(ra_deg, dec_deg, radius_deg)
    near = store.read(
        f"SELECT {names} FROM lake.reference_stars "  # noqa: S608 - our own column names
        "WHERE cell BETWEEN $first AND $last AND list_contains($cells, cell) "
        "AND dec_deg BETWEEN $south AND $north ORDER BY ref_id, band",
        {
            "first": cells[0],
            "last": cells[-1],
            "cells": cells,
            "south": dec_deg - radius_deg - _ROUNDING_DEG,
            "north": dec_deg + radius_deg + _ROUNDING_DEG,
        },
    ).select(pl.col(name).cast(dtype) for name, dtype in REFERENCE_SCHEMA.items())
    centre = SkyCoord(ra_deg, dec_deg, unit="deg")
    positions = SkyCoord(near["ra_deg"].to_numpy(), near["dec_deg"].to_numpy(), unit="deg")
    return near.filter(pl.Series(positions.separation(centre).deg <= radius_deg))


def _rows(stars: pl.DataFrame, origin: str) -> pl.DataFrame:
    rows = stars.select(pl.col(name).cast(dtype) for name, dtype in REFERENCE_SCHEMA.items())
    rows = rows.unique(["ref_id", "band"], keep="last", maintain_order=True)
    return rows.with_columns(pl.Series("cell", cells_of_stars(rows), dtype=pl.Int64()), origin=pl.lit(origin))
