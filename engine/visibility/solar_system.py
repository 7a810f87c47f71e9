"""Where Sun and Moon are as seen from the centre of the Earth, by astropy's own theories."""

from dataclasses import dataclass
from functools import lru_cache

import astropy.units as u
import numpy as np
from astropy.coordinates import get_body
from astropy.time import Time
from scipy.interpolate import CubicSpline

from engine.visibility.horizon import TT_MINUS_UTC_D, Array

_NODE_D = 1.0 / 12.0  # cubics between two-hourly places are right to a thousandth of a degree
_BEFORE_D, _AFTER_D = 1.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SunAndMoon:
    """Cubics through their places [km] on the axes of ICRS, from the centre of the Earth, over MJD (UTC)."""

    sun_km: CubicSpline
    moon_km: CubicSpline


@lru_cache(maxsize=64)
def sun_and_moon(day: int) -> SunAndMoon:
    """Return where they are from one day before to three days after a day of MJD."""
    mjd = np.arange(day - _BEFORE_D, day + _AFTER_D + _NODE_D / 2, _NODE_D)
    # in a scale without leap seconds, of which nobody knows those to come
    moments = Time(mjd + TT_MINUS_UTC_D, format="mjd", scale="tdb")
    moments.delta_tdb_tt = np.zeros(len(mjd))  # milliseconds, which astropy would ask UTC for
    sun_km, moon_km = (get_body(name, moments).cartesian.xyz.to_value(u.km).T for name in ("sun", "moon"))
    return SunAndMoon(sun_km=CubicSpline(mjd, sun_km), moon_km=CubicSpline(mjd, moon_km))


def lit_share(sun_km: Array, moon_km: Array) -> Array:
    """Return which share of the Moon's face is lit, from vectors of shape (k, 3)."""
    to_sun, to_earth = sun_km - moon_km, -moon_km
    cosine = (to_sun * to_earth).sum(axis=-1) / (
        np.linalg.norm(to_sun, axis=-1) * np.linalg.norm(to_earth, axis=-1)
    )
    return np.asarray((1.0 + cosine) / 2.0, dtype=np.float64)
