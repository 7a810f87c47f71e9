"""When targets can be observed during a night: hours above a limit in the dark, and the best moment."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.visibility.horizon import Array, airmass_at, altitudes_deg, directions, separations_deg
from engine.visibility.night import ASTRONOMICAL_DEG, NAUTICAL_DEG, STEP_D, SUNSET_DEG, Night


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an observer asks of sky and target."""

    altitude_min_deg: float = 30.0
    sun_max_deg: float = NAUTICAL_DEG
    moon_min_deg: float = 0.0  # nearer to the Moon nothing is observed while it is up


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """What a night offers for each of n targets.

    Attributes
    ----------
    altitudes_deg
        Shape (n, k), at the moments of the night.
    table
        ``hours_up``, ``from_mjd``, ``to_mjd``, ``best_mjd``, ``best_altitude_deg``, ``best_airmass``,
        ``moon_separation_deg``, ``moon_altitude_deg``; the Moon's and the best moment's are null where the
        target never stands high enough in the dark.
    """

    altitudes_deg: Array
    table: pl.DataFrame


def checked_limits(limits: Limits) -> Limits:
    """Return limits, or refuse with ``bad-limit`` what no sky has."""
    if not 0.0 <= limits.altitude_min_deg <= 89.0:
        raise Rejected("Ask for an altitude from 0 to 89 degrees.", code="bad-limit")
    if not ASTRONOMICAL_DEG <= limits.sun_max_deg <= SUNSET_DEG + 1.0:
        raise Rejected("Let the Sun be at 0 to 18 degrees below the horizon.", code="bad-limit")
    if not 0.0 <= limits.moon_min_deg <= 180.0:
        raise Rejected("Ask for a distance to the Moon from 0 to 180 degrees.", code="bad-limit")
    return limits


def windows(
    night: Night, ra_deg: Array, dec_deg: Array, *, limits: Limits, since_mjd: float = -np.inf
) -> Windows:
    """Return the windows of targets, all at once.

    Parameters
    ----------
    ra_deg, dec_deg
        Of shape (n,), or (n, k) of bodies that move during the night; NaN where nobody knows.
    since_mjd
        What was before counts no more: the night is under way.
    """
    towards = directions(ra_deg, dec_deg)
    heights_deg = altitudes_deg(night.ground, towards)
    sun_margin = limits.sun_max_deg - night.sun_altitude_deg
    if limits.moon_min_deg > 0.0:
        sun_margin = np.broadcast_to(sun_margin, heights_deg.shape)
        sun_margin = np.minimum(sun_margin, _moon_margin(night, towards, limits.moon_min_deg))
    first = int(np.searchsorted(night.mjd, since_mjd))
    dark = first + np.flatnonzero(night.sun_altitude_deg[first:] < limits.sun_max_deg)
    # one step more on both sides, for the part of a step in which the dark begins and ends
    near = slice(max(first, int(dark[0]) - 1), int(dark[-1]) + 2) if len(dark) else slice(0, 0)
    margin = np.minimum(heights_deg[:, near] - limits.altitude_min_deg, sun_margin[..., near])
    return Windows(
        altitudes_deg=heights_deg, table=_table(night, towards, heights_deg[:, near], margin, night.mjd[near])
    )


def _moon_margin(night: Night, towards: Array, moon_min_deg: float) -> Array:
    """Return how far targets are beyond the least distance from the Moon, which counts while it is up."""
    if towards.ndim == 2:
        cosines = towards @ night.moon_towards.T
    else:
        cosines = np.einsum("nkc,kc->nk", towards, night.moon_towards)
    beyond_deg = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))) - moon_min_deg
    return np.asarray(np.maximum(beyond_deg, -night.moon_altitude_deg), dtype=np.float64)


def _table(night: Night, towards: Array, heights_deg: Array, margin: Array, mjd: Array) -> pl.DataFrame:
    if not len(mjd):
        heights_deg, margin, mjd = (
            np.full((len(towards), 2), -90.0),
            np.full((len(towards), 2), -1.0),
            night.mjd[:2],
        )
    good = margin > 0.0
    is_up = good.any(axis=1)
    rows = np.arange(len(towards))
    best = np.argmax(np.where(good, heights_deg, -np.inf), axis=1)
    best_mjd, best_deg = mjd[best], heights_deg[rows, best]
    place = np.searchsorted(night.mjd, best_mjd)
    there = towards if towards.ndim == 2 else towards[rows, place]
    columns = {
        "from_mjd": mjd[np.argmax(good, axis=1)],
        "to_mjd": mjd[len(mjd) - 1 - np.argmax(good[:, ::-1], axis=1)],
        "best_mjd": best_mjd,
        "best_altitude_deg": best_deg,
        "best_airmass": airmass_at(best_deg),
        "moon_separation_deg": separations_deg(there, night.moon_towards[place]),
        "moon_altitude_deg": night.moon_altitude_deg[place],
    }
    known = {name: pl.Series(np.where(is_up, column, np.nan)) for name, column in columns.items()}
    hours = np.round(24.0 * STEP_D * _steps_above(margin), 3)
    return pl.DataFrame({"hours_up": hours, **known}).with_columns(pl.all().fill_nan(None))


def _steps_above(margin: Array) -> Array:
    """Return in how many steps a margin is positive, parts of steps by straight lines. Shape: (n,)."""
    margin = np.nan_to_num(margin, nan=-1.0)
    above, below = np.maximum(margin, 0.0), np.maximum(-margin, 0.0)
    over = above[:, :-1] + above[:, 1:]
    whole = over + below[:, :-1] + below[:, 1:]
    shares = np.divide(over, whole, out=np.zeros_like(over), where=whole > 0.0)
    return np.asarray(shares.sum(axis=1), dtype=np.float64)
