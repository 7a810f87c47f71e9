"""Which of the things that an archive holds is the target: by its place, or by one of its names.

A place is the target's, moved by its proper motion to a year or to the time of each row; the nearest thing
within a radius is taken.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from astropy import units
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from engine.brokers.protocol import Query
from engine.times import DAYS_PER_JULIAN_YEAR, J2000_MJD

SEPARATION = "separation_arcsec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """What part of the sky is asked for."""

    ra_deg: float
    dec_deg: float
    radius_arcsec: float


def place_at(query: Query, julian_year: float | NDArray[np.float64]) -> SkyCoord:
    """Return where the target is in a year, or in each of many, moved by its proper motion."""
    years = julian_year - query.epoch
    east = (query.pm_ra_mas_yr or 0.0) * years * units.mas
    north = (query.pm_dec_mas_yr or 0.0) * years * units.mas
    return SkyCoord(query.ra_deg, query.dec_deg, unit="deg").spherical_offsets_by(east, north)


def places_at(query: Query, mjd: NDArray[np.float64]) -> SkyCoord:
    """Return where the target is at each time, moved by its proper motion. Shape of ``mjd``: (n,)."""
    days = np.asarray(mjd, dtype=np.float64) - J2000_MJD
    return place_at(query, 2000.0 + days / DAYS_PER_JULIAN_YEAR)


def place_in(query: Query, julian_year: float) -> tuple[float, float]:
    """Return (ra_deg, dec_deg) of the target in a year, moved by its proper motion."""
    place = place_at(query, julian_year)
    return float(place.ra.deg), float(place.dec.deg)


def cone_at(query: Query, *, year: float, half_span_yr: float, radius_arcsec: float) -> Cone:
    """Return the cone that holds the target, and a radius round it, so many years before and after a year."""
    ra_deg, dec_deg = place_in(query, year)
    motion_mas_yr = math.hypot(query.pm_ra_mas_yr or 0.0, query.pm_dec_mas_yr or 0.0)
    moved_arcsec = motion_mas_yr * half_span_yr / 1000.0
    return Cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec + moved_arcsec)


def separations(rows: pl.DataFrame, place: SkyCoord, *, ra: str = "ra", dec: str = "dec") -> pl.Series:
    """Return how far each row lies from a place as ``separation_arcsec``, NaN where it has no position.

    Parameters
    ----------
    place
        One place, or that of the target at the time of each row.
    ra, dec
        Names of the columns of ICRS degrees.
    """
    if rows.is_empty():
        return pl.Series(SEPARATION, [], dtype=pl.Float64())
    found = SkyCoord(rows[ra].to_numpy(), rows[dec].to_numpy(), unit="deg")
    return pl.Series(SEPARATION, np.asarray(place.separation(found).arcsec, dtype=np.float64))


def nearest_first(
    rows: pl.DataFrame, place: SkyCoord, *, radius_arcsec: float, ra: str = "ra", dec: str = "dec"
) -> pl.DataFrame:
    """Return the rows within a radius of a place, the nearest first, with ``separation_arcsec``."""
    return (
        rows.with_columns(separations(rows, place, ra=ra, dec=dec))
        .filter(pl.col(SEPARATION) <= radius_arcsec)
        .sort(SEPARATION, maintain_order=True)
    )


def nearest_name(
    rows: pl.DataFrame, place: SkyCoord, columns: tuple[str, str, str], *, radius_arcsec: float
) -> str | None:
    """Return the name of the row nearest to a place, None where none is within the radius.

    Parameters
    ----------
    columns
        Of the rows: name, right ascension, declination [deg].
    """
    name, ra, dec = columns
    near = nearest_first(rows, place, radius_arcsec=radius_arcsec, ra=ra, dec=dec)
    return None if near.is_empty() else str(near[name][0])


def names_like(query: Query, form: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Yield the matches of those of the target's names that have a form from beginning to end."""
    matches = (form.fullmatch(name.strip()) for name in (query.name, *query.names))
    return (match for match in matches if match)
