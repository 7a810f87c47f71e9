"""With which setting of the camera a frame was taken."""

import re
from dataclasses import dataclass

from engine.errors import Rejected
from engine.photometry.reading.colour import bayer_pattern
from engine.photometry.reading.header.cards import Header
from engine.photometry.reading.header.exposure import read_exptime
from engine.photometry.reading.header.kind import FrameKind, frame_kind
from engine.photometry.reading.header.names import read_filter

_BINNING = ("XBINNING", "CCDXBIN", "BINNING", "CCDSUM")
_TEMPERATURE = ("CCD-TEMP", "CCDTEMP", "CCD_TEMP", "DET-TEMP", "SENSTEMP", "TEMPERAT")
_SAME_TEMPERATURE_C = 2.0
_SAME_GAIN = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The setting of the camera for one frame; what the header does not tell is None."""

    kind: FrameKind
    shape: tuple[int, ...]
    binning: str = ""
    gain: float | None = None  # as the header wrote it, be it a knob or electrons
    temperature_c: float | None = None
    exptime_s: float = 0.0
    filter_name: str = ""
    pattern: str = ""  # of a Bayer mosaic
    done: str = ""  # steps that the camera's software has done: letters B, D, F

    def difference(self, other: "Setup") -> str:
        """Return in what a calibration frame does not fit another frame, empty where it does."""
        if self.shape != other.shape:
            return "size"
        if self.binning != other.binning and self.binning and other.binning:
            return "binning"
        kinds = {self.kind, other.kind}
        if FrameKind.FLAT in kinds and kinds <= {FrameKind.FLAT, FrameKind.LIGHT}:
            return "" if self.filter_name.casefold() == other.filter_name.casefold() else "filter"
        if _apart(self.gain, other.gain) > _SAME_GAIN * abs(self.gain or 0.0):
            return "gain"
        return "temperature" if _apart(self.temperature_c, other.temperature_c) > _SAME_TEMPERATURE_C else ""


def _apart(one: float | None, two: float | None) -> float:
    return 0.0 if one is None or two is None else abs(one - two)


def read_setup(header: Header, *, shape: tuple[int, ...]) -> Setup:
    """Return the setting of the camera for a frame of (planes, ny, nx) pixels."""
    kind, _ = frame_kind(header)
    return Setup(
        kind=kind,
        shape=shape,
        binning=_binning(header),
        gain=header.number("GAIN", "EGAIN"),
        temperature_c=header.number(*_TEMPERATURE),
        exptime_s=_exptime_s(header),
        filter_name=read_filter(header),
        pattern=bayer_pattern(header),
        done="".join(letter for letter in header.text("CALSTAT").upper() if letter in "BDF"),
    )


def _binning(header: Header) -> str:
    across = re.search(r"\d+", header.text(*_BINNING))
    return across.group() if across else ""


def _exptime_s(header: Header) -> float:
    try:
        return read_exptime(header) or 0.0
    except Rejected:  # a bias has none
        return 0.0
