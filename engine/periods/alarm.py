"""How high noise alone climbs: false-alarm levels from magnitudes put in random order.

In each trial the magnitudes of a band change places among its own times, so gaps, bands and outliers stay.
Under noise the evidence is chi-squared of 2 K degrees at each frequency, so the highest of many goes as
``exp(-W g(u))``, where g is how often such a process crosses u upwards (Davies 1987, Biometrika 74, 33; in
the form of Baluev 2008, MNRAS 385, 1279, for one band). Only W, which grows with the number of independent
frequencies, is fitted to the trials: with B of them to one part in sqrt(B), enough for a level of 0.1 %.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.periods.periodogram import BandSums, band_power, statistic

Array = NDArray[np.float64]

LEVELS = (0.1, 0.01, 0.001)
FEWEST_TRIALS = 10
MOST_TRIALS = 64
_AFFORDED = 10_000_000  # trials times bands times frequencies
_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """How the highest evidence of noise is spread."""

    bands: int
    degrees: int
    crossings: float  # W
    trials: int

    def probability(self, evidence: float) -> float:
        """Return how often noise alone climbs at least so high anywhere in the periodogram."""
        log_crossings = float(_log_crossings(np.array([evidence]), self.bands, self.degrees)[0])
        return float(-np.expm1(-self.crossings * np.exp(log_crossings)))

    def level(self, probability: float) -> float:
        """Return the evidence that noise alone reaches with a probability."""
        low, high = 0.0, 50.0
        while self.probability(high) > probability:
            high *= 2.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.probability(middle) > probability else (low, middle)
        return high


def trials_afforded(bands: int, frequencies: int) -> int:
    """Return how many trials are made: 64 where they are cheap, at least 10."""
    return int(np.clip(_AFFORDED // (bands * frequencies), FEWEST_TRIALS, MOST_TRIALS))


def alarm(
    known: Sequence[BandSums], rng: np.random.Generator, *, trials: int, told: Callable[[float], object]
) -> Alarm:
    """Return how high noise climbs in the periodogram of these times, bands and magnitudes.

    Parameters
    ----------
    told
        Is told the share of the trials that is done.
    """
    degrees = sum(each.curve.degrees for each in known)
    highest: list[float] = []
    while len(highest) < trials:
        count = min(_AT_ONCE, trials - len(highest))
        total = sum(
            (statistic(band_power(each, _shuffled(each, rng, count)), each.curve.degrees) for each in known),
            np.zeros(1),
        )
        highest.extend(np.max(total, axis=1).tolist())
        told(len(highest) / trials)
    crossings = np.exp(_log_crossings(np.array(highest), len(known), degrees))
    # W g(u) is exponential of mean one: this estimate of W has no bias
    fitted = (trials - 1) / float(crossings.sum())
    return Alarm(bands=len(known), degrees=degrees, crossings=fitted, trials=trials)


def _shuffled(known: BandSums, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Return magnitudes at random times; each keeps its size in units of its own error.

    Single precision: the trials themselves tell W to no better than a tenth.
    """
    weight = known.curve.weight
    root = np.sqrt(weight)
    rows = rng.permuted(np.tile(known.curve.mag * root, (count, 1)), axis=1) / root
    return (rows - (rows @ weight)[:, None]).astype(np.float32)


def _log_crossings(evidence: Array, bands: int, degrees: int) -> Array:
    """Return the logarithm of how often the evidence crosses a height upwards, but for a factor."""
    # below this height the highest of many says nothing, and g would turn down again
    height = np.maximum(evidence, 2.0 * bands)
    stretched = degrees * np.expm1(height / degrees)  # Baluev's z/(1-z): few points reach higher
    logarithm: Array = 0.5 * np.log(stretched) + (bands - 1) * np.log(height) - 0.5 * height
    return logarithm
