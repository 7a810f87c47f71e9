"""The shape of the stars is learnt from the frame, and tells their light near the limit that photons set."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.spatial import cKDTree

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.apertures import measure_apertures
from engine.photometry.clean import clean
from engine.photometry.detect import Detection, detect
from engine.photometry.psf.light import StarLight, noise_factor, psf_light
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars

SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(700, 700), band="G(GaiaDR3)", hot_pixels=30, cosmic_rays=10)
SPOILT = int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE | Flag.BLENDED)
DOUBT_PIX = 0.05


def exposure_of(scene: Scene, seed: int, *, density_per_deg2: float = 4000.0) -> SkyExposure:
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(
        rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.22, density_per_deg2=density_per_deg2,
        g_mag_range=(9.0, 18.5),
    )  # fmt: skip
    return simulate_exposure(stars, rng=rng, scene=scene)


def fitted(exposure: SkyExposure, seed: int) -> tuple[Frame, Detection, pl.DataFrame, StarLight | None]:
    """Return the frame's sources with their true light, and what the fit says."""
    frame = clean(exposure.frame)
    detection = detect(frame)
    ny, nx = exposure.scene.shape
    truth = exposure.truth.filter(pl.col("x").is_between(0, nx - 1), pl.col("y").is_between(0, ny - 1))
    off = np.random.default_rng(seed).normal(0.0, DOUBT_PIX, (2, len(truth)))
    known = truth.select(x=pl.col("x") + pl.Series(off[0]), y=pl.col("y") + pl.Series(off[1]))
    target = pl.DataFrame({"x": [nx / 2], "y": [ny / 2]})
    places = pl.concat([detection.sources.select("x", "y"), target])
    light = psf_light(frame, detection, places, known, known_sigma_pix=DOUBT_PIX)
    tree = cKDTree(truth.select("x", "y").to_numpy())
    distance, star = tree.query(detection.sources.select("x", "y").to_numpy())
    true_adu = pl.Series("true_adu", np.where(distance < 1.0, truth["flux_adu"].to_numpy()[star], np.nan))
    return frame, detection, detection.sources.with_columns(true_adu), light


def misses(table: pl.DataFrame, true_adu: pl.Series) -> pl.DataFrame:
    """Return the sound stars with the ratio of measured to true light, one in the middle, and its pull."""
    sound = table.with_columns(true_adu=true_adu.fill_nan(None)).filter(
        (pl.col("flags") & SPOILT) == 0, pl.col("true_adu").is_not_null(), pl.col("flux_adu").is_finite()
    )
    sound = sound.with_columns(
        snr=pl.col("true_adu") / pl.col("flux_err_adu"), ratio=pl.col("flux_adu") / pl.col("true_adu")
    )
    middle = sound.filter(pl.col("snr") > 100)["ratio"].median()
    ratio = pl.col("ratio") / middle
    return sound.with_columns(ratio=ratio, pull=(ratio - 1.0) * pl.col("snr"))


def spread(values: pl.Series) -> float:
    return 1.4826 * float((values - values.median()).abs().median() or 0.0)


@pytest.fixture(scope="module")
def skies() -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Twenty skies: sound stars by the fit and in a circle."""
    found = []
    for seed in range(20):
        frame, detection, sources, light = fitted(exposure_of(SCENE, seed), seed)
        assert light is not None
        circles = measure_apertures(frame, sources, detection=detection, radius_pix=1.6 * SCENE.fwhm_pix)
        found.append((misses(light.table[:-1], sources["true_adu"]), misses(circles, sources["true_adu"])))
    return found


Skies = list[tuple[pl.DataFrame, pl.DataFrame]]


def test_bright_stars_scatter_by_little_more_than_their_photons(skies: Skies) -> None:
    bright = pl.concat([fit.filter(pl.col("snr") > 200) for fit, _ in skies])
    assert len(bright) > 200
    assert spread(bright["ratio"]) < 1.25 * float((1 / bright["snr"]).median() or 0.0)
    circles = pl.concat([circle.filter(pl.col("snr") > 200) for _, circle in skies])
    assert spread(bright["ratio"]) < 0.8 * spread(circles["ratio"])


def test_faint_stars_have_honest_errors_and_no_bias(skies: Skies) -> None:
    for low, high in ((20, 100), (9, 20)):  # nearer to the limit only what noise made brighter is seen
        stars = pl.concat([fit.filter(pl.col("snr").is_between(low, high)) for fit, _ in skies])
        assert len(stars) > 500
        assert spread(stars["pull"]) == pytest.approx(1.0, abs=0.12)
        assert abs(float(stars["pull"].median() or 0.0)) < 0.2


def test_the_noise_of_empty_places_is_that_of_the_sky() -> None:
    _, detection, _, light = fitted(exposure_of(SCENE, 1), 1)
    assert light is not None
    assert noise_factor(light, detection) < 1.15


@pytest.mark.parametrize("fwhm_pix", [1.6, 6.0])
def test_narrow_and_wide_stars_are_fitted_as_well(fwhm_pix: float) -> None:
    _, _, sources, light = fitted(exposure_of(replace(SCENE, fwhm_pix=fwhm_pix), 3), 3)
    assert light is not None
    assert light.psf.fwhm_pix == pytest.approx(fwhm_pix * 1.03, rel=0.08)
    bright = misses(light.table[:-1], sources["true_adu"]).filter(pl.col("snr") > 200)
    assert spread(bright["ratio"]) < 1.6 * float((1 / bright["snr"]).median() or 0.0)


def test_a_frame_with_few_stars_has_no_psf() -> None:
    *_, light = fitted(exposure_of(SCENE, 4, density_per_deg2=60.0), 4)
    assert light is None


def test_a_forest_of_hot_pixels_is_not_taken_for_stars() -> None:
    scene = replace(SCENE, hot_pixels=5000, fwhm_pix=2.5)
    exposure = exposure_of(scene, 5, density_per_deg2=1500.0)
    frame = replace(exposure.frame, mask=np.zeros(scene.shape, dtype=np.bool_))
    detection = detect(frame)  # without cleaning
    places = detection.sources.select("x", "y")
    light = psf_light(frame, detection, places, places.clear(), known_sigma_pix=DOUBT_PIX)
    assert light is None or light.psf.fwhm_pix == pytest.approx(2.5, rel=0.15)


def test_the_target_is_measured_once_where_a_source_stands_at_its_place() -> None:
    exposure = exposure_of(SCENE, 6)
    frame = clean(exposure.frame)
    detection = detect(frame)
    star = detection.sources.filter((pl.col("flags") == 0) & (pl.col("snr") > 100)).row(3, named=True)
    target = pl.DataFrame({"x": [star["x"] + 0.1], "y": [star["y"]]})
    places = pl.concat([detection.sources.select("x", "y"), target])

    light = psf_light(frame, detection, places, places.clear(), known_sigma_pix=DOUBT_PIX)

    assert light is not None
    mine = light.table[-1]["flux_adu"][0]
    row = detection.sources.with_row_index().filter(pl.col("x") == star["x"])["index"][0]
    assert light.table["flux_adu"][int(row)] == mine
    assert mine == pytest.approx(star["flux_adu"], rel=0.2)
