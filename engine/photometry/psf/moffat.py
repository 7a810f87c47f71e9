"""A first guess of the stars' shape: one elliptical Moffat profile for the whole frame.

Moffat 1969, A&A 3, 455.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from engine.photometry.psf.model import nodes_of
from engine.photometry.psf.pixels import Picture, cuts
from engine.photometry.psf.stamps import Grid, stamps_of

Array = NDArray[np.float64]

FINE = 5  # places within a pixel at which the profile is taken
STARS = 40  # the brightest are enough for five numbers
BETA = 3.0
_SHIFT = np.array([0.0, 1.0, 1.0])  # none of the numbers is near zero, so that steps in parts of it suit
_STEP = 1e-3  # smaller ones drown in the roundings of the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Moffat:
    """An elliptical profile; the second moments' ratios are those of its isophotes."""

    fwhm_pix: float
    e1: float = 0.0  # stretched along x
    e2: float = 0.0  # stretched along y = x
    beta: float = BETA

    def table(self, *, radius_pix: int, oversampling: int) -> Array:
        """Return what pixels at the nodes receive of a star of unit light."""
        half = nodes_of(radius_pix, oversampling) // 2
        step = 1.0 / (oversampling * FINE)
        reach = half * FINE + FINE // 2
        fine: Array = np.linspace(-reach * step, reach * step, 2 * reach + 1)
        values = self.at(fine[None, :], fine[:, None])
        window = FINE * oversampling  # of one pixel
        sums = _moving_sum(_moving_sum(values, window, axis=0), window, axis=1)
        nodes = sums[FINE // 2 :: FINE, FINE // 2 :: FINE]
        return np.asarray(nodes / (nodes.sum() / oversampling**2))

    def at(self, dx: Array, dy: Array) -> Array:
        """Return the surface brightness at offsets from the centre, one in the middle."""
        alpha2 = (self.fwhm_pix / 2) ** 2 / (2 ** (1 / self.beta) - 1)
        size = np.sqrt(max(1e-3, 1 - self.e1**2 - self.e2**2))
        square = ((1 - self.e1) * dx**2 - 2 * self.e2 * dx * dy + (1 + self.e1) * dy**2) / size
        return np.asarray((1 + square / alpha2) ** -self.beta)


def fit_moffat(picture: Picture, x: Array, y: Array, *, fwhm_pix: float, oversampling: int) -> Moffat:
    """Return the profile that fits stars best; each has its own light, at the place given."""
    radius_pix = max(2, round(1.5 * fwhm_pix))
    x, y = x[:STARS], y[:STARS]
    radius = np.full(len(x), radius_pix, dtype=np.int64)
    ones = np.ones((len(x), 1), dtype=np.float32)
    pixels = cuts(picture, x, y, radius_pix)
    light, weights = (
        image.reshape(len(x), -1).astype(np.float64) for image in (pixels.light_adu, pixels.sky_weight())
    )
    core = np.maximum(np.median(np.sum(weights * light**2, axis=1)), 1.0)

    def misfit(shifted: Array) -> Array:
        table = _moffat(shifted - _SHIFT).table(radius_pix=radius_pix, oversampling=oversampling)
        grid = Grid(table[None].astype(np.float32), oversampling)
        model = stamps_of(grid, ones, x, y, radius).values[0].reshape(len(x), -1).astype(np.float64)
        flux = np.sum(weights * light * model, axis=1) / np.maximum(np.sum(weights * model**2, axis=1), 1e-30)
        power = np.maximum(np.sum(weights * light**2, axis=1), core * 1e-6)  # every star counts alike
        return np.asarray(np.sqrt(weights / power[:, None]) * (light - flux[:, None] * model)).ravel()

    start = np.array([np.log(fwhm_pix), 0.0, 0.0]) + _SHIFT
    found = least_squares(misfit, start, loss="soft_l1", f_scale=0.01, max_nfev=40, diff_step=_STEP)
    return _moffat(found.x - _SHIFT)


def _moffat(numbers: Array) -> Moffat:
    length = float(np.hypot(numbers[1], numbers[2]))
    shrink = np.tanh(length) / length if length > 0 else 1.0
    return Moffat(
        fwhm_pix=float(np.exp(np.clip(numbers[0], -1.0, 4.0))),
        e1=float(numbers[1] * shrink),
        e2=float(numbers[2] * shrink),
    )


def _moving_sum(values: Array, window: int, *, axis: int) -> Array:
    """Return the sums of the values in a window round each; outside there is nothing."""
    before = window // 2
    width = [(0, 0), (0, 0)]
    width[axis] = (before + 1, window - 1 - before)
    total = np.cumsum(np.pad(values, width), axis=axis)
    ahead = [slice(None), slice(None)]
    behind = [slice(None), slice(None)]
    ahead[axis], behind[axis] = slice(window, None), slice(None, -window)
    return np.asarray(total[tuple(ahead)] - total[tuple(behind)])
