"""Barycentric times for an observer who says where the telescope stands."""

import numpy as np
from astropy import units
from astropy.coordinates import EarthLocation

from engine.times import bjd_tdb


def test_a_place_on_earth_moves_the_barycentric_time_by_less_than_the_light_crosses_earth() -> None:
    place = EarthLocation.from_geodetic(21.42 * units.deg, 52.09 * units.deg, 138 * units.m)
    mjd = np.array([60000.0, 60100.25])
    at_centre = bjd_tdb(mjd, ra_deg=303.114, dec_deg=31.482)
    at_place = bjd_tdb(mjd, ra_deg=303.114, dec_deg=31.482, location=place)
    shift_s = np.abs(at_place - at_centre) * 86400
    assert np.all(shift_s > 1e-4)
    assert np.all(shift_s < 0.022)
