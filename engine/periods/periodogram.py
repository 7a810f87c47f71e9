"""The multiband Lomb-Scargle periodogram: one period, and in each band a wave about a mean of its own.

The power of a band is the share of its weighted scatter that the wave takes away (Zechmeister & Kürster 2009,
A&A 496, 577). Bands are put together by likelihood, each with a noise of unknown size: under noise alone
``-(n - 3) ln(1 - power)``, added up over K bands, is exactly chi-squared of 2 K degrees at each frequency,
also where the errors of a band are too small by a factor. The model is that of VanderPlas & Ivezic 2015
(ApJ 812, 18) with no shared term.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.periods.observed import BandCurve, FrequencyGrid, Observed
from engine.periods.sums import Complex, Floats, Spreading, spread, sums

Array = NDArray[np.float64]
_MOST_POWER = 1.0 - 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatters:
    """Weighted scatter of the cosine and the sine at each frequency, and how they go together."""

    cos2: Array
    sin2: Array
    cross: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSums:
    """What the times and weights of a band alone decide, at each frequency."""

    curve: BandCurve
    spreading: Spreading
    scatters: Scatters


def band_sums(curve: BandCurve, grid: FrequencyGrid) -> BandSums:
    """Return the sums that stay the same whatever the magnitudes of a band are."""
    first, count = grid.first, grid.count
    once = spread(curve.time_d, step_per_d=grid.step_per_d, first=first, count=count)
    twice = spread(2.0 * curve.time_d, step_per_d=grid.step_per_d, first=first, count=count)
    scatters = _scatters(sums(once, curve.weight)[0], sums(twice, curve.weight)[0])
    return BandSums(curve=curve, spreading=once, scatters=scatters)


def _scatters(wave: Complex, double: Complex) -> Scatters:
    """Return the scatters from the weighted sums of exp(i x) and exp(2 i x)."""
    return Scatters(
        cos2=0.5 * (1.0 + double.real) - wave.real**2,
        sin2=0.5 * (1.0 - double.real) - wave.imag**2,
        cross=0.5 * double.imag - wave.real * wave.imag,
    )


def band_power(known: BandSums, mags: Floats) -> Array:
    """Return the power of one band at each frequency, for each row of magnitudes about their mean.

    Magnitudes of single precision take half the time. Their powers are off by less than 1e-6, and by less
    than 1e-3 where all points stand at almost one phase.
    """
    rows = np.atleast_2d(mags)
    weight = known.curve.weight.astype(rows.dtype, copy=False)
    return _power(known.scatters, sums(known.spreading, rows * weight), (rows**2) @ weight)


def _power(known: Scatters, product: Complex, scatter: Floats) -> Array:
    """Return the powers from the sums of weight times magnitude, whose mean is zero."""
    # sine and cosine are one where all points are of one phase
    determinant = np.maximum(known.cos2 * known.sin2 - known.cross**2, 1e-12)
    cosine, sine = product.real, product.imag
    taken = known.sin2 * cosine**2 + known.cos2 * sine**2 - 2.0 * known.cross * cosine * sine
    power: Array = np.clip(taken / (determinant * scatter[:, None]), 0.0, _MOST_POWER)
    return power


def statistic(power: Array, degrees: int) -> Array:
    """Return what a band adds to the evidence: chi-squared of two degrees where there is only noise."""
    evidence: Array = -degrees * np.log1p(-power)
    return evidence


def evidence_at(seen: Observed, frequency_per_d: Array) -> Array:
    """Return the evidence of all bands at any frequencies, by plain sums: for few of them."""
    total = np.zeros(len(frequency_per_d))
    for curve in seen.bands:
        turn = np.exp(2j * np.pi * np.outer(frequency_per_d, curve.time_d))
        known = _scatters(turn @ curve.weight, turn**2 @ curve.weight)
        product = (turn @ (curve.weight * curve.mag))[None, :]
        scatter = np.array([curve.weight @ curve.mag**2])
        total += statistic(_power(known, product, scatter)[0], curve.degrees)
    return total


def as_power(evidence: Array, degrees: int) -> Array:
    """Return evidence as a number from 0 to 1; for one band it is the power of Lomb and Scargle."""
    power: Array = -np.expm1(-evidence / degrees)
    return power
