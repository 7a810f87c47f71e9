"""Trails of satellites go, what looks like one stays, and the stars beside keep their light."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.apertures import measure_apertures
from engine.photometry.clean import clean
from engine.photometry.detect import Detection, detect
from engine.photometry.pipeline import reduce_frame
from engine.photometry.read import read_frames
from engine.photometry.satellites import without_trails
from engine.photometry.sky import SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Reduction, Status
from engine.target import Target
from tests.engine.photometry.trailed_frame import (
    SCENE,
    Place,
    beside,
    exposure_of,
    lures,
    way,
    with_trail,
)

SEEDS = range(20)
OF_A_NIGHT = 6  # every so many of the 49 frames that one camera took of one field
TARGET = Target(name="target", ra_deg=150.01, dec_deg=30.01)


Taken = tuple[Frame, Detection]


def taken(frame: Frame) -> Taken:
    frame = clean(frame)
    return without_trails(frame, detect(frame))


@cache
def sky(seed: int) -> SkyExposure:
    return exposure_of(seed)


@cache
def of_plain(seed: int) -> Taken:
    return taken(sky(seed).frame)


@cache
def of_crossed(seed: int, *, sigma: float) -> Taken:
    return taken(with_trail(sky(seed).frame, way(seed), sigma=sigma))


def is_found(of_frame: Taken, *ends: tuple[Place, Place]) -> bool:
    """Return whether exactly these trails were found, each masked where it is bright."""
    cleaned, detection = of_frame
    if len(detection.trails) != len(ends):
        return False
    return all(np.mean(cleaned.mask[core(cleaned, each)]) > 0.95 for each in ends)


def core(frame: Frame, ends: tuple[Place, Place]) -> NDArray[np.bool_]:
    along, across = beside(frame.shape, ends)
    length = np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])
    return np.asarray((np.abs(across) < 1.5) & (along >= 10) & (along <= length))


@pytest.mark.parametrize("sigma", [3.0, 300.0])
def test_trails_of_three_sigma_and_more_are_found(sigma: float) -> None:
    found = sum(is_found(of_crossed(seed, sigma=sigma), way(seed)) for seed in SEEDS)
    assert found >= 0.95 * len(SEEDS)


@pytest.mark.parametrize(
    ("is_whole", "fwhm_pix", "blink_pix"),
    [(False, 3.0, None), (True, 9.0, None), (True, 3.0, 30.0)],
    ids=["ending inside", "wide", "blinking"],
)
def test_trails_of_other_shapes_are_found(is_whole: bool, fwhm_pix: float, blink_pix: float | None) -> None:
    found = 0
    for seed in SEEDS:
        ends = way(seed, is_whole=is_whole)
        frame = with_trail(sky(seed).frame, ends, fwhm_pix=fwhm_pix, blink_pix=blink_pix)
        found += is_found(taken(frame), ends)
    assert found >= 0.95 * len(SEEDS)


def test_two_trails_are_two() -> None:
    found = 0
    for seed in SEEDS:
        a, b = way(seed), way(seed + 100)
        found += is_found(taken(with_trail(with_trail(sky(seed).frame, a), b)), a, b)
    assert found >= 0.9 * len(SEEDS)  # two that run on top of each other are one


def test_a_frame_without_a_trail_has_none() -> None:
    assert not any(of_plain(seed)[1].trails for seed in SEEDS)


@pytest.mark.parametrize("seed", range(4))
def test_what_only_looks_like_a_trail_is_none(seed: int) -> None:
    wrong = [name for name, frame in lures(sky(seed), seed).items() if taken(frame)[1].trails]
    assert not wrong


def test_a_crowd_of_twenty_thousand_stars_makes_no_trail() -> None:
    scene = replace(SCENE, shape=(1000, 1000))
    area_deg2 = (1000 * scene.pixel_scale_arcsec / 3600) ** 2
    crowd = exposure_of(1, scene=scene, stars_per_deg2=20_000 / area_deg2)
    _, detection = taken(crowd.frame)
    assert len(detection.sources) > 2500
    assert detection.trails == ()


@pytest.mark.parametrize("sigma", [3.0, 300.0])
def test_a_trail_makes_no_stars_and_loses_only_those_under_it(sigma: float) -> None:
    for seed in range(4, 10):
        _, across = beside(SCENE.shape, way(seed))
        (_, plain), (_, trailed) = of_plain(seed), of_crossed(seed, sigma=sigma)
        reach_pix = trailed.trails[0].half_width_pix + 8
        far = [np.sum(np.abs(at(across, each.sources)) > reach_pix) for each in (plain, trailed)]
        near = [np.sum(np.abs(at(across, each.sources)) <= reach_pix) for each in (plain, trailed)]
        assert far[1] == pytest.approx(far[0], abs=2)
        assert near[1] <= near[0] + 1


def at(image: NDArray[np.float64], stars: pl.DataFrame) -> NDArray[np.float64]:
    rows, columns = (stars[name].round().cast(pl.Int64).to_numpy() for name in ("y", "x"))
    return np.asarray(image[rows.clip(0, image.shape[0] - 1), columns.clip(0, image.shape[1] - 1)])


@pytest.mark.parametrize("sigma", [3.0, 300.0])
def test_stars_beside_keep_their_light_and_stars_on_the_trail_are_flagged(sigma: float) -> None:
    pulls: list[float] = []
    for seed in SEEDS:
        _, across = beside(SCENE.shape, way(seed))
        stars = sky(seed).truth.filter(
            pl.col("x").is_between(20, 420), pl.col("y").is_between(20, 400), pl.col("flux_adu") > 1e4
        )
        light = [
            measure_apertures(cleaned, stars, detection=detection, radius_pix=5.0)
            for cleaned, detection in (of_plain(seed), of_crossed(seed, sigma=sigma))
        ]
        distance = np.abs(at(across, stars))
        flags = light[1]["flags"].to_numpy()
        assert np.all(flags[distance < 2] & Flag.BAD_PIXEL)
        is_beside = (distance < 60) & (flags == 0) & (light[0]["flags"].to_numpy() == 0)
        change = light[1]["flux_adu"].to_numpy() - light[0]["flux_adu"].to_numpy()
        pulls += list((change / light[0]["flux_err_adu"].to_numpy())[is_beside])
    assert len(pulls) > 60
    assert abs(np.mean(pulls)) < 0.3
    assert np.quantile(np.abs(pulls), 0.9) < 1.0


def verdict_on(ends: tuple[Place, Place]) -> tuple[Reduction, float]:
    rng = np.random.default_rng(4)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=4000.0)
    star = one_star("target", ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=14.0)
    scene = replace(SCENE, band="r(GaiaSP)")
    exposure = simulate_exposure(pl.concat([stars, star]), rng=rng, scene=scene)
    true = exposure.truth.filter(pl.col("ref_id") == "target").row(0, named=True)
    x, y = true["x"], true["y"]
    moved = tuple((x + dx, y + dy) for dx, dy in ends)
    frame = with_trail(exposure.frame, (moved[0], moved[1]), sigma=20.0)
    return reduce_frame(frame, TARGET, stars, requested=scene.band), float(true["mag"])


def test_a_trail_over_the_target_is_told_and_flagged() -> None:
    verdict, _ = verdict_on(((-900.0, -450.0), (900.0, 450.0)))
    told = "A satellite's trail crosses the frame and was masked; it runs over the target."
    assert told in verdict.sentences
    assert verdict.code == "satellite-trail"
    assert verdict.flags & Flag.BAD_PIXEL


def test_a_trail_elsewhere_is_told_and_the_target_keeps_its_magnitude() -> None:
    verdict, true_mag = verdict_on(((-900.0, -410.0), (900.0, 490.0)))
    assert "A satellite's trail crosses the frame and was masked." in verdict.sentences
    assert verdict.status is Status.MEASURED
    assert verdict.mag == pytest.approx(true_mag, abs=3 * (verdict.mag_err or 0.0))
    assert not verdict.flags & Flag.BAD_PIXEL


def test_of_all_real_frames_only_the_one_with_a_trail_has_one(shared: Path) -> None:
    found = {}
    paths = sorted((shared / "images").rglob("*.f*"))
    night = [path for path in paths if path.parent.name == "microobservatory_hatp32"]
    for path in sorted({*paths} - {*night} | {*night[::OF_A_NIGHT]}):
        try:
            frames = read_frames(path)
        except Rejected:
            continue
        for frame in frames:
            if trails := taken(frame)[1].trails:
                found[path.name] = [place for trail in trails for place in (trail.path.start, trail.path.end)]
    assert list(found) == ["asi1600_ngc4492_2s.fits.fz"]
    start, end = found["asi1600_ngc4492_2s.fits.fz"]  # seen by eye: a faint streak of one 2 s exposure
    assert start == pytest.approx((1414, 836), abs=30)
    assert end == pytest.approx((1945, 328), abs=30)
