"""Gain, read noise and saturation: the header's numbers where they can be true, else the camera's."""

import re
from dataclasses import dataclass

from engine.frame import Camera
from engine.photometry.reading.header.cards import Header, number_of

DEFAULT_GAIN_E_ADU = 1.0
DEFAULT_READ_NOISE_E = 5.0
_EGAIN = ("EGAIN", "E-GAIN", "ESO DET OUT1 CONAD", "CONAD")  # electrons per ADU by definition
_GAIN = ("GAIN", "GAINRAW", "GAINA", "CCDGAIN", "ATODGAIN")  # electrons per ADU, or a knob of the camera
_READ_NOISE = ("RDNOISE", "READNOIS", "RON", "ENOISE", "READNOISE", "RDNOISEA", "ESO DET OUT1 RON")
_SATURATION = ("SATURATE", "SATLEVEL", "SATURATA", "ESATUR")
_LINEAR = ("MAXLIN", "LINLIMIT")
_GAIN_RANGE_E_ADU = (0.02, 40.0)
_READ_NOISE_RANGE_E = (0.1, 300.0)
_SMALLEST_KNOB = 10.0
_KNOB_CAMERAS = re.compile(
    r"\bzwo\b|\basi ?\d|\bqhy|seestar|dwarf|player ?one|touptek|altair|\bsvbony|vespera", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The numbers that turn ADU into errors; saturation is None when the header does not tell it."""

    gain_e_adu: float
    read_noise_e: float
    saturation_adu: float | None
    notes: tuple[str, ...]


def read_detector(header: Header, camera: Camera) -> Detector:
    """Return the detector's numbers: a possible header value, else the registered one, else a default."""
    notes: list[str] = []
    gain_e_adu = _gain(header, notes)
    if gain_e_adu is None:
        gain_e_adu = camera.gain_e_adu
    if gain_e_adu is None:
        gain_e_adu = DEFAULT_GAIN_E_ADU
        notes.append(f"No usable gain: {DEFAULT_GAIN_E_ADU} e-/ADU was assumed.")
    read_noise_e = header.number(*_READ_NOISE)
    if read_noise_e is None or not _within(read_noise_e, _READ_NOISE_RANGE_E):
        read_noise_e = camera.read_noise_e
    if read_noise_e is None:
        read_noise_e = DEFAULT_READ_NOISE_E
        notes.append(f"No read noise: {DEFAULT_READ_NOISE_E} e- was assumed.")
    return Detector(
        gain_e_adu=gain_e_adu,
        read_noise_e=read_noise_e,
        saturation_adu=_saturation(header, camera),
        notes=tuple(notes),
    )


def _gain(header: Header, notes: list[str]) -> float | None:
    for keyword, text in header.filled(*_EGAIN, *_GAIN):
        value = number_of(text)
        if value is None or value == 0.0:
            continue
        if keyword in _GAIN and _is_inverse(header.comment(keyword)):
            value = 1.0 / value
        if _within(value, _GAIN_RANGE_E_ADU) and not (keyword in _GAIN and _is_knob(header, value)):
            return value
        notes.append(f"{keyword} = {text[:20]} is a setting of the camera, not electrons per ADU.")
    return None


def _is_inverse(comment: str) -> bool:
    return bool(re.search(r"adu\s*(/|per)\s*e", comment))


def _is_knob(header: Header, value: float) -> bool:
    if not value.is_integer():
        return False
    camera_name = header.text("INSTRUME", "CAMERA", "CAMMODEL", "DETECTOR", "TELESCOP")
    return bool(_KNOB_CAMERAS.search(camera_name)) or (value >= _SMALLEST_KNOB and "OFFSET" in header)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _saturation(header: Header, camera: Camera) -> float | None:
    levels = [header.number(*_SATURATION), header.number(*_LINEAR)]
    known = [level for level in levels if level is not None and level > 0]
    return min(known) if known else camera.saturation_adu
