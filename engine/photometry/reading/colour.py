"""One-shot-colour frames: a Bayer mosaic or an RGB cube becomes three planes, each a frame of its own."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.photometry.reading.header.cards import Header

COLOURS = ("R", "G", "B")
_KEYWORDS = ("BAYERPAT", "COLORTYP", "BAYERPTN", "CFAPAT")
_PATTERN = re.compile(r"^(RGGB|BGGR|GRBG|GBRG)$")
_CLEAR_DIFFERENCE = 5.0  # standard errors of the median

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One colour of an exposure; ``averaged`` raw pixels make one of its pixels."""

    name: str  # "", R, G or B
    data: Pixels
    averaged: int = 1
    halved: bool = False


def bayer_pattern(header: Header) -> str:
    """Return the colours of the first two pixels of the first two rows in the file, empty for mono."""
    found = next((text.upper() for _, text in header.filled(*_KEYWORDS) if _PATTERN.match(text.upper())), "")
    if not found:
        return ""
    rows = [found[:2], found[2:]]
    if header.whole("YBAYROFF") % 2:
        rows.reverse()
    if header.whole("XBAYROFF") % 2:
        rows = [row[::-1] for row in rows]
    return "".join(rows)


def split_bayer(data: Pixels, pattern: str) -> tuple[list[Plane], tuple[str, ...]]:
    """Return the planes R, G, B of a mosaic at half its size, the two greens averaged, and notes.

    The two green pixels of a cell see the same sky; when the other diagonal agrees instead, the rows were
    stored upside down (ROWORDER) and the pattern is turned.
    """
    ny, nx = data.shape[0] // 2 * 2, data.shape[1] // 2 * 2
    cells = [data[row:ny:2, column:nx:2] for row in (0, 1) for column in (0, 1)]
    notes: tuple[str, ...] = ()
    if _greens_disagree(cells, pattern):
        pattern = pattern[2:] + pattern[:2]
        notes = ("The Bayer pattern fits the image only upside down; it was turned.",)
    red, blue = cells[pattern.index("R")], cells[pattern.index("B")]
    greens = [cell for cell, colour in zip(cells, pattern, strict=True) if colour == "G"]
    green = (greens[0] + greens[1]) * np.float32(0.5)
    return [
        Plane(name="R", data=np.ascontiguousarray(red), halved=True),
        Plane(name="G", data=green, averaged=2, halved=True),
        Plane(name="B", data=np.ascontiguousarray(blue), halved=True),
    ], notes


def _greens_disagree(cells: list[Pixels], pattern: str) -> bool:
    medians, errors = zip(*(_median(cell) for cell in cells), strict=True)
    corner = abs(medians[0] - medians[3])
    middle = abs(medians[1] - medians[2])
    greens, others = (middle, corner) if pattern[1] == "G" and pattern[2] == "G" else (corner, middle)
    error = float(np.hypot.reduce(errors))
    return bool(greens > _CLEAR_DIFFERENCE * error and others < greens / 4)


def _median(cell: Pixels) -> tuple[float, float]:
    step = max(1, cell.size // 200_000)
    values = cell.reshape(-1)[::step] if cell.flags.c_contiguous else cell.ravel()[::step]
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, np.inf
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    # whole ADU: the median of a quantised sky is not known better than a part of its step
    return middle, max(1.2533 * spread / np.sqrt(values.size), 0.1)
