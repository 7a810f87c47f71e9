"""Frames that no telescope should send: each ends in a verdict, without a warning, in little time."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.ndimage import convolve, uniform_filter1d

from engine.lightcurve import Flag
from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Status
from engine.target import Target

TARGET = Target(name="target", ra_deg=150.02, dec_deg=30.01)
SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(400, 420))
Pixels = NDArray[np.float32]
ANY = (Status.MEASURED, Status.LIMIT, Status.REJECTED)


def ring(data: Pixels) -> Pixels:
    dy, dx = np.mgrid[-12:13, -12:13]
    shape = (np.hypot(dx, dy) < 11) & (np.hypot(dx, dy) > 5)
    return np.asarray(convolve(data - 600, shape / shape.sum()) + 600)


def holed(data: Pixels) -> Pixels:
    return np.where(np.random.default_rng(5).uniform(size=data.shape) < 0.3, np.nan, data)


ODD: dict[str, tuple[Callable[[Pixels], Pixels], tuple[Status, ...]]] = {
    "empty": (lambda data: data * 0, (Status.REJECTED,)),
    "even": (lambda data: data * 0 + 1000, (Status.REJECTED,)),
    "burnt out": (lambda data: data * 0 + 60000, (Status.REJECTED,)),
    "no numbers": (lambda data: data * np.nan, (Status.REJECTED,)),
    "negative": (lambda data: data - 5000, (Status.MEASURED,)),
    "coarse": (lambda data: np.round(data / 200) * 200, ANY),
    "noiseless sky": (lambda data: np.where(data > 900, data, 600), ANY),
    "trailed": (lambda data: uniform_filter1d(data, 25, axis=1), ANY),
    "defocused to rings": (ring, ANY),
    "under clouds": (lambda data: data * np.linspace(0.05, 1, data.shape[1]), ANY),
    "full of holes": (holed, ANY),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_frame_ends_in_a_verdict(name: str) -> None:
    change, allowed = ODD[name]
    rng = np.random.default_rng(1)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=3000.0)
    star = one_star("target", ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=14.0)
    exposure = simulate_exposure(pl.concat([stars, star]), rng=rng, scene=SCENE)
    frame = replace(exposure.frame, data=np.ascontiguousarray(change(exposure.frame.data), dtype=np.float32))

    verdict = reduce_frame(frame, TARGET, stars, requested=SCENE.band)

    assert verdict.status in allowed
    assert verdict.reason
    true_mag = float(exposure.truth.filter(pl.col("ref_id") == "target")["mag"][0])
    if verdict.status == Status.MEASURED:
        assert verdict.mag == pytest.approx(true_mag, abs=4 * (verdict.mag_err or 0.0))
    if verdict.status == Status.LIMIT:
        assert verdict.limit_mag is not None
        assert verdict.limit_mag < true_mag + 0.5


def test_trailed_stars_are_told_and_neighbours_along_the_trail_count() -> None:
    for seed in range(4, 8):
        rng = np.random.default_rng(seed)
        stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=3000.0)
        star = one_star("target", ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=14.0)
        beside = one_star("beside", ra_deg=TARGET.ra_deg + 0.005, dec_deg=TARGET.dec_deg, g_mag=14.8)
        exposure = simulate_exposure(pl.concat([stars, star, beside]), rng=rng, scene=SCENE)
        data = np.ascontiguousarray(uniform_filter1d(exposure.frame.data, 25, axis=1), dtype=np.float32)
        known = pl.concat([stars, beside])
        verdict = reduce_frame(replace(exposure.frame, data=data), TARGET, known, requested=SCENE.band)
        true_mag = float(exposure.truth.filter(pl.col("ref_id") == "target")["mag"][0])
        assert any("trailed over 2" in words for words in verdict.sentences)
        assert verdict.flags & Flag.BLENDED
        assert verdict.mag == pytest.approx(true_mag, abs=2 * (verdict.mag_err or 0.0))
