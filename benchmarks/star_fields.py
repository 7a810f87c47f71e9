"""Artificial star fields with known truth, drawn by other code and other profiles than the engine's own.

A star is three quarters of a Moffat profile (beta = 3) and one quarter of a wider one (beta = 5) beside it;
its width and roundness change over the field. For every star the field tells the least error that any method
could reach (Cramér-Rao: the star alone, its place, shape and sky known).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.frame import Frame

Array = NDArray[np.float64]

GAIN_E_ADU = 1.5
READ_NOISE_E = 8.0
SKY_ADU = 600.0
SATURATION_ADU = 60000.0
ZERO_POINT_MAG = 25.0  # of 1 ADU in the exposure
COUNTS_SLOPE = 0.25  # log10 of star counts per magnitude
FINE = 5  # places along a pixel at which the profile is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class StarField:
    """An exposure, and its stars: ``x``, ``y``, ``mag``, ``flux_adu``, ``least_err_adu``."""

    frame: Frame
    truth: pl.DataFrame


def star_field(
    seed: int,
    *,
    side_pix: int,
    stars: int,
    fwhm_pix: float = 3.2,
    mag_range: tuple[float, float] = (9.0, 18.8),
) -> StarField:
    """Return an exposure of stars at random places."""
    rng = np.random.default_rng(seed)
    bright, faint = (10 ** (COUNTS_SLOPE * mag) for mag in mag_range)
    mag = np.log10(rng.uniform(bright, faint, stars)) / COUNTS_SLOPE
    x, y = rng.uniform(-0.5, side_pix - 0.5, (2, stars))
    flux_adu = 10 ** (-0.4 * (mag - ZERO_POINT_MAG))
    light_adu = _sky(side_pix)
    least_err_adu = np.array(
        [
            _add_star(light_adu, float(x[star]), float(y[star]), float(flux_adu[star]), fwhm_pix)
            for star in range(stars)
        ]
    )
    electrons = rng.poisson(light_adu * GAIN_E_ADU) + rng.normal(0.0, READ_NOISE_E, light_adu.shape)
    data = np.minimum(np.round(electrons / GAIN_E_ADU), SATURATION_ADU).astype(np.float32)
    columns = {"x": x, "y": y, "mag": mag, "flux_adu": flux_adu, "least_err_adu": least_err_adu}
    return StarField(frame=_frame(data), truth=pl.DataFrame(columns))


def _frame(data: NDArray[np.float32]) -> Frame:
    return Frame(
        data=data,
        mask=np.zeros(data.shape, dtype=np.bool_),
        gain_e_adu=GAIN_E_ADU,
        read_noise_e=READ_NOISE_E,
        saturation_adu=SATURATION_ADU,
        exptime_s=60.0,
        mjd=60000.0,
    )


def _sky(side_pix: int) -> Array:
    row, column = np.mgrid[-0.5 : 0.5 : side_pix * 1j, -0.5 : 0.5 : side_pix * 1j]
    return np.asarray(SKY_ADU * (1.0 + 0.05 * column + 0.03 * row + 0.04 * (column**2 + row**2)))


def _add_star(light_adu: Array, x: float, y: float, flux_adu: float, fwhm_pix: float) -> float:
    """Add a star to an image, and return the least error of its light."""
    side_pix = light_adu.shape[0]
    reach = int(np.clip(fwhm_pix * (4 + 1.6 * np.log10(max(flux_adu, 1.0) / 1e3)), 8, 60))
    column, row = round(x), round(y)
    stamp = _stamp(column - x, row - y, (2 * x / side_pix - 1, 2 * y / side_pix - 1), reach, fwhm_pix)
    noise2 = SKY_ADU / GAIN_E_ADU + (READ_NOISE_E / GAIN_E_ADU) ** 2
    least = 1.0 / np.sqrt(np.sum(stamp**2 / (noise2 + flux_adu * stamp / GAIN_E_ADU)))
    bottom, left = max(0, row - reach), max(0, column - reach)
    top, right = min(side_pix, row + reach + 1), min(side_pix, column + reach + 1)
    cut = stamp[bottom - row + reach : top - row + reach, left - column + reach : right - column + reach]
    light_adu[bottom:top, left:right] += flux_adu * cut
    return float(least)


def _stamp(dx: float, dy: float, place: tuple[float, float], reach: int, fwhm_pix: float) -> Array:
    u, v = place
    width_pix = fwhm_pix * (1 + 0.06 * u + 0.05 * (u * u + v * v) - 0.03 * v)
    e1, e2 = 0.03 + 0.04 * u, 0.02 * v
    size = 2 * reach + 1
    steps = (np.arange(FINE * size) + 0.5) / FINE - 0.5 - reach
    core = _moffat(steps[None] + dx, steps[:, None] + dy, (width_pix, 3.0, e1, e2))
    wings = _moffat(steps[None] + dx - 0.5, steps[:, None] + dy + 0.3, (1.5 * width_pix, 5.0, -e1, e2))
    profile = 0.75 * core + 0.25 * wings
    return np.asarray(profile.reshape(size, FINE, size, FINE).mean(axis=(1, 3)))


def _moffat(dx: Array, dy: Array, shape: tuple[float, float, float, float]) -> Array:
    """Return a profile of volume one; ``shape`` is its width, its beta and its two ellipticities."""
    width_pix, beta, e1, e2 = shape
    alpha2 = (width_pix / 2) ** 2 / (2 ** (1 / beta) - 1)
    square = ((1 - e1) * dx**2 - 2 * e2 * dx * dy + (1 + e1) * dy**2) / np.sqrt(1 - e1**2 - e2**2)
    return np.asarray((1 + square / alpha2) ** -beta * (beta - 1) / (np.pi * alpha2))
