"""What the tab Sky shows: the stars that the lake keeps about a target, and own frames laid on them."""

import io
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlencode

import numpy as np
import polars as pl
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from numpy.typing import NDArray

from engine.photometry.field import position_of
from engine.photometry.match import positions_at
from engine.photometry.sky_stars import CATALOGUE as SIMULATED_CATALOGUE
from engine.photometry.solving.wcs_fit import linear_wcs, project
from engine.target import Target
from engine.times import mjd_now
from lake.people.accounts import User
from lake.readable import Readable
from lake.references import cells_of_cone, cone, missing_cells
from lake.store import Store
from portal.fmt import date_text
from portal.frame.verdicts import Verdict, cutout_fits, verdicts_of_target
from portal.light_curve.moment import read_version, readable
from portal.one_target import bodies
from portal.one_target.finder import Field, Patch, limit_at_first
from portal.opened import lake
from portal.words import _

SIDES_ARCMIN = (3.0, 6.0, 12.0, 20.0, 40.0)
FIRST_SIDE_ARCMIN = 12.0
_BANDS = ("G(GaiaDR3)", "V(GaiaSP)", "r(GaiaSP)", "r(Refcat2)", "RP(GaiaDR3)")  # the first that a star has
_PATCH_PIX = 240
_SKY_TO_LIGHT = (25.0, 99.7)  # percentiles of a cut-out that become clear and black
_INK = (29, 78, 216)
_CORNER = 1.05 * 2**0.5 / 2  # of a square's side, from its middle


@dataclass(frozen=True, slots=True, kw_only=True)
class StarField:
    """The stars about a place, by what a chart needs: offsets and a magnitude."""

    stars: pl.DataFrame  # east_arcmin, north_arcmin, mag
    is_simulated: bool
    is_whole: bool  # whether an archive was asked for all of it

    @property
    def origin(self) -> str:
        """Whose stars these are, in words."""
        return _("simulated") if self.is_simulated else _("reference stars of this lake")


def star_field(target: Target, side_arcmin: float) -> StarField:
    """Return the reference stars about where a target stands, moved to this year."""
    place = (target.ra_deg, target.dec_deg)
    return _star_field(lake().store, read_version(), place, side_arcmin, float(round(mjd_now(), -2)))


def standing_now(target: Target) -> Target:
    """Return a target at its place of today: a body by its ephemeris, a star by its proper motion."""
    stands = bodies.standing(target).target
    if stands.designation or stands.track is not None:
        return stands
    place = position_of(stands, mjd_now())
    return replace(stands, ra_deg=float(place.ra.deg), dec_deg=float(place.dec.deg))


@lru_cache(maxsize=16)
def _star_field(
    store: Store, version: int, place: tuple[float, float], side_arcmin: float, mjd: float
) -> StarField:
    radius_deg = side_arcmin * _CORNER / 60.0
    kept: Readable = readable(store, version)
    found = cone(kept, *place, radius_deg)
    rank = {name: number for number, name in enumerate(_BANDS)}
    best = (
        found.filter(pl.col("mag").is_not_null())
        .sort(pl.col("band").replace_strict(rank, default=len(rank), return_dtype=pl.Int64), "band")
        .unique("ref_id", keep="first", maintain_order=True)
    )
    best = best.select("ref_id", "mag").join(positions_at(best, mjd), on="ref_id", how="left")
    xi, eta = project(best["ra_deg"].to_numpy(), best["dec_deg"].to_numpy(), place)
    return StarField(
        stars=pl.DataFrame({"east_arcmin": xi / 60.0, "north_arcmin": eta / 60.0, "mag": best["mag"]}),
        is_simulated=bool((found["catalogue"] == SIMULATED_CATALOGUE).any()),
        is_whole=not missing_cells(kept, cells_of_cone(*place, radius_deg)),
    )


def placed_frames(target: Target, user: User | None) -> dict[str, Verdict]:
    """Return the frames that a visitor may see and that were not refused, by what a list calls them."""
    shown = [each for each in verdicts_of_target(target.target_id or 0, user) if each.status != "rejected"]
    return {
        " · ".join(word for word in (each.when, each.band, each.observer, each.frame_id) if word): each
        for each in shown
    }


def patch_of(verdict: Verdict, target: Target) -> Patch | None:
    """Return the pixels of a frame on the plane of a chart, or None where it does not know its place."""
    return _patch(verdict.frame_id, verdict, (target.ra_deg, target.dec_deg))


@lru_cache(maxsize=32)
def _patch(_frame_id: str, verdict: Verdict, place: tuple[float, float]) -> Patch | None:
    body = cutout_fits(verdict)
    if body is None:
        return None
    with warnings.catch_warnings(), fits.open(io.BytesIO(body)) as units:
        warnings.simplefilter("ignore", AstropyWarning)
        pixels, wcs = np.asarray(units[0].data, dtype=np.float32), WCS(units[0].header)
    if not wcs.has_celestial:
        return None
    scale_arcmin = float(np.sqrt(wcs.proj_plane_pixel_area().to_value("arcmin2")))
    side_arcmin = scale_arcmin * len(pixels) * 2**0.5
    return Patch(pixels=_inked(_laid(pixels, wcs, place, side_arcmin)), side_arcmin=side_arcmin)


def _laid(
    pixels: NDArray[np.float32], wcs: WCS, place: tuple[float, float], side_arcmin: float
) -> NDArray[np.float32]:
    """Return the nearest pixel for each place of a square on the chart, the upper row first; NaN beyond."""
    step_arcsec = 60.0 * side_arcmin / _PATCH_PIX
    middle = (_PATCH_PIX - 1) / 2.0
    plane = linear_wcs(np.diag([-step_arcsec, -step_arcsec]), place, (middle, middle))
    rows, columns = np.indices((_PATCH_PIX, _PATCH_PIX))
    ra_deg, dec_deg = plane.wcs_pix2world(columns.ravel(), rows.ravel(), 0)
    x, y = (np.rint(each).astype(int) for each in wcs.all_world2pix(ra_deg, dec_deg, 0, quiet=True))
    ny, nx = pixels.shape
    inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
    laid = np.full(len(x), np.nan, dtype=np.float32)
    laid[inside] = pixels[y[inside], x[inside]]
    return laid.reshape(_PATCH_PIX, _PATCH_PIX)


def _inked(laid: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return light as ink that lets the chart shine through where there is none."""
    finite = laid[np.isfinite(laid)]
    picture = np.zeros((*laid.shape, 4), dtype=np.uint8)
    if finite.size == 0:
        return picture
    low, high = np.percentile(finite, _SKY_TO_LIGHT)
    share = np.clip((np.nan_to_num(laid, nan=low) - low) / max(high - low, 1e-6), 0.0, 1.0) ** 0.6
    picture[..., :3] = _INK
    picture[..., 3] = np.where(np.isfinite(laid), 26 + 214 * share, 0).astype(np.uint8)
    return picture


def field_of(
    target: Target, stars: StarField, *, side_arcmin: float, limit_mag: float | None, patch: Patch | None
) -> Field:
    """Return what a chart of these stars shows."""
    limit = limit_at_first(stars.stars) if limit_mag is None else limit_mag
    return Field(
        stars=stars.stars,
        side_arcmin=side_arcmin,
        limit_mag=limit,
        title=target.name,
        place=f"RA {target.ra_deg:.5f}  Dec {target.dec_deg:+.5f} (ICRS)  {date_text(mjd_now())}",
        origin=stars.origin,
        patch=patch,
    )


def links_out(target: Target) -> dict[str, str]:
    """Return where other sites show this place, by name."""
    ra, dec = f"{target.ra_deg:.6f}", f"{target.dec_deg:+.6f}"
    place = f"{ra} {dec}"
    asked = {
        "Aladin Lite": ("https://aladin.cds.unistra.fr/AladinLite/", {"target": place, "fov": "0.2"}),
        "SIMBAD": (
            "https://simbad.cds.unistra.fr/simbad/sim-coo",
            {"Coord": place, "CooFrame": "ICRS", "Radius": "2", "Radius.unit": "arcmin"},
        ),
        "VizieR": ("https://vizier.cds.unistra.fr/viz-bin/VizieR", {"-c": place, "-c.rs": "10"}),
        "Legacy Survey": (
            "https://www.legacysurvey.org/viewer",
            {"ra": ra, "dec": dec, "zoom": "14", "layer": "ls-dr10"},
        ),
        "Pan-STARRS": ("https://ps1images.stsci.edu/cgi-bin/ps1cutouts", {"pos": place, "size": "1440"}),
    }
    return {name: f"{site}?{urlencode(words)}" for name, (site, words) in asked.items()}
