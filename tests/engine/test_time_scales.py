"""Times from archives' scales, against astropy's own transformations."""

import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.times import (
    full_jd,
    mid_exposure,
    mjd_now,
    mjd_utc_of,
    mjd_utc_of_barycentric,
    mjd_utc_of_heliocentric,
)

GEOCENTRE = EarthLocation.from_geocentric(0.0, 0.0, 0.0, unit="m")
MILLISECOND_D = 0.001 / 86400.0
mjds = st.floats(48000.0, 61000.0)
places = st.tuples(st.floats(0.0, 359.99), st.floats(-89.9, 89.9))


@settings(deadline=None, max_examples=30)
@given(mjd=mjds, place=places, scale=st.sampled_from(["tdb", "tcb"]))
def test_a_barycentric_time_comes_back_to_the_geocentre_within_a_millisecond(
    mjd: float, place: tuple[float, float], scale: str
) -> None:
    here = Time(mjd, format="mjd", scale="utc", location=GEOCENTRE)
    there = getattr(here.tdb + here.light_travel_time(SkyCoord(*place, unit="deg")), scale)
    ra_deg, dec_deg = place
    back = mjd_utc_of_barycentric(np.array([there.mjd]), scale=scale, ra_deg=ra_deg, dec_deg=dec_deg)
    assert back == pytest.approx([mjd], abs=MILLISECOND_D)


@settings(deadline=None, max_examples=30)
@given(mjd=mjds, place=places)
def test_a_heliocentric_time_comes_back_to_the_geocentre_within_a_millisecond(
    mjd: float, place: tuple[float, float]
) -> None:
    here = Time(mjd, format="mjd", scale="utc", location=GEOCENTRE)
    there = here + here.light_travel_time(SkyCoord(*place, unit="deg"), kind="heliocentric")
    back = mjd_utc_of_heliocentric(np.array([there.mjd]), ra_deg=place[0], dec_deg=place[1])
    assert back == pytest.approx([mjd], abs=MILLISECOND_D)


@pytest.mark.parametrize(
    ("date", "scale", "later_s"),
    [("2014-09-04", "tai", 35.0), ("2020-01-01", "tai", 37.0), ("2020-01-01", "tt", 69.184)],
)
def test_atomic_scales_run_ahead_of_utc_by_the_leap_seconds_of_their_day(
    date: str, scale: str, later_s: float
) -> None:
    mjd = Time(date, scale="utc").mjd
    assert mjd_utc_of(np.array([mjd + later_s / 86400.0]), scale=scale) == pytest.approx(
        [mjd], abs=MILLISECOND_D
    )


def test_short_julian_dates_get_their_beginning_back() -> None:
    assert full_jd(np.array([8171.2, 2458171.2])).tolist() == [2458171.2, 2458171.2]


def test_the_middle_of_an_exposure_is_half_its_length_after_its_beginning() -> None:
    assert mid_exposure(np.array([60000.0]), 30.0) == pytest.approx([60000.0 + 15.0 / 86400.0], abs=1e-9)


@pytest.mark.parametrize("later_d", [0.0, 100.0])
def test_an_installation_that_is_months_old_still_knows_where_stars_stand(
    later_d: float,
) -> None:
    place = EarthLocation.from_geodetic(20.0, 50.0, 100.0)
    moment = Time(mjd_now() + later_d, format="mjd", scale="utc", location=place)
    altitude = SkyCoord(10.0, 50.0, unit="deg").transform_to(AltAz(obstime=moment, location=place)).alt
    assert -90.0 <= altitude.deg <= 90.0
