"""The light of every star of a frame by its PSF: the shape learnt, then all stars fitted together."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.apertures import with_magnitudes
from engine.photometry.detect import Detection, saturated_pixels, sky_mesh_pix
from engine.photometry.ground import SIGMA_PER_MAD, flat_of
from engine.photometry.psf.build import build_psf, refined
from engine.photometry.psf.cast import SEEN_SIGMA_PIX, beside, both, cast_of, chosen, moved, seen_stars
from engine.photometry.psf.choose import is_plausible, model_stars
from engine.photometry.psf.equations import own_equations
from engine.photometry.psf.fit import Pixels, StarFit, Stars, fit_stars
from engine.photometry.psf.marks import flags_of
from engine.photometry.psf.model import Psf
from engine.photometry.psf.stamps import add_stars
from engine.photometry.psf.unseen import unseen_stars

Array = NDArray[np.float64]

LEAST_MODEL_STARS = 8
SAME_FWHM = 0.6  # nearer to a catalogue's star, a source is that star
LEAST_NOISE = 0.3  # of the noise that the sky mesh showed before the stars were known
NEIGHBOUR_FWHM = 7.0  # that a star may be from a model star to disturb it
EMPTY_PLACES = 900
LEAST_EMPTY_PLACES = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StarLight:
    """All stars of a frame as fitted.

    Attributes
    ----------
    table
        In ``APERTURE_SCHEMA``, one row per place that was asked for.
    pixels
        What was fitted: the frame without its sky.
    seen
        How many of the stars were detected or catalogued; the others showed in the residual only.
    """

    table: pl.DataFrame
    psf: Psf
    fit: StarFit
    pixels: Pixels
    seen: int

    def without_seen_stars(self) -> NDArray[np.float32]:
        """Return the frame without the stars that were detected or catalogued; fainter light stays in it."""
        stars, first = self.fit.stars, self.seen
        left: NDArray[np.float32] = self.fit.residual_adu.copy()
        x, y = stars.x[first:], stars.y[first:]
        radius = np.full(len(x), max(2, round(2 * self.psf.fwhm_pix)), dtype=np.int64)
        add_stars(left, stars.flux_adu[first:], self.psf.drawn(x, y, radius))
        return left

    def every_star(self) -> pl.DataFrame:
        """Return ``x``, ``y``, ``flux_adu``, ``flux_err_adu`` of every star, once."""
        stars = self.fit.stars
        return pl.DataFrame(
            {
                "x": stars.x,
                "y": stars.y,
                "flux_adu": stars.flux_adu,
                "flux_err_adu": self.fit.flux_err_adu,
            }
        )


def psf_light(
    frame: Frame, detection: Detection, places: pl.DataFrame, known: pl.DataFrame, *, known_sigma_pix: float
) -> StarLight | None:
    """Return the light of the stars at each place, or None where no trustworthy PSF is to be had.

    Parameters
    ----------
    places
        ``x``, ``y``: the frame's sources in the order of the detection, then the target.
    known
        ``x``, ``y`` of all catalogue stars on the frame but the target, seen or not.
    known_sigma_pix
        By how much these places may be off.
    """
    is_model = model_stars(frame, detection)
    if int(np.sum(is_model)) < LEAST_MODEL_STARS or detection.fwhm_pix is None:
        return None
    pixels = _pixels(frame, detection)
    sources = seen_stars(detection)
    near = beside(sources, is_model, reach_pix=NEIGHBOUR_FWHM * detection.fwhm_pix)
    psf = build_psf(pixels, chosen(sources, near), is_model[near], fwhm_pix=detection.fwhm_pix)
    if not is_plausible(psf, detection):
        return None
    cast = cast_of(places, known, sources, known_sigma_pix=known_sigma_pix, same_pix=SAME_FWHM * psf.fwhm_pix)
    stars = moved(cast.stars, _shift(pixels, psf, sources, is_model))
    seen, fit = len(stars), fit_stars(pixels, psf, stars)
    pixels = _without_sky(pixels, fit)
    stars = _with_unseen(stars, pixels, psf, fit)
    del fit  # it holds an image
    fit = fit_stars(pixels, psf, stars, steps=3)
    models = np.isin(np.arange(len(stars)), cast.row_of[np.flatnonzero(is_model)])
    psf, fit = refined(psf, fit, pixels, models)
    pixels = _without_sky(pixels, fit)
    stars = _with_unseen(stars, pixels, psf, fit)
    del fit
    fit = fit_stars(pixels, psf, stars, steps=3)
    table = _table(frame, detection, fit, psf, cast.row_of)
    return StarLight(table=table, psf=psf, fit=fit, pixels=pixels, seen=seen)


def _with_unseen(stars: Stars, pixels: Pixels, psf: Psf, fit: StarFit) -> Stars:
    """Return the stars as fitted, and those that show when they are taken away."""
    more = unseen_stars(pixels, psf, fit, sigma_pix=SEEN_SIGMA_PIX)
    return both(replace(stars, flux_adu=fit.stars.flux_adu), more)


def noise_factor(light: StarLight, detection: Detection) -> float:
    """Return by how much stars fitted at empty places scatter more than they should; 1 where unknown."""
    ny, nx = light.psf.shape
    step_pix = max(2 * light.psf.fwhm_pix + 1, np.sqrt(ny * nx / EMPTY_PLACES))
    y, x = (grid.ravel().astype(np.float64) for grid in np.mgrid[step_pix:ny:step_pix, step_pix:nx:step_pix])
    empty = detection.segments[np.rint(y).astype(int) % ny, np.rint(x).astype(int) % nx] == 0
    x, y = x[empty], y[empty]
    if len(x) < LEAST_EMPTY_PLACES:
        return 1.0
    radius = np.full(len(x), max(2, round(1.5 * light.psf.fwhm_pix)), dtype=np.int64)
    own, sides = own_equations(
        light.fit.residual_adu, light.pixels.sky_weight(), light.psf.drawn(x, y, radius)
    )
    told = own[:, 0, 0] > 0
    pulls = sides[told, 0] / np.sqrt(own[told, 0, 0])
    return float(max(1.0, SIGMA_PER_MAD * np.median(np.abs(pulls - np.median(pulls)))))


def _pixels(frame: Frame, detection: Detection) -> Pixels:
    return Pixels(
        light_adu=flat_of(frame, detection),
        noise_adu=detection.rms.part(),
        usable=np.isfinite(frame.data) & ~frame.mask & ~saturated_pixels(frame),
        gain_e_adu=frame.gain_e_adu,
    )


def _shift(pixels: Pixels, psf: Psf, sources: Stars, is_model: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how far the PSF's middle lies from the stars' centres by which the frame was placed."""
    models = chosen(sources, is_model)
    loose = replace(models, place_sigma_pix=2 * models.place_sigma_pix)
    fitted = fit_stars(pixels, psf, loose, steps=2).stars
    return float(np.median(fitted.x - models.x)), float(np.median(fitted.y - models.y))


def _without_sky(pixels: Pixels, fit: StarFit) -> Pixels:
    """Return the pixels without the sky that the mesh had missed, and without stars in their noise."""
    mesh_pix = sky_mesh_pix(pixels.usable.shape)
    sky = sep.Background(
        np.ascontiguousarray(fit.residual_adu), mask=~pixels.usable, bw=mesh_pix, bh=mesh_pix
    )
    light_adu, noise_adu = sky.back(dtype=np.float32), sky.rms(dtype=np.float32)
    np.subtract(pixels.light_adu, light_adu, out=light_adu)
    np.clip(noise_adu, LEAST_NOISE * pixels.noise_adu, pixels.noise_adu, out=noise_adu)
    return Pixels(
        light_adu=light_adu,
        noise_adu=noise_adu,
        usable=pixels.usable,
        gain_e_adu=pixels.gain_e_adu,
    )


def _table(
    frame: Frame, detection: Detection, fit: StarFit, psf: Psf, row_of: NDArray[np.int64]
) -> pl.DataFrame:
    x, y = fit.stars.x[row_of], fit.stars.y[row_of]
    ny, nx = frame.shape
    on_frame = (x > -0.5) & (x < nx - 0.5) & (y > -0.5) & (y < ny - 0.5)
    at = np.clip(np.rint(y).astype(int), 0, ny - 1), np.clip(np.rint(x).astype(int), 0, nx - 1)
    table = pl.DataFrame(
        {
            "x": x,
            "y": y,
            "flux_adu": np.where(on_frame, fit.stars.flux_adu[row_of], np.nan),
            "flux_err_adu": np.where(on_frame, fit.flux_err_adu[row_of], np.nan),
            "sky_adu": detection.background.at(x, y),
            "flags": flags_of(frame, fit.stars, psf)[row_of],
        }
    )
    return with_magnitudes(table, exptime_s=frame.exptime_s)
