"""Folded light curves, and what phase dispersion says about a period and its double."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from engine.errors import Rejected
from engine.periods.observed import Observed

Array = NDArray[np.float64]

_MOST_BINS, _LEAST_BINS = 20, 5
_POINTS_A_BIN = 10
_SURE = 1e-3
_LEAST_GAIN = 0.1  # of the scatter: less is the noise of spots and of amplitudes that change


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """Phase dispersion minimisation at half, once and twice a period.

    Attributes
    ----------
    theta
        Scatter within bins of phase over the scatter of all (Stellingwerf 1978, ApJ 224, 953): 1 where
        nothing repeats, near 0 where all does. By the factor of the period.
    chance
        How often odd and even cycles of one shape differ as much as here.
    """

    theta: dict[float, float]
    chance: float
    prefers_double: bool


def phase(time: Array, *, period_d: float, epoch: float) -> Array:
    """Return phases from 0 to below 1; at the epoch it is 0.

    Raises
    ------
    Rejected
        ``bad-period``: not a positive number of days.
    """
    if not (np.isfinite(period_d) and period_d > 0):
        raise Rejected("A period must be a positive number of days.", code="bad-period")
    turns = (np.asarray(time, dtype=np.float64) - epoch) / period_d
    fraction: Array = turns - np.floor(turns)
    return np.where(fraction >= 1.0, 0.0, fraction)  # a tiny negative turn rounds up to 1


def second_opinion(seen: Observed, period_d: float) -> SecondOpinion:
    """Return whether a light curve folds better with twice a period, as an eclipsing star's does.

    The bands are brought to one mean and one scatter. At twice the period each bin is split by whether the
    cycle is odd or even; the F test says how often mere noise gains as much by that.
    """
    time_d = np.concatenate([band.time_d for band in seen.bands])
    level = np.concatenate([band.mag / np.std(band.mag) for band in seen.bands])
    bins = int(np.clip(len(level) // _POINTS_A_BIN, _LEAST_BINS, _MOST_BINS))
    theta: dict[float, float] = {}
    left: dict[float, tuple[float, int]] = {}
    total = float(np.sum((level - level.mean()) ** 2))
    for factor, count in ((0.5, bins), (1.0, bins), (2.0, 2 * bins)):
        left[factor] = _within(level, phase(time_d, period_d=factor * period_d, epoch=0.0), count)
        scatter, degrees = left[factor]
        theta[factor] = scatter / max(degrees, 1) / (total / (len(level) - 1))
    chance = _chance(left[1.0], left[2.0])
    gains = left[1.0][0] - left[2.0][0] > _LEAST_GAIN * left[1.0][0]
    return SecondOpinion(theta=theta, chance=chance, prefers_double=gains and chance < _SURE)


def _within(level: Array, phases: Array, bins: int) -> tuple[float, int]:
    """Return the sum of squares about the mean of each bin of phase, and its degrees of freedom."""
    place = np.minimum((phases * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    mean = np.bincount(place, weights=level, minlength=bins) / np.maximum(count, 1)
    return float(np.sum((level - mean[place]) ** 2)), len(level) - int(np.count_nonzero(count))


def _chance(single: tuple[float, int], double: tuple[float, int]) -> float:
    more = single[1] - double[1]
    if more <= 0 or double[1] <= 0 or double[0] <= 0.0:
        return 1.0
    ratio = max(single[0] - double[0], 0.0) / more / (double[0] / double[1])
    return float(special.fdtrc(more, double[1], ratio))
