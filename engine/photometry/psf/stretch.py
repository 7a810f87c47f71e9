"""How width and roundness of the stars change over the frame: three numbers a star, smooth over the field."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.photometry.ground import SIGMA_PER_MAD
from engine.photometry.psf.fit import StarFit
from engine.photometry.psf.model import Psf, field_terms, normalised
from engine.photometry.psf.moffat import Moffat
from engine.photometry.psf.pixels import Picture, cut_out, cuts
from engine.photometry.psf.stamps import Grid, stamps_of

Array = NDArray[np.float64]

STEP = 0.02  # of the logarithm of the width, and of the two ellipticities
CORE_FWHM = 1.5
CLIP_SIGMA = 4.0
CLIP_ROUNDS = 4


def stretched(psf: Psf, profile: Moffat, fit: StarFit, picture: Picture, is_model: NDArray[np.bool_]) -> Psf:
    """Return the PSF with the profile's shape as a polynomial of field position."""
    shapes = _derivatives(psf, profile)
    numbers, weights = _of_each_star(psf, shapes, fit, picture, is_model)
    terms = field_terms(fit.stars.x[is_model], fit.stars.y[is_model], shape=psf.shape, order=psf.order)
    tables = psf.tables.astype(np.float64)
    for shape, values, weight in zip(shapes, numbers.T, weights.T, strict=True):
        for term, coefficient in enumerate(_smooth(terms, values, weight)):
            tables[term] += coefficient * shape
    return replace(psf, tables=normalised(tables, oversampling=psf.oversampling).astype(np.float32))


def _derivatives(psf: Psf, profile: Moffat) -> list[Array]:
    """Return what the table gains when the star grows by a factor e, or is stretched by one."""
    size = {"radius_pix": psf.radius_pix, "oversampling": psf.oversampling}
    both_ways = [
        (replace(profile, fwhm_pix=profile.fwhm_pix * np.exp(sign * STEP)) for sign in (1, -1)),
        (replace(profile, e1=profile.e1 + sign * STEP) for sign in (1, -1)),
        (replace(profile, e2=profile.e2 + sign * STEP) for sign in (1, -1)),
    ]
    tables = [[each.table(**size) for each in pair] for pair in both_ways]
    return [(more - less) / (2 * STEP) for more, less in tables]


def _of_each_star(
    psf: Psf, shapes: list[Array], fit: StarFit, picture: Picture, is_model: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return by how much each star differs in each shape, and one over the variance of that."""
    stars = fit.stars
    x, y, flux = stars.x[is_model], stars.y[is_model], np.maximum(stars.flux_adu[is_model], 1e-6)
    radius_pix = max(2, round(CORE_FWHM * psf.fwhm_pix))
    radius = np.full(len(x), radius_pix, dtype=np.int64)
    ones = np.ones((len(x), 1), dtype=np.float32)
    drawn = [*stamps_of(Grid(psf.tables[:1], psf.oversampling), ones, x, y, radius).values]
    for shape in shapes:
        grid = Grid(shape[None].astype(np.float32), psf.oversampling)
        drawn.append(stamps_of(grid, ones, x, y, radius).values[0])
    basis = np.stack(drawn, axis=-1).reshape(len(x), -1, len(drawn)).astype(np.float64) * flux[:, None, None]
    pixels, residual = cuts(picture, x, y, radius_pix), cut_out(fit.residual_adu, x, y, radius_pix)
    left, weights = (
        image.reshape(len(x), -1).astype(np.float64) for image in (residual, pixels.sky_weight())
    )
    photons = np.maximum(basis[:, :, 0], 0.0) / picture.gain_e_adu
    weights = weights / (1.0 + weights * photons)
    matrix = np.einsum("spa,sp,spb->sab", basis, weights, basis)
    side = np.einsum("spa,sp,sp->sa", basis, weights, left)
    matrix += 1e-9 * np.trace(matrix, axis1=1, axis2=2)[:, None, None] * np.eye(basis.shape[2])
    inverse = np.linalg.inv(matrix)
    found = np.einsum("sab,sb->sa", inverse, side)
    return found[:, 3:], 1.0 / np.maximum(np.diagonal(inverse, axis1=1, axis2=2)[:, 3:], 1e-12)


def _smooth(terms: Array, values: Array, weight: Array) -> Array:
    """Return the polynomial that the values follow, without those that stray."""
    weight = 1.0 / (1.0 / weight + 0.01**2)  # no star decides alone
    good = np.ones(len(values), dtype=np.bool_)
    for _ in range(CLIP_ROUNDS):
        root = np.sqrt(weight[good])[:, None]
        solution = np.linalg.lstsq(terms[good] * root, values[good] * root[:, 0], rcond=None)[0]
        misses = values - terms @ solution
        spread = SIGMA_PER_MAD * float(np.median(np.abs(misses[good])))
        good = np.abs(misses) <= max(CLIP_SIGMA * spread, 1e-4)
    return np.asarray(solution)
