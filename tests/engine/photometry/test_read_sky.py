from pathlib import Path

import pytest
from exposure_file import exposure_bytes, write

from engine.frame import Frame
from engine.photometry.read import read_frames
from engine.times import mjd_of_jd

START_MJD = 61071.0 + (21 * 3600 + 4 * 60 + 5.25) / 86400


def read_one(folder: Path, *cards: str) -> Frame:
    return read_frames(write(folder, exposure_bytes(*cards)))[0]


@pytest.mark.parametrize(
    ("cards", "ra_deg", "dec_deg"),
    [
        (("RA      = 31.312", "DEC     = 46.769"), 31.312, 46.769),
        (("RA      = '12 32 24.0'", "DEC     = '-08:06:00'"), 188.1, -8.1),
        (("OBJCTRA = '21 57 34.226 '", "OBJCTDEC= '-00 39 36.09'"), 329.3926083, -0.660025),
        (("RA      = '02h03m04s'", "DEC     = '+04d05m06s'"), 30.7666667, 4.085),
        (("RA      = 2.5 / [hours] of the mount", "DEC     = 10,5"), 37.5, 10.5),
        (
            ("RA      = 654.476", "DEC     = 30.55", "OBJCTRA = '21 38 22'", "OBJCTDEC= '+30 33 22'"),
            None,
            None,
        ),
        (("RA      = 10.0", "DEC     = 95.0"), None, None),
        (("RA      = 0.0", "DEC     = 0.0"), None, None),
        (("RA      = 10.0",), None, None),
        ((), None, None),
    ],
)
def test_a_position_is_read_or_dropped(
    tmp_path: Path, cards: tuple[str, ...], ra_deg: float | None, dec_deg: float | None
) -> None:
    frame = read_one(tmp_path, *cards)
    assert frame.pointing_ra_deg == (None if ra_deg is None else pytest.approx(ra_deg, abs=1e-6))
    assert frame.pointing_dec_deg == (None if dec_deg is None else pytest.approx(dec_deg, abs=1e-6))


def test_an_impossible_position_leaves_a_note(tmp_path: Path) -> None:
    frame = read_one(tmp_path, "RA      = 654.476", "DEC     = 30.55")
    assert any("654.476" in note for note in frame.notes)


def test_a_position_of_date_is_brought_to_2000(tmp_path: Path) -> None:
    frame = read_one(tmp_path, "RA      = 100.0", "DEC     = 20.0", "EQUINOX = 2026.1")
    assert frame.pointing_ra_deg == pytest.approx(99.617, abs=0.01)
    assert any("equinox" in note for note in frame.notes)


@pytest.mark.parametrize(
    ("cards", "scale_arcsec"),
    [
        (("XPIXSZ  = 13.6", "FOCALLEN= 3912.0", "XBINNING= 2"), 0.71708),
        (("PIXSIZE1= 3.8", "FOCALLEN= 588", "XBINNING= 2"), 2.66604),
        (("IM_SCALE= 5.210",), 5.21),
        (("SECPIX  = 0.0", "SCALE   = 1.25"), 1.25),
        (("XPIXSZ  = 9.0", "FOCALLEN= 0.0"), None),
    ],
)
def test_the_pixel_scale_comes_from_keywords_or_optics(
    tmp_path: Path, cards: tuple[str, ...], scale_arcsec: float | None
) -> None:
    found = read_one(tmp_path, *cards).pixel_scale_arcsec
    assert found == (None if scale_arcsec is None else pytest.approx(scale_arcsec, rel=1e-4))


TAN = (
    "CTYPE1  = 'RA---TAN'",
    "CTYPE2  = 'DEC--TAN'",
    "CRPIX1  = 25.5",
    "CRPIX2  = 20.5",
    "CUNIT1  = 'degrees'",
)


def test_a_plausible_wcs_is_kept_and_gives_scale_and_pointing(tmp_path: Path) -> None:
    cards = (
        *TAN,
        "CRVAL1  = 188.1",
        "CRVAL2  = 8.1",
        "CDELT1  = -0.001",
        "CDELT2  = 0.001",
        "CROTA2  = 10.0",
    )
    frame = read_one(tmp_path, *cards)
    assert frame.wcs is not None
    assert frame.pixel_scale_arcsec == pytest.approx(3.6)
    assert frame.pointing_ra_deg == pytest.approx(188.1, abs=1e-3)


@pytest.mark.parametrize(
    "cards",
    [
        ("CRVAL1  = 0.0", "CRVAL2  = 0.0", "CDELT1  = -0.001", "CDELT2  = 0.001"),
        ("CRVAL1  = 188.1", "CRVAL2  = 8.1"),  # one degree a pixel by default
        (
            "CRVAL1  = 188.1",
            "CRVAL2  = 8.1",
            "CD1_1   = 0.0",
            "CD1_2   = 0.0",
            "CD2_1   = 0.0",
            "CD2_2   = 0.0",
        ),
        ("CRVAL1  = 188.1", "CRVAL2  = 95.0", "CDELT1  = -0.001", "CDELT2  = 0.001"),
        ("CRVAL1  = 188.1", "CRVAL2  = 8.1", "CDELT1  = -0.001", "CDELT2  = 0.1"),
        ("CRVAL1  = 188.1", "CRVAL2  = 8.1", "CDELT1  = -0.001", "CDELT2  = 0.001", "A_ORDER = 2"),
    ],
)
def test_an_implausible_wcs_is_dropped_with_a_note(tmp_path: Path, cards: tuple[str, ...]) -> None:
    frame = read_one(tmp_path, *TAN, *cards)
    assert frame.wcs is None
    assert any("WCS" in note for note in frame.notes)


def test_axes_that_are_not_celestial_are_no_wcs(tmp_path: Path) -> None:
    frame = read_one(tmp_path, "CTYPE1  = 'PIXEL'", "CTYPE2  = 'PIXEL'", "CRVAL1  = 1.0", "CRVAL2  = 1.0")
    assert frame.wcs is None


@pytest.mark.parametrize(
    ("cards", "longitude_deg"),
    [
        (("SITELAT = '+34:04:22.00'", "SITELONG= '-106:54:50.00'"), -106.91388889),
        (("SITELAT = 50.0", "SITELONG= 20.0"), 20.0),
        (("LATITUDE= 31.68", "LONGITUD= 110.88 / degrees West"), -110.88),
        (("LATITUDE= 50.0", "LONGITUD= 340.0"), -20.0),
        (("LATITUDE= 95.0", "LONGITUD= 20.0"), None),
        (("LATITUDE= 0.0", "LONGITUD= 0.0"), None),
    ],
)
def test_the_site_counts_east_as_positive(
    tmp_path: Path, cards: tuple[str, ...], longitude_deg: float | None
) -> None:
    found = read_one(tmp_path, *cards).camera.longitude_deg
    assert found == (None if longitude_deg is None else pytest.approx(longitude_deg))


def test_sidereal_time_decides_the_sign_of_the_longitude(tmp_path: Path) -> None:
    greenwich_deg = (280.46061837 + 360.98564736629 * (START_MJD - mjd_of_jd(2451545.0))) % 360
    sidereal_h = (greenwich_deg - 106.9) % 360 / 15
    clock = f"{int(sidereal_h):02d}:{int(sidereal_h % 1 * 60):02d}:00"
    frame = read_one(tmp_path, "SITELAT = 34.0", "SITELONG= 106.9", f"LST     = '{clock}'")
    assert frame.camera.longitude_deg == pytest.approx(-106.9)
