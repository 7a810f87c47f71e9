"""How wide single stars are: photutils' round Gaussian, summed over pixels, fitted to the core of each.

Its own fit_fwhm finds the same in three times the time: it makes tables and a model anew for every star.
"""

import numpy as np
from numpy.typing import NDArray
from photutils.psf import CircularGaussianPRF
from scipy.optimize import least_squares

Array = NDArray[np.float64]

_LEAST_PIXELS = 5  # for four numbers
_NARROWEST_PIX = 1e-3  # on its way a fit may pass below nothing
_light_at = CircularGaussianPRF().evaluate


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
    rows, columns = (
        np.arange(max(0, round(middle) - half), min(size, round(middle) + half + 1))
        for middle, size in zip((y, x), image_adu.shape, strict=True)
    )
    light = image_adu[rows[:, None], columns].astype(np.float64)
    usable = np.isfinite(light)
    if np.count_nonzero(usable) < _LEAST_PIXELS:
        return float("nan")
    light /= max(float(np.abs(light[usable]).max()), 1e-30)

    def misfit(numbers: Array) -> Array:
        flux, at_x, at_y, width_pix = numbers
        model = _light_at(columns, rows[:, None], flux, at_x, at_y, max(abs(width_pix), _NARROWEST_PIX))
        return np.asarray((model - light)[usable])

    found = least_squares(misfit, [light[usable].sum(), x, y, fwhm_pix], method="lm")
    return abs(float(found.x[3])) if found.success else float("nan")
