"""The width of single stars by a round Gaussian, integrated over pixels, fitted to their cores."""

import numpy as np
from astropy.stats import gaussian_fwhm_to_sigma
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import erf

Array = NDArray[np.float64]
Image = NDArray[np.float32]

_BOUNDS = ((-np.inf, -np.inf, -np.inf, 0.0), np.inf)
_STEP = np.sqrt(np.finfo(np.float64).eps)


def core_widths_pix(flat: Image, x: Array, y: Array, *, fwhm_pix: float, side_pix: int) -> Array:
    """Return the FWHM of stars on an image without its sky, each fitted alone.

    Parameters
    ----------
    fwhm_pix
        From which each fit starts.
    side_pix
        Of the square that is fitted, an odd number.
    """
    places = zip(x, y, strict=True)
    return np.array([_one_width_pix(flat, *place, fwhm_pix=fwhm_pix, side_pix=side_pix) for place in places])


def _one_width_pix(flat: Image, x: float, y: float, *, fwhm_pix: float, side_pix: int) -> float:
    rows, columns = (_near(at, side_pix, end) for at, end in zip((y, x), flat.shape, strict=True))
    light = flat[rows.start : rows.stop, columns.start : columns.stop]
    row, column = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)

    def misfit(numbers: Array) -> Array:
        flux, x_fit, y_fit, fwhm_fit = numbers
        scale = np.sqrt(2.0) * (fwhm_fit * gaussian_fwhm_to_sigma)
        along_x, along_y = _in_pixels(column - x_fit, scale), _in_pixels(row - y_fit, scale)
        return np.asarray(flux / 4.0 * (along_x * along_y[:, None]) - light).ravel()

    start = (float(light.sum()), x, y, fwhm_pix)
    found = least_squares(misfit, start, bounds=_BOUNDS, diff_step=_STEP, xtol=1e-7, max_nfev=100)
    return float(found.x[3])


def _near(at: float, side_pix: int, end: int) -> range:
    first = int(np.ceil(at - side_pix / 2))
    return range(max(0, first), min(end, first + side_pix))


def _in_pixels(away: Array, scale: float) -> Array:
    """Return what pixels in a row receive of a Gaussian, in units of half of its light."""
    return np.asarray(erf((away + 0.5) / scale) - erf((away - 0.5) / scale))
