"""The edge of the night on the map is where the Sun stands on the horizon."""

import numpy as np
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, get_sun
from astropy.time import Time
from astropy.utils import iers
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.night_side import night_edge


@settings(max_examples=15)
@given(st.floats(58000.0, 61000.0))
def test_the_sun_stands_on_the_horizon_all_along_the_edge_and_below_it_in_the_dark(mjd: float) -> None:
    edge = night_edge(mjd)
    with iers.conf.set_temp("auto_download", False):
        at = Time(mjd, format="mjd")
        sun = get_sun(at)
        for latitude_deg, is_dark in ((edge["latitude_deg"].to_numpy(), False), (edge["dark_deg"][0], True)):
            places = EarthLocation(edge["longitude_deg"].to_numpy() * u.deg, latitude_deg * u.deg)
            altitude_deg = sun.transform_to(AltAz(obstime=at, location=places)).alt.deg
            if is_dark:
                assert np.all(altitude_deg < 0.1)
            else:
                np.testing.assert_allclose(altitude_deg, 0.0, atol=0.3)
