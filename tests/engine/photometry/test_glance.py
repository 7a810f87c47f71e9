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
from engine.photometry.sky_stars import gaia_like_stars, one_star
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
def test_a_star_stands_on_the_picture_where_its_pixels_are_seen_from_below(shape: tuple[int, int]) -> None:
    scene = replace(SCENE, shape=shape, sky_gradient=0.0)
    star = one_star("s", ra_deg=150.02, dec_deg=30.1, g_mag=11.0)
    exposure = simulate_exposure(star, rng=np.random.default_rng(2), scene=scene)
    body = preview_png(exposure.frame.data)
    picture = np.asarray(Image.open(io.BytesIO(body)).convert("L"), dtype=float)
    block = block_pix(shape)
    assert max(picture.shape) <= MOST_SIDE_PIX
    row, column = np.argwhere(picture > 0.95 * picture.max()).mean(axis=0)  # it fills more than one pixel
    x, y = exposure.truth.select("x", "y").row(0)
    assert column == pytest.approx(x / block, abs=2)
    assert picture.shape[0] - 1 - row == pytest.approx(y / block, abs=2)


def test_a_frame_without_any_number_is_still_a_picture() -> None:
    body = preview_png(np.full((30, 40), np.nan, dtype=np.float32))
    assert Image.open(io.BytesIO(body)).size == (40, 30)
