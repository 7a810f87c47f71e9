"""A moving target's place between those of its ephemeris, and how fast it moves."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from engine.errors import Rejected
from engine.track import Track, track_of


def circling(*, step_d: float, pole_deg: float = 20.0) -> Track:
    """Return a target that runs along a small circle through RA 0, 10 degrees a day."""
    mjd = np.arange(60000.0, 60002.0 + step_d / 2, step_d)
    return track_of(mjd, (350.0 + 10.0 * (mjd - 60000.0)) % 360.0, np.full(len(mjd), pole_deg))


def test_a_place_between_those_of_the_table_is_right_to_a_milliarcsecond() -> None:
    track = circling(step_d=1 / 24)
    for mjd in (60000.51, 60000.9999, 60001.013):
        true = SkyCoord((350.0 + 10.0 * (mjd - 60000.0)) % 360.0, 20.0, unit="deg")
        assert track.position_at(mjd).separation(true).arcsec < 1e-3


def test_the_motion_is_told_on_the_sphere() -> None:
    motion = circling(step_d=1 / 24, pole_deg=60.0).motion_at(60001.0)
    assert motion.arcsec_per_s == pytest.approx(10 * 3600 / 86400 * np.cos(np.radians(60.0)), rel=1e-4)
    assert motion.position_angle_deg == pytest.approx(90.0, abs=0.01)


def test_no_place_is_told_outside_of_the_table() -> None:
    for mjd in (59999.9, 60002.1):
        with pytest.raises(Rejected) as refusal:
            circling(step_d=0.1).position_at(mjd)
        assert refusal.value.code == "outside-ephemeris"


def test_two_places_make_a_straight_way_and_one_makes_none() -> None:
    two = track_of(np.array([1.0, 0.0]), np.array([11.0, 10.0]), np.array([0.0, 0.0]))
    assert two.position_at(0.5).ra.deg == pytest.approx(10.5)
    with pytest.raises(Rejected) as refusal:
        track_of(np.array([1.0]), np.array([11.0]), np.array([0.0]))
    assert refusal.value.code == "bad-ephemeris"


def test_many_places_are_those_of_each_moment_and_unknown_outside_of_the_table() -> None:
    track = circling(step_d=1 / 24)
    ra_deg, dec_deg = track.positions_at(np.array([59999.0, 60000.51, 60001.99, 60002.1]))
    for place, mjd in ((1, 60000.51), (2, 60001.99)):
        there = SkyCoord(ra_deg[place], dec_deg[place], unit="deg")
        assert track.position_at(mjd).separation(there).arcsec < 1e-6
    assert np.isnan(ra_deg[[0, 3]]).all()
    assert np.isnan(dec_deg[[0, 3]]).all()
