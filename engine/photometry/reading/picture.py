"""Which part of a FITS file is the exposure, and whether it can be one before any pixel is read."""

import re
from dataclasses import dataclass, replace

from engine.errors import Rejected
from engine.photometry.reading.fits_file import MAX_PIXELS, Part
from engine.photometry.reading.header.cards import Header

_SIDE_IMAGES = re.compile(
    r"^(bpm|mask|dq|err|error|var|ivar|variance|weight|wht|ctx|con|bkg|background|sky|rms|uncert|sigma|exp|thumb)",
    re.IGNORECASE,
)
_SCIENCE = frozenset({"SCI", "IMAGE", "SCIENCE", "COMPRESSED_IMAGE"})
_NOT_A_COLOUR = re.compile(r"wave|awav|freq|velo|vrad|vopt|ener|lambda|time|date|stokes|spec", re.IGNORECASE)
SMALLEST_SIDE_PIX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The exposure in a file: its part, with the primary header's cards below its own."""

    part: Part
    planes: int  # 1, or 3 for red, green, blue
    shape: tuple[int, int]  # (ny, nx)

    @property
    def header(self) -> Header:
        """Return the cards that hold for the exposure."""
        return self.part.header


def choose_picture(parts: list[Part]) -> Picture:
    """Return the one exposure among the parts of a file.

    Raises
    ------
    Rejected
        ``no-image``, ``raw-mosaic`` (several detectors or amplifiers), ``bad-shape`` (a cube that is no
        RGB), ``no-data`` (too small), ``too-large`` or ``bad-header``.
    """
    images = [part for part in parts if len(part.axes) >= 2]
    images = [part for part in images if not _SIDE_IMAGES.match(_name(part))] or images[:1]
    if not images:
        tables = any("BINTABLE" in part.header.text("XTENSION").upper() for part in parts)
        hint = "it holds tables, send it as photometry" if tables else "send the exposure itself"
        raise Rejected(f"The FITS file holds no image: {hint}.", code="no-image")
    part = _exposure(images)
    if part.index > 0:
        part = replace(part, header=part.header.over(parts[0].header))
    planes = _planes(part)
    ny, nx = part.axes[-2:]
    _check_size(part, ny=ny, nx=nx)
    return Picture(part=part, planes=planes, shape=(ny, nx))


def _name(part: Part) -> str:
    return part.header.text("EXTNAME") if part.index > 0 else ""


def _exposure(images: list[Part]) -> Part:
    if len(images) == 1 or images[0].index == 0:
        return images[0]
    science = [part for part in images if _name(part).upper() in _SCIENCE]
    if len(science) == 1:
        return science[0]
    raise Rejected(
        f"The file holds {len(images)} images of several amplifiers or detectors: "
        "send one reduced image, with the amplifiers put together.",
        code="raw-mosaic",
    )


def _planes(part: Part) -> int:
    depth = [length for length in part.axes[:-2] if length != 1]
    if not depth:
        return 1
    if depth == [3] and not _NOT_A_COLOUR.search(part.header.text("CTYPE3")):
        return 3
    raise Rejected(
        f"The image is a cube of {' x '.join(map(str, part.axes[:5]))}: send single exposures or an RGB one.",
        code="bad-shape",
    )


def _check_size(part: Part, *, ny: int, nx: int) -> None:
    if min(ny, nx) < SMALLEST_SIDE_PIX:
        raise Rejected(
            f"The image is only {nx} x {ny} pixels: at least {SMALLEST_SIDE_PIX} on each side are needed.",
            code="no-data",
        )
    if part.pixels > MAX_PIXELS:
        raise Rejected(
            f"The image has {part.pixels / 1e6:.0f} million pixels; the limit is {MAX_PIXELS / 1e6:.0f}.",
            code="too-large",
        )
