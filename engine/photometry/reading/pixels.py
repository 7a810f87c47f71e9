"""The numbers of an image: FITS bytes of any type become native float32 in ADU."""

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.reading.fits_file import Part
from engine.photometry.reading.picture import Picture
from engine.photometry.reading.tiles import unpack_tiles

_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_CHUNK_PIXELS = 1 << 20
_LARGEST_ADU = 1e30

Pixels = NDArray[np.float32]


def read_pixels(file: BinaryIO, picture: Picture) -> Pixels:
    """Return the image as float32 of shape (planes, ny, nx); what is no number is NaN.

    Raises
    ------
    Rejected
        ``truncated`` (the data end early or are damaged), ``bad-header`` or ``unsupported-compression``.
    """
    part = picture.part
    scale = _scale_of(part)
    out = np.empty(part.pixels, dtype=np.float32)
    with np.errstate(all="ignore"):
        if part.compressed:
            stored = unpack_tiles(file, part)
            for start in range(0, part.pixels, _CHUNK_PIXELS):
                out[start : start + _CHUNK_PIXELS] = _in_adu(stored[start : start + _CHUNK_PIXELS], scale)
        else:
            _read_plain(file, part, scale, out)
    return out.reshape(picture.planes, *picture.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    factor: float
    zero: float
    blank: float | None


def _scale_of(part: Part) -> _Scale:
    factor, zero = part.header.number("BSCALE"), part.header.number("BZERO")
    if factor == 0.0:
        raise Rejected("The header says BSCALE = 0, which leaves no image.", code="bad-header")
    return _Scale(
        factor=1.0 if factor is None else factor,
        zero=0.0 if zero is None else zero,
        blank=part.header.number("BLANK", "ZBLANK") if part.bitpix > 0 else None,
    )


def _in_adu(stored: NDArray[np.generic], scale: _Scale) -> Pixels:
    is_narrow = stored.dtype.itemsize <= 2 or stored.dtype.str.endswith("f4")
    values: NDArray[np.floating] = stored.astype(np.float32 if is_narrow else np.float64)
    blank = values == scale.blank if scale.blank is not None else None
    if scale.factor != 1.0:
        values = values * scale.factor
    if scale.zero != 0.0:
        values = values + scale.zero
    if blank is not None:
        values[blank] = np.nan
    values[~(np.abs(values) < _LARGEST_ADU)] = np.nan
    return values.astype(np.float32, copy=False)


def _read_plain(file: BinaryIO, part: Part, scale: _Scale, out: Pixels) -> None:
    kind = np.dtype(_TYPES[part.bitpix])
    file.seek(part.data_offset)
    for start in range(0, part.pixels, _CHUNK_PIXELS):
        count = min(_CHUNK_PIXELS, part.pixels - start)
        stored = np.frombuffer(file.read(count * kind.itemsize), dtype=np.uint8)
        if stored.size < count * kind.itemsize:
            raise Rejected("The image data end early: upload the file again.", code="truncated")
        out[start : start + count] = _in_adu(stored.view(kind), scale)
