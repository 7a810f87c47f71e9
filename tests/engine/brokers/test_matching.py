"""Which thing is the target: where it is in a year, the cone that holds it, the nearest one, its names."""

import math
import re

import numpy as np
import polars as pl
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.brokers.matching import (
    cone_at,
    names_like,
    nearest_first,
    nearest_name,
    place_at,
    place_in,
    places_at,
    separations,
)
from engine.brokers.protocol import Query
from engine.target import separation_arcsec
from engine.times import julian_year

COLUMNS = ("name", "ra", "dec")
THERE = SkyCoord(10.0, 60.0, unit="deg")
MOTIONS, DECLINATIONS = st.floats(-5000.0, 5000.0), st.floats(-89.0, 89.0)


def stars(*rows: tuple[str, float | None, float | None]) -> pl.DataFrame:
    schema = {"name": pl.String(), "ra": pl.Float64(), "dec": pl.Float64()}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


@settings(deadline=None, max_examples=40)
@given(pm=MOTIONS, dec_deg=DECLINATIONS, epoch=st.sampled_from([2000.0, 2016.0]))
def test_the_place_moves_by_the_proper_motion(pm: float, dec_deg: float, epoch: float) -> None:
    query = Query(target_id=1, name="x", ra_deg=50.0, dec_deg=dec_deg, pm_ra_mas_yr=pm, epoch=epoch)
    moved_arcsec = separation_arcsec(50.0, dec_deg, *place_in(query, 2022.5))
    assert moved_arcsec == pytest.approx(abs(pm) / 1000.0 * (2022.5 - epoch), abs=1e-3)


@settings(deadline=None, max_examples=40)
@given(pm=MOTIONS, dec_deg=DECLINATIONS, mjd=st.lists(st.floats(33000.0, 70000.0), max_size=4))
def test_the_place_at_a_time_is_that_in_its_year(pm: float, dec_deg: float, mjd: list[float]) -> None:
    query = Query(target_id=1, name="x", ra_deg=50.0, dec_deg=dec_deg, pm_dec_mas_yr=pm, epoch=2016.0)
    places = places_at(query, np.array(mjd))
    assert places.shape == (len(mjd),)
    for place, day in zip(places, mjd, strict=True):
        assert place.separation(place_at(query, julian_year(day))).arcsec == pytest.approx(0.0, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(pm_ra=MOTIONS, pm_dec=MOTIONS, dec_deg=DECLINATIONS, years=st.floats(-5.0, 5.0))
def test_the_cone_holds_the_target_and_the_radius_round_it(
    pm_ra: float, pm_dec: float, dec_deg: float, years: float
) -> None:
    query = Query(
        target_id=1, name="x", ra_deg=50.0, dec_deg=dec_deg, pm_ra_mas_yr=pm_ra, pm_dec_mas_yr=pm_dec
    )
    cone = cone_at(query, year=2010.0, half_span_yr=5.0, radius_arcsec=3.0)
    away_arcsec = separation_arcsec(cone.ra_deg, cone.dec_deg, *place_in(query, 2010.0 + years))
    assert away_arcsec + 3.0 <= cone.radius_arcsec + 0.01


def test_rows_within_the_radius_come_nearest_first() -> None:
    rows = stars(("far", 10.0, 60.1), ("near", 10.0, 60.0 + 2.0 / 3600.0), ("here", 10.0, 60.0))
    near = nearest_first(rows, THERE, radius_arcsec=3.0)
    assert near["name"].to_list() == ["here", "near"]
    assert near["separation_arcsec"].to_list() == pytest.approx([0.0, 2.0], abs=1e-6)
    assert len(nearest_first(rows, THERE, radius_arcsec=math.inf)) == 3


def test_each_row_may_have_a_place_of_its_own() -> None:
    places = SkyCoord([10.0, 11.0], [60.0, 61.0], unit="deg")
    rows = stars(("a", 10.0, 61.0), ("b", 11.0, 61.0))
    assert separations(rows, places).to_list() == pytest.approx([3600.0, 0.0])


def test_a_row_without_a_position_is_nowhere_near() -> None:
    rows = stars(("a", None, 60.0), ("b", 10.0, None), ("c", 10.0, 60.0))
    for radius_arcsec in (1.0, math.inf):
        assert nearest_first(rows, THERE, radius_arcsec=radius_arcsec)["name"].to_list() == ["c"]


def test_no_rows_have_no_nearest() -> None:
    for rows in (stars(), stars(("far", 10.0, 60.1)), stars(("nowhere", None, None))):
        assert nearest_name(rows, THERE, COLUMNS, radius_arcsec=3.0) is None
    assert nearest_first(stars(), THERE, radius_arcsec=3.0).columns == [*COLUMNS, "separation_arcsec"]


def test_the_nearest_is_found_over_the_pole_and_over_ra_zero() -> None:
    pole = stars(("over", 190.0, 89.9999), ("beside", 10.0, 89.99))
    assert nearest_name(pole, SkyCoord(10.0, 89.9999, unit="deg"), COLUMNS, radius_arcsec=3.0) == "over"
    zero = stars(("over", 359.9999, 0.0), ("beside", 0.1, 0.0))
    assert nearest_name(zero, SkyCoord(0.0, 0.0, unit="deg"), COLUMNS, radius_arcsec=3.0) == "over"


def test_names_of_a_form_are_found_whole_and_in_their_order() -> None:
    query = Query(
        target_id=1,
        name=" KMT-2019-BLG-1 ",
        ra_deg=0.0,
        dec_deg=0.0,
        names=("x KMT-2020-BLG-2", "KMT-2021-BLG-3"),
    )
    found = names_like(query, re.compile(r"KMT-(\d{4})-BLG-(\d+)"))
    assert [match[1] for match in found] == ["2019", "2021"]
