"""Our own arithmetic of the sky against astropy's, at any site, on any night."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.visibility.horizon import (
    Site,
    airmass_at,
    altitudes_deg,
    checked_site,
    directions,
    separations_deg,
)
from engine.visibility.night import Night, night_of

GOOD_DEG = 0.05
SITES = st.builds(
    Site,
    longitude_deg=st.floats(-180, 360),
    latitude_deg=st.one_of(st.sampled_from([-90.0, 0.0, 90.0]), st.floats(-90, 90)),
    altitude_m=st.floats(0, 5000),
)
DAYS = st.integers(48000, 61300)  # beyond, nobody knows the leap seconds that astropy asks for
RAS, DECS = st.floats(0, 360), st.floats(-90, 90)


def seen_by_astropy(night: Night) -> tuple[np.ndarray, EarthLocation, Time]:
    some = np.arange(0, len(night.mjd), 24)
    place = EarthLocation.from_geodetic(
        night.site.longitude_deg * u.deg, night.site.latitude_deg * u.deg, night.site.altitude_m * u.m
    )
    return some, place, Time(night.mjd[some], format="mjd", scale="utc")


@settings(max_examples=40)
@given(site=SITES, day=DAYS, ra_deg=RAS, dec_deg=DECS)
def test_a_place_stands_as_high_as_astropy_says(site: Site, day: int, ra_deg: float, dec_deg: float) -> None:
    night = night_of(site, day)
    some, place, moments = seen_by_astropy(night)
    truth = SkyCoord(ra_deg, dec_deg, unit="deg").transform_to(AltAz(obstime=moments, location=place))
    ours = altitudes_deg(night.ground, directions(np.array([ra_deg]), np.array([dec_deg])))[0]
    assert np.abs(ours[some] - truth.alt.deg).max() < GOOD_DEG


@settings(max_examples=15)
@given(site=SITES, day=DAYS)
def test_sun_and_moon_stand_as_high_as_astropy_says(site: Site, day: int) -> None:
    night = night_of(site, day)
    some, place, moments = seen_by_astropy(night)
    sky = AltAz(obstime=moments, location=place)
    for name, ours in (("sun", night.sun_altitude_deg), ("moon", night.moon_altitude_deg)):
        truth = get_body(name, moments, place).transform_to(sky)
        assert np.abs(ours[some] - truth.alt.deg).max() < GOOD_DEG, name


@given(ra_deg=RAS, dec_deg=DECS, other_ra_deg=RAS, other_dec_deg=DECS)
def test_separations_are_those_on_the_sphere(
    ra_deg: float, dec_deg: float, other_ra_deg: float, other_dec_deg: float
) -> None:
    one, other = (
        SkyCoord(*place, unit="deg") for place in ((ra_deg, dec_deg), (other_ra_deg, other_dec_deg))
    )
    ours = separations_deg(
        directions(np.array(ra_deg), np.array(dec_deg)),
        directions(np.array(other_ra_deg), np.array(other_dec_deg)),
    )
    assert float(ours) == pytest.approx(one.separation(other).deg, abs=1e-6)


def test_a_body_that_moves_is_followed_through_the_night() -> None:
    night = night_of(Site(longitude_deg=0.0, latitude_deg=40.0), 60000)
    ra_deg = np.linspace(100.0, 101.0, len(night.mjd))
    dec_deg = np.linspace(10.0, 12.0, len(night.mjd))
    moving = altitudes_deg(night.ground, directions(ra_deg[np.newaxis], dec_deg[np.newaxis]))[0]
    for place in (0, 144, 288):
        there = directions(ra_deg[place : place + 1], dec_deg[place : place + 1])
        assert moving[place] == pytest.approx(altitudes_deg(night.ground, there)[0, place], abs=1e-9)


def test_the_air_is_one_at_the_zenith_and_unknown_below_the_horizon() -> None:
    air = airmass_at(np.array([90.0, 30.0, 10.0, -1.0]))
    # Pickering 2002, table: 1.995 at 30 degrees, 5.59 at 10
    assert air[:3] == pytest.approx([1.0, 1.994, 5.60], abs=0.02)
    assert np.isnan(air[3])


@pytest.mark.parametrize(("longitude_deg", "latitude_deg"), [(361.0, 0.0), (0.0, 91.0), (float("nan"), 0.0)])
def test_a_site_that_is_not_on_the_earth_is_refused(longitude_deg: float, latitude_deg: float) -> None:
    with pytest.raises(Rejected) as refusal:
        checked_site(Site(longitude_deg=longitude_deg, latitude_deg=latitude_deg))
    assert refusal.value.code == "bad-site"
