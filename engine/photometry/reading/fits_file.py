"""The parts of a FITS file, found by walking its blocks and believing no size that the file cannot hold."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import mul
from pathlib import Path
from typing import BinaryIO

from engine.errors import Rejected
from engine.photometry.reading.header.cards import CARD_BYTES, Header, parse_header

BLOCK_BYTES = 2880
MAX_PIXELS = 200_000_000  # above the largest camera in amateur hands
_MAX_HEADER_BLOCKS = 1000
_MAX_PARTS = 500
_MAX_AXES = 999
_CHUNK_BYTES = 1 << 20
_GZIP_FREE_BYTES = 64 << 20  # up to here a file may expand as it likes
_GZIP_MAX_RATIO = 100  # real exposures shrink 1.5 to 10 times
_MAX_FILE_BYTES = 4 << 30

_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive: unpack it and send the FITS files in it"),
    (b"BZh", "a bzip2 archive: unpack it and send the FITS file in it"),
    (b"\xfd7zXZ", "an XZ archive: unpack it and send the FITS file in it"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it and send the FITS files in it"),
    (b"\x1f\x9d", "a compress archive: unpack it and send the FITS file in it"),
    (b"XISF0100", "an XISF file: save the linear image as FITS"),
    (b"\xff\xd8\xff", "a JPEG picture: send the original FITS exposure"),
    (b"\x89PNG", "a PNG picture: send the original FITS exposure"),
    (b"II*\x00", "a TIFF or camera raw file: convert it to FITS without stretching"),
    (b"MM\x00*", "a TIFF or camera raw file: convert it to FITS without stretching"),
    (b"LUCAM-RECORDER", "a SER video: save single exposures as FITS"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One header-data unit: where its data lie in the plain file, and the image it claims to hold."""

    index: int
    header: Header
    data_offset: int
    data_bytes: int  # as the header claims
    bitpix: int
    axes: tuple[int, ...]  # numpy order, slowest first; empty when it holds no image
    compressed: bool  # tiles in a table, as fpack writes them

    @property
    def pixels(self) -> int:
        """Return the number of pixels of the claimed image."""
        return _product(self.axes)


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """Give the file opened for reading, unpacked into a temporary file when it is gzipped.

    Raises
    ------
    Rejected
        ``truncated``: the gzip stream ends early or is damaged; ``too-large``: it unpacks beyond reason.
    """
    with path.open("rb") as packed:
        if packed.read(2) != b"\x1f\x8b":
            packed.seek(0)
            yield packed
            return
        with tempfile.TemporaryDirectory() as folder:
            packed.seek(0)
            unpacked = Path(folder) / "plain.fits"
            _unpack(packed, unpacked, limit_bytes=_unpacked_limit_bytes(path))
            with unpacked.open("rb") as plain:
                yield plain


def _unpacked_limit_bytes(path: Path) -> int:
    return min(max(_GZIP_FREE_BYTES, _GZIP_MAX_RATIO * path.stat().st_size), _MAX_FILE_BYTES)


def _unpack(packed: BinaryIO, unpacked: Path, *, limit_bytes: int) -> None:
    written = 0
    try:
        with gzip.GzipFile(fileobj=packed, mode="rb") as stream, unpacked.open("wb") as plain:
            while chunk := stream.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > limit_bytes:
                    raise Rejected(
                        f"The gzip file unpacks to more than {limit_bytes >> 20} MB: send it unpacked.",
                        code="too-large",
                    )
                plain.write(chunk)
    except (EOFError, OSError, zlib.error) as error:
        raise Rejected(
            "The gzip file is damaged or was cut off: upload it again.", code="truncated"
        ) from error


def walk(file: BinaryIO, *, is_start: bool = False) -> list[Part]:
    """Return the header-data units of an open FITS file, none of them reading its data.

    Parameters
    ----------
    is_start
        The file is only the beginning of one: units are returned as far as their headers are there.

    Raises
    ------
    Rejected
        ``not-fits``, ``truncated`` (a header or the data end before they should) or ``bad-header``.
    """
    size_bytes = file.seek(0, 2)
    file.seek(0)
    _check_magic(file.read(16))
    parts: list[Part] = []
    offset = 0
    while offset < size_bytes and len(parts) < _MAX_PARTS:
        file.seek(offset)
        if parts and not file.read(8).startswith(b"XTENSION"):
            break  # padding or special records after the last unit
        part = _read_part(file, offset, index=len(parts))
        if part.data_offset + part.data_bytes > size_bytes and not is_start:
            raise Rejected(
                f"The file ends early: its header promises {part.data_offset + part.data_bytes} bytes and "
                f"{size_bytes} came; upload it again.",
                code="truncated",
            )
        parts.append(part)
        offset = part.data_offset + -(-part.data_bytes // BLOCK_BYTES) * BLOCK_BYTES
    return parts


def _check_magic(start: bytes) -> None:
    if start.startswith(b"SIMPLE  ="):
        return
    what = next((words for magic, words in _OTHER_FORMATS if start.startswith(magic)), "")
    reason = f"This is {what}." if what else "This is not a FITS file: it does not begin with SIMPLE."
    raise Rejected(reason, code="not-fits")


def _read_part(file: BinaryIO, offset: int, *, index: int) -> Part:
    file.seek(offset)
    block = b""
    for _ in range(_MAX_HEADER_BLOCKS):
        more = file.read(BLOCK_BYTES)
        end = _end_of(more)
        block += more[: end if end >= 0 else None]
        if end >= 0:
            return _part(parse_header(block), index=index, data_offset=file.tell())
        if len(more) < BLOCK_BYTES:
            raise Rejected("The file ends inside its header: upload it again.", code="truncated")
    raise Rejected("The FITS header never ends: there is no END card.", code="bad-header")


def _end_of(block: bytes) -> int:
    starts = range(0, len(block) - 2, CARD_BYTES)
    return next((start for start in starts if block[start : start + CARD_BYTES].rstrip() == b"END"), -1)


def _part(header: Header, *, index: int, data_offset: int) -> Part:
    compressed = header.text("ZIMAGE") == "T"
    prefix = "Z" if compressed else ""
    stored = _claimed_axes(header, "")
    bytes_each = abs(header.whole("BITPIX")) // 8
    data_bytes = 0
    if stored:
        groups = max(1, header.whole("GCOUNT", 1))
        data_bytes = bytes_each * groups * (max(0, header.whole("PCOUNT")) + _product(stored))
    is_image = compressed or index == 0 or header.text("XTENSION").upper() in ("IMAGE", "IUEIMAGE")
    axes = _claimed_axes(header, prefix) if is_image else ()
    bitpix = header.whole(f"{prefix}BITPIX")
    if _product(axes) and bitpix not in (8, 16, 32, 64, -32, -64):
        raise Rejected(f"The header's BITPIX is {bitpix}, which no FITS image has.", code="bad-header")
    return Part(
        index=index,
        header=header,
        data_offset=data_offset,
        data_bytes=data_bytes,
        bitpix=bitpix,
        axes=axes if _product(axes) else (),
        compressed=compressed,
    )


def _product(axes: tuple[int, ...]) -> int:
    return reduce(mul, axes, 1) if axes else 0


def _claimed_axes(header: Header, prefix: str) -> tuple[int, ...]:
    count = header.whole(f"{prefix}NAXIS")
    if not 0 <= count <= _MAX_AXES:
        raise Rejected(f"The header says NAXIS = {count}, which cannot be.", code="bad-header")
    axes = tuple(header.whole(f"{prefix}NAXIS{axis}", -1) for axis in range(count, 0, -1))
    if any(length < 0 for length in axes):
        raise Rejected("The header gives an image side that is negative or missing.", code="bad-header")
    return axes
