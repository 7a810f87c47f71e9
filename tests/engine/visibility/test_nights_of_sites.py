"""Twilights, polar days and nights, and what can be seen when."""

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.times import mjd_of
from engine.visibility.horizon import Site
from engine.visibility.night import (
    ASTRONOMICAL_DEG,
    NAUTICAL_DEG,
    SUNSET_DEG,
    day_of,
    night_of,
    tonight,
)
from engine.visibility.windows import Limits, checked_limits, windows

GREENWICH = Site(name="Greenwich", longitude_deg=0.0, latitude_deg=51.4769)
LA_SILLA = Site(name="La Silla", longitude_deg=-70.7377, latitude_deg=-29.2567, altitude_m=2400.0)
TROMSO = Site(name="Tromso", longitude_deg=18.94, latitude_deg=69.66)
SOUTH_POLE = Site(name="South Pole", longitude_deg=0.0, latitude_deg=-90.0)


def minutes_off(mjd: float, moment: str) -> float:
    return abs(mjd - mjd_of(datetime.fromisoformat(moment))) * 1440.0


def test_the_sun_sets_and_rises_at_greenwich_as_the_almanac_says() -> None:
    # The Astronomical Almanac's rule, whole minutes: 21 June 2024, sunset 20:21 UTC, sunrise 03:43 UTC
    span = night_of(GREENWICH, day_of(date(2024, 6, 21))).with_sun_below(SUNSET_DEG)
    assert span is not None
    assert minutes_off(span.from_mjd, "2024-06-21T20:21") < 2.0
    assert minutes_off(span.to_mjd, "2024-06-22T03:43") < 2.0


def test_at_midsummer_it_never_gets_dark_in_tromso_nor_at_midwinter_light_at_the_pole() -> None:
    june, december = day_of(date(2025, 6, 21)), day_of(date(2025, 12, 21))
    assert night_of(TROMSO, june).with_sun_below(SUNSET_DEG) is None
    polar = night_of(TROMSO, december).with_sun_below(SUNSET_DEG)
    assert polar is not None
    assert polar.hours == pytest.approx(24.0)
    assert night_of(SOUTH_POLE, december).with_sun_below(SUNSET_DEG) is None
    winter = night_of(SOUTH_POLE, june).with_sun_below(ASTRONOMICAL_DEG)
    assert winter is not None
    assert winter.hours == pytest.approx(24.0)


def test_the_moon_is_full_at_an_eclipse_and_new_a_fortnight_later() -> None:
    eclipse, solar = day_of(date(2025, 3, 13)), day_of(date(2025, 3, 29))  # total, and partial of the Sun
    assert night_of(LA_SILLA, eclipse).moon_lit > 0.99
    assert night_of(LA_SILLA, solar).moon_lit < 0.02


def test_a_night_that_is_under_way_is_tonight_until_the_morning() -> None:
    day = day_of(date(2025, 10, 7))
    evening_in_chile = mjd_of(datetime(2025, 10, 8, 1, 0))  # 21 h before, by the clock there
    assert tonight(LA_SILLA, evening_in_chile) == day
    assert tonight(LA_SILLA, mjd_of(datetime(2025, 10, 8, 8, 30))) == day  # before dawn
    assert tonight(LA_SILLA, mjd_of(datetime(2025, 10, 8, 10, 0))) == day + 1
    assert tonight(GREENWICH, mjd_of(datetime(2025, 10, 7, 12, 0))) == day


def test_a_date_beyond_the_theories_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        day_of(date(2200, 1, 1))
    assert refusal.value.code == "bad-date"


@pytest.mark.parametrize(
    "limits", [Limits(altitude_min_deg=-1), Limits(sun_max_deg=5), Limits(moon_min_deg=181)]
)
def test_limits_that_no_sky_has_are_refused(limits: Limits) -> None:
    with pytest.raises(Rejected) as refusal:
        checked_limits(limits)
    assert refusal.value.code == "bad-limit"


@pytest.mark.parametrize(("site", "dec_deg"), [(LA_SILLA, -85.0), (GREENWICH, 80.0), (SOUTH_POLE, -50.0)])
def test_a_circumpolar_target_is_up_for_the_whole_dark_and_the_other_pole_never(
    site: Site, dec_deg: float
) -> None:
    night = night_of(site, day_of(date(2025, 6, 21)) if site is not GREENWICH else day_of(date(2025, 12, 21)))
    dark = night.with_sun_below(NAUTICAL_DEG)
    assert dark is not None
    found = windows(
        night, np.array([10.0, 10.0]), np.array([dec_deg, -dec_deg]), limits=Limits(altitude_min_deg=15.0)
    ).table
    assert found["hours_up"][0] == pytest.approx(dark.hours, abs=0.02)
    assert found["hours_up"][1] == 0.0
    assert found["best_mjd"].to_list()[1] is None


@settings(max_examples=40)
@given(
    latitude_deg=st.floats(-90, 90),
    day=st.integers(55000, 66000),
    ra_deg=st.floats(0, 360),
    dec_deg=st.floats(-90, 90),
    limit_deg=st.floats(0, 80),
    moon_deg=st.floats(1, 90),
)
def test_a_window_keeps_its_limits_and_stricter_ones_never_make_it_longer(
    latitude_deg: float, day: int, ra_deg: float, dec_deg: float, limit_deg: float, moon_deg: float
) -> None:
    night = night_of(Site(longitude_deg=-70.0, latitude_deg=latitude_deg), day)
    place = np.array([ra_deg]), np.array([dec_deg])
    wide = windows(night, *place, limits=Limits(altitude_min_deg=limit_deg)).table.row(0, named=True)
    higher = windows(night, *place, limits=Limits(altitude_min_deg=limit_deg + 5)).table["hours_up"][0]
    off_moon = windows(
        night, *place, limits=Limits(altitude_min_deg=limit_deg, moon_min_deg=moon_deg)
    ).table.row(0, named=True)
    dark = night.with_sun_below(NAUTICAL_DEG)
    assert higher <= wide["hours_up"] + 1e-9
    assert off_moon["hours_up"] <= wide["hours_up"] + 1e-9
    assert wide["hours_up"] <= (0.0 if dark is None else dark.hours) + 0.02
    if wide["best_mjd"] is not None:
        assert wide["best_altitude_deg"] > limit_deg
        assert dark is not None
        assert dark.from_mjd <= wide["from_mjd"] <= wide["best_mjd"] <= wide["to_mjd"] <= dark.to_mjd
    if off_moon["best_mjd"] is not None:
        assert off_moon["moon_separation_deg"] > moon_deg - 1e-6 or off_moon["moon_altitude_deg"] <= 0


def test_a_body_without_a_place_is_never_up() -> None:
    night = night_of(LA_SILLA, 61000)
    unknown = np.full((1, len(night.mjd)), np.nan)
    found = windows(night, unknown, unknown, limits=Limits(moon_min_deg=10.0)).table
    assert found["hours_up"].to_list() == [0.0]
    assert found["best_altitude_deg"].to_list() == [None]


def test_of_a_night_under_way_what_is_left_counts() -> None:
    night = night_of(LA_SILLA, day_of(date(2025, 10, 7)))
    place = np.array([20.0]), np.array([-30.0])  # highest at 4.4 h UTC
    whole = windows(night, *place, limits=Limits()).table.row(0, named=True)
    since_mjd = whole["best_mjd"] + 1.0 / 24.0
    left = windows(night, *place, limits=Limits(), since_mjd=since_mjd).table.row(0, named=True)
    assert left["best_mjd"] == pytest.approx(since_mjd, abs=0.004)
    assert left["hours_up"] == pytest.approx(24.0 * (whole["to_mjd"] - since_mjd), abs=0.15)
    over = windows(night, *place, limits=Limits(), since_mjd=float(night.mjd[-1]) + 1.0).table
    assert over["hours_up"].to_list() == [0.0]
