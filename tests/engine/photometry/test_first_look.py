"""The beginning of a sample frame tells the camera what a registration asks for."""

import gzip

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.photometry.reading.first_look import first_look

CARDS = {
    "DATE-OBS": "2026-03-01T22:10:00", "EXPTIME": 60.0, "EGAIN": 1.4, "RDNOISE": 6.5, "SATURATE": 60000.0,
    "TELESCOP": "C11", "INSTRUME": "Moravian G4", "FILTER": "V", "FOCALLEN": 2800.0, "XPIXSZ": 9.0,
    "SITELAT": "+52:05:24", "SITELONG": "21:25:12", "SITEELEV": 138.0,
}  # fmt: skip


def file_of(cards: dict[str, object]) -> bytes:
    unit = fits.PrimaryHDU(np.zeros((600, 800), dtype=np.int16))
    unit.header.update(cards)
    blocks = unit.header.tostring().encode() + unit.data.astype(">i2").tobytes()
    return blocks + b"\0" * (-len(blocks) % 2880)


def test_the_first_bytes_tell_everything_that_the_form_asks_for() -> None:
    whole = file_of(CARDS)
    for start in (whole[:100_000], gzip.compress(whole)[:5000]):
        told = first_look(start)
        assert (told.width_pix, told.height_pix) == (800, 600)
        assert (told.gain_e_adu, told.read_noise_e, told.saturation_adu) == (1.4, 6.5, 60000.0)
        assert told.pixel_scale_arcsec == pytest.approx(206.265 * 9.0 / 2800.0, rel=1e-3)
        assert (told.longitude_deg, told.latitude_deg) == (pytest.approx(21.42), pytest.approx(52.09))
        assert (told.telescope, told.instrument, told.filter_name) == ("C11", "Moravian G4", "V")
        assert (told.altitude_m, told.date_keyword) == (138.0, "DATE-OBS")


def test_what_a_poor_header_does_not_tell_is_left_open_and_said() -> None:
    told = first_look(file_of({"OBJECT": "M 1"})[:20_000])
    assert told.gain_e_adu is None
    assert told.read_noise_e is None
    assert told.longitude_deg is None
    assert told.date_keyword == ""
    assert "DATE-OBS" in told.notes[0]


def test_a_whole_real_frame_and_its_beginning_tell_the_same(shared) -> None:  # noqa: ANN001
    files = [path for path in sorted((shared / "images").rglob("*")) if path.suffix in (".fits", ".fit")]
    compared = 0
    for path in files[:20]:
        whole = path.read_bytes()
        try:
            told = first_look(whole)
        except Rejected:
            continue
        assert first_look(whole[: 1 << 20]) == told
        compared += 1
    assert compared > 0


@given(st.binary(max_size=6000))
def test_any_bytes_are_read_or_refused_in_words(junk: bytes) -> None:
    for start in (junk, b"SIMPLE  =                    T" + junk, b"\x1f\x8b" + junk):
        try:
            first_look(start)
        except Rejected as refusal:
            assert refusal.reason
