"""How brightness changes with time in each class of the demo: rough shapes, not science."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Behaviour = Callable[[Floats, np.random.Generator], Floats]  # MJD -> magnitudes to add; negative is brighter

NEVER_SEEN_MAG = 15.0  # added before a supernova: far below every survey


def supernova(
    peak_mjd: float, *, amplitude_mag: float, rise_d: float = 17.0, fade_d: float = 35.0
) -> Behaviour:
    """Return a rise, an exponential fade and a slow tail; nothing is there before."""

    def change(mjd: Floats, _rng: np.random.Generator) -> Floats:
        phase_d = mjd - peak_mjd
        rise = np.where(phase_d < 0, 6.0 * (phase_d / rise_d) ** 2, 0.0)
        early = 1.0857 * np.maximum(phase_d, 0) / fade_d
        fade = np.minimum(early, 2.2 + np.maximum(phase_d - 2 * fade_d, 0) * 0.012)
        hidden = np.where(phase_d < -1.3 * rise_d, NEVER_SEEN_MAG, 0.0)
        return -amplitude_mag + rise + fade + hidden

    return change


def microlensing(peak_mjd: float, *, einstein_time_d: float, impact: float) -> Behaviour:
    """Return a point-lens magnification (Paczynski 1986, ApJ 304, 1)."""

    def change(mjd: Floats, _rng: np.random.Generator) -> Floats:
        u = np.sqrt(impact**2 + ((mjd - peak_mjd) / einstein_time_d) ** 2)
        magnification: Floats = (u**2 + 2) / (u * np.sqrt(u**2 + 4))
        return -2.5 * np.log10(magnification)

    return change


def random_walk(*, amplitude_mag: float, timescale_d: float) -> Behaviour:
    """Return a damped random walk, as active nuclei show (Kelly et al. 2009, ApJ 698, 895)."""

    def change(mjd: Floats, rng: np.random.Generator) -> Floats:
        nights = np.arange(np.floor(mjd.min()), np.ceil(mjd.max()) + 1, 1.0)
        decay = np.exp(-1.0 / timescale_d)
        kicks = rng.normal(0.0, amplitude_mag * np.sqrt(1 - decay**2), len(nights))
        walk = np.empty_like(kicks)
        level = rng.normal(0.0, amplitude_mag)
        for index, kick in enumerate(kicks):
            level = level * decay + kick
            walk[index] = level
        return np.interp(mjd, nights, walk)

    return change


def outbursts(*, every_d: float, amplitude_mag: float, rise_d: float, fade_d: float) -> Behaviour:
    """Return irregularly repeated outbursts with a quick rise and a slower fade."""

    def change(mjd: Floats, rng: np.random.Generator) -> Floats:
        start, stop = mjd.min() - 5 * fade_d, mjd.max()
        starts = np.cumsum(rng.gamma(4.0, every_d / 4.0, int(2 * (stop - start) / every_d) + 8)) + start
        heights = amplitude_mag * rng.uniform(0.6, 1.0, len(starts))
        total = np.zeros_like(mjd)
        for begin, height in zip(starts, heights, strict=True):
            phase_d = mjd - begin
            shape = np.clip(phase_d / rise_d, 0, 1) * np.exp(-np.maximum(phase_d - rise_d, 0) / fade_d)
            total = np.maximum(total, height * shape)
        return -total

    return change


def fadings(*, every_d: float, depth_mag: float, down_d: float, recover_d: float) -> Behaviour:
    """Return sudden declines and slow recoveries, as R Coronae Borealis does."""
    burst = outbursts(every_d=every_d, amplitude_mag=depth_mag, rise_d=down_d, fade_d=recover_d)

    def change(mjd: Floats, rng: np.random.Generator) -> Floats:
        return -burst(mjd, rng)

    return change


def pulsation(period_d: float, *, amplitude_mag: float, skewness: float = 0.0) -> Behaviour:
    """Return a sinusoid with a first harmonic; ``skewness`` 0.3 to 0.5 makes the rise steep."""

    def change(mjd: Floats, _rng: np.random.Generator) -> Floats:
        phase = 2 * np.pi * (mjd % period_d) / period_d
        return -0.5 * amplitude_mag * (np.cos(phase) - skewness * np.sin(2 * phase))

    return change


def eclipses(period_d: float, *, depth_mag: float, width: float, secondary_mag: float = 0.0) -> Behaviour:
    """Return eclipses or transits with a smooth edge; ``width`` is in phase."""

    def dip(phase: Floats, centre: float, depth: float) -> Floats:
        distance = np.abs((phase - centre + 0.5) % 1.0 - 0.5)
        return depth / (1.0 + np.exp((distance - width / 2) / (0.08 * width)))

    def change(mjd: Floats, _rng: np.random.Generator) -> Floats:
        phase = (mjd % period_d) / period_d
        return dip(phase, 0.0, depth_mag) + dip(phase, 0.5, secondary_mag)

    return change


def step_up(start_mjd: float, *, amplitude_mag: float, rise_d: float, fade_d: float) -> Behaviour:
    """Return one eruption that lasts for years, as in young stars and luminous blue variables."""

    def change(mjd: Floats, _rng: np.random.Generator) -> Floats:
        phase_d = mjd - start_mjd
        up = 1.0 / (1.0 + np.exp(-phase_d / rise_d))
        return -amplitude_mag * up * np.exp(-np.maximum(phase_d, 0) / fade_d)

    return change


def together(*parts: Behaviour) -> Behaviour:
    """Return the sum of several behaviours."""

    def change(mjd: Floats, rng: np.random.Generator) -> Floats:
        total = np.zeros_like(mjd)
        for part in parts:
            total = total + part(mjd, rng)
        return total

    return change
