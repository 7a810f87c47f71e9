"""Whatever bytes come in, a frame or a refusal comes out."""

import functools
import gzip
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from exposure_file import GOOD_CARDS, exposure_bytes, header, sky
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.frame import Frame
from engine.photometry.clean import clean
from engine.photometry.read import read_frames

NAMES = """BITPIX NAXIS NAXIS1 NAXIS2 NAXIS3 BSCALE BZERO BLANK DATE-OBS DATE-END MJD-OBS EXPTIME GAIN
    SATURATE RA DEC OBJCTRA EQUINOX CTYPE1 CTYPE2 CRVAL1 CRVAL2 CRPIX1 CD1_1 CD1_2 CD2_1 CD2_2 CDELT1
    CUNIT1 A_ORDER
    B_ORDER A_2_0 PV1_1 LONPOLE LATPOLE BAYERPAT XBAYROFF TIMESYS PCOUNT GCOUNT ZIMAGE ZNAXIS ZNAXIS1 ZBITPIX
    SITELAT SITELONG LST NCOMBINE XPIXSZ FOCALLEN BIASSEC DATASEC TIME-OBS CONTINUE"""
TEXTS = "'RA---TAN' 'DEC--TAN' 'RA---ZPN' 'DEC--TPV' 'RGGB' 'TDB' T 2 -32 1E-4 '[1:4,1:40]'"
KEYWORDS = st.sampled_from(NAMES.split())
VALUES = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.floats().map(repr),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(lambda text: f"'{text}'"),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    st.sampled_from(TEXTS.split()),
)


def outcome(content: bytes) -> list[Frame]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        try:
            return read_frames(path)
        except Rejected as refused:
            assert refused.reason
            return []


def check(content: bytes) -> None:
    for frame in outcome(content):
        assert np.isfinite(frame.data).all()
        assert frame.data.shape == frame.mask.shape
        assert frame.exptime_s > 0
        assert 40587 < frame.mjd < 88100
        assert min(frame.gain_e_adu, frame.read_noise_e, frame.saturation_adu) > 0
        assert np.isfinite(clean(frame).data).all()


@functools.cache
def originals() -> tuple[bytes, ...]:
    cards = fits.Header({"DATE-OBS": "2026-01-31T21:04:05", "EXPTIME": 60.0})
    tiled = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("RICE_1", "GZIP_1", "GZIP_2"):
            path = Path(folder) / kind
            image = fits.CompImageHDU(sky(), cards, compression_type=kind)
            fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
            tiled.append(path.read_bytes())
    plain = exposure_bytes("BAYERPAT= 'none'", "GAIN    = 1.5")
    return (plain, gzip.compress(plain), *tiled)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=9000))
@example(b"SIMPLE  =" + bytes(2871) + b"END" + bytes(2877))
def test_random_bytes_are_refused(content: bytes) -> None:
    assert outcome(content) == []


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=9000))
def test_random_bytes_behind_a_good_header_are_a_frame_or_refused(content: bytes) -> None:
    lines = ["SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2", "NAXIS1  = 20", "NAXIS2  = 20", *GOOD_CARDS]
    check(header(lines) + content)


@settings(deadline=None, max_examples=120)
@given(
    which=st.integers(0, 4),
    flips=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=12
    ),
)
def test_flipped_bytes_give_a_frame_or_a_refusal(which: int, flips: list[tuple[float, int]]) -> None:
    content = bytearray(originals()[which])
    for place, change in flips:
        content[int(place * len(content))] ^= change
    check(bytes(content))


@settings(deadline=None, max_examples=120)
@given(st.lists(st.tuples(KEYWORDS, VALUES), max_size=12))
def test_any_cards_give_a_frame_or_a_refusal(cards: list[tuple[str, str]]) -> None:
    before = ["SIMPLE  = T", *(f"{keyword:<8}= {value}" for keyword, value in cards)]
    rest = ["BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 50", "NAXIS2  = 40", *GOOD_CARDS]
    lines = [line.encode("latin-1", "replace").decode("latin-1") for line in [*before, *rest]]
    check(header(lines) + sky().astype(">i2").tobytes() + bytes(9000))
