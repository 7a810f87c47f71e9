"""The whole way from a light curve to its period: periodogram, alarm levels, best period, doubts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.periods.alarm import LEVELS, alarm, trials_afforded
from engine.periods.aliases import Mark, marks, sampling_named
from engine.periods.folding import SecondOpinion, second_opinion
from engine.periods.observed import (
    USUAL_OVERSAMPLING,
    USUAL_SHORTEST_D,
    FrequencyGrid,
    Observed,
    frequency_grid,
    observed,
)
from engine.periods.periodogram import as_power, band_power, band_sums, evidence_at, statistic

Array = NDArray[np.float64]
_SEED = 20260521  # the same light curve always gets the same levels
_SHARE_OF_BANDS = 0.3  # of the work, for what is told of its progress
_FINE = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSearch:
    """What a search found.

    Attributes
    ----------
    power
        From 0 to 1 at each frequency of the grid.
    period_err_d
        One standard error, of the peak that was taken: that it is the right one is another matter.
    false_alarm
        How often noise alone climbs as high.
    levels
        The power that noise alone reaches, by its probability.
    sampling
        The sampling near whose own period the best one lies, such as ``1 d``; else empty.
    """

    seen: Observed
    grid: FrequencyGrid
    power: Array
    period_d: float
    period_err_d: float
    best_power: float
    false_alarm: float
    levels: dict[float, float]
    trials: int
    marks: tuple[Mark, ...]
    sampling: str
    opinion: SecondOpinion


def find_period(
    points: pl.DataFrame,
    *,
    time: str = "mjd",
    shortest_d: float = USUAL_SHORTEST_D,
    oversampling: float = USUAL_OVERSAMPLING,
    told: Callable[[float], object] = float,
) -> PeriodSearch:
    """Return the period that all bands of a light curve agree on best, with what speaks against it.

    Parameters
    ----------
    points
        A light curve; see :func:`engine.periods.observed.observed` for what of it counts.
    time
        The column of times [d].
    shortest_d
        Shortest period to try; the longest is the whole span.
    told
        Is told the share of the work that is done.

    Raises
    ------
    Rejected
        ``few-points``, ``short-span``, ``all-equal``, ``bad-shortest``, ``bad-oversampling``
    """
    seen = observed(points, time=time)
    grid = frequency_grid(seen.span_d, shortest_d=shortest_d, oversampling=oversampling)
    evidence = np.zeros(grid.count)
    known = []
    for number, curve in enumerate(seen.bands, 1):
        known.append(band_sums(curve, grid))
        evidence += statistic(band_power(known[-1], curve.mag)[0], curve.degrees)
        told(_SHARE_OF_BANDS * number / len(seen.bands))
    noise = alarm(
        known,
        np.random.default_rng(_SEED),
        trials=trials_afforded(len(known), grid.count),
        told=lambda share: told(_SHARE_OF_BANDS + (1.0 - _SHARE_OF_BANDS) * share),
    )
    frequency, error, highest = _peak(seen, grid, evidence)
    period_d = 1.0 / frequency
    levels = np.array([noise.level(level) for level in LEVELS])
    return PeriodSearch(
        seen=seen,
        grid=grid,
        power=as_power(evidence, noise.degrees),
        period_d=period_d,
        period_err_d=error * period_d**2,
        best_power=float(as_power(np.array([highest]), noise.degrees)[0]),
        false_alarm=noise.probability(highest),
        levels=dict(zip(LEVELS, as_power(levels, noise.degrees).tolist(), strict=True)),
        trials=noise.trials,
        marks=marks(period_d, shortest_d=shortest_d, longest_d=seen.span_d),
        sampling=sampling_named(period_d, span_d=seen.span_d),
        opinion=second_opinion(seen, period_d),
    )


def _peak(seen: Observed, grid: FrequencyGrid, evidence: Array) -> tuple[float, float, float]:
    """Return the frequency of the highest peak, its error and its height, from a parabola through its top.

    Evidence is twice a logarithm of likelihood, so one standard error away it is lower by 1.
    """
    middle = float(grid.frequency_per_d[int(np.argmax(evidence))])
    half = grid.step_per_d
    for _ in range(4):  # each closer to the top, where a parabola holds
        tried = middle + np.linspace(-half, half, _FINE)
        tried = tried[tried > 0]
        heights = evidence_at(seen, tried)
        middle = float(tried[int(np.argmax(heights))])
        half *= 0.25
    reach = grid.step_per_d * 0.2
    around = middle + np.array([-reach, 0.0, reach])
    low, top, high = evidence_at(seen, around)
    curvature = (2.0 * top - low - high) / reach**2
    error = float(np.sqrt(2.0 / curvature)) if curvature > 0 else grid.step_per_d * grid.oversampling
    return middle, error, float(top)


def strongest(found: PeriodSearch, *, most: int) -> tuple[Array, Array]:
    """Return frequencies and powers of a periodogram for drawing: the highest of each short stretch.

    The stretches are of one width on a logarithmic scale of periods.
    """
    frequency = found.grid.frequency_per_d
    edges = np.geomspace(frequency[0], frequency[-1], most)
    starts = np.unique(np.searchsorted(frequency, edges[:-1]))
    ends = np.append(starts[1:], found.grid.count)
    place = np.array(
        [low + int(np.argmax(found.power[low:high])) for low, high in zip(starts, ends, strict=True)]
    )
    return frequency[place], found.power[place]
