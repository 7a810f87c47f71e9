"""Which row of an answer is the target: moved by its proper motion, the nearest one within a radius."""

import numpy as np
import polars as pl
from astropy import units
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from engine.brokers.protocol import Query

SEPARATION = "separation_arcsec"


def place_at(query: Query, julian_year: float | NDArray[np.float64]) -> SkyCoord:
    """Return where the target is in a year, or in each of many, moved by its proper motion."""
    years = julian_year - query.epoch
    east = (query.pm_ra_mas_yr or 0.0) * years * units.mas
    north = (query.pm_dec_mas_yr or 0.0) * years * units.mas
    return SkyCoord(query.ra_deg, query.dec_deg, unit="deg").spherical_offsets_by(east, north)


def moved_arcsec(query: Query, years: float) -> float:
    """Return how far the target moves in some years."""
    return float(np.hypot(query.pm_ra_mas_yr or 0.0, query.pm_dec_mas_yr or 0.0)) * abs(years) / 1000.0


def nearest_first(
    rows: pl.DataFrame, place: SkyCoord, *, ra: str, dec: str, radius_arcsec: float
) -> pl.DataFrame:
    """Return the rows within a radius of a place, the nearest first, with ``separation_arcsec``.

    Parameters
    ----------
    place
        One place, or that of the target at the time of each row.
    ra, dec
        Names of the columns of ICRS degrees.
    """
    if rows.is_empty():
        return rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(SEPARATION))
    found = SkyCoord(rows[ra].to_numpy(), rows[dec].to_numpy(), unit="deg")
    away = np.asarray(place.separation(found).arcsec, dtype=np.float64)
    return (
        rows.with_columns(pl.Series(SEPARATION, away))
        .filter(pl.col(SEPARATION) <= radius_arcsec)
        .sort(SEPARATION, maintain_order=True)
    )
