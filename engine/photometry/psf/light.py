"""The light of every star of a frame by its PSF: the shape learnt, then all stars fitted together."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.apertures import with_magnitudes
from engine.photometry.detect import Detection, sky_mesh_pix
from engine.photometry.ground import SIGMA_PER_MAD
from engine.photometry.mesh import mesh_of
from engine.photometry.psf.build import build_psf, improved, with_mismatch
from engine.photometry.psf.cast import SEEN_SIGMA_PIX, beside, both, cast_of, chosen, moved, seen_stars
from engine.photometry.psf.choose import is_plausible, model_stars
from engine.photometry.psf.equations import own_equations
from engine.photometry.psf.fit import StarFit, Stars, fit_stars
from engine.photometry.psf.marks import flags_of
from engine.photometry.psf.model import Psf
from engine.photometry.psf.pixels import Plate
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
    flux_err_adu
        Of every star that was fitted.
    seen
        How many of the stars were detected or catalogued; the others showed in the residual only.
    """

    table: pl.DataFrame
    psf: Psf
    fit: StarFit
    pixels: Plate
    flux_err_adu: Array
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
                "flux_err_adu": self.flux_err_adu,
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
    pixels = Plate(frame=frame, sky=detection.background, noise=detection.rms)
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
    fit = fit_stars(pixels, psf, stars, steps=2)
    models = np.isin(np.arange(len(stars)), cast.row_of[np.flatnonzero(is_model)])
    psf, now = improved(psf, psf, fit, pixels, models), fit.stars
    del fit
    fit = fit_stars(pixels, psf, now, steps=2)
    psf = with_mismatch(psf, fit, pixels, models)
    pixels = _without_sky(pixels, fit)
    stars = _with_unseen(stars, pixels, psf, fit)
    del fit
    fit = fit_stars(pixels, psf, stars, steps=3)
    errors = fit.flux_err_adu
    table = _table(frame, detection, fit, errors, psf)[cast.row_of]
    return StarLight(table=table, psf=psf, fit=fit, pixels=pixels, flux_err_adu=errors, seen=seen)


def _with_unseen(stars: Stars, pixels: Plate, psf: Psf, fit: StarFit) -> Stars:
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


def _shift(pixels: Plate, psf: Psf, sources: Stars, is_model: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how far the PSF's middle lies from the stars' centres by which the frame was placed."""
    models = chosen(sources, is_model)
    loose = replace(models, place_sigma_pix=2 * models.place_sigma_pix)
    fitted = fit_stars(pixels, psf, loose, steps=2).stars
    return float(np.median(fitted.x - models.x)), float(np.median(fitted.y - models.y))


def _without_sky(pixels: Plate, fit: StarFit) -> Plate:
    """Return the pixels without the sky that the mesh had missed, and without stars in their noise."""
    mesh_pix = sky_mesh_pix(pixels.shape)
    drawn = sep.Background(fit.residual_adu, mask=~pixels.usable(), bw=mesh_pix, bh=mesh_pix)
    more = mesh_of(drawn.back(dtype=np.float32), side_pix=mesh_pix).nodes
    rms = mesh_of(drawn.rms(dtype=np.float32), side_pix=mesh_pix).nodes
    before = pixels.noise.nodes
    return replace(
        pixels,
        sky=pixels.sky.with_nodes(pixels.sky.nodes + more),
        noise=pixels.noise.with_nodes(np.clip(rms, LEAST_NOISE * before, before)),
    )


def _table(frame: Frame, detection: Detection, fit: StarFit, flux_err_adu: Array, psf: Psf) -> pl.DataFrame:
    x, y, (ny, nx) = fit.stars.x, fit.stars.y, frame.shape
    on_frame = (x > -0.5) & (x < nx - 0.5) & (y > -0.5) & (y < ny - 0.5)
    table = pl.DataFrame(
        {
            "x": x,
            "y": y,
            "flux_adu": np.where(on_frame, fit.stars.flux_adu, np.nan),
            "flux_err_adu": np.where(on_frame, flux_err_adu, np.nan),
            "sky_adu": detection.background.at(x, y),
            "flags": flags_of(frame, fit.stars, psf),
        }
    )
    return with_magnitudes(table, exptime_s=frame.exptime_s)
