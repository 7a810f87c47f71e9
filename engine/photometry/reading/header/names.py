"""What the header calls the filter, the object and the instrument, and what kind of frame it says it is."""

import re

from engine.errors import Rejected
from engine.frame import SIMULATED_NOTE
from engine.photometry.reading.header.cards import Header
from engine.photometry.reading.header.kind import FrameKind, frame_kind

_FILTER = ("FILTER", "FILTERS", "FILT", "FILTNAM", "FILTNAME", "INSFLNAM", "FILTER-1")
_FILTER_WHEELS = ("FILTER1", "FILTER2", "FILTER3", "FILTER4", "ESO INS FILT1 NAME", "ESO INS FILT2 NAME")
_EMPTY_SLOT = frozenset({"air", "open", "empty", "clear", "free", "none"})
_PLATE_KEYWORDS = ("PLTLABEL", "PLATEID", "PLTGRADE", "SCANIMG", "EMULSION", "PLATENUM", "PLATESZ1")
_STRETCHED = re.compile(
    r"histogram ?transf|histogram stretch|autostretch|auto-stretch|asinh (transf|stretch)|arcsinhstretch"
    r"|maskedstretch|generali[sz]ed ?hyperbolic|curves ?transf",
    re.IGNORECASE,
)


def read_filter(header: Header) -> str:
    """Return the filter as the header wrote it, empty when it does not say."""
    named = header.text(*_FILTER)
    if named:
        return named
    slots = [text for _, text in header.filled(*_FILTER_WHEELS)]
    return next((slot for slot in slots if slot.lower() not in _EMPTY_SLOT), slots[0] if slots else "")


def read_object(header: Header) -> str:
    """Return the name of the object, empty when it does not say."""
    return header.text("OBJECT", "OBJNAME", "TARGNAME", "TARGET")


def read_simulation(header: Header) -> str:
    """Return the note that an artificial exposure must carry, empty for an observed one."""
    return SIMULATED_NOTE if header.text("SIMULATE").upper() in ("T", "TRUE") else ""


def refuse_what_is_no_exposure(header: Header, *, bitpix: int) -> None:
    """Let pass a linear exposure of the sky.

    Raises
    ------
    Rejected
        ``plate-scan``, ``stretched`` or ``calibration-frame``.
    """
    plate = next((keyword for keyword in _PLATE_KEYWORDS if keyword in header), "")
    if plate:
        raise Rejected(
            f"This is a scan of a photographic plate (keyword {plate}): its pixels are not linear in light; "
            "send an exposure of a digital camera.",
            code="plate-scan",
        )
    if bitpix == 8:
        raise Rejected(
            "The image has 8 bits per pixel, so it was stretched or cut for display: "
            "send the original 16-bit exposure.",
            code="stretched",
        )
    if stretched := _STRETCHED.search(header.history):
        raise Rejected(
            f"The header's history says it was stretched ({stretched.group()}): send the linear image.",
            code="stretched",
        )
    kind, word = frame_kind(header)
    if kind is not FrameKind.LIGHT:
        raise Rejected(
            f"The header calls this a calibration frame ({word[:30]}): send exposures of the sky.",
            code="calibration-frame",
        )
