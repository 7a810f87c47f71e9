"""Refines a rough placing of a frame on the sky and says how likely its matches are an accident."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy  # its statistics are imported when they are used
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.photometry.match import positions_at
from engine.photometry.solving.wcs_fit import deproject, fit_wcs, project

Array = NDArray[np.float64]

_SAME_STAR_ARCSEC = 2.5
_FIRST_RADIUS_PIX = 6.0
_LAST_RADIUS_PIX = (0.8, 3.0)
_SHIFT_RADIUS_PIX = 40.0
_PREFIXES = (15, 30, 60, 120, 250, 500, 1000)
_HOPELESS_LOG10_CHANCE = 0.5
_FREE_MATCHES = 3  # so many pairs can always be made to fit
_MAX_SHEAR = 0.05
_MAX_STARS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyStars:
    """Catalogue stars at the frame's date, the brightest first where magnitudes are known."""

    ra_deg: Array
    dec_deg: Array
    is_ordered: bool  # by brightness

    def __len__(self) -> int:
        return len(self.ra_deg)

    def rows(self, index: NDArray[np.intp]) -> "SkyStars":
        """Return some of the stars, in their order."""
        return SkyStars(ra_deg=self.ra_deg[index], dec_deg=self.dec_deg[index], is_ordered=self.is_ordered)

    def middle(self) -> tuple[float, float] | None:
        """Return (ra_deg, dec_deg) of the middle of the stars, None without stars."""
        if not len(self):
            return None
        first = (float(self.ra_deg[0]), float(self.dec_deg[0]))
        xi, eta = project(self.ra_deg, self.dec_deg, first)
        return deproject(float(np.nanmedian(xi)), float(np.nanmedian(eta)), first)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStars:
    """A refined WCS, and what speaks for it."""

    wcs: WCS
    rms_pix: float
    matched: int
    log10_chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    shape: tuple[int, int]
    sources: int
    is_ordered: bool


def sky_stars(references: pl.DataFrame, *, mjd: float) -> SkyStars:
    """Return each star of a reference table once, at a date, the brightest first."""
    counts = references.filter(pl.col("mag").is_not_null()).group_by("band").len().sort("len", "band")
    main_band = str(counts["band"][-1]) if len(counts) else ""
    is_main = pl.col("band") == main_band
    brightness = (
        references.group_by("ref_id")
        .agg(main=pl.col("mag").filter(is_main).first(), other=pl.col("mag").mean())
        .select("ref_id", mag=pl.coalesce("main", "other"))
    )
    stars = positions_at(references, mjd).join(brightness, on="ref_id")
    stars = stars.sort("mag", "ra_deg", "dec_deg", nulls_last=True)
    ordered = SkyStars(
        ra_deg=stars["ra_deg"].to_numpy(),
        dec_deg=stars["dec_deg"].to_numpy(),
        is_ordered=bool(stars["mag"].is_not_null().any()),
    )
    return _without_doubles(ordered)


def _without_doubles(stars: SkyStars) -> SkyStars:
    """Drop the fainter of two entries at one place: several catalogues may name the same star."""
    if len(stars) < 2:
        return stars
    ra, dec = np.radians(stars.ra_deg), np.radians(stars.dec_deg)
    vectors = np.column_stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)))
    pairs = cKDTree(vectors).query_pairs(np.radians(_SAME_STAR_ARCSEC / 3600.0), output_type="ndarray")
    kept = np.ones(len(stars), dtype=bool)
    kept[np.max(pairs, axis=1)] = False
    return stars.rows(np.flatnonzero(kept))


def near_frame(stars: SkyStars, centre: tuple[float, float], *, radius_arcsec: float) -> SkyStars:
    """Return the stars within a radius on the plane tangent at the centre; unordered ones by distance."""
    xi, eta = project(stars.ra_deg, stars.dec_deg, centre)
    distance = np.where(np.isfinite(xi), np.hypot(xi, eta), np.inf)
    inside = np.flatnonzero(distance < radius_arcsec)
    if not stars.is_ordered:
        inside = inside[np.argsort(distance[inside], kind="stable")]
    return stars.rows(inside)


def place(
    pixels: NDArray[np.complex128], stars: SkyStars, start: WCS, *, shape: tuple[int, int], trials: float
) -> PlacedStars | None:
    """Return the WCS refined with all stars that match, or None where fewer than four do.

    Parameters
    ----------
    pixels
        ``x + 1j * y`` of the sources, the brightest first.
    trials
        How many placings were possible before this one was chosen.
    """
    stars = _in_view(stars, start, shape)
    if len(stars) < 4:
        return None
    predicted = _pixels_of(stars, start)
    shift = _common_shift(pixels, predicted)
    ours, theirs = _mutual(pixels, predicted + shift, _FIRST_RADIUS_PIX)
    view = _View(shape=shape, sources=len(pixels), is_ordered=stars.is_ordered)
    if _log10_chance(ours, theirs, predicted + shift, view, _FIRST_RADIUS_PIX) > _HOPELESS_LOG10_CHANCE:
        return None
    wcs = start
    for radius_pix in (4.0, 3.0, 2.5, 2.0, 2.0):
        if len(ours) < 4:
            return None
        wcs = _fitted(pixels[ours], stars.rows(theirs), shape, start)
        predicted = _pixels_of(stars, wcs)
        ours, theirs = _mutual(pixels, predicted, radius_pix)
    if len(ours) < 4 or _shear(wcs) > _MAX_SHEAR:
        return None
    misfit = np.abs(pixels[ours] - predicted[theirs])
    radius_pix = float(np.clip(3.0 * np.median(misfit), *_LAST_RADIUS_PIX))
    ours, theirs = _mutual(pixels, predicted, radius_pix)
    misfit = np.abs(pixels[ours] - predicted[theirs])
    log10_chance = _log10_chance(ours, theirs, predicted, view, radius_pix)
    return PlacedStars(
        wcs=wcs,
        rms_pix=float(np.sqrt(np.mean(misfit**2))) if len(misfit) else 0.0,
        matched=len(ours),
        log10_chance=log10_chance + float(np.log10(trials)),
    )


def _in_view(stars: SkyStars, wcs: WCS, shape: tuple[int, int]) -> SkyStars:
    """Return the stars that the WCS puts on the frame or just beside it, at most 3000, in their order."""
    ny, nx = shape
    centre = wcs.all_pix2world((nx - 1) / 2, (ny - 1) / 2, 0)
    scale_arcsec = np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))) * 3600.0
    near = near_frame(
        stars, (float(centre[0]), float(centre[1])), radius_arcsec=0.7 * scale_arcsec * np.hypot(nx, ny)
    )
    return near.rows(np.flatnonzero(_is_inside(_pixels_of(near, wcs), shape, margin_pix=30.0))[:_MAX_STARS])


def _is_inside(
    pixels: NDArray[np.complex128], shape: tuple[int, int], *, margin_pix: float
) -> NDArray[np.bool_]:
    ny, nx = shape
    in_x = (pixels.real > -0.5 - margin_pix) & (pixels.real < nx - 0.5 + margin_pix)
    return in_x & (pixels.imag > -0.5 - margin_pix) & (pixels.imag < ny - 0.5 + margin_pix)


def _pixels_of(stars: SkyStars, wcs: WCS) -> NDArray[np.complex128]:
    if not len(stars):
        return np.empty(0, dtype=np.complex128)
    x, y = wcs.all_world2pix(stars.ra_deg, stars.dec_deg, 0, quiet=True)
    return np.asarray(np.nan_to_num(x, nan=-1e9) + 1j * np.nan_to_num(y, nan=-1e9), dtype=np.complex128)


def _points(pixels: NDArray[np.complex128]) -> Array:
    return np.column_stack((pixels.real, pixels.imag))


def _common_shift(pixels: NDArray[np.complex128], predicted: NDArray[np.complex128]) -> complex:
    """Return the shift that brings most predicted stars onto sources: headers point roughly."""
    sources, stars = pixels[:300], predicted[:300]
    shifts = (sources[:, None] - stars[None, :]).ravel()
    shifts = shifts[np.abs(shifts) < _SHIFT_RADIUS_PIX]
    if not len(shifts):
        return 0j
    tree = cKDTree(_points(shifts))
    votes = tree.query_ball_point(_points(shifts), r=2.5, return_length=True)
    members = tree.query_ball_point(_points(shifts)[int(np.argmax(votes))], r=2.5)
    return complex(np.mean(shifts[members]))


def _mutual(
    pixels: NDArray[np.complex128], predicted: NDArray[np.complex128], radius_pix: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows of sources and of stars that are each other's nearest within a radius."""
    distance, star = cKDTree(_points(predicted)).query(_points(pixels), distance_upper_bound=radius_pix)
    _, back = cKDTree(_points(pixels)).query(_points(predicted))
    near = np.isfinite(distance)
    mutual = near & (back[np.where(near, star, 0)] == np.arange(len(pixels)))
    return np.flatnonzero(mutual), star[mutual]


def _fitted(pixels: NDArray[np.complex128], stars: SkyStars, shape: tuple[int, int], start: WCS) -> WCS:
    return fit_wcs(
        pixels.real,
        pixels.imag,
        stars.ra_deg,
        stars.dec_deg,
        shape=shape,
        start=(float(start.wcs.crval[0]), float(start.wcs.crval[1])),
    )


def _shear(wcs: WCS) -> float:
    stretch = np.linalg.svd(wcs.pixel_scale_matrix, compute_uv=False)
    return float(stretch[0] / max(stretch[-1], 1e-30) - 1.0)


def _log10_chance(
    ours: NDArray[np.intp],
    theirs: NDArray[np.intp],
    predicted: NDArray[np.complex128],
    view: "_View",
    radius_pix: float,
) -> float:
    """Return how likely so many matches are among the brightest of both lists, were they unrelated."""
    inside = _is_inside(predicted, view.shape, margin_pix=0.0)
    rank = np.cumsum(inside) - 1
    stars = int(np.sum(inside))
    in_frame = inside[theirs]
    ours, ranks = ours[in_frame], rank[theirs[in_frame]]
    cell = np.pi * radius_pix**2 / (view.shape[0] * view.shape[1])
    source_counts = [n for n in _PREFIXES if n < view.sources] + [view.sources]
    star_counts = ([n for n in _PREFIXES if n < stars] if view.is_ordered else []) + [stars]
    logs = [
        scipy.stats.poisson.logsf(
            np.sum((ours < n) & (ranks < m)) - 1 - _FREE_MATCHES, max(n * m * cell, 1e-12)
        )
        for n in source_counts
        for m in star_counts
    ]
    return max(float(np.min(logs)) / float(np.log(10)), -300.0) + float(np.log10(len(logs)))
