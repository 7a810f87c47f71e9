"""Stars that show only when the others are taken away: a matched filter over what is left of the frame."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from engine.photometry.detect import FWHM_PER_SIGMA
from engine.photometry.psf.fit import StarFit, Stars, weights_of
from engine.photometry.psf.model import Psf
from engine.photometry.psf.pixels import Picture, Pixels
from engine.photometry.psf.tiles import Tile, tiles_of

SIGNIFICANT = 4.0
APART_FWHM = 0.8  # nearer to a star, what is left is its own misfit
SHARPNESS = (0.3, 2.0)  # of the peak against a star's: rays are sharper, galaxies flatter


def unseen_stars(picture: Picture, psf: Psf, fit: StarFit, *, sigma_pix: float) -> Stars:
    """Return the stars in the residual, brightest first.

    Parameters
    ----------
    sigma_pix
        What is known of their places.
    """
    reach_pix = max(1, round(psf.fwhm_pix / 2))
    found = [
        _in_tile(picture, psf, fit, tile, reach_pix=reach_pix)
        for tile in tiles_of(psf.shape, margin_pix=reach_pix + int(np.ceil(2 * psf.fwhm_pix)))
    ]
    rows, columns, flux = (np.concatenate(each) for each in zip(*found, strict=True))
    good = _is_star_like(fit, psf, rows, columns, flux)
    good &= _is_apart(fit.stars, psf, columns, rows)
    rows, columns, flux = rows[good], columns[good], flux[good]
    order = np.argsort(-flux, kind="stable")
    x, y = (places[order].astype(np.float64) for places in (columns, rows))
    return Stars(x=x, y=y, flux_adu=flux[order], place_sigma_pix=np.full(len(x), sigma_pix))


def _in_tile(
    picture: Picture, psf: Psf, fit: StarFit, tile: Tile, *, reach_pix: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return rows and columns of what stands out in a tile, and its light."""
    pixels = picture.part(tile.rows, tile.columns)
    significance, flux_adu = _filtered(pixels, psf, fit.residual_adu[tile.rows, tile.columns])
    rows, columns = _peaks(significance, reach_pix=reach_pix)
    own = tile.owns(columns + tile.columns.start, rows + tile.rows.start)
    rows, columns = rows[own], columns[own]
    light = flux_adu[rows, columns].astype(np.float64)
    return rows + tile.rows.start, columns + tile.columns.start, light


def _filtered(
    pixels: Pixels, psf: Psf, residual_adu: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the significance of a star at each pixel, and its light, by a Gaussian as wide as the PSF."""
    sigma_pix = psf.fwhm_pix / FWHM_PER_SIGMA
    weight = weights_of(pixels, psf, pixels.light_adu - residual_adu)
    signal = gaussian_filter(residual_adu * weight, sigma_pix, mode="constant", truncate=3.0)
    power = gaussian_filter(weight, sigma_pix / np.sqrt(2.0), mode="constant", truncate=3.0)
    power = np.maximum(power / np.float32(4.0 * np.pi * sigma_pix**2), np.float32(1e-12))
    return signal / np.sqrt(power), signal / power


def _peaks(
    significance: NDArray[np.float32], *, reach_pix: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of what is significant, and the most so round about."""
    rows, columns = np.nonzero(significance > SIGNIFICANT)
    steps = np.arange(-reach_pix, reach_pix + 1)
    padded = np.pad(significance, reach_pix, constant_values=-np.inf)
    near = padded[
        rows[:, None, None] + reach_pix + steps[:, None], columns[:, None, None] + reach_pix + steps
    ]
    is_peak = significance[rows, columns] >= near.max(axis=(1, 2), initial=-np.inf)
    return rows[is_peak], columns[is_peak]


def _is_star_like(
    fit: StarFit, psf: Psf, rows: NDArray[np.int64], columns: NDArray[np.int64], flux_adu: NDArray[np.float64]
) -> NDArray[np.bool_]:
    middle = psf.tables.shape[1] // 2
    peak = flux_adu * float(psf.tables[0, middle, middle])
    sharpness = fit.residual_adu[rows, columns] / np.maximum(peak, 1e-6)
    return np.asarray((sharpness > SHARPNESS[0]) & (sharpness < SHARPNESS[1]))


def _is_apart(
    stars: Stars, psf: Psf, columns: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    if not len(stars):
        return np.ones(len(rows), dtype=np.bool_)
    distance, _ = cKDTree(np.column_stack([stars.x, stars.y])).query(np.column_stack([columns, rows]))
    return np.asarray(distance > APART_FWHM * psf.fwhm_pix)
