"""The Sun's place against astropy's full theory."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord, get_sun
from astropy.time import Time

from engine.visibility.sun import sun_position, sun_separation_deg


@pytest.mark.parametrize("mjd", [51544.5, 57000.25, 59000.0, 60200.7, 61365.3])
def test_the_sun_stands_where_the_full_theory_puts_it(mjd: float) -> None:
    ra_deg, dec_deg = sun_position(mjd)
    truth = get_sun(Time(mjd, format="mjd"))
    distance = SkyCoord(ra_deg, dec_deg, unit="deg").separation(SkyCoord(truth.ra, truth.dec))
    assert distance.deg < 0.5  # of-date against ICRS: precession since 2000 is allowed


def test_the_separation_is_right_at_the_sun_opposite_it_and_at_the_pole() -> None:
    mjd = 60000.0
    ra_deg, dec_deg = sun_position(mjd)
    angles = sun_separation_deg(
        np.array([ra_deg, (ra_deg + 180.0) % 360.0, 0.0]), np.array([dec_deg, -dec_deg, 90.0]), mjd
    )
    assert angles == pytest.approx([0.0, 180.0, 90.0 - dec_deg], abs=1e-9)
