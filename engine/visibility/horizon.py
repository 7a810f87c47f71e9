"""How high places on the sky stand over a site, for thousands of them at once.

Precession, nutation and the Earth's turning are those of the full theory; aberration (0.006 degrees),
UT1 - UTC (0.004 degrees) and refraction are left out.
"""

from dataclasses import dataclass

import erfa
import numpy as np
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.times import JD_MINUS_MJD, SECONDS_PER_DAY

Array = NDArray[np.float64]

TT_MINUS_UTC_D = 69.184 / SECONDS_PER_DAY  # since 2017; a minute of it moves the sky's pole by nothing
_TURNS_PER_DAY = 1.00273781191135448  # of the Earth, against the stars
_WGS84 = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place on the ground; longitude is positive to the East."""

    name: str = ""
    longitude_deg: float
    latitude_deg: float  # geodetic
    altitude_m: float = 0.0


def checked_site(site: Site) -> Site:
    """Return a site, or refuse one that is not on the Earth, with ``bad-site``."""
    if not (-180.0 <= site.longitude_deg <= 360.0 and -90.0 <= site.latitude_deg <= 90.0):
        raise Rejected(
            "Give the site's longitude from -180 to 360 degrees (East is positive) and its latitude from -90 "
            "to 90.",
            code="bad-site",
        )
    return site


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A site carried round by the Earth, on the axes of ICRS; both of shape (times, 3)."""

    zenith: Array  # unit vectors
    place_km: Array  # from the centre of the Earth


def ground_of(site: Site, mjd: Array) -> Ground:
    """Return where a site is and its zenith points, at times within about a day. Shape of ``mjd``: (k,)."""
    middle = float(mjd[len(mjd) // 2])
    to_icrs = erfa.pnm06a(JD_MINUS_MJD, middle + TT_MINUS_UTC_D)  # its rows are the axes of date, on ICRS
    turned = erfa.gst06a(JD_MINUS_MJD, middle, JD_MINUS_MJD, middle + TT_MINUS_UTC_D)
    angle = turned + 2.0 * np.pi * _TURNS_PER_DAY * (mjd - middle)
    longitude, latitude = np.radians(site.longitude_deg), np.radians(site.latitude_deg)
    fixed_km = erfa.gd2gc(_WGS84, longitude, latitude, site.altitude_m) / 1000.0
    east = angle + longitude
    up = _carried(np.cos(latitude), np.sin(latitude), east)
    place = _carried(np.hypot(fixed_km[0], fixed_km[1]), fixed_km[2], east)
    return Ground(zenith=up @ to_icrs, place_km=place @ to_icrs)


def _carried(across: float, along: float, east: Array) -> Array:
    return np.column_stack([across * np.cos(east), across * np.sin(east), np.full_like(east, along)])


def directions(ra_deg: Array, dec_deg: Array) -> Array:
    """Return unit vectors on the axes of ICRS, in one dimension more than the angles."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def altitudes_deg(ground: Ground, towards: Array) -> Array:
    """Return altitudes above the horizon without refraction. Shape: (n, k).

    Parameters
    ----------
    towards
        Unit vectors of shape (n, 3), or (n, k, 3) of what moves during the k times.
    """
    if towards.ndim == 2:
        sines = towards @ ground.zenith.T
    else:
        sines = np.einsum("nkc,kc->nk", towards, ground.zenith)
    return np.asarray(np.degrees(np.arcsin(np.clip(sines, -1.0, 1.0))), dtype=np.float64)


def separations_deg(one: Array, other: Array) -> Array:
    """Return angles between unit vectors along the last axis; right at every angle."""
    apart = np.linalg.norm(one - other, axis=-1)
    together = np.linalg.norm(one + other, axis=-1)
    return np.asarray(np.degrees(2.0 * np.arctan2(apart, together)), dtype=np.float64)


def airmass_at(altitude_deg: Array | float) -> Array:
    """Return the air in front of something, 1 at the zenith; NaN below the horizon.

    References
    ----------
    Pickering 2002, DIO 12, 1, 20.
    """
    height_deg = np.asarray(altitude_deg, dtype=np.float64)
    seen_deg = np.where(height_deg > 0.0, height_deg, np.nan)
    bent_deg = seen_deg + 244.0 / (165.0 + 47.0 * seen_deg**1.1)
    return np.asarray(1.0 / np.sin(np.radians(np.minimum(bent_deg, 90.0))), dtype=np.float64)
