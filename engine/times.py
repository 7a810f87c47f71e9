"""Time scales: everything inside tomlake is MJD, UTC, mid-exposure, at the observer."""

import time
from datetime import UTC, datetime

import numpy as np
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers
from numpy.typing import NDArray

iers.conf.auto_download = False  # the bundled table is good to milliseconds and needs no network

SECONDS_PER_DAY = 86400.0
JD_MINUS_MJD = 2400000.5
J2000_MJD = 51544.5
DAYS_PER_JULIAN_YEAR = 365.25


def mjd_now() -> float:
    """Return the present time as MJD (UTC)."""
    return mjd_of(datetime.now(UTC))


def mjd_of(moment: datetime) -> float:
    """Return a moment as MJD (UTC); a moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1858, 11, 17, tzinfo=UTC)).total_seconds() / SECONDS_PER_DAY


def datetime_of(mjd: float) -> datetime:
    """Return an MJD (UTC) as a datetime in UTC."""
    return datetime.fromtimestamp((mjd - 40587.0) * SECONDS_PER_DAY, tz=UTC)


def julian_year(mjd: float) -> float:
    """Return a date as a Julian year, the scale of catalogue epochs."""
    return 2000.0 + (mjd - J2000_MJD) / DAYS_PER_JULIAN_YEAR


def mjd_of_jd(jd: float) -> float:
    """Return a JD as MJD in the same time scale."""
    return jd - JD_MINUS_MJD


def bjd_tdb(
    mjd: NDArray[np.float64], *, ra_deg: float, dec_deg: float, location: EarthLocation | None = None
) -> NDArray[np.float64]:
    """Return barycentric Julian dates (TDB) of UTC times at the observer.

    Without a location the geocentre is used, which is wrong by at most 21 ms. Shape of ``mjd``: (n,).

    References
    ----------
    Eastman, Siverd & Gaudi 2010, PASP 122, 935.
    """
    place = EarthLocation.from_geocentric(0.0, 0.0, 0.0, unit="m") if location is None else location
    times = Time(np.asarray(mjd, dtype=np.float64), format="mjd", scale="utc", location=place)
    travel = times.light_travel_time(SkyCoord(ra_deg, dec_deg, unit="deg"), kind="barycentric")
    return np.asarray((times.tdb + travel).jd, dtype=np.float64)


class Laps:
    """How long each stage of some work took."""

    def __init__(self) -> None:
        self._since_s = time.perf_counter()
        self._stages_s: dict[str, float] = {}

    def end(self, stage: str) -> None:
        """Note that a stage ends now; the next one begins."""
        now_s = time.perf_counter()
        self._stages_s[stage] = self._stages_s.get(stage, 0.0) + now_s - self._since_s
        self._since_s = now_s

    def told(self) -> dict[str, float]:
        """Return the seconds of every stage that ended, in their order."""
        return {stage: round(seconds, 4) for stage, seconds in self._stages_s.items()}
