"""Cosmic rays go, stars stay, and what was a ray is no source."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from engine.frame import Frame
from engine.photometry.clean import clean
from engine.photometry.detect import Detection, detect
from engine.photometry.rays import without_rays
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars

SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(600, 600), band="G(GaiaDR3)")
RAYS = 60


def exposure_of(fwhm_pix: float, seed: int) -> SkyExposure:
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(
        rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=4000.0, g_mag_range=(9.0, 18.0)
    )
    return simulate_exposure(stars, rng=rng, scene=replace(SCENE, fwhm_pix=fwhm_pix))


def with_rays(frame: Frame, seed: int) -> tuple[Frame, NDArray[np.bool_]]:
    """Return the frame with tracks of rays, and where these stand out of the noise."""
    rng = np.random.default_rng(seed)
    data, hit = frame.data.copy(), np.zeros(frame.shape, dtype=np.bool_)
    ny, nx = frame.shape
    for _ in range(RAYS):
        steps, angle_rad = np.arange(rng.integers(2, 12)), rng.uniform(0.0, 2 * np.pi)
        rows = np.round(rng.uniform(15, ny - 15) + steps * np.sin(angle_rad)).astype(int)
        columns = np.round(rng.uniform(15, nx - 15) + steps * np.cos(angle_rad)).astype(int)
        data[rows, columns] += np.float32(300.0 + rng.exponential(1500.0))
        hit[rows, columns] = True
    return replace(frame, data=data), hit


def cleaned(frame: Frame) -> tuple[Frame, Detection]:
    frame = clean(frame)
    return without_rays(frame, detect(frame))


@pytest.mark.parametrize("fwhm_pix", [2.5, 3.2, 5.0])
def test_rays_are_found_and_stars_are_not_taken_for_rays(fwhm_pix: float) -> None:
    exposure = exposure_of(fwhm_pix, 1)
    frame, hit = with_rays(exposure.frame, 2)

    found, detection = cleaned(frame)
    plain, _ = cleaned(exposure.frame)

    sky = detection.segments == 0
    assert np.mean(found.mask[hit]) > 0.97
    assert np.mean(found.mask[~hit & sky]) < 0.002
    cores = exposure.truth.filter(
        pl.col("x").is_between(5, 594), pl.col("y").is_between(5, 594), pl.col("flux_adu") < 3e5
    )
    core = plain.mask[cores["y"].round().cast(pl.Int64), cores["x"].round().cast(pl.Int64)]
    assert len(core) > 100
    assert np.mean(core) < 0.005


def test_what_was_a_ray_is_no_source_and_every_star_is_still_one() -> None:
    exposure = exposure_of(3.0, 3)
    frame, _ = with_rays(exposure.frame, 4)
    _, plain = cleaned(exposure.frame)

    _, with_ = cleaned(frame)
    without = detect(clean(frame))

    assert len(without.sources) > len(plain.sources) + 8
    assert len(with_.sources) == pytest.approx(len(plain.sources), abs=4)
    bright = plain.sources.filter(pl.col("snr") > 30)
    places = with_.sources.select("x", "y").to_numpy()
    nearest = [np.hypot(*(places - place).T).min() for place in bright.select("x", "y").iter_rows()]
    assert np.mean(np.array(nearest) < 1.0) > 0.98
    assert with_.segments.max() == len(with_.sources)


def test_the_rim_of_a_burnt_core_is_no_ray() -> None:
    frame = replace(exposure_of(3.0, 6).frame, saturation_adu=6000.0)
    frame = clean(replace(frame, data=np.minimum(frame.data, np.float32(6000.0))))
    found, _ = without_rays(frame, detect(frame))
    burnt = frame.data >= 6000.0
    rim = binary_dilation(burnt, iterations=2) & ~burnt & ~frame.mask
    assert np.count_nonzero(rim) > 200
    assert np.mean(found.mask[rim]) < 0.005


def test_narrow_stars_and_colour_planes_are_left_alone() -> None:
    exposure = exposure_of(1.5, 5)
    frame = clean(exposure.frame)
    detection = detect(frame)
    assert without_rays(frame, detection) == (frame, detection)
    wide = clean(exposure_of(3.0, 5).frame)
    plane = replace(wide, plane="R")
    found = detect(plane)
    assert without_rays(plane, found) == (plane, found)
