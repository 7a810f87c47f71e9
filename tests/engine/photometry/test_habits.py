"""A camera's earlier frames help where few stars tell the band, and cannot mislead where many do."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bench_zero_point import CAMERA_BANDS
from benchmarks.zero_point_nights import Sky, night
from engine.errors import Rejected
from engine.frame import BandHabit, Camera
from engine.photometry.calibrate import calibrate
from engine.photometry.calibrating.candidates import Expected
from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars
from engine.target import Target

SEEDS = range(40)


def habit(band: str, *, frames: int = 50) -> tuple[BandHabit, ...]:
    return (BandHabit(filter_name="filter 3", band=band, frames=frames, colour_term=0.0),)


def right_share(sky: Sky, *, habits_of: str) -> float:
    """Return how often the right band is taken, with a camera used in it, in another, or never."""
    right = []
    for seed in SEEDS:
        told = night(np.random.default_rng(300 + seed), sky=sky)
        other = next(band for band in CAMERA_BANDS if band != told.band)
        habits = {"right": habit(told.band), "another": habit(other), "none": ()}[habits_of]
        try:
            right.append(calibrate(told.pairs, expected=Expected(habits=habits)).band == told.band)
        except Rejected:
            continue
    assert len(right) > 0.9 * len(SEEDS)
    return float(np.mean(right))


def test_where_few_stars_tell_the_band_the_cameras_habit_does() -> None:
    few = Sky(stars=(6, 14), bands=CAMERA_BANDS)
    alone, helped = (right_share(few, habits_of=which) for which in ("none", "right"))
    assert helped >= alone
    assert helped > 0.95


def test_many_stars_overrule_a_habit_of_another_band() -> None:
    many = Sky(stars=(60, 150), bands=CAMERA_BANDS)
    assert right_share(many, habits_of="another") > 0.85


@pytest.mark.parametrize(("frames", "expected"), [(0, 0.04), (2, 0.04), (3, 0.01), (500, 0.01)])
def test_a_colour_term_is_known_after_some_frames(frames: int, expected: float) -> None:
    known = Expected(habits=habit("V(GaiaSP)", frames=frames))
    assert known.colour_term("V(GaiaSP)")[1] == pytest.approx(expected)
    assert known.colour_term("R(GaiaSP)") == (0.0, 0.04)


def test_a_frame_minds_the_habits_of_its_own_filter_only() -> None:
    rng = np.random.default_rng(1)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=300.0)
    scene = Scene(ra_deg=150.0, dec_deg=30.0, shape=(500, 500), band="r(GaiaSP)", filter_name="filter 3")
    frame = simulate_exposure(stars, rng=rng, scene=scene).frame
    target = Target(name="t", ra_deg=150.0, dec_deg=30.0)

    def told(habits: tuple[BandHabit, ...]) -> dict[str, float]:
        verdict = reduce_frame(replace(frame, camera=Camera(habits=habits)), target, stars)
        assert verdict.calibration is not None
        return {fit.band: fit.probability for fit in verdict.calibration.fits}

    plain = told(())
    assert told((replace(habit("r(GaiaSP)")[0], filter_name="filter 4"),)) == plain
    assert told((replace(habit("r(GaiaSP)")[0], plane="R"),)) == plain
    assert told(habit("r(GaiaSP)"))["r(GaiaSP)"] > plain["r(GaiaSP)"]
