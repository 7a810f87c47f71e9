"""The part of a frame that saw light, where the header tells it from the overscan."""

import re

import numpy as np
from numpy.typing import NDArray

from engine.photometry.reading.header.cards import Header

_SECTION = re.compile(r"^\[\s*(\d{1,6})\s*:\s*(\d{1,6})\s*,\s*(\d{1,6})\s*:\s*(\d{1,6})\s*\]$")
_SMALLEST_LIT = 0.5  # of the frame

_Slices = tuple[slice, slice]


def overscan_mask(header: Header, *, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return True outside the data section, or None when the frame has no overscan any more.

    Positions of an untrimmed frame stay as they are in the file. A data section counts only together with a
    bias section inside the frame: headers keep both after the frame was trimmed.
    """
    bias = _slices(header.text("BIASSEC"), shape)
    lit = _slices(header.text("TRIMSEC"), shape) or _slices(header.text("DATASEC"), shape)
    if bias is None or lit is None:
        return None
    mask = np.ones(shape, dtype=np.bool_)
    mask[lit] = False
    if not np.all(mask[bias]) or np.count_nonzero(~mask) < _SMALLEST_LIT * mask.size:
        return None
    return mask


def _slices(section: str, shape: tuple[int, ...]) -> _Slices | None:
    found = _SECTION.match(section)
    if found is None:
        return None
    first_x, last_x, first_y, last_y = (int(part) for part in found.groups())
    ny, nx = shape
    if not (1 <= first_x <= last_x <= nx and 1 <= first_y <= last_y <= ny):
        return None
    return slice(first_y - 1, last_y), slice(first_x - 1, last_x)
