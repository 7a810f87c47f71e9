"""Where on the Earth it is night: the edge that observers wait for."""

import numpy as np
import polars as pl

from engine.visibility.sun import sun_position

# IAU SOFA's era00: the Earth's rotation, which is all that a map needs of sidereal time
_AT_J2000_DEG, _PER_DAY_DEG, _J2000_MJD = 280.46062, 360.98564737, 51544.5
_STEP_DEG = 3.0
_LEAST_DECLINATION_DEG = 0.05  # at the equinox the edge is a meridian, which no function of longitude is


def night_edge(mjd: float) -> pl.DataFrame:
    """Return where the Sun is setting or rising, refraction left out.

    Returns
    -------
        ``longitude_deg`` from -180 to 180 East, ``latitude_deg`` of the edge, and ``dark_deg``: the pole on
        whose side of the edge it is night.
    """
    ra_deg, dec_deg = sun_position(mjd)
    noon_deg = ra_deg - (_AT_J2000_DEG + _PER_DAY_DEG * (mjd - _J2000_MJD))  # where the Sun stands highest
    south = dec_deg < 0
    dec_deg = max(abs(dec_deg), _LEAST_DECLINATION_DEG) * (-1.0 if south else 1.0)
    longitude_deg = np.arange(-180.0, 180.0 + _STEP_DEG, _STEP_DEG)
    hour_angle = np.radians(longitude_deg - noon_deg)
    latitude_deg = np.degrees(np.arctan(-np.cos(hour_angle) / np.tan(np.radians(dec_deg))))
    return pl.DataFrame(
        {"longitude_deg": longitude_deg, "latitude_deg": latitude_deg, "dark_deg": 90.0 if south else -90.0}
    )
