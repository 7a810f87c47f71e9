"""One night at one site: Sun, twilights and Moon, every five minutes from noon to noon."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from engine.errors import Rejected
from engine.visibility.horizon import Array, Ground, Site, altitudes_deg, ground_of
from engine.visibility.solar_system import lit_share, sun_and_moon

STEP_D = 5.0 / 1440.0
SUNSET_DEG = -0.833  # the upper limb, through the air
CIVIL_DEG, NAUTICAL_DEG, ASTRONOMICAL_DEG = -6.0, -12.0, -18.0
_STEPS = 289
_MJD_ZERO = date(1858, 11, 17)
FIRST_YEAR, LAST_YEAR = 1950, 2099  # where the theories of Sun and Moon hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time."""

    from_mjd: float
    to_mjd: float

    @property
    def hours(self) -> float:
        """Return how long it is."""
        return 24.0 * (self.to_mjd - self.from_mjd)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Night:
    """The night that follows noon of a day; arrays have one row for each moment of ``mjd``."""

    site: Site
    day: int  # of MJD, at the site, on whose evening the night begins
    mjd: Array
    ground: Ground
    sun_altitude_deg: Array
    moon_altitude_deg: Array
    moon_towards: Array  # unit vectors from the site
    moon_lit: float  # share of its face, at the middle

    @property
    def evening(self) -> date:
        """Return the date of the evening."""
        return date_of(self.day)

    def with_sun_below(self, sun_altitude_deg: float) -> Span | None:
        """Return when the Sun is below an altitude, None where it never is; all day where it always is."""
        below = np.flatnonzero(self.sun_altitude_deg < sun_altitude_deg)
        if not len(below):
            return None
        first, last, end = int(below[0]), int(below[-1]), len(self.mjd) - 1
        return Span(
            from_mjd=self._crossing(first - 1, sun_altitude_deg) if first > 0 else float(self.mjd[0]),
            to_mjd=self._crossing(last, sun_altitude_deg) if last < end else float(self.mjd[end]),
        )

    def _crossing(self, before: int, sun_altitude_deg: float) -> float:
        here, there = self.sun_altitude_deg[before], self.sun_altitude_deg[before + 1]
        share = (sun_altitude_deg - here) / (there - here)
        return float(self.mjd[before] + share * (self.mjd[before + 1] - self.mjd[before]))


@lru_cache(maxsize=512)  # of value, and asked for again at every run of a page
def night_of(site: Site, day: int) -> Night:
    """Return the night whose evening falls on a day of MJD at a site."""
    noon_mjd = day + 0.5 - east_deg(site) / 360.0
    mjd = noon_mjd + STEP_D * np.arange(_STEPS, dtype=np.float64)
    bodies, ground = sun_and_moon(day), ground_of(site, mjd)
    sun_km, moon_km = bodies.sun_km(mjd), bodies.moon_km(mjd)
    middle = slice(_STEPS // 2, _STEPS // 2 + 1)
    from_here_km = moon_km - ground.place_km  # the Moon is so near that the site counts
    moon = from_here_km / np.linalg.norm(from_here_km, axis=1, keepdims=True)
    sun = sun_km / np.linalg.norm(sun_km, axis=1, keepdims=True)
    return Night(
        site=site,
        day=day,
        mjd=mjd,
        ground=ground,
        sun_altitude_deg=altitudes_deg(ground, sun[np.newaxis])[0],
        moon_altitude_deg=altitudes_deg(ground, moon[np.newaxis])[0],
        moon_towards=moon,
        moon_lit=float(lit_share(sun_km[middle], moon_km[middle])[0]),
    )


def tonight(site: Site, now_mjd: float) -> int:
    """Return the day on whose evening the night begins that is under way at a site, or comes next.

    A night ends with its nautical dark, or at noon where it never gets so dark.
    """
    day = int(np.floor(now_mjd + east_deg(site) / 360.0 - 0.5))
    dark = night_of(site, day).with_sun_below(NAUTICAL_DEG)
    return day + 1 if dark is not None and now_mjd > dark.to_mjd else day


def day_of(evening: date) -> int:
    """Return the day of MJD of an evening.

    Raises
    ------
    Rejected
        ``bad-date``: Sun and Moon are not known so far away.
    """
    if not FIRST_YEAR <= evening.year <= LAST_YEAR:
        raise Rejected(f"Choose a date from {FIRST_YEAR} to {LAST_YEAR}.", code="bad-date")
    return (evening - _MJD_ZERO).days


def date_of(day: int) -> date:
    """Return the date of a day of MJD."""
    return _MJD_ZERO + timedelta(days=day)


def east_deg(site: Site) -> float:
    """Return a site's longitude from -180 to 180 degrees."""
    return (site.longitude_deg + 180.0) % 360.0 - 180.0
