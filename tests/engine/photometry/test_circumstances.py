"""Target, Sun and Moon over the telescope; a clock that shows local time is told."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from engine.frame import Camera
from engine.lightcurve import Flag
from engine.photometry.circumstances import Circumstances, about_circumstances, circumstances
from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars
from engine.target import Target

WARSAW = Camera(name="C", facility="Ostrowik", longitude_deg=21.42, latitude_deg=52.09, altitude_m=138.0)
POLARIS = SkyCoord(37.95456, 89.26411, unit="deg")
SKY = Circumstances(
    altitude_deg=60.0, sun_altitude_deg=-30.0, moon_altitude_deg=-5.0, moon_separation_deg=90.0, moon_lit=0.9
)


def test_the_pole_star_stands_as_high_as_the_latitude() -> None:
    told = circumstances(WARSAW, POLARIS, 60000.9)
    assert told is not None
    assert told.altitude_deg == pytest.approx(52.09, abs=0.8)
    assert told.airmass == pytest.approx(1 / np.sin(np.radians(52.09)), abs=0.03)


def test_the_full_moon_of_february_2023_is_where_it_was() -> None:
    full = 59980.7694  # 5 February 2023, 18:28 UTC
    told = circumstances(WARSAW, SkyCoord(138.5, 17.0, unit="deg"), full)
    assert told is not None
    assert told.moon_lit > 0.99
    assert told.moon_separation_deg < 6.0
    assert told.sun_altitude_deg < -15.0
    assert told.moon_altitude_deg > 10.0


@given(altitude_deg=st.floats(0.5, 90.0), step_deg=st.floats(0.1, 10.0))
def test_the_air_grows_towards_the_horizon(altitude_deg: float, step_deg: float) -> None:
    high = replace(SKY, altitude_deg=min(90.0, altitude_deg + step_deg)).airmass
    low = replace(SKY, altitude_deg=altitude_deg).airmass
    assert high is not None
    assert low is not None
    assert 0.999 < high <= low < 40


def test_what_the_sky_was_like_is_told() -> None:
    assert about_circumstances(SKY) == ("The target stood 60° high, at an airmass of 1.15.",)
    low = about_circumstances(
        replace(SKY, altitude_deg=20.0, moon_altitude_deg=30.0, moon_separation_deg=12.0)
    )
    assert low[1].startswith("So low")
    assert low[2] == "The Moon, 90% lit, stood 12° away, close to it."
    assert "below the horizon" in about_circumstances(replace(SKY, altitude_deg=-12.0))[0]


def test_nothing_is_told_of_a_camera_without_a_place() -> None:
    assert circumstances(replace(WARSAW, latitude_deg=None), POLARIS, 60000.0) is None


@pytest.mark.parametrize(("hours", "is_wrong"), [(0.0, False), (12.0, True)])
def test_a_clock_that_lies_by_half_a_day_is_told(hours: float, *, is_wrong: bool) -> None:
    scene = Scene(
        ra_deg=150.0, dec_deg=40.0, shape=(400, 400), mjd=59990.9 + hours / 24
    )  # February, 21:36 UTC
    rng = np.random.default_rng(1)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=40.0, radius_deg=0.2, density_per_deg2=3000.0)
    frame = replace(simulate_exposure(stars, rng=rng, scene=scene).frame, camera=WARSAW)
    verdict = reduce_frame(frame, Target(name="t", ra_deg=150.0, dec_deg=40.0), stars)
    assert bool(verdict.flags & Flag.TIME_UNCERTAIN) == is_wrong
    assert any("local time" in words for words in verdict.sentences) == is_wrong
    assert any("airmass" in words for words in verdict.sentences) != is_wrong
