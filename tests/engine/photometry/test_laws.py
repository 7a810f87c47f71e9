"""What may not change a magnitude: how the camera is turned, mirrored, cut, or how it counts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.frame import Frame
from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

TARGET = Target(name="target", ra_deg=150.03, dec_deg=30.02)
SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(600, 640), hot_pixels=10, is_wcs_known=False)


@pytest.fixture(scope="module")
def sky() -> tuple[Frame, pl.DataFrame, Reduction]:
    """Return a frame, its reference stars, and the verdict on it as it is."""
    rng = np.random.default_rng(11)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.25, density_per_deg2=2500.0)
    star = one_star("target", ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=14.5)
    exposure = simulate_exposure(pl.concat([stars, star]), rng=rng, scene=SCENE)
    return exposure.frame, stars, reduce_frame(exposure.frame, TARGET, stars)


Sky = tuple[Frame, pl.DataFrame, Reduction]


def judged(sky: Sky, change: Callable[[Frame], Frame]) -> Reduction:
    """Return the verdict on the changed frame, which has the band of the first one."""
    frame, stars, first = sky
    again = reduce_frame(change(frame), TARGET, stars)
    assert (again.status, again.band) == (Status.MEASURED, first.band)
    return again


def same(sky: Sky, change: Callable[[Frame], Frame]) -> Reduction:
    """Return the verdict on a frame with the same stars, after checking that its magnitude is the same."""
    first, again = sky[2], judged(sky, change)
    assert first.stat_err_mag is not None
    assert again.mag == pytest.approx(first.mag, abs=0.6 * first.stat_err_mag)
    assert again.mag_err == pytest.approx(first.mag_err, rel=0.15)
    return again


@given(quarters=st.integers(0, 3), mirrored=st.booleans())
@settings(max_examples=8, deadline=None)
def test_a_turned_or_mirrored_camera_sees_the_same(sky: Sky, *, quarters: int, mirrored: bool) -> None:
    def turned(frame: Frame) -> Frame:
        data = np.rot90(frame.data, quarters)
        data = data[:, ::-1] if mirrored else data
        return replace(frame, data=np.ascontiguousarray(data), mask=np.zeros(data.shape, dtype=np.bool_))

    same(sky, turned)


@given(factor=st.floats(0.4, 2.5))
@settings(max_examples=5, deadline=None)
def test_another_gain_changes_the_zero_point_alone(sky: Sky, factor: float) -> None:
    def recounted(frame: Frame) -> Frame:
        return replace(
            frame,
            data=frame.data * np.float32(factor),
            gain_e_adu=frame.gain_e_adu / factor,
            saturation_adu=frame.saturation_adu * factor,
        )

    again = same(sky, recounted)
    assert again.zero_point_mag == pytest.approx(
        (sky[2].zero_point_mag or 0.0) + 2.5 * np.log10(factor), abs=0.004
    )


@given(left=st.integers(0, 40), below=st.integers(0, 40))
@settings(max_examples=5, deadline=None)
def test_a_frame_cut_at_its_borders_sees_the_same(sky: Sky, left: int, below: int) -> None:
    def cut(frame: Frame) -> Frame:
        data = np.ascontiguousarray(frame.data[below:, left:])
        return replace(frame, data=data, mask=np.zeros(data.shape, dtype=np.bool_))

    first, again = sky[2], judged(sky, cut)  # fewer stars calibrate it, and the mesh of its sky is another
    assert first.mag_err is not None
    assert again.mag == pytest.approx(first.mag, abs=first.mag_err)
    assert again.mag_err == pytest.approx(first.mag_err, rel=0.5)


@given(pedestal_adu=st.floats(-500.0, 2000.0))
@settings(max_examples=4, deadline=None)
def test_a_pedestal_is_sky(sky: Sky, pedestal_adu: float) -> None:
    same(sky, lambda frame: replace(frame, data=frame.data + np.float32(pedestal_adu)))
