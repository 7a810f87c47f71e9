"""What observers write for a filter, and the standard band that it means."""

import pytest

from engine.photometry.calibrating.header_band import band_of_header
from engine.photometry.sky_stars import G_MINUS_BAND

BANDS = set(G_MINUS_BAND)


@pytest.mark.parametrize(
    ("written", "band"),
    [
        ("V", "V(GaiaSP)"), ("Johnson V", "V(GaiaSP)"), ("R", "R(GaiaSP)"), ("r", "r(GaiaSP)"),
        ("Cousins I", "I(GaiaSP)"), ("SDSS g'", "g(GaiaSP)"), ("SDSS-R", "r(GaiaSP)"), ("rp", "r(GaiaSP)"),
        ("zs", "z(GaiaSP)"), ("Clear", "G(GaiaDR3)"), ("w", "G(GaiaDR3)"), ("None", "G(GaiaDR3)"),
    ],
)  # fmt: skip
def test_a_filter_means_a_band(written: str, band: str) -> None:
    assert band_of_header(written, plane="", available=BANDS) == band


@pytest.mark.parametrize("written", ["", "LPR", "UV-IR", "FILTER1", "Ha"])
def test_a_filter_that_tells_nothing_means_no_band(written: str) -> None:
    assert band_of_header(written, plane="", available=BANDS) is None


def test_a_colour_plane_has_the_nearest_band_whatever_the_filter() -> None:
    bands = [band_of_header("Clear", plane=plane, available=BANDS) for plane in ("R", "G", "B")]
    assert bands == ["R(GaiaSP)", "V(GaiaSP)", "B(GaiaSP)"]


def test_a_band_without_stars_is_not_meant_and_refcat_stands_in() -> None:
    assert band_of_header("V", plane="", available={"g(Refcat2)"}) is None
    assert band_of_header("g", plane="", available={"g(Refcat2)"}) == "g(Refcat2)"
