"""A first look: the picture stands as the sky does, and what is wrong is said before anything is measured."""

import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from PIL import Image

from engine.photometry.glance import glance_at
from engine.photometry.looked import Check, checks
from engine.photometry.preview import MOST_SIDE_PIX, block_pix, preview_png
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars
from engine.target import Target

SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(500, 600))
TARGET = Target(name="T", ra_deg=150.0, dec_deg=30.0)
NOW_MJD = 60001.0


def told(scene: Scene, target: Target = TARGET, *, density_per_deg2: float = 4000.0) -> dict[str, Check]:
    rng = np.random.default_rng(3)
    stars = gaia_like_stars(
        rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=density_per_deg2
    )
    seen = glance_at(simulate_exposure(stars, rng=rng, scene=scene).frame)
    return {check.about: check for check in checks(seen, target, now_mjd=NOW_MJD)}


def test_a_good_frame_passes_every_check() -> None:
    found = told(SCENE)
    assert {about for about, check in found.items() if not check.is_good} == set()
    assert found["Filter"].words == "r"
    assert "60 s" in found["Time"].words


@pytest.mark.parametrize(
    ("scene", "target", "about"),
    [
        (SCENE, replace(TARGET, ra_deg=160.0), "Position"),
        (replace(SCENE, mjd=NOW_MJD + 400), TARGET, "Time"),
        (replace(SCENE, saturation_adu=700.0), TARGET, "Saturation"),
        (replace(SCENE, zero_point_mag=13.0), TARGET, "Stars"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_else(scene: Scene, target: Target, about: str) -> None:
    assert {name for name, check in told(scene, target).items() if not check.is_good} == {about}


def test_the_count_follows_the_stars_and_not_the_hot_pixels() -> None:
    rng = np.random.default_rng(5)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=4000.0)
    clean = simulate_exposure(stars, rng=np.random.default_rng(1), scene=SCENE)
    hot = simulate_exposure(stars, rng=np.random.default_rng(1), scene=replace(SCENE, hot_pixels=600))
    bright = clean.truth.filter(pl.col("mag") < 15.5).height
    assert glance_at(clean.frame).stars >= 0.9 * bright
    assert glance_at(hot.frame).stars == pytest.approx(glance_at(clean.frame).stars, rel=0.1)


@pytest.mark.parametrize("shape", [(700, 500), (2300, 1200)])
def test_what_is_bright_stands_on_the_picture_with_y_upward(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(2).normal(500.0, 20.0, shape).astype(np.float32)
    pixels[100:180, 200:500] += 5000.0  # hand-made: as wide as few stars are, so that it outshines the noise
    body = preview_png(pixels)
    picture = np.asarray(Image.open(io.BytesIO(body)).convert("L"), dtype=float)
    block = block_pix(shape)
    assert max(picture.shape) <= MOST_SIDE_PIX
    row, column = np.argwhere(picture > 0.9 * picture.max()).mean(axis=0)
    assert column == pytest.approx(350 / block, abs=3)
    assert picture.shape[0] - 1 - row == pytest.approx(140 / block, abs=3)


def test_a_frame_without_any_number_is_still_a_picture() -> None:
    body = preview_png(np.full((30, 40), np.nan, dtype=np.float32))
    assert Image.open(io.BytesIO(body)).size == (40, 30)
