"""Magnitudes and fluxes: one is the other, and errors go along."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.points import UJY_PER, brightness, flux_and_error, flux_of


def test_the_zero_point_of_ab_is_3631_jy() -> None:
    assert flux_of(0.0) == pytest.approx(3631.0 * UJY_PER["Jy"], rel=1e-4)
    assert flux_of(8.9, zero_point_mag=8.9) == 1.0


@given(mag=st.floats(-2.0, 30.0), mag_err=st.floats(0.001, 0.3), zero_point_mag=st.floats(8.9, 31.4))
def test_a_magnitude_comes_back_from_its_flux(mag: float, mag_err: float, zero_point_mag: float) -> None:
    fluxes = flux_and_error(pl.col("mag"), pl.col("mag_err"), zero_point_mag=zero_point_mag)
    rows = pl.DataFrame({"mag": [mag], "mag_err": [mag_err]})
    back = rows.select(**brightness(*fluxes, zero_point_mag=zero_point_mag)).row(0)
    assert back[:2] == pytest.approx((mag, mag_err))
    assert back[2] is None
