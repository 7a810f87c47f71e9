"""The whole sky on one oval of equal areas, in equatorial or galactic coordinates.

References
----------
Snyder 1987, "Map Projections: A Working Manual", USGS Professional Paper 1395, page 249 (Mollweide);
ESA 1997, "The Hipparcos and Tycho Catalogues", SP-1200, volume 1, section 1.5.3 (galactic axes in ICRS).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HALF_WIDTH = 2.0  # of the oval; it is 1 high to each side
_STEPS = 60  # of halving: below rounding, also near the poles, where Newton is slow
_TO_GALACTIC = np.array(
    [
        [-0.0548755604162154, -0.8734370902348850, -0.4838350155487132],
        [0.4941094278755837, -0.4448296299600112, 0.7469822444972189],
        [-0.8676661490190047, -0.1980763734312015, 0.4559837761750669],
    ]
)


def mollweide(lon_deg: Array, lat_deg: Array, *, centre_deg: float = 0.0) -> tuple[Array, Array]:
    """Return x from -2 to 2 and y from -1 to 1; longitude grows to the left, as the sky is seen from inside.

    Parameters
    ----------
    centre_deg
        Longitude in the middle of the map.
    """
    lon = np.radians((np.asarray(lon_deg, dtype=np.float64) - centre_deg + 180.0) % 360.0 - 180.0)
    lat = np.radians(np.clip(np.asarray(lat_deg, dtype=np.float64), -90.0, 90.0))
    theta = _auxiliary(lat)
    return -2.0 / np.pi * lon * np.cos(theta), np.sin(theta)


def from_mollweide(x: Array, y: Array, *, centre_deg: float = 0.0) -> tuple[Array, Array]:
    """Return (lon_deg, lat_deg) of places on the map; NaN outside the oval."""
    height = np.asarray(y, dtype=np.float64)
    theta = np.arcsin(np.where(np.abs(height) <= 1.0, height, np.nan))
    lat = np.arcsin(np.clip((2.0 * theta + np.sin(2.0 * theta)) / np.pi, -1.0, 1.0))
    width = np.cos(theta)
    across = np.divide(-np.asarray(x), width, out=np.zeros_like(width), where=width > 1e-12)
    lon_deg = np.degrees(np.where(np.abs(across) <= HALF_WIDTH * (1 + 1e-12), across * np.pi / 2.0, np.nan))
    return (lon_deg + centre_deg) % 360.0, np.degrees(lat)


def galactic(ra_deg: Array, dec_deg: Array) -> tuple[Array, Array]:
    """Return (l_deg, b_deg) of ICRS positions."""
    return _turned(ra_deg, dec_deg, _TO_GALACTIC)


def from_galactic(l_deg: Array, b_deg: Array) -> tuple[Array, Array]:
    """Return (ra_deg, dec_deg) of galactic positions."""
    return _turned(l_deg, b_deg, _TO_GALACTIC.T)


def _turned(lon_deg: Array, lat_deg: Array, axes: Array) -> tuple[Array, Array]:
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    x, y, z = axes @ np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def _auxiliary(lat: Array) -> Array:
    """Return theta with ``2 theta + sin 2 theta = pi sin lat``."""
    wanted = np.pi * np.sin(lat)
    low, high = np.full_like(lat, -np.pi / 2), np.full_like(lat, np.pi / 2)
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        is_below = 2.0 * middle + np.sin(2.0 * middle) < wanted
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.asarray((low + high) / 2.0, dtype=np.float64)
