"""Mission elapsed time of Fermi: seconds of TT since the beginning of 2001 in UTC."""

import numpy as np
from numpy.typing import NDArray

from engine.times import SECONDS_PER_DAY, mjd_utc_of

_MET_ZERO_MJD_TT = 51910.0 + 64.184 / SECONDS_PER_DAY  # MJDREFI + MJDREFF of every Fermi file
MET_RANGE_S = (2.3e8, 1.6e9)  # Fermi flew in June 2008 (235e6); far into the future


def mjd_utc_of_met(met_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return MJD (UTC) of mission elapsed times. Shape: (n,)."""
    return mjd_utc_of(_MET_ZERO_MJD_TT + np.asarray(met_s, dtype=np.float64) / SECONDS_PER_DAY, scale="tt")
