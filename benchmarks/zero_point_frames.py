"""Artificial exposures of all kinds, from pixels to verdict, whose zero point and target are known."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Reduction
from engine.target import Target

RA_DEG, DEC_DEG = 150.0, 30.0
BANDS = tuple(f"{name}(GaiaSP)" for name in "BVRIgriz")
TARGET = Target(name="target", ra_deg=RA_DEG + 0.03, dec_deg=DEC_DEG - 0.02)
COLOUR_TERM = 0.02  # standard deviation of the cameras'
FLAT_SLOPE_MAG = 0.03  # at most, from the centre to a border; half of the frames have none


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFrame:
    """A verdict, what is true, and the exposure with its stars for whoever judges it again."""

    verdict: Reduction
    exposure: SkyExposure
    references: pl.DataFrame
    target_mag: float

    @property
    def zero_point_miss_mag(self) -> float:
        """Return the zero point at the frame's centre, freed of its colour, minus the true one."""
        calibration = self.verdict.calibration
        if calibration is None:
            return float("nan")
        ny, nx = self.exposure.scene.shape
        told_mag = calibration.standard_mag(0.0, x=(nx - 1) / 2, y=(ny - 1) / 2)
        return told_mag - self.exposure.scene.zero_point_mag


def draw_scene(rng: np.random.Generator) -> Scene:
    """Return a telescope, its night and its camera at random."""
    band = str(rng.choice(BANDS))
    side_pix = int(rng.integers(512, 701))
    return Scene(
        ra_deg=RA_DEG,
        dec_deg=DEC_DEG,
        shape=(side_pix, side_pix),
        rotation_deg=float(rng.uniform(0.0, 360.0)),
        is_mirrored=bool(rng.uniform() < 0.5),
        band=band,
        filter_name=band[0] if rng.uniform() < 0.5 else "",
        zero_point_mag=float(rng.uniform(20.5, 22.0)),
        colour_term=float(rng.normal(0.0, COLOUR_TERM)),
        star_scatter_mag=float(rng.uniform(0.0, 0.015)),
        fwhm_pix=float(rng.uniform(2.2, 4.5)),
        fwhm_growth=float(rng.uniform(0.0, 0.15)),
        ellipticity=float(rng.uniform(0.0, 0.15)),
        sky_adu=float(10 ** rng.uniform(2.0, 3.4)),
        sky_gradient=float(rng.uniform(0.0, 0.15)),
        gain_e_adu=float(rng.uniform(0.8, 3.0)),
        hot_pixels=20,
        cosmic_rays=8,
    )


def judged_frame(seed: int, *, requested: str = "any") -> JudgedFrame:
    """Return the verdict on one exposure with 30 to 150 stars, one in twenty wrong in the catalogue."""
    rng = np.random.default_rng(seed)
    scene = draw_scene(rng)
    stars = gaia_like_stars(
        rng,
        ra_deg=RA_DEG,
        dec_deg=DEC_DEG,
        radius_deg=0.22,
        density_per_deg2=float(rng.uniform(600.0, 2500.0)),
        g_mag_range=(10.0, 16.5),
    )
    star = one_star(
        TARGET.name,
        ra_deg=TARGET.ra_deg,
        dec_deg=TARGET.dec_deg,
        g_mag=float(rng.uniform(12.5, 15.5)),
        bp_rp_mag=float(rng.uniform(0.4, 2.0)),
    )
    exposure = _through_flat(simulate_exposure(pl.concat([stars, star]), rng=rng, scene=scene), rng)
    is_known = rng.uniform() < 0.5  # the target's colour
    references = pl.concat([_spoilt(stars, rng), star]) if is_known else _spoilt(stars, rng)
    truth = exposure.truth.filter(pl.col("ref_id") == TARGET.name)
    return JudgedFrame(
        verdict=reduce_frame(exposure.frame, TARGET, references, requested=requested),
        exposure=exposure,
        references=references,
        target_mag=float(truth["mag"][0]),
    )


def _through_flat(exposure: SkyExposure, rng: np.random.Generator) -> SkyExposure:
    """Return the exposure through a flat field that is a little off, as it is on real nights."""
    ny, nx = exposure.frame.shape
    angle_rad, slope_mag = rng.uniform(0.0, 2 * np.pi), FLAT_SLOPE_MAG * max(0.0, rng.uniform(-1.0, 1.0))
    v, u = np.mgrid[-1.0 : 1.0 : ny * 1j, -1.0 : 1.0 : nx * 1j]
    flat = 10 ** (0.4 * slope_mag * (u * np.cos(angle_rad) + v * np.sin(angle_rad)))
    data = (exposure.frame.data * flat).astype(np.float32)
    return replace(exposure, frame=replace(exposure.frame, data=data))


def _spoilt(stars: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the catalogue with one star in twenty wrong in all bands."""
    ids = stars["ref_id"].unique(maintain_order=True)
    wrong = rng.uniform(size=len(ids)) < 0.05
    shift = pl.DataFrame({"ref_id": ids, "shift_mag": np.where(wrong, rng.normal(0.0, 1.0, len(ids)), 0.0)})
    table = stars.join(shift, on="ref_id", maintain_order="left")
    return table.with_columns(mag=pl.col("mag") + pl.col("shift_mag")).drop("shift_mag")
