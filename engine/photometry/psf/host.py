"""Light under a star that is no star: a galaxy, a nebula, the wings of something bright."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.photometry.ground import MEDIAN_VARIANCE, SIGMA_PER_MAD
from engine.photometry.psf.light import StarLight

RINGS_FWHM = (1.5, 2.25, 3.0)
INWARDS = 2.0  # steps from ring to ring that lead from the inner one to the star's core
STEEPEST = 1.6  # from ring to ring
MIN_PIXELS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """What a fit of a star holds of the light under it, if that goes on inwards as round the star."""

    flux_adu: float
    err_adu: float


def underlying_light(light: StarLight, x: float, y: float) -> Underlying:
    """Return the light under a star, from two rings round it in the frame without stars.

    A fit takes of an even light what falls on the PSF's noise-equivalent area, one over its squares' sum
    (King 1983, PASP 95, 163).
    """
    fwhm_pix = light.psf.fwhm_pix
    edges_pix = [factor * fwhm_pix for factor in RINGS_FWHM]
    reach = int(np.ceil(edges_pix[-1]))
    ny, nx = light.psf.shape
    row, column = round(y), round(x)
    rows = slice(max(0, row - reach), min(ny, row + reach + 1))
    columns = slice(max(0, column - reach), min(nx, column + reach + 1))
    dy, dx = np.mgrid[rows, columns]
    distance = np.hypot(dy - y, dx - x)
    residual, usable = light.without_seen_stars()[rows, columns], light.pixels.usable(rows, columns)
    rings = [
        _level(residual[usable & (distance >= low) & (distance < high)]) for low, high in pairwise(edges_pix)
    ]
    if None in rings:
        return Underlying(flux_adu=0.0, err_adu=0.0)
    (inner, error), (outer, _) = (ring for ring in rings if ring is not None)
    rise = min(inner / outer, STEEPEST) ** INWARDS if inner > outer > 0 else 1.0
    area_pix = light.psf.noise_area_pix
    return Underlying(flux_adu=area_pix * rise * inner, err_adu=area_pix * rise * error)


def _level(pixels: NDArray[np.float32]) -> tuple[float, float] | None:
    """Return the usual value of a ring and its error, or None where too few pixels tell it."""
    if len(pixels) < MIN_PIXELS:
        return None
    level = float(np.median(pixels))
    spread = SIGMA_PER_MAD * float(np.median(np.abs(pixels - level)))
    return level, spread * float(np.sqrt(MEDIAN_VARIANCE / len(pixels)))
