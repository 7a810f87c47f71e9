"""What kind of frame a header announces: exposure of the sky, bias, dark or flat."""

import re
from enum import StrEnum

from engine.photometry.reading.header.cards import Header

_KIND = ("IMAGETYP", "IMAGETYPE", "IMAGE_TYPE", "OBSTYPE", "FRAME", "FRAMETYP", "FRAMETYPE")
_SKY = re.compile(r"^(light|object|science|target|standard)")


class FrameKind(StrEnum):
    """What the light on a frame is for."""

    LIGHT = "light"
    BIAS = "bias"
    DARK = "dark"
    FLAT = "flat"


def frame_kind(header: Header) -> tuple[FrameKind, str]:
    """Return the kind of a frame, and the header's word for it."""
    for _, text in header.filled(*_KIND):
        if kind := _kind(re.sub(r"[^a-z]", "", text.lower())):
            return kind, text
    return FrameKind.LIGHT, ""


def _kind(word: str) -> FrameKind | None:
    if _SKY.match(word):
        return FrameKind.LIGHT
    if "bias" in word or word.removeprefix("master").startswith("zero"):
        return FrameKind.BIAS
    if "dark" in word:  # a dark of a flat is a dark
        return FrameKind.DARK
    return FrameKind.FLAT if "flat" in word or "twilight" in word else None
