"""Time scales: everything inside tomlake is MJD, UTC, mid-exposure, at the observer."""

import time
from datetime import UTC, datetime

import erfa
import numpy as np
import scipy  # its parts are imported when they are used
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers
from numpy.typing import NDArray

from engine.errors import Rejected

iers.conf.auto_download = False  # the bundled table is good to milliseconds and needs no network
iers.conf.auto_max_age = None  # an old table says a little less of the Earth's turning, and is no failure
iers.conf.iers_degraded_accuracy = "ignore"  # so is one that ends before the date: a second of turning

SECONDS_PER_DAY = 86400.0
JD_MINUS_MJD = 2400000.5
J2000_MJD = 51544.5
FIRST_MJD, LAST_MJD = -678575.0, 2973483.0  # the years 1 to 9999: what a calendar can show
DAYS_PER_JULIAN_YEAR = 365.25
SHORT_JD_ZERO = 2450000.0
_SHORT_JD_MAX = 100_000.0
_AU_D = 499.004783836 / SECONDS_PER_DAY  # light needs for one au
_FIRST_UTC_MJD = 37300.0
_FIRST_EARTH_MJD = 15021.0
_OLD_TT_MINUS_UT_D = 30.0 / SECONDS_PER_DAY
_GEOCENTRE = EarthLocation.from_geocentric(0.0, 0.0, 0.0, unit="m")


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


def check_date(what: str, mjd: float) -> None:
    """Refuse an MJD that no calendar shows.

    Raises
    ------
    Rejected
        ``bad-date``.
    """
    if not FIRST_MJD <= mjd < LAST_MJD:
        raise Rejected(f"The {what} must be an MJD of the years 1 to 9999.", code="bad-date")


def julian_year(mjd: float) -> float:
    """Return a date as a Julian year, the scale of catalogue epochs."""
    return 2000.0 + (mjd - J2000_MJD) / DAYS_PER_JULIAN_YEAR


def mjd_of_jd(jd: float) -> float:
    """Return a JD as MJD in the same time scale."""
    return jd - JD_MINUS_MJD


def bjd_tdb(
    mjd: NDArray[np.float64],
    *,
    ra_deg: float | NDArray[np.float64],
    dec_deg: float | NDArray[np.float64],
    location: EarthLocation | None = None,
) -> NDArray[np.float64]:
    """Return barycentric Julian dates (TDB) of UTC times at the observer.

    Without a location the geocentre is used, which is wrong by at most 21 ms. Shape of ``mjd``: (n,); of the
    place too where it moves.

    References
    ----------
    Eastman, Siverd & Gaudi 2010, PASP 122, 935.
    """
    days = np.asarray(mjd, dtype=np.float64)
    if location is not None:
        times = Time(days, format="mjd", scale="utc", location=location)
        travel = times.light_travel_time(SkyCoord(ra_deg, dec_deg, unit="deg"), kind="barycentric")
        return np.asarray((times.tdb + travel).jd, dtype=np.float64)
    tdb = _tdb_of_utc(days)
    return tdb + _travel(tdb, _direction(ra_deg, dec_deg), from_sun=False)[0] + JD_MINUS_MJD


def mjd_utc_of(mjd: NDArray[np.float64], *, scale: str) -> NDArray[np.float64]:
    """Return MJD in UTC of MJD in another scale: ``tai``, ``tt``, ``tdb`` or ``tcb``. Shape: (n,)."""
    times = Time(np.asarray(mjd, dtype=np.float64), format="mjd", scale=scale, location=_GEOCENTRE)
    return np.asarray(times.utc.mjd, dtype=np.float64)


def mjd_utc_of_barycentric(
    mjd: NDArray[np.float64], *, scale: str, ra_deg: float, dec_deg: float
) -> NDArray[np.float64]:
    """Return when light that meets the barycentre at ``mjd`` met the geocentre, as MJD (UTC). Shape: (n,)."""
    days = np.asarray(mjd, dtype=np.float64)
    there = np.asarray(Time(days, format="mjd", scale=scale, location=_GEOCENTRE).tdb.mjd)
    travel_d, change = _travel(there, _direction(ra_deg, dec_deg), from_sun=False)
    return mjd_utc_of(there - travel_d * (1.0 - change), scale="tdb")


def mjd_utc_of_heliocentric(
    mjd: NDArray[np.float64], *, ra_deg: float, dec_deg: float
) -> NDArray[np.float64]:
    """Return when light that meets the Sun at ``mjd`` (HJD, UTC) met the geocentre. Shape: (n,)."""
    there = np.asarray(mjd, dtype=np.float64)
    travel_d, change = _travel(_tdb_of_utc(there), _direction(ra_deg, dec_deg), from_sun=True)
    return there - travel_d * (1.0 - change)


def full_jd(jd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Julian dates whole: those below 100,000 were written without their 2450000. Shape: (n,)."""
    days = np.asarray(jd, dtype=np.float64)
    return np.where(days < _SHORT_JD_MAX, days + SHORT_JD_ZERO, days)


def mid_exposure(
    mjd_start: NDArray[np.float64], exptime_s: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the middle of exposures from their beginnings. Shape: (n,)."""
    return np.asarray(
        np.asarray(mjd_start) + np.asarray(exptime_s) / (2.0 * SECONDS_PER_DAY), dtype=np.float64
    )


def _tdb_of_utc(mjd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return MJD in TDB; before 1961 there was no UTC, and clocks are known to half a minute only."""
    is_old = mjd < _FIRST_UTC_MJD
    known = Time(np.where(is_old, _FIRST_UTC_MJD, mjd), format="mjd", scale="utc", location=_GEOCENTRE)
    return np.where(is_old, mjd + _OLD_TT_MINUS_UT_D, known.tdb.mjd)


def _direction(
    ra_deg: float | NDArray[np.float64], dec_deg: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return unit vectors. Shape: (3,), or (3, n) of places that differ."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _travel(
    tdb: NDArray[np.float64], towards: NDArray[np.float64], *, from_sun: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much later light meets the barycentre, or the Sun, than the geocentre [d], and its rate.

    astropy's own ``light_travel_time`` does the same by way of the Earth's rotation, many times as slowly.
    """
    place_au, velocity_au_d = _earth(tdb, from_sun=from_sun)
    direction = towards.reshape(3, -1).T
    return (place_au * direction).sum(axis=-1) * _AU_D, (velocity_au_d * direction).sum(axis=-1) * _AU_D


def _earth(tdb: NDArray[np.float64], *, from_sun: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return place and velocity of the geocentre, ICRS axes. Shapes: (n, 3).

    Where many times fall on few days the theory is asked for the days' ends, and a cubic goes between them,
    which is right to 0.1 us.
    """
    # the theory begins in 1900; a few seconds are lost on the plates before
    days = np.where(tdb < _FIRST_EARTH_MJD, tdb + 100.0 * DAYS_PER_JULIAN_YEAR, tdb)
    ends = np.unique(np.concatenate([np.floor(days), np.floor(days) + 1.0]))
    nodes = ends if 2 * len(ends) < len(days) else days
    heliocentric, barycentric = erfa.epv00(JD_MINUS_MJD, nodes)
    found = heliocentric if from_sun else barycentric
    place, velocity = np.asarray(found["p"]), np.asarray(found["v"])
    if nodes is days:
        return place, velocity
    between = scipy.interpolate.CubicHermiteSpline(nodes, place, velocity)
    return between(days), between(days, 1)


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
