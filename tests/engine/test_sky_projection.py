"""The map of the whole sky: it loses no place, keeps areas, and knows where the Galaxy is."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from engine.sky_projection import from_galactic, from_mollweide, galactic, mollweide

LON_DEG = st.floats(0.0, 359.999)
LAT_DEG = st.floats(-89.9, 89.9)
CENTRE_DEG = st.sampled_from([0.0, 180.0, 266.4])


def apart_deg(first: tuple[object, object], second: tuple[object, object]) -> float:
    there = SkyCoord(*second, unit="deg")
    return float(np.max(SkyCoord(*first, unit="deg").separation(there).deg))


@given(lon_deg=LON_DEG, lat_deg=LAT_DEG, centre_deg=CENTRE_DEG)
def test_every_place_comes_back_from_the_map(lon_deg: float, lat_deg: float, centre_deg: float) -> None:
    x, y = mollweide(np.array([lon_deg]), np.array([lat_deg]), centre_deg=centre_deg)
    assert (x[0] / 2.0) ** 2 + y[0] ** 2 <= 1.0 + 1e-12
    back = from_mollweide(x, y, centre_deg=centre_deg)
    assert apart_deg((np.array([lon_deg]), np.array([lat_deg])), back) < 1e-6


@given(lon_deg=LON_DEG, lat_deg=st.floats(-90.0, 90.0))
def test_galactic_coordinates_are_those_of_astropy(lon_deg: float, lat_deg: float) -> None:
    turned = galactic(np.array([lon_deg]), np.array([lat_deg]))
    wanted = SkyCoord([lon_deg], [lat_deg], unit="deg").galactic
    # astropy turns from FK5, whose axes lie 0.02 arcsec beside
    assert apart_deg(turned, (wanted.l.deg, wanted.b.deg)) < 1e-5
    assert apart_deg(from_galactic(*turned), (np.array([lon_deg]), np.array([lat_deg]))) < 1e-9


def test_equal_areas_of_the_sky_are_equal_areas_of_the_map() -> None:
    rng = np.random.default_rng(9)
    lon_deg, lat_deg = rng.uniform(0, 360, 200_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 200_000)))
    x, y = mollweide(lon_deg, lat_deg)
    counts, _, _ = np.histogram2d(x, y, bins=[[-0.9, -0.3, 0.3, 0.9], [-0.75, -0.25, 0.25, 0.75]])
    wanted = 200_000 * 0.6 * 0.5 / (2.0 * np.pi)
    assert counts == pytest.approx(np.full((3, 3), wanted), rel=0.04)


def test_east_is_left_and_the_poles_are_points() -> None:
    x, y = mollweide(np.array([10.0, 350.0, 77.0]), np.array([0.0, 0.0, 90.0]))
    assert x[0] < 0.0 < x[1]
    assert (x[2], y[2]) == (pytest.approx(0.0, abs=1e-4), pytest.approx(1.0))
    assert np.isnan(from_mollweide(np.array([1.99]), np.array([0.9]))[0]).all()
