"""The shape of the stars learnt from the frame itself: a Moffat profile, and on it what real stars add."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from engine.photometry.psf.fit import StarFit, Stars, fit_stars
from engine.photometry.psf.model import TERMS, Psf, field_terms, normalised, oversampling_for
from engine.photometry.psf.moffat import fit_moffat
from engine.photometry.psf.pixels import Picture, Pixels, cut_out, cuts
from engine.photometry.psf.splat import Models, splat
from engine.photometry.psf.stamps import Grid
from engine.photometry.psf.stretch import stretched

Array = NDArray[np.float64]

STARS_FOR_ORDER = ((15, 2), (8, 1), (0, 0))
STARS_FOR_OWN_FIELD = 60  # that tell how what they add to the profile changes over the frame
RADIUS_FWHM = 4.5
ROUNDS = 3
OWN_SHAPE = 0.1  # of the profile: what real stars may add to it
OWN_FLOOR = 1e-8
RING_FWHM = 0.6  # from one ring to the next
RING_SHARE = 0.2  # of the profile: what a ring may have more or less
_RINGS_FWHM = np.arange(0.0, RADIUS_FWHM + 1.0, RING_FWHM)
SMOOTH = 0.15  # of the FWHM: what real stars add is no sharper
HIGHER_TERMS = 0.2  # of that, for each change over the field
LEAST_MISMATCH, MOST_MISMATCH = 0.002, 0.2
CORE = 0.2  # of the peak: pixels that tell the mismatch


def build_psf(picture: Picture, stars: Stars, is_model: NDArray[np.bool_], *, fwhm_pix: float) -> Psf:
    """Return the PSF of a frame.

    Parameters
    ----------
    stars
        Everything on the frame that neighbours may be disturbed by, the brightest first.
    is_model
        True for the stars that tell the shape: alone, bright, neither saturated nor cut.
    """
    count = int(np.sum(is_model))
    oversampling = oversampling_for(fwhm_pix)
    radius_pix = max(4, int(np.ceil(RADIUS_FWHM * fwhm_pix)))
    guess = fit_moffat(
        picture, stars.x[is_model], stars.y[is_model], fwhm_pix=fwhm_pix, oversampling=oversampling
    )
    order = next(order for needed, order in STARS_FOR_ORDER if count >= needed)
    table = guess.table(radius_pix=radius_pix, oversampling=oversampling)
    tables = np.concatenate([table[None], np.zeros((TERMS[order] - 1, *table.shape))])
    psf = Psf(
        tables=tables.astype(np.float32),
        oversampling=oversampling,
        radius_pix=radius_pix,
        fwhm_pix=guess.fwhm_pix,
        shape=picture.shape,
        stars=count,
        mismatch=0.02,
    )
    fit = fit_stars(picture, psf, stars, steps=3)
    profile = stretched(psf, guess, fit, picture, is_model)
    psf, stars = profile, fit.stars
    for _ in range(ROUNDS):
        del fit  # it holds an image
        fit = fit_stars(picture, psf, stars, steps=2)
        psf, stars = improved(psf, profile, fit, picture, is_model), fit.stars
    del fit
    return with_mismatch(psf, fit_stars(picture, psf, stars, steps=2), picture, is_model)


def improved(psf: Psf, profile: Psf, fit: StarFit, picture: Picture, is_model: NDArray[np.bool_]) -> Psf:
    """Return the PSF with what the model stars have beyond it, node by node; at first it is a profile."""
    stars = fit.stars
    x, y, flux = stars.x[is_model], stars.y[is_model], np.maximum(stars.flux_adu[is_model], 1e-6)
    models = Models(x, y, flux, field_terms(x, y, shape=psf.shape, order=psf.order))
    grid = Grid(psf.tables, psf.oversampling)
    residual = cut_out(fit.residual_adu, x, y, psf.radius_pix)
    variance = _variance(cuts(picture, x, y, psf.radius_pix), residual)
    matrix, side = splat(residual, variance, grid, models)
    profile = _with_rings(profile, psf, matrix[..., 0, 0], side[..., 0])
    count = len(psf.tables)
    expected = OWN_SHAPE * np.abs(profile.tables[0].astype(np.float64)) + OWN_FLOOR
    changing = HIGHER_TERMS if psf.stars >= STARS_FOR_OWN_FIELD else HIGHER_TERMS / 10
    share = np.array([1.0] + [changing] * (count - 1))
    known = 1.0 / (expected[..., None] * share) ** 2
    matrix[..., np.arange(count), np.arange(count)] += known
    side -= known * np.moveaxis((psf.tables - profile.tables).astype(np.float64), 0, -1)
    change = np.linalg.solve(matrix, side[..., None])[..., 0]
    more = psf.tables.astype(np.float64) + np.moveaxis(change, -1, 0) - profile.tables
    width = SMOOTH * psf.fwhm_pix * psf.oversampling
    tables = profile.tables + gaussian_filter(more, (0, width, width), mode="constant", truncate=3.0)
    return replace(psf, tables=normalised(tables, oversampling=psf.oversampling).astype(np.float32))


def _with_rings(profile: Psf, psf: Psf, matrix: Array, side: Array) -> Psf:
    """Return the profile with more or less light at each distance from the middle, as the stars have it.

    Parameters
    ----------
    matrix, side
        Of each node's equation for what is missing of the PSF there.
    """
    middle = profile.tables.shape[1] // 2
    steps = np.arange(profile.tables.shape[1]) - middle
    away_fwhm = np.hypot(steps[:, None], steps[None, :]) / (psf.oversampling * psf.fwhm_pix)
    rings = np.clip(1.0 - np.abs(away_fwhm[..., None] - _RINGS_FWHM) / RING_FWHM, 0.0, 1.0)
    light = profile.tables[0].astype(np.float64)
    parts = rings * light[..., None]
    missing = side - matrix * (light - psf.tables[0])
    equations = np.einsum("yxa,yx,yxb->ab", parts, matrix, parts) + np.eye(len(_RINGS_FWHM)) / RING_SHARE**2
    more = np.linalg.solve(equations, np.einsum("yxa,yx->a", parts, missing))
    tables = profile.tables.astype(np.float64)
    tables[0] += parts @ more
    return replace(profile, tables=tables.astype(np.float32))


def _variance(pixels: Pixels, residual: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the variance of each pixel, the stars' own photons included; infinite where it tells nothing."""
    variance: NDArray[np.float32] = np.maximum(pixels.light_adu - residual, np.float32(0))
    variance /= np.float32(pixels.gain_e_adu)
    variance += pixels.noise_adu**2
    variance[~pixels.usable] = np.inf
    return variance


def with_mismatch(psf: Psf, fit: StarFit, picture: Picture, is_model: NDArray[np.bool_]) -> Psf:
    """Return the PSF with what the stars' cores differ from it beyond their noise."""
    stars, radius_pix = fit.stars, max(1, round(psf.fwhm_pix))
    x, y, flux = stars.x[is_model], stars.y[is_model], stars.flux_adu[is_model]
    if not len(x):
        return replace(psf, mismatch=LEAST_MISMATCH)
    size = 2 * radius_pix + 1
    drawn = psf.drawn(x, y, np.full(len(x), radius_pix, dtype=np.int64))
    model = flux[:, None, None] * drawn.values[0].reshape(-1, size, size)
    pixels, residual = cuts(picture, x, y, radius_pix), cut_out(fit.residual_adu, x, y, radius_pix)
    variance = pixels.noise_adu**2 + np.maximum(model, 0.0) / pixels.gain_e_adu
    in_core = pixels.usable & (model > CORE * model.max(axis=(1, 2), keepdims=True))
    excess = (residual.astype(np.float64) ** 2 - variance) / np.maximum(model, 1e-6) ** 2
    per_star = np.sum(np.where(in_core, excess, 0.0), axis=(1, 2)) / np.maximum(in_core.sum(axis=(1, 2)), 1)
    mismatch = np.sqrt(max(float(np.median(per_star)), 0.0))
    return replace(psf, mismatch=float(np.clip(mismatch, LEAST_MISMATCH, MOST_MISMATCH)))
