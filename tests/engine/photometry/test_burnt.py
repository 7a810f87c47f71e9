"""A detector that is full shows it in its brightest stars, and nothing else is taken for that."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.burnt import found_stars
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars

SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(500, 500), band="G(GaiaDR3)", fwhm_pix=3.2)
FULL_ADU = 12000.0


def exposure_of(seed: int, **changes: float) -> SkyExposure:
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(
        rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=4000.0, g_mag_range=(9.5, 18.0)
    )
    return simulate_exposure(stars, rng=rng, scene=replace(SCENE, **changes))  # type: ignore[arg-type]


def read_twice(frame: Frame, rng: np.random.Generator) -> Frame:
    """Return the frame as a detector gives it whose full pixels lose what the first reading saw of them."""
    beyond = np.maximum(frame.data - FULL_ADU, 0.0)
    full = np.minimum(frame.data, FULL_ADU) - np.minimum(0.3 * beyond, 0.4 * FULL_ADU)
    return replace(frame, data=(full + rng.normal(0.0, 20.0, frame.shape)).astype(np.float32))


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 7])
def test_stars_with_hollow_middles_are_saturated(seed: int) -> None:
    exposure = exposure_of(seed)
    frame, detection = found_stars(read_twice(exposure.frame, np.random.default_rng(seed)))
    assert 0.75 * FULL_ADU < frame.saturation_adu < 1.05 * FULL_ADU
    assert any("hollow" in note for note in frame.notes)
    sources = detection.sources.filter((pl.col("flags") & int(Flag.NEAR_EDGE)) == 0)
    places = sources.select("x", "y").to_numpy()
    peak_adu = exposure.truth["flux_adu"].to_numpy() * 0.8 / SCENE.fwhm_pix**2
    for star, peak in zip(exposure.truth.iter_rows(named=True), peak_adu, strict=True):
        distance_pix = np.hypot(*(places - (star["x"], star["y"])).T)
        if peak > 1.5 * FULL_ADU and distance_pix.min() < 2.0:
            assert sources["flags"][int(distance_pix.argmin())] & int(Flag.SATURATED)


@pytest.mark.parametrize("fwhm_pix", [1.6, 3.2, 7.0])
def test_sound_stars_are_left_as_they_are(fwhm_pix: float) -> None:
    frame = exposure_of(4, fwhm_pix=fwhm_pix).frame
    assert found_stars(frame)[0].saturation_adu == frame.saturation_adu


def test_two_galaxies_brighter_than_all_stars_are_not_burnt_out() -> None:
    frame = exposure_of(5).frame
    y, x = np.mgrid[0:500, 0:500]
    data = np.minimum(frame.data, np.float32(9000.0))
    for x_0, y_0 in ((150.3, 220.6), (330.1, 290.4)):
        radius_pix = np.hypot(x - x_0, y - y_0)
        data = data + 30000.0 * np.exp(-radius_pix / 5.0)
    galaxies = replace(frame, data=data.astype(np.float32))
    assert found_stars(galaxies)[0].saturation_adu == frame.saturation_adu
