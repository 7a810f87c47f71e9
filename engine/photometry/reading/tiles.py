"""Tile-compressed images (FITS 4.0, section 10): unpacked by astropy from a header written anew.

The decompressors are C code that trusts what it is told: every number they see is checked first, and the
HCOMPRESS and PLIO codecs, which can be made to write outside of their memory, are not called at all.
"""

import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import CfitsioException  # astropy shows it nowhere else
from astropy.io.fits.verify import VerifyError
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.reading.fits_file import Part
from engine.photometry.reading.header.cards import Header

_CODECS = {"RICE_1": "RICE_1", "RICE_ONE": "RICE_1", "GZIP_1": "GZIP_1", "GZIP_2": "GZIP_2"}
_DITHERS = frozenset({"NO_DITHER", "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2"})
_COLUMNS = frozenset(
    {"COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA", "ZSCALE", "ZZERO", "ZBLANK"}
)
_FORM = re.compile(r"^1?([PQ][BIJED](\(\d{1,12}\))?|[JDE])$")
_MAX_FIELDS = 6
_MAX_PIXELS_PER_BYTE = 2000  # beyond what any codec reaches
_GZIP_MAGIC = b"\x1f\x8b\x08"
_CHUNK_BYTES = 1 << 16
# how astropy fails on damaged tiles
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    AssertionError,
    VerifyError,
    CfitsioException,
    struct.error,
    zlib.error,
)

_Cards = dict[str, int | str | bool]


def unpack_tiles(file: BinaryIO, part: Part) -> NDArray[np.generic]:
    """Return the stored numbers of a tile-compressed image, not yet scaled, as one row.

    Raises
    ------
    Rejected
        ``unsupported-compression``, ``bad-header`` (the header does not fit its data) or ``truncated``.
    """
    cards = _checked_cards(part)
    file.seek(part.data_offset)
    table = file.read(part.data_bytes)
    if str(cards["ZCMPTYPE"]).startswith("GZIP") or "GZIP_COMPRESSED_DATA" in cards.values():
        _check_gzip_size(table, limit_bytes=(part.pixels + _CHUNK_BYTES) * 16)
    bare = fits.Header({"SIMPLE": True, "BITPIX": 8, "NAXIS": 0, "EXTEND": True}).tostring()
    small = BytesIO(bare.encode("ascii") + fits.Header(cards).tostring().encode("ascii"))
    small.seek(0, 2)
    small.write(table + bytes(-len(table) % 2880))
    small.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(small, memmap=False, do_not_scale_image_data=True) as units:
                stored = np.asarray(units[1].data)
        except _DAMAGED as error:
            raise _damaged() from error
    if stored.size != part.pixels or stored.dtype.kind not in "iuf":
        raise _damaged()
    return stored.reshape(-1)


def _damaged() -> Rejected:
    return Rejected(
        "The compressed image is damaged: upload the file again or send it unpacked.", code="truncated"
    )


def _checked_cards(part: Part) -> _Cards:
    header = part.header
    codec = _CODECS.get(header.text("ZCMPTYPE").upper())
    if codec is None:
        raise Rejected(
            f"The image is packed with {header.text('ZCMPTYPE')[:20]}: pack it with RICE_1, as fpack does, "
            "or send it unpacked.",
            code="unsupported-compression",
        )
    fields = header.whole("TFIELDS")
    rows, row_bytes = header.whole("NAXIS2"), header.whole("NAXIS1")
    tiles = [header.whole(f"ZTILE{axis}", part.axes[-1] if axis == 1 else 1) for axis in _axes(part)]
    is_sound = (
        1 <= fields <= _MAX_FIELDS
        and header.whole("NAXIS") == 2
        and _tile_count(part, tiles) == rows
        and part.pixels <= _MAX_PIXELS_PER_BYTE * part.data_bytes
        and rows * row_bytes + header.whole("PCOUNT") == part.data_bytes
        and header.whole("THEAP", rows * row_bytes) == rows * row_bytes  # no gap before the tiles
    )
    if not is_sound:
        raise _does_not_fit()
    cards: _Cards = {
        "XTENSION": "BINTABLE",
        "BITPIX": 8,
        "NAXIS": 2,
        "NAXIS1": row_bytes,
        "NAXIS2": rows,
        "PCOUNT": header.whole("PCOUNT"),
        "GCOUNT": 1,
        "TFIELDS": fields,
    }
    cards |= _field_cards(header, fields)
    cards |= {"ZIMAGE": True, "ZCMPTYPE": codec, "ZBITPIX": part.bitpix, "ZNAXIS": len(part.axes)}
    for axis, length, tile in zip(_axes(part), part.axes, tiles, strict=True):
        cards |= {f"ZNAXIS{axis}": length, f"ZTILE{axis}": tile}
    return cards | dict(_codec_cards(header, part, codec))


def _does_not_fit() -> Rejected:
    return Rejected(
        "The compressed image's header does not fit its data: upload the file again or send it unpacked.",
        code="bad-header",
    )


def _axes(part: Part) -> range:
    return range(len(part.axes), 0, -1)


def _tile_count(part: Part, tiles: list[int]) -> int:
    count = 1
    for length, tile in zip(part.axes, tiles, strict=True):
        count *= -(-length // tile) if 0 < tile <= 2 * length else 0
    return count


def _field_cards(header: Header, fields: int) -> _Cards:
    cards: _Cards = {}
    for number in range(1, fields + 1):
        name, form = header.text(f"TTYPE{number}").upper(), header.text(f"TFORM{number}").upper()
        if name not in _COLUMNS or not _FORM.match(form):
            raise _does_not_fit()
        cards |= {f"TTYPE{number}": name, f"TFORM{number}": form}
    return cards


def _codec_cards(header: Header, part: Part, codec: str) -> Iterator[tuple[str, int | str]]:
    if codec == "RICE_1":
        settings = {header.text(f"ZNAME{n}").upper(): header.whole(f"ZVAL{n}") for n in (1, 2, 3)}
        block_pix, pixel_bytes = settings.get("BLOCKSIZE", 32), settings.get("BYTEPIX", 4)
        if block_pix not in (16, 32) or pixel_bytes not in (1, 2, 4):
            raise _does_not_fit()
        yield "ZNAME1", "BLOCKSIZE"
        yield "ZVAL1", block_pix
        yield "ZNAME2", "BYTEPIX"
        yield "ZVAL2", pixel_bytes
    dither = header.text("ZQUANTIZ").upper() or "NO_DITHER"
    if part.bitpix < 0 and dither in _DITHERS:
        yield "ZQUANTIZ", dither
        yield "ZDITHER0", min(max(header.whole("ZDITHER0", 1), 1), 10_000)
    blank = header.number("ZBLANK")
    if blank is not None and abs(blank) < 2**31:
        yield "ZBLANK", int(blank)


def _check_gzip_size(table: bytes, *, limit_bytes: int) -> None:
    """Refuse gzipped tiles that unpack to more than the image can hold."""
    unpacked_bytes = 0
    start = table.find(_GZIP_MAGIC)
    while start >= 0:
        stream = zlib.decompressobj(31)
        place = start
        try:
            while place < len(table) and not stream.eof:
                piece = stream.unconsumed_tail or table[place : place + _CHUNK_BYTES]
                place += 0 if stream.unconsumed_tail else len(piece)
                unpacked_bytes += len(stream.decompress(piece, 1 << 20))
                if unpacked_bytes > limit_bytes:
                    raise _does_not_fit()
        except zlib.error:
            pass  # the three bytes were not the start of a tile
        start = table.find(_GZIP_MAGIC, start + 1)
