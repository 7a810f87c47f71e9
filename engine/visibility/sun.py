"""Where the Sun stands: how far a target is from it decides whether anyone can observe it."""

import numpy as np
from numpy.typing import NDArray

from engine.times import J2000_MJD


def sun_position(mjd: float) -> tuple[float, float]:
    """Return (ra_deg, dec_deg) of the Sun, good to 0.01 degree from 1950 to 2050.

    References
    ----------
    The Astronomical Almanac 2024, page C5, low-precision formulas.
    """
    days = mjd - J2000_MJD
    mean_longitude_deg = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(mean_longitude_deg + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    ra = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    dec = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    return float(np.degrees(ra) % 360.0), float(np.degrees(dec))


def sun_separation_deg(
    ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], mjd: float
) -> NDArray[np.float64]:
    """Return the angle between the Sun and each position on the sphere; both of shape (n,)."""
    sun_ra_deg, sun_dec_deg = sun_position(mjd)
    dra = np.radians(np.asarray(ra_deg, dtype=np.float64) - sun_ra_deg)
    dec, sun_dec = np.radians(np.asarray(dec_deg, dtype=np.float64)), np.radians(sun_dec_deg)
    # Vincenty's formula holds at every angle, unlike the cosine law
    across = np.cos(dec) * np.sin(dra)
    along = np.cos(sun_dec) * np.sin(dec) - np.sin(sun_dec) * np.cos(dec) * np.cos(dra)
    cosine = np.sin(sun_dec) * np.sin(dec) + np.cos(sun_dec) * np.cos(dec) * np.cos(dra)
    return np.asarray(np.degrees(np.arctan2(np.hypot(across, along), cosine)), dtype=np.float64)
