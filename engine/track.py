"""The way of a moving target over the sky, from a table of its places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its splines are imported when they are used
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY

Array = NDArray[np.float64]

LEAST_PLACES = 2
CUBIC = 3
ARCSEC_PER_RADIAN = 206264.806247


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How a target moves at one moment."""

    arcsec_per_s: float
    position_angle_deg: float  # from north to east


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """Places of a target in the order of time: apparent astrometric ICRS at the observer.

    Attributes
    ----------
    mjd
        UTC, each later than the one before.
    """

    mjd: Array
    ra_deg: Array
    dec_deg: Array

    def position_at(self, mjd: float) -> SkyCoord:
        """Return the place at a moment, by cubics through the neighbouring ones on the sphere.

        Raises
        ------
        Rejected
            ``outside-ephemeris``.
        """
        x, y, z = self._vector(mjd, order=0)
        return SkyCoord(
            np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y))), unit="deg"
        )

    def motion_at(self, mjd: float) -> Motion:
        """Return how fast and where to the target moves at a moment.

        Raises
        ------
        Rejected
            ``outside-ephemeris``.
        """
        place, speed = self._vector(mjd, order=0), self._vector(mjd, order=1)
        place = place / np.linalg.norm(place)
        east = np.array([-place[1], place[0], 0.0]) / np.hypot(place[0], place[1])
        north = np.cross(place, east)
        to_east, to_north = float(speed @ east), float(speed @ north)
        return Motion(
            arcsec_per_s=float(np.hypot(to_east, to_north)) * ARCSEC_PER_RADIAN / SECONDS_PER_DAY,
            position_angle_deg=float(np.degrees(np.arctan2(to_east, to_north)) % 360.0),
        )

    def positions_at(self, mjd: Array) -> tuple[Array, Array]:
        """Return (ra_deg, dec_deg) at many moments; NaN outside the table. Shapes: (k,)."""
        inside = (mjd >= self.mjd[0]) & (mjd <= self.mjd[-1])
        days = np.where(inside, mjd - self.mjd[0], np.nan)
        x, y, z = self._spline()(days).T
        return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))

    def _vector(self, mjd: float, *, order: int) -> Array:
        if not self.mjd[0] <= mjd <= self.mjd[-1]:
            raise Rejected(
                f"The ephemeris tells places from MJD {self.mjd[0]:.5f} to {self.mjd[-1]:.5f}, the frame was "
                f"taken at {mjd:.5f}: give one that covers the night.",
                code="outside-ephemeris",
            )
        return np.asarray(self._spline()(mjd - self.mjd[0], nu=order), dtype=np.float64)

    def _spline(self) -> Callable[..., Array]:
        """Return unit vectors over the days since the first place."""
        ra, dec = np.radians(self.ra_deg), np.radians(self.dec_deg)
        vectors = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
        days = self.mjd - self.mjd[0]
        spline: Callable[..., Array] = scipy.interpolate.make_interp_spline(
            days, vectors, k=min(CUBIC, len(days) - 1)
        )
        return spline


def track_of(mjd: Array, ra_deg: Array, dec_deg: Array) -> Track:
    """Return the track through places in any order.

    Raises
    ------
    Rejected
        ``bad-ephemeris``: fewer than two moments.
    """
    known = np.isfinite(mjd) & np.isfinite(ra_deg) & np.isfinite(dec_deg)
    moments, first = np.unique(mjd[known], return_index=True)
    if len(moments) < LEAST_PLACES:
        raise Rejected("The ephemeris needs at least two moments.", code="bad-ephemeris")
    return Track(mjd=moments, ra_deg=ra_deg[known][first] % 360.0, dec_deg=dec_deg[known][first])
