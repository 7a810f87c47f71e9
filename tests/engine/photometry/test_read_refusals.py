import gzip
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from exposure_file import GOOD_CARDS, exposure_bytes, header, sky, unit, write

from engine.errors import Rejected
from engine.photometry.read import read_frames


def refusal(folder: Path, content: bytes, name: str = "upload.fits") -> str:
    with pytest.raises(Rejected) as refused:
        read_frames(write(folder, content, name))
    reason = refused.value.reason
    assert reason.endswith(".")
    assert len(reason) < 220
    return refused.value.code


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"S",
        b"Dear observer, here is my light curve.\n" * 200,
        b"\x00" * 10000,
        b"PK\x03\x04" + bytes(100),
        b"\xff\xd8\xff\xe0" + bytes(3000),
        b"XISF0100" + bytes(3000),
        gzip.compress(b"no picture at all" * 300, mtime=0),
    ],
)
def test_what_is_not_fits_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content) == "not-fits"


def test_a_picture_format_is_named_to_the_observer(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="ZIP"):
        read_frames(write(tmp_path, b"PK\x03\x04" + bytes(100), "night.fits"))


@pytest.mark.parametrize("kept", [9, 80, 2000, 2880, 4000, 6500])
def test_a_file_cut_off_anywhere_is_truncated(tmp_path: Path, kept: int) -> None:
    content = exposure_bytes()
    assert len(content) > 6700
    assert refusal(tmp_path, content[:kept]) == "truncated"


def test_missing_padding_at_the_end_is_forgiven(tmp_path: Path) -> None:
    content = exposure_bytes()
    assert len(read_frames(write(tmp_path, content[: 2880 + 40 * 50 * 2]))) == 1


def test_a_gzip_file_cut_off_or_damaged_is_truncated(tmp_path: Path) -> None:
    packed = gzip.compress(exposure_bytes(), mtime=0)
    assert refusal(tmp_path, packed[: len(packed) // 2], "a.fits.gz") == "truncated"
    assert refusal(tmp_path, packed[:-6], "a.fits.gz") == "truncated"
    assert refusal(tmp_path, packed[:300] + b"\x55" * 20 + packed[320:], "a.fits.gz") == "truncated"


def compressed_bytes(folder: Path, data: np.ndarray, **options: object) -> bytes:
    path = folder / "made.fz"
    cards = fits.Header({"DATE-OBS": "2026-01-31T21:04:05", "EXPTIME": 60.0})
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, cards, **options)]).writeto(path, overwrite=True)
    return path.read_bytes()


def test_a_tile_compressed_file_cut_off_is_truncated(tmp_path: Path) -> None:
    content = compressed_bytes(tmp_path, sky((200, 200)))
    for kept in (3000, 9000, len(content) - 2880):
        assert refusal(tmp_path, content[:kept], "a.fits.fz") == "truncated"


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_damaged_tiles_are_a_refusal_or_other_pixels(tmp_path: Path, kind: str) -> None:
    content = compressed_bytes(tmp_path, sky((64, 64)), compression_type=kind)
    rng = np.random.default_rng(3)
    codes = set()
    for _ in range(30):
        damaged = bytearray(content)
        start = int(rng.integers(len(content) - 2880, len(content) - 100))
        damaged[start : start + 90] = rng.bytes(90)
        try:
            read_frames(write(tmp_path, bytes(damaged)))
        except Rejected as refused:
            codes.add(refused.code)
    assert codes <= {"truncated", "no-data"}


@pytest.mark.parametrize("kind", ["HCOMPRESS_1", "PLIO_1"])
def test_codecs_that_cannot_be_trusted_are_refused(tmp_path: Path, kind: str) -> None:
    content = compressed_bytes(tmp_path, sky((64, 64)), compression_type=kind)
    assert refusal(tmp_path, content) == "unsupported-compression"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ZVAL1   =                   32", b"ZVAL1   =                    0"),
        (b"ZVAL1   =                   32", b"ZVAL1   =                  -32"),
        (b"ZVAL2   =                    2", b"ZVAL2   =                    9"),
        (b"TFORM1  = '1PB", b"TFORM1  = '9PB"),
        (b"TFIELDS =                    1", b"THEAP   =                    1"),
    ],
)
def test_numbers_that_would_break_the_decompressor_never_reach_it(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    content = compressed_bytes(tmp_path, sky((64, 64)))
    assert old in content
    assert refusal(tmp_path, content.replace(old, new)) == "bad-header"


def test_a_gzip_bomb_in_a_tile_costs_no_memory(tmp_path: Path) -> None:
    content = bytearray(
        compressed_bytes(tmp_path, sky((300, 300)), compression_type="GZIP_1", tile_shape=(300, 300))
    )
    bomb = gzip.compress(bytes(60_000_000), mtime=0)
    start = content.find(b"\x1f\x8b\x08")
    assert start + len(bomb) < len(content)
    content[start : start + len(bomb)] = bomb
    tracemalloc.start()
    assert refusal(tmp_path, bytes(content)) == "bad-header"
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_file_without_image_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, header(["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", *GOOD_CARDS])) == "no-image"
    assert refusal(tmp_path, exposure_bytes(data=sky((2000,)))) == "no-image"
    table = tmp_path / "table.fits"
    fits.BinTableHDU(np.zeros(5, dtype=[("x", "f4")])).writeto(table)
    with pytest.raises(Rejected, match="photometry") as refused:
        read_frames(table)
    assert refused.value.code == "no-image"


@pytest.mark.parametrize(
    ("shape", "kind"), [((5, 40, 50), ""), ((2, 40, 50), ""), ((3, 40, 50), "WAVE"), ((2, 3, 40, 50), "")]
)
def test_a_cube_that_is_not_three_colours_is_refused(
    tmp_path: Path, shape: tuple[int, ...], kind: str
) -> None:
    assert refusal(tmp_path, exposure_bytes(f"CTYPE3  = '{kind}'", data=sky(shape))) == "bad-shape"


def test_a_cube_of_one_plane_is_an_exposure(tmp_path: Path) -> None:
    assert read_frames(write(tmp_path, exposure_bytes(data=sky((1, 1, 40, 50)))))[0].shape == (40, 50)


@pytest.mark.parametrize(
    "data",
    [
        np.full((40, 50), np.nan, dtype=np.float32),
        np.full((40, 50), np.inf, dtype=np.float64),
        np.full((40, 50), 1234, dtype=np.int16),
        np.zeros((40, 50), dtype=np.float32),
        sky((1, 1)),
        sky((1, 400)),
        sky((15, 400)),
    ],
)
def test_an_image_without_information_is_refused(tmp_path: Path, data: np.ndarray) -> None:
    assert refusal(tmp_path, exposure_bytes(data=data)) == "no-data"


@pytest.mark.parametrize(
    "cards",
    [
        (),
        ("DATE-OBS= 'N/A'",),
        ("DATE-OBS= ''",),
        ("DATE-OBS= '2026-01-31'",),
        ("DATE-OBS= '2026-13-45T25:61:00'",),
        ("DATE-OBS= '1899-12-30T00:00:01'",),
        ("DATE-OBS= '03/04/2026 21:04:05'",),
        ("DATE-OBS= 'yesterday evening'",),
        ("DATE-OBS= 20260131",),
        ("DATE-OBS= '2026-01-31T21:04:05' / local time",),
        ("MJD-OBS = 12.5",),
    ],
)
def test_an_exposure_without_a_usable_time_is_refused(tmp_path: Path, cards: tuple[str, ...]) -> None:
    assert refusal(tmp_path, exposure_bytes("EXPTIME = 60.0", *cards, base=())) == "no-time"


@pytest.mark.parametrize(
    "cards", [(), ("EXPTIME = 0.0",), ("EXPTIME = -5",), ("EXPTIME = 'long'",), ("EXPOSURE= 1.0E9",)]
)
def test_an_exposure_without_a_usable_exposure_time_is_refused(
    tmp_path: Path, cards: tuple[str, ...]
) -> None:
    assert (
        refusal(tmp_path, exposure_bytes("DATE-OBS= '2026-01-31T21:04:05'", *cards, base=())) == "no-exptime"
    )


def test_eight_bits_a_stretch_in_the_history_and_plates_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, exposure_bytes(data=(sky() // 10).astype(np.uint8))) == "stretched"
    assert refusal(tmp_path, exposure_bytes("HISTORY Histogram Transf. (mid=0.1, low=0.0)")) == "stretched"
    assert (
        refusal(tmp_path, exposure_bytes("PLATEID = '07HH'", data=(sky() // 10).astype(np.uint8)))
        == "plate-scan"
    )


@pytest.mark.parametrize("kind", ["Flat Field", "Master Dark", "BIAS", "Dome Flat"])
def test_calibration_frames_are_refused(tmp_path: Path, kind: str) -> None:
    assert refusal(tmp_path, exposure_bytes(f"IMAGETYP= '{kind}'")) == "calibration-frame"


def test_several_amplifiers_are_refused(tmp_path: Path) -> None:
    primary = unit(np.zeros((0,), dtype=np.int16), GOOD_CARDS)
    amplifier = unit(sky(), ("EXTNAME = 'SCI'", "DETSEC  = '[1:50,1:40]'"), first="XTENSION= 'IMAGE'")
    assert refusal(tmp_path, primary + 4 * amplifier) == "raw-mosaic"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 1000000000", "NAXIS2  = 1000000000"), "truncated"),
        (("BITPIX  = -64", "NAXIS   = 2", "NAXIS1  = 9E300", "NAXIS2  = 2"), "bad-header"),
        (("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = -50", "NAXIS2  = 40"), "bad-header"),
        (("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 50"), "bad-header"),
        (("BITPIX  = 16", "NAXIS   = -1"), "bad-header"),
        (("BITPIX  = 16", "NAXIS   = 99999999"), "bad-header"),
        (("BITPIX  = 17", "NAXIS   = 2", "NAXIS1  = 50", "NAXIS2  = 40"), "bad-header"),
        (("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 50", "NAXIS2  = 40", "BSCALE  = 0.0"), "bad-header"),
    ],
)
def test_sizes_that_cannot_be_are_refused(tmp_path: Path, lines: tuple[str, ...], code: str) -> None:
    assert refusal(tmp_path, header(["SIMPLE  = T", *lines, *GOOD_CARDS]) + bytes(5760)) == code


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, exposure_bytes()[:2880].replace(b"END", b"XND") * 1100) == "bad-header"


def test_a_claim_of_too_many_pixels_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse.fits"
    path.write_bytes(
        header(["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 20000", "NAXIS2  = 20000"])
    )
    with path.open("r+b") as file:
        file.truncate(2880 + 400_000_320)
    tracemalloc.start()
    with pytest.raises(Rejected) as refused:
        read_frames(path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert refused.value.code == "too-large"


def test_a_compressed_claim_that_its_bytes_cannot_hold_costs_no_memory(tmp_path: Path) -> None:
    content = compressed_bytes(tmp_path, sky())
    for old, new in ((b"ZNAXIS1 =                   50", b"ZNAXIS1 =                14000"),
                     (b"ZTILE1  =                   50", b"ZTILE1  =            900000000"),
                     (b"ZNAXIS2 =                   40", b"ZNAXIS2 =                14000")):  # fmt: skip
        assert old in content
        tracemalloc.start()
        assert refusal(tmp_path, content.replace(old, new)) == "bad-header"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_a_gzip_bomb_stops_early(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(exposure_bytes())
    for _ in range(80):
        bomb += packer.compress(bytes(1 << 20))
    bomb += packer.flush()
    started = time.process_time()
    assert refusal(tmp_path, bomb, "small.fits.gz") == "too-large"
    assert time.process_time() - started < 5
    assert list(tmp_path.iterdir()) == [tmp_path / "small.fits.gz"]
