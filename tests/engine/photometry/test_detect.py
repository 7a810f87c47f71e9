"""Detection finds what stands on artificial skies, and says what is wrong with a source."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.ndimage import shift
from scipy.spatial import cKDTree

from engine.lightcurve import Flag
from engine.photometry.detect import SOURCES_SCHEMA, detect
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star

FIELD = Scene(ra_deg=150.0, dec_deg=30.0, shape=(500, 500))


def exposure_of(scene: Scene, seed: int = 1, *, density_per_deg2: float = 1500.0) -> SkyExposure:
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(
        rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=density_per_deg2
    )
    return simulate_exposure(stars, rng=rng, scene=scene)


def single(g_mag: float, **changes: float) -> SkyExposure:
    star = one_star("s", ra_deg=150.0, dec_deg=30.0, g_mag=g_mag)
    scene = replace(FIELD, shape=(150, 150), **changes)  # type: ignore[arg-type]
    return simulate_exposure(star, rng=np.random.default_rng(2), scene=scene)


@pytest.mark.parametrize("fwhm_pix", [1.6, 3.0, 5.0])
def test_bright_stars_are_found_at_their_places_and_little_else(fwhm_pix: float) -> None:
    exposure = exposure_of(replace(FIELD, fwhm_pix=fwhm_pix))
    detection = detect(exposure.frame)
    inside = exposure.truth.filter(pl.col("x").is_between(5, 494), pl.col("y").is_between(5, 494))
    distance, _ = cKDTree(detection.sources.select("x", "y").to_numpy()).query(
        inside.filter(pl.col("mag") < 15.5).select("x", "y").to_numpy()
    )
    assert np.mean(distance < 1.0) > 0.95
    assert np.median(distance) < 0.05
    reverse, _ = cKDTree(exposure.truth.select("x", "y").to_numpy()).query(
        detection.sources.select("x", "y").to_numpy()
    )
    assert np.mean(reverse < max(2.0, fwhm_pix)) > 0.97
    assert dict(detection.sources.schema) == SOURCES_SCHEMA
    assert detection.sources["flux_adu"].is_sorted(descending=True)


@pytest.mark.parametrize("fwhm_pix", [1.6, 2.5, 4.0, 7.0])
def test_the_seeing_is_that_of_the_stars(fwhm_pix: float) -> None:
    detection = detect(exposure_of(replace(FIELD, fwhm_pix=fwhm_pix, cosmic_rays=100)).frame)
    assert detection.fwhm_pix == pytest.approx(fwhm_pix, rel=0.25)


@pytest.mark.parametrize("fwhm_pix", [2.8, 3.6])
def test_hot_pixels_that_a_shift_has_spread_do_not_tell_the_seeing(fwhm_pix: float) -> None:
    exposure = exposure_of(replace(FIELD, fwhm_pix=fwhm_pix), density_per_deg2=5000.0)
    rng = np.random.default_rng(3)
    hot = np.zeros(FIELD.shape)
    hot[tuple(rng.integers(5, 495, (2, 120)))] = rng.uniform(2000.0, 4000.0, 120)
    spread = shift(hot, (0.3, 0.4), order=3).astype(np.float32)  # as aligning does
    detection = detect(replace(exposure.frame, data=exposure.frame.data + spread))
    assert detection.fwhm_pix == pytest.approx(fwhm_pix, rel=0.2)


def test_sky_and_noise_are_those_of_the_exposure() -> None:
    detection = detect(exposure_of(replace(FIELD, sky_gradient=0.0)).frame)
    expected_noise_adu = np.sqrt(600.0 / 1.5 + (8.0 / 1.5) ** 2)
    assert detection.sky_adu == pytest.approx(600.0, abs=3.0)
    assert detection.noise_adu == pytest.approx(expected_noise_adu, rel=0.05)


def test_an_empty_sky_gives_no_source_and_no_seeing() -> None:
    empty = one_star("far", ra_deg=170.0, dec_deg=30.0, g_mag=10.0)
    detection = detect(simulate_exposure(empty, rng=np.random.default_rng(1), scene=FIELD).frame)
    assert len(detection.sources) <= 1
    assert detection.fwhm_pix is None


def test_a_saturated_star_is_flagged_also_when_its_core_is_masked() -> None:
    frame = single(7.0).frame
    for mask in (frame.mask, frame.data >= frame.saturation_adu):
        sources = detect(replace(frame, mask=mask)).sources
        assert sources["flags"][0] & Flag.SATURATED
        assert not sources["flags"][0] & Flag.BAD_PIXEL


def test_a_bad_column_through_a_star_is_flagged() -> None:
    frame = single(13.0).frame
    mask = np.zeros(frame.shape, dtype=np.bool_)
    mask[:, 75] = True
    assert detect(replace(frame, mask=mask)).sources["flags"][0] & Flag.BAD_PIXEL


def test_a_star_cut_by_the_border_is_flagged() -> None:
    frame = single(13.0).frame
    cut = replace(frame, data=frame.data[:, 75:].copy(), mask=frame.mask[:, 75:].copy())
    assert detect(cut).sources["flags"][0] & Flag.NEAR_EDGE


def test_not_a_number_is_no_light() -> None:
    frame = single(13.0).frame
    data = frame.data.copy()
    data[10:20, 10:20] = np.nan
    sources = detect(replace(frame, data=data)).sources
    assert len(sources) == 1
    assert np.isfinite(sources.select(pl.selectors.float()).to_numpy()).all()


def test_a_frame_full_of_light_is_taken_apart_at_a_higher_threshold() -> None:
    frame = single(10.0).frame
    noise = np.random.default_rng(3).exponential(2000.0, frame.shape)
    rubbish = np.where(np.random.default_rng(4).uniform(size=frame.shape) < 0.4, noise, 0.0)
    sources = detect(replace(frame, data=(frame.data + rubbish).astype(np.float32))).sources
    assert len(sources) > 10
    brightest = sources.row(0, named=True)
    assert (brightest["x"], brightest["y"]) == pytest.approx((74.5, 74.5), abs=6.0)  # the rubbish pulls
