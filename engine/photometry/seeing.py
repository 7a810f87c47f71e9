"""How wide single stars are: a round Gaussian, summed over pixels, fitted to the core of each."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import erf

Array = NDArray[np.float64]

_SCALE_PER_FWHM = 1.0 / np.sqrt(4.0 * np.log(2.0))  # of erf: the root of two times sigma
_LEAST_PIXELS = 5  # for four numbers
_NARROWEST_PIX = 1e-3  # on its way a fit may pass below nothing


def fitted_fwhm_pix(image_adu: NDArray[np.float32], x: float, y: float, *, fwhm_pix: float) -> float:
    """Return the FWHM of the star near a place; NaN where no Gaussian fits.

    Parameters
    ----------
    image_adu
        Without its sky; what is not finite is left out.
    fwhm_pix
        About what is expected. Only the core is fitted: wings would widen a Gaussian.
    """
    half = max(2, round(0.6 * fwhm_pix))
    near_x, near_y = round(x), round(y)
    rows = np.arange(max(0, near_y - half), min(image_adu.shape[0], near_y + half + 1))
    columns = np.arange(max(0, near_x - half), min(image_adu.shape[1], near_x + half + 1))
    light = image_adu[rows[:, None], columns].astype(np.float64)
    usable = np.isfinite(light)
    if np.count_nonzero(usable) < _LEAST_PIXELS:
        return float("nan")
    unit = max(float(np.abs(light[usable]).max()), 1e-30)

    def misfit(numbers: Array) -> Array:
        flux, at_x, at_y, width_pix = numbers
        down, across = _part(rows - at_y, width_pix), _part(columns - at_x, width_pix)
        return np.asarray((flux * np.outer(down[0], across[0]) - light / unit)[usable])

    def slopes(numbers: Array) -> Array:
        flux, at_x, at_y, width_pix = numbers
        down, across = _part(rows - at_y, width_pix), _part(columns - at_x, width_pix)
        by_width = np.outer(down[2], across[0]) + np.outer(down[0], across[2])
        by_place = (np.outer(down[0], across[1]), np.outer(down[1], across[0]))
        by_each = (np.outer(down[0], across[0]), *(flux * by for by in (*by_place, by_width)))
        return np.stack([by[usable] for by in by_each], axis=1)

    start = [light[usable].sum() / unit, x, y, fwhm_pix]
    found = least_squares(misfit, start, jac=slopes, method="lm")
    return abs(float(found.x[3])) if found.success else float("nan")


def _part(away_pix: Array, fwhm_pix: float) -> tuple[Array, Array, Array]:
    """Return the part of a Gaussian's light on pixels so far away, and its slopes by place and width."""
    scale = max(abs(fwhm_pix), _NARROWEST_PIX) * _SCALE_PER_FWHM
    right, left = (away_pix + 0.5) / scale, (away_pix - 0.5) / scale
    bell_right, bell_left = (np.exp(-(edge**2)) / (np.sqrt(np.pi) * scale) for edge in (right, left))
    by_width = (left * bell_left - right * bell_right) * _SCALE_PER_FWHM
    return 0.5 * (erf(right) - erf(left)), bell_left - bell_right, by_width
