"""Periods as the pages show them: searched once for each version of a light curve that a visitor may see."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from engine.periods.observed import SHORTEST_D, USUAL_SHORTEST_D
from engine.periods.search import PeriodSearch, find_period
from engine.repeats import is_repeat
from engine.target import Target
from engine.times import bjd_tdb
from lake.people.accounts import User
from lake.seen import Closed, closed_to
from lake.store import Store
from portal.light_curve import curves
from portal.light_curve.moment import read_version
from portal.one_target.period_charts import (
    bands_of,
    folded_rows,
    folded_spec,
    is_many,
    periodogram_rows,
    periodogram_spec,
    rhythm_words,
)
from portal.opened import lake
from portal.vega import Spec
from portal.words import _, several

JD_OF_MJD_ZERO = 2_400_000.5
SHORTEST_CHOICES_D = (USUAL_SHORTEST_D, 0.02, SHORTEST_D, 1.0)
MOST_PERIOD_D = 1e5
TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """A light curve folded with a period, and the periodogram that it stands in, ready to be drawn."""

    rows: pl.DataFrame
    spec: Spec
    periodogram: pl.DataFrame
    periodogram_spec: Spec


_Asked = tuple[Store, int, int, Closed, float]


@lru_cache(maxsize=32)
def _kept(asked: _Asked) -> list[PeriodSearch]:  # noqa: ARG001 - it is what the cache goes by
    """Return where the search of these points is kept, empty until it was made."""
    return []


def search(
    target: Target, user: User | None, *, shortest_d: float, told: Callable[[float], object]
) -> PeriodSearch:
    """Return the best period in what a visitor may see of a light curve; the same search is made once.

    Raises
    ------
    Rejected
        What :func:`engine.periods.search.find_period` refuses.
    """
    closed = closed_to(lake().operations, user, target_id=target.target_id)
    kept = _kept((lake().store, read_version(), target.target_id or 0, closed, shortest_d))
    if not kept:
        kept.append(find_period(timed_points(target, user), time=TIME, shortest_d=shortest_d, told=told))
    return kept[0]


def timed_points(target: Target, user: User | None) -> pl.DataFrame:
    """Return the magnitudes a visitor may see, with the time at which light met the Sun's barycentre.

    It is BJD(TDB) less 2400000.5; for a body of the Solar System, whose place moves, MJD (UTC).
    """
    points = curves.light_curve(target.target_id or 0, user)
    seen = points.filter(pl.col("mag").is_not_null())
    seen = seen.filter(~is_repeat(seen))
    if target.designation or seen.is_empty():
        return seen.with_columns(pl.col("mjd").alias(TIME))
    bjd = bjd_tdb(seen["mjd"].to_numpy(), ra_deg=target.ra_deg, dec_deg=target.dec_deg)
    return seen.with_columns(pl.Series(TIME, bjd - JD_OF_MJD_ZERO))


def folding(
    target: Target, user: User | None, found: PeriodSearch, *, period_d: float, epoch: float
) -> Folding:
    """Return the two charts of a period."""
    points = timed_points(target, user)
    searched = [band.band for band in found.seen.bands]
    shown = points.filter(pl.col("band").is_in(searched))
    rows = folded_rows(shown, time=TIME, period_d=period_d, epoch=epoch)
    return Folding(
        rows=rows,
        spec=folded_spec(bands_of(shown), is_many(rows)),
        periodogram=periodogram_rows(found, period_d),
        periodogram_spec=periodogram_spec(),
    )


def period_of_address(text: str) -> float | None:
    """Return the period [d] that an address names, or None where it names none."""
    try:
        period_d = float(text)
    except ValueError:
        return None
    return period_d if 1e-4 <= period_d <= MOST_PERIOD_D else None


def digits_of(found: PeriodSearch) -> int:
    """Return to how many decimals a best period is known, with one to spare."""
    return min(9, max(1, 1 - math.floor(math.log10(found.period_err_d)))) if found.period_err_d > 0 else 6


def headline(found: PeriodSearch) -> str:
    """Return the best period, its error and how sure it is, as Markdown."""
    digits = digits_of(found)
    period, error = f"{found.period_d:.{digits}f}", f"{found.period_err_d:.{digits}f}"
    if found.false_alarm < 1e-6:
        return _(
            "Best period **{period} ± {error} d**: noise alone climbs so high less than once in a million "
            "times.",
            period=period,
            error=error,
        )
    return _(
        "Best period **{period} ± {error} d**: noise alone climbs so high in {share} of all cases.",
        period=period,
        error=error,
        share=f"{found.false_alarm * 100:.2g} %",
    )


def doubts(found: PeriodSearch) -> tuple[str, ...]:
    """Return what speaks against the best period, in sentences for a student."""
    said = []
    if found.false_alarm > 0.01:
        said.append(_("The highest peak may be noise: do not believe this period yet."))
    if found.sampling:
        said.append(
            _(
                "The period lies at a rhythm of observing itself ({rhythm}): it is probably not the star's.",
                rhythm=rhythm_words(found.sampling),
            )
        )
    if found.opinion.prefers_double:
        said.append(
            _(
                "Odd and even cycles differ, as in eclipsing stars: try twice the period, {period} d.",
                period=f"{2 * found.period_d:.{digits_of(found)}f}",
            )
        )
    if found.period_d > found.seen.span_d / 3:
        said.append(_("Fewer than three cycles were observed: a slow change of any kind looks like this."))
    if found.seen.left_out:
        said.append(_("Too few points to be searched: {bands}.", bands=", ".join(found.seen.left_out)))
    return tuple(said)


def method(found: PeriodSearch) -> str:
    """Return how the search was made, in a few sentences."""
    longest_d = 1.0 / found.grid.frequency_per_d[0]
    shortest_d = 1.0 / found.grid.frequency_per_d[-1]
    theta = ", ".join(
        _("{dispersion} at {factor} P", dispersion=f"{value:.2f}", factor=f"{factor:g}")
        for factor, value in found.opinion.theta.items()
    )
    searched = several(
        "Lomb-Scargle in {count} band at once, {points} points weighted by their errors; {frequencies} "
        "frequencies from {shortest} to {longest} d, {oversampling} to the width of a peak.",
        "Lomb-Scargle in {count} bands at once, {points} points weighted by their errors; {frequencies} "
        "frequencies from {shortest} to {longest} d, {oversampling} to the width of a peak.",
        len(found.seen.bands),
        points=f"{found.seen.points:,}",
        frequencies=f"{found.grid.count:,}",
        shortest=f"{shortest_d:.4g}",
        longest=f"{longest_d:.4g}",
        oversampling=f"{found.grid.oversampling:g}",
    )
    levels = _(
        "Alarm levels come from {trials} trials in which the magnitudes of each band change places: they "
        "tell of noise from night to night, not of a star that wanders slowly.",
        trials=found.trials,
    )
    folded = _("Phase dispersion (0 is a perfect fold, 1 none): {dispersions}.", dispersions=theta)
    return f"{searched} {levels} {folded}"
