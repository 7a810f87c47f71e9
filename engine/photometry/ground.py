"""The ground on which stars stand: the frame without its sky, and what the sky's mesh missed round each star.

Large frames are looked at in slabs of rows, so that no second image of their size is needed.
"""

from collections.abc import Iterator

import numpy as np
import sep
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.detect import Detection
from engine.photometry.slabs import Slab, slabs

DEFAULT_FWHM_PIX = 3.0  # where too few stars tell it
ANNULUS_AREA_PIX = 400.0
MIN_SKY_PIX = 30
MEDIAN_VARIANCE = np.pi / 2  # of a median, in units of that of a mean
SIGMA_PER_MAD = 1.4826
STARS_AT_ONCE = 2000

Array = NDArray[np.float64]


def flat_of(frame: Frame, detection: Detection, rows: slice = slice(None)) -> NDArray[np.float32]:
    """Return some rows of the frame without its sky; what is not finite is zero."""
    flat = detection.background.part(rows)
    np.subtract(frame.data[rows], flat, out=flat)
    flat[~np.isfinite(flat)] = 0.0
    return flat


def circle_sums(
    frame: Frame, detection: Detection, x: Array, y: Array, radii_pix: tuple[float, ...], *, subpix: int = 0
) -> Array:
    """Return the light in circles round places on the frame, the mesh's sky taken off: shape (radii, places).

    Parameters
    ----------
    subpix
        Parts, along each side, into which a pixel on the rim is split; 0 for its exact area.
    """
    sums = np.zeros((len(radii_pix), len(x)))
    for slab, here in _with_places(frame, y, margin_pix=int(np.ceil(max(radii_pix))) + 2):
        flat = flat_of(frame, detection, slab.rows)
        for row, radius_pix in enumerate(radii_pix):
            sums[row, here], _, _ = sep.sum_circle(
                flat, x[here], y[here] - slab.rows.start, radius_pix, subpix=subpix
            )
    return sums


def local_sky(frame: Frame, detection: Detection, x: Array, y: Array) -> tuple[Array, Array]:
    """Return what the sky mesh missed round each position, and its variance, per pixel [ADU, ADU^2].

    The median of a ring clear of the star's own light, without the pixels of any source.
    """
    sky_adu, variance = np.zeros(len(x)), np.zeros(len(x))
    reach_pix = int(np.ceil(sky_ring_pix(detection.fwhm_pix or DEFAULT_FWHM_PIX)[1]))
    for slab, stars in _with_places(frame, y, margin_pix=reach_pix):
        flat = flat_of(frame, detection, slab.rows)
        is_sky = (detection.segments[slab.rows] == 0) & ~frame.mask[slab.rows]
        for first in range(0, len(stars), STARS_AT_ONCE):
            here = stars[first : first + STARS_AT_ONCE]
            sky_adu[here], variance[here] = _of_rings(
                flat, is_sky, x[here], np.round(y[here]) - slab.rows.start, fwhm_pix=detection.fwhm_pix
            )
    return sky_adu, variance


def sky_ring_pix(fwhm_pix: float) -> tuple[float, float]:
    """Return the radii of the ring in which a star's sky is measured."""
    inner_pix = max(6.0, 4.0 * fwhm_pix)
    return inner_pix, float(np.sqrt(inner_pix**2 + ANNULUS_AREA_PIX / np.pi))


def _with_places(frame: Frame, y: Array, *, margin_pix: int) -> Iterator[tuple[Slab, NDArray[np.int64]]]:
    """Give the slabs of a frame with the numbers of the places on their own rows."""
    rows = np.clip(np.rint(y), 0, frame.shape[0] - 1)
    for slab in slabs(frame.shape[0], margin_pix=margin_pix):
        here = np.flatnonzero((rows >= slab.at.start) & (rows < slab.at.stop))
        if len(here):
            yield slab, here


def _of_rings(
    flat: NDArray[np.float32], is_sky: NDArray[np.bool_], x: Array, y: Array, *, fwhm_pix: float | None
) -> tuple[Array, Array]:
    inner_pix, outer_pix = sky_ring_pix(fwhm_pix or DEFAULT_FWHM_PIX)
    reach = int(np.ceil(outer_pix))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(dy, dx)
    in_ring = (distance >= inner_pix) & (distance <= outer_pix)
    rows = np.round(y).astype(int)[:, None] + dy[in_ring]
    columns = np.round(x).astype(int)[:, None] + dx[in_ring]
    ny, nx = flat.shape
    inside = (rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx)
    rows, columns = np.clip(rows, 0, ny - 1), np.clip(columns, 0, nx - 1)
    usable = inside & is_sky[rows, columns]
    pixels = flat[rows, columns].astype(np.float64)
    middle = _row_medians(pixels, usable)[:, None]
    spread = SIGMA_PER_MAD * _row_medians(np.abs(pixels - middle), usable)[:, None]
    usable &= np.abs(pixels - middle) <= 3 * spread
    count = usable.sum(axis=1)
    is_known = count >= MIN_SKY_PIX
    sky_adu = np.where(is_known, _row_medians(pixels, usable), 0.0)
    variance = MEDIAN_VARIANCE * spread[:, 0] ** 2 / np.maximum(count, 1)
    return sky_adu, np.where(is_known, variance, 0.0)


def _row_medians(values: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the median of the usable values of each row, zero for a row without any."""
    ordered = np.sort(np.where(usable, values, np.inf), axis=1)
    count = usable.sum(axis=1)
    lower, upper = np.maximum(count - 1, 0) // 2, count // 2
    every = np.arange(len(values))
    middle = (ordered[every, lower] + ordered[every, np.minimum(upper, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, 0.0)
