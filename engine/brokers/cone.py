"""Which of the sources in a cone is the target: moved to the archive's epoch, and the nearest one."""

import numpy as np
import polars as pl
from astropy.coordinates import SkyCoord

from engine.brokers.neowise import positions
from engine.brokers.protocol import Query
from engine.times import DAYS_PER_JULIAN_YEAR, J2000_MJD


def place_in(query: Query, julian_year: float) -> tuple[float, float]:
    """Return (ra_deg, dec_deg) of the target in a year, moved by its proper motion where it has one."""
    moved = positions(query, np.array([J2000_MJD + (julian_year - 2000.0) * DAYS_PER_JULIAN_YEAR]))
    return float(moved.ra.deg[0]), float(moved.dec.deg[0])


def with_separation(
    rows: pl.DataFrame, place: tuple[float, float] | SkyCoord, *, ra: str = "ra", dec: str = "dec"
) -> pl.DataFrame:
    """Return the rows with ``separation_arcsec`` from a place, or from a place of each row; nearest first."""
    target = place if isinstance(place, SkyCoord) else SkyCoord(*place, unit="deg")
    found = SkyCoord(rows[ra].to_numpy(), rows[dec].to_numpy(), unit="deg")
    separation = pl.Series("separation_arcsec", np.atleast_1d(found.separation(target).arcsec))
    return rows.with_columns(separation).sort("separation_arcsec", maintain_order=True)


def within(rows: pl.DataFrame, query: Query, *, year: float, radius_arcsec: float) -> pl.DataFrame:
    """Return the rows (``ra``, ``dec`` in degrees) near the target in a year, nearest first."""
    rows = rows.drop_nulls(["ra", "dec"])
    if rows.is_empty():
        return rows.with_columns(separation_arcsec=pl.lit(0.0))
    near = with_separation(rows, place_in(query, year))
    return near.filter(pl.col("separation_arcsec") <= radius_arcsec)


def flux_of(mag: pl.Expr, mag_err: pl.Expr, *, zero_point_mag: float) -> tuple[pl.Expr, pl.Expr]:
    """Return flux and its error of magnitudes, so that ``brightness`` tells detections from limits."""
    flux = 10.0 ** (0.4 * (zero_point_mag - mag))
    return flux, flux * mag_err * (np.log(10.0) / 2.5)
