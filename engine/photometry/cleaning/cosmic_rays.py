"""Cosmic rays: edges sharper than the optics can draw (van Dokkum 2001, PASP 113, 1420).

The Laplacian is taken of every pixel, because that is quick; what costs time in L.A.Cosmic, the medians round
each pixel, is taken round the few candidates only.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from engine.photometry.slabs import slabs

_SIGNIFICANT = 4.5  # of the Laplacian, for a ray's brightest pixels
_BESIDE = 1.5  # the same for the pixels next to them
SHARPEST_STAR = 5.0  # Laplacian against fine structure
WELL_SAMPLED_PIX = 3.0  # FWHM; of narrower stars the limit grows
NARROWEST_PIX = 2.2  # of narrower ones cores look like rays
_ROUNDS = 3
_HALF_PIX = 3
MARGIN_PIX = 6 * _ROUNDS  # how far they look and mark

Pixels = NDArray[np.float32]
Marks = NDArray[np.bool_]


def find_cosmic_rays(
    excess: Pixels, noise: Pixels, *, gain_e_adu: float, fwhm_pix: float, unusable: Marks
) -> Marks:
    """Return True at pixels hit by cosmic rays.

    Parameters
    ----------
    excess
        The image less its sky [ADU], shape (ny, nx).
    noise
        Of the sky in one pixel [ADU], same shape.
    fwhm_pix
        Of the stars, which should be at least ``NARROWEST_PIX``.
    unusable
        True where something else is known to be wrong: saturated, dead, or hot.

    Simulated stars lose a core pixel in 0.1 % of cases at a FWHM of 2.5 pixels, in none above 3.
    """
    sharpest = SHARPEST_STAR * max(1.0, (WELL_SAMPLED_PIX / fwhm_pix) ** 2)
    marks = np.zeros(excess.shape, dtype=np.bool_)
    for slab in slabs(len(excess), margin_pix=MARGIN_PIX):
        rows = slab.rows
        found = _marked(
            excess[rows], noise[rows], gain_e_adu=gain_e_adu, sharpest=sharpest, unusable=unusable[rows]
        )
        marks[slab.at] = found[slab.own]
    return marks


def _marked(excess: Pixels, noise: Pixels, *, gain_e_adu: float, sharpest: float, unusable: Marks) -> Marks:
    marks = np.zeros(excess.shape, dtype=np.bool_)
    image = _without_steps(excess, unusable)
    for _ in range(_ROUNDS):
        edges = _laplacian(image)
        found = _rays(image, edges, noise, gain_e_adu=gain_e_adu, sharpest=sharpest) & ~unusable & ~marks
        if not found.any():
            break
        beside = maximum_filter(found, size=3) & ~unusable & ~marks & (edges > 2.0 * _BESIDE * noise)
        marks |= found | beside
        image = _patched(image, marks)
    return marks


def _without_steps(excess: Pixels, unusable: Marks) -> Pixels:
    """Return the image with no unusable pixel below its neighbours: beside it they would look like rays."""
    return np.where(unusable, np.maximum(_patched(excess, unusable), excess), excess)


def _laplacian(image: Pixels) -> Pixels:
    """Return the positive curvature of the image on pixels split in four, averaged over each pixel."""
    padded = np.pad(image, 1, mode="edge")
    middle = 2.0 * image
    left, right = padded[1:-1, :-2], padded[1:-1, 2:]
    below, above = padded[:-2, 1:-1], padded[2:, 1:-1]
    total = np.zeros_like(image)
    for row in (below, above):
        for column in (left, right):
            total += np.maximum(middle - row - column, np.float32(0))
    return total / np.float32(4.0)


def _rays(image: Pixels, edges: Pixels, noise: Pixels, *, gain_e_adu: float, sharpest: float) -> Marks:
    rows, columns = np.nonzero(edges > 2.0 * _SIGNIFICANT * noise)
    found = np.zeros(image.shape, dtype=np.bool_)
    if not len(rows):
        return found
    near = _windows(image, rows, columns)
    size = 2 * _HALF_PIX + 1
    inner = near.reshape(-1, size, size)[:, 1:-1, 1:-1].reshape(len(rows), -1)
    core = near.reshape(-1, size, size)[:, 2:-2, 2:-2].reshape(len(rows), -1)
    smooth = np.maximum(np.median(inner, axis=1), 0.0)
    sigma = np.sqrt(noise[rows, columns] ** 2 + smooth / gain_e_adu)
    significance = edges[rows, columns] / (2.0 * sigma)
    # of a star's slope there is some everywhere round it, of a ray there is none
    usual = np.median(_windows(edges, rows, columns), axis=1) / (2.0 * sigma)
    structure = np.maximum(np.median(core, axis=1) - np.median(near, axis=1), 0.1 * sigma)
    is_ray = significance - usual > _SIGNIFICANT
    is_ray &= edges[rows, columns] > sharpest * structure
    found[rows[is_ray], columns[is_ray]] = True
    return found


def _windows(image: Pixels, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Pixels:
    """Return the 7 by 7 pixels round each place, shape (places, 49)."""
    padded = np.pad(image, _HALF_PIX, mode="edge")
    size = 2 * _HALF_PIX + 1
    view = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    return view[rows, columns].reshape(len(rows), -1)


def _patched(image: Pixels, marks: Marks) -> Pixels:
    """Return the image with the median of the sound pixels round each marked one in its place."""
    rows, columns = np.nonzero(marks)
    patched = image.copy()
    if not len(rows):
        return patched
    near = _windows(np.where(marks, np.float32(np.nan), image), rows, columns)
    known = ~np.all(np.isnan(near), axis=1)
    patched[rows[known], columns[known]] = np.nanmedian(near[known], axis=1)
    patched[rows[~known], columns[~known]] = 0.0
    return patched
