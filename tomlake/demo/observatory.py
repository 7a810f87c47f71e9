"""Frames of the simulated observatory: the same sky as the demo's targets, written as FITS."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from tomlake.demo.actor import Actor

FIELD_RADIUS_DEG = 0.3
SHAPE = (600, 800)
PIXEL_SCALE_ARCSEC = 1.4
NIGHTS_AGO = (4, 2, 1)
OBSERVERS = ("Ada Simulated", "Tycho Simulated", "Henrietta Simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFrame:
    """One file that the simulated observatory sends, and what its observer asked for."""

    path: Path
    actor: Actor
    observer: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    band: str
    zero_point_mag: float
    sky_adu: float
    colour_term: float


_FILTERS = (
    _Filter(band="V(GaiaSP)", zero_point_mag=20.9, sky_adu=420.0, colour_term=-0.02),
    _Filter(band="r(GaiaSP)", zero_point_mag=21.3, sky_adu=520.0, colour_term=0.01),
    _Filter(band="i(GaiaSP)", zero_point_mag=20.7, sky_adu=760.0, colour_term=0.015),
)


def field_stars(actor: Actor) -> pl.DataFrame:
    """Return the simulated reference stars round one actor, always the same ones."""
    rng = np.random.default_rng(zlib.crc32(b"field " + actor.name.encode()))
    stars = gaia_like_stars(
        rng, ra_deg=actor.ra_deg, dec_deg=actor.dec_deg, radius_deg=FIELD_RADIUS_DEG, density_per_deg2=2200.0
    )
    return stars.with_columns(ref_id=pl.lit(f"{actor.name} ") + pl.col("ref_id"))


def frames(actors: list[Actor], folder: Path, *, now_mjd: float) -> Iterator[SimulatedFrame]:
    """Write the last nights' frames of every observed actor, and one that went wrong."""
    observed = [actor for actor in actors if actor.observed]
    for number, actor in enumerate(observed):
        for night, days_ago in enumerate(NIGHTS_AGO):
            for filter_index in {number % 3, (number + night + 1) % 3}:
                yield _frame(actor, folder, now_mjd=now_mjd, days_ago=days_ago, chosen=_FILTERS[filter_index])
    yield _lens_cap_on(observed[0], folder, now_mjd=now_mjd)


def _frame(actor: Actor, folder: Path, *, now_mjd: float, days_ago: int, chosen: _Filter) -> SimulatedFrame:
    mjd = np.floor(now_mjd) - days_ago + 0.9
    name = f"{actor.name}_{chosen.band[0]}_{days_ago}.fits"
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    change_mag = float(actor.change_mag(np.array([mjd]), now_mjd=now_mjd)[0])
    star = one_star(
        actor.name,
        ra_deg=actor.ra_deg,
        dec_deg=actor.dec_deg,
        g_mag=actor.g_mag + change_mag,
        bp_rp_mag=actor.bp_rp_mag,
    )
    scene = Scene(
        ra_deg=actor.ra_deg + rng.normal(0.0, 0.01),
        dec_deg=actor.dec_deg + rng.normal(0.0, 0.01),
        shape=SHAPE,
        pixel_scale_arcsec=PIXEL_SCALE_ARCSEC,
        rotation_deg=float(rng.uniform(0.0, 360.0)),
        is_wcs_known=False,
        mjd=float(mjd),
        exptime_s=90.0,
        band=chosen.band,
        filter_name=chosen.band[0],
        zero_point_mag=chosen.zero_point_mag - abs(rng.normal(0.0, 0.15)),
        colour_term=chosen.colour_term,
        star_scatter_mag=0.008,
        fwhm_pix=float(rng.uniform(2.2, 3.4)),
        sky_adu=chosen.sky_adu,
        hot_pixels=60,
        cosmic_rays=8,
    )
    exposure = simulate_exposure(pl.concat([field_stars(actor), star]), rng=rng, scene=scene)
    path = folder / name
    write_fits(exposure, path, object_name=actor.name)
    observer = OBSERVERS[zlib.crc32(name.encode()) % len(OBSERVERS)]
    return SimulatedFrame(path=path, actor=actor, observer=observer, comment="Simulated frame of the demo.")


def _lens_cap_on(actor: Actor, folder: Path, *, now_mjd: float) -> SimulatedFrame:
    mjd = float(np.floor(now_mjd) - 0.2)
    scene = Scene(
        ra_deg=actor.ra_deg, dec_deg=actor.dec_deg, shape=SHAPE, is_wcs_known=False, mjd=mjd, sky_adu=30.0
    )
    nothing = field_stars(actor).head(0)
    exposure = simulate_exposure(nothing, rng=np.random.default_rng(0), scene=scene)
    path = folder / f"{actor.name}_cap_on.fits"
    write_fits(exposure, path, object_name=actor.name)
    return SimulatedFrame(
        path=path, actor=actor, observer=OBSERVERS[0], comment="Simulated: the lens cap was left on."
    )
