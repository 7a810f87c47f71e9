"""A simulated night of a drifting, turning camera under changing skies, and what is known of its frames."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.frame import Frame
from engine.photometry.facts import FrameFacts
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.solution import Method, Solution
from engine.photometry.stacking.members import Member, choose_members
from engine.photometry.stacking.stack import Stack, stack_frames
from engine.photometry.verdict import Reduction, Status

RA_DEG, DEC_DEG = 120.0, 30.0
BAND = "r(GaiaSP)"
PLACES_ARCSEC = ((0.0, 0.0), (60.0, 40.0), (-70.0, 30.0), (20.0, -75.0))  # of the faint stars
CLEAR_ARCSEC = 25.0  # round them
FAINT_G_MAG = 18.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Frames of one field, all that is true of it, and what was known of each frame."""

    references: pl.DataFrame
    faint: pl.DataFrame  # ref_id, ra_deg, dec_deg, mag
    exposures: tuple[SkyExposure, ...]
    verdicts: tuple[Reduction, ...]

    def stack(self) -> Stack:
        """Return the frames added up."""
        return stack_frames(choose_members(self.verdicts).members, self.frame_of)

    def frame_of(self, member: Member) -> Frame:
        """Return a member's frame."""
        return self.exposures[member.number].frame


def drifting_night(seed: int, *, frames: int = 12, steady: bool = False, cosmic_rays: int = 12) -> Night:
    """Return a night; a steady one has the same seeing and air for all frames, so that laws are simple."""
    rng = np.random.default_rng(seed)
    references, faint = field(rng)
    sky = pl.concat([references, faint])
    scenes = [replace(scene(rng, number, steady=steady), cosmic_rays=cosmic_rays) for number in range(frames)]
    exposures = tuple(simulate_exposure(sky, rng=rng, scene=each) for each in scenes)
    verdicts = tuple(known_of(each, rng, number) for number, each in enumerate(exposures))
    return Night(references=references, faint=faint, exposures=exposures, verdicts=verdicts)


def field(rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the stars of the field that are known, and faint ones that stand clear of them."""
    stars = gaia_like_stars(
        rng, ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=0.1, density_per_deg2=3500.0, g_mag_range=(12.5, 17.0)
    )
    faint = pl.concat(
        one_star(
            f"faint {number}",
            ra_deg=RA_DEG + east / 3600.0 / np.cos(np.radians(DEC_DEG)),
            dec_deg=DEC_DEG + north / 3600.0,
            g_mag=FAINT_G_MAG,
        )
        for number, (east, north) in enumerate(PLACES_ARCSEC)
    )
    clear = pl.lit(True)
    for ra_deg, dec_deg in faint.select("ra_deg", "dec_deg").unique().iter_rows():
        east = (pl.col("ra_deg") - ra_deg) * np.cos(np.radians(DEC_DEG))
        clear &= (east**2 + (pl.col("dec_deg") - dec_deg) ** 2).sqrt() * 3600.0 > CLEAR_ARCSEC
    exact = stars.filter(clear, ~pl.col("variable")).with_columns(mag_err=pl.lit(0.0))
    return exact.filter(pl.col("band") == BAND), faint.filter(pl.col("band") == BAND)


def scene(rng: np.random.Generator, number: int, *, steady: bool) -> Scene:
    """Return one frame of the night."""
    plain = Scene(
        ra_deg=RA_DEG + rng.uniform(-20, 20) / 3600.0,
        dec_deg=DEC_DEG + rng.uniform(-20, 20) / 3600.0,
        rotation_deg=rng.uniform(-3, 3),
        shape=(220, 220),
        mjd=60000.0 + 0.001 * number,
        band=BAND,
    )
    if steady:
        return plain
    return replace(
        plain,
        sky_adu=600.0 * rng.uniform(0.8, 1.5),
        fwhm_pix=rng.uniform(2.5, 3.8),
        zero_point_mag=21.0 - abs(rng.normal(0.0, 0.2)),
    )


def known_of(exposure: SkyExposure, rng: np.random.Generator, number: int) -> Reduction:
    """Return what a reduction would know of a frame, as far as a stack asks: nothing exactly."""
    made, frame = exposure.scene, exposure.frame
    wcs = exposure.wcs.deepcopy()
    wcs.wcs.crpix = wcs.wcs.crpix + rng.normal(0.0, 0.05, 2)
    noise_adu = float(np.hypot(np.sqrt(made.sky_adu / made.gain_e_adu), made.read_noise_e / made.gain_e_adu))
    return Reduction(
        status=Status.LIMIT,
        file=f"{number}.fits",
        band=made.band,
        mjd=made.mjd,
        exptime_s=made.exptime_s,
        zero_point_mag=made.zero_point_mag + float(rng.normal(0.0, 0.01)),
        solution=Solution(
            wcs=wcs,
            rms_arcsec=0.1,
            matched=40,
            method=Method.CATALOGUE,
            pixel_scale_arcsec=made.pixel_scale_arcsec,
            log10_chance=-50.0,
        ),
        facts=FrameFacts(
            width_pix=frame.shape[1],
            height_pix=frame.shape[0],
            gain_e_adu=frame.gain_e_adu,
            saturation_adu=frame.saturation_adu,
            noise_adu=noise_adu * float(rng.uniform(0.97, 1.03)),
            fwhm_pix=made.fwhm_pix * float(rng.uniform(0.95, 1.05)),
        ),
    )
