"""A target on a galaxy is told so, freed of what the galaxy adds, and honest about the rest."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.lightcurve import Flag
from engine.photometry.measure import PSF_FIT
from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

TARGET = Target(name="target", ra_deg=150.02, dec_deg=30.02)
SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(600, 600))


def reduced(seed: int, *, g_mag: float, galaxy_adu: float) -> tuple[Reduction, float]:
    """Return the verdict on a target, and its true magnitude; the galaxy's middle is as bright as told."""
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.25, density_per_deg2=2500.0)
    star = one_star("target", ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=g_mag)
    exposure = simulate_exposure(pl.concat([stars, star]), rng=rng, scene=SCENE)
    truth = exposure.truth.filter(pl.col("ref_id") == "target").row(0, named=True)
    frame = replace(exposure.frame, data=exposure.frame.data + galaxy(exposure, galaxy_adu))
    verdict = reduce_frame(frame, TARGET, stars, requested="r(GaiaSP)", radius_pix=PSF_FIT)
    return verdict, float(truth["mag"])


def galaxy(exposure: SkyExposure, middle_adu: float) -> np.ndarray:
    truth = exposure.truth.filter(pl.col("ref_id") == "target").row(0, named=True)
    ny, nx = exposure.scene.shape
    y, x = np.mgrid[:ny, :nx]
    distance = np.hypot(x - truth["x"] + 3.0, 1.4 * (y - truth["y"] - 2.0))
    return (middle_adu * np.exp(-distance / 9.0)).astype(np.float32)


def test_without_a_galaxy_nothing_is_taken_off() -> None:
    for seed in range(8):
        verdict, mag = reduced(seed, g_mag=15.5, galaxy_adu=0.0)
        assert verdict.status == Status.MEASURED
        assert not verdict.flags & Flag.BLENDED
        assert abs((verdict.mag or 0.0) - mag) < 3 * (verdict.mag_err or 0.0)


@pytest.mark.parametrize("g_mag", [14.5, 16.0])
def test_what_a_galaxy_adds_is_taken_off_and_told(g_mag: float) -> None:
    pulls = []
    for seed in range(8):
        verdict, mag = reduced(seed, g_mag=g_mag, galaxy_adu=150.0)
        plain, _ = reduced(seed, g_mag=g_mag, galaxy_adu=0.0)
        assert verdict.status == Status.MEASURED
        assert verdict.flags & Flag.BLENDED
        assert any("galaxy" in words for words in verdict.sentences)
        assert (verdict.mag_err or 0.0) > (plain.mag_err or 0.0)
        pulls.append(((verdict.mag or 0.0) - mag) / (verdict.mag_err or 1.0))
    assert np.abs(pulls).max() < 2.5
