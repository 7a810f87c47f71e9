"""The fields of observatories and cameras as BHTOM names them, and where each is kept."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Rejected


class Kept(StrEnum):
    """Where a field is kept."""

    SITE = "site"  # a column of observatories
    SITE_FACT = "site-fact"
    CAMERA = "camera"  # a column of cameras
    CAMERA_FACT = "camera-fact"


class Kind(StrEnum):
    """What a field holds."""

    WORDS = "words"
    NUMBER = "number"
    YES_NO = "yes-no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field."""

    name: str  # BHTOM's
    kept: Kept
    key: str  # column or fact
    kind: Kind = Kind.NUMBER
    aliases: tuple[str, ...] = ()


def _field(name: str, kept: Kept, key: str = "", kind: Kind = Kind.NUMBER, *aliases: str) -> Field:
    return Field(name=name, kept=kept, key=key or name, kind=kind, aliases=aliases)


_S, _F, _C, _G, _W = Kept.SITE, Kept.SITE_FACT, Kept.CAMERA, Kept.CAMERA_FACT, Kind.WORDS
FIELDS = (
    _field("name", _S, "name", _W, "observatory", "observatory_name", "obs_name", "site"),
    _field("lon", _S, "longitude_deg", Kind.NUMBER, "longitude", "lon_deg"),
    _field("lat", _S, "latitude_deg", Kind.NUMBER, "latitude", "lat_deg"),
    _field("altitude", _S, "altitude_m", Kind.NUMBER, "elevation", "elevation_m", "alt", "height"),
    _field("telescope", _S, "telescope", _W),
    _field("aperture", _S, "aperture_m", Kind.NUMBER, "aperture_size"),
    _field("filters", _S, "filters", _W),
    _field("comment", _S, "comment", _W, "comments"),
    _field("acknowledgements", _S, "acknowledgement", _W, "acknowledgment", "acknowledgments"),
    _field("calibration_flg", _F, "", Kind.YES_NO, "only_instrumental_photometry_file"),
    _field("approx_lim_mag", _F, "", Kind.NUMBER, "approximate_limit_magnitude", "lim_mag"),
    _field("origin", _F, "", _W),
    _field("focal_length", _F),
    _field("seeing", _F),
    _field("authors", _F, "", _W),
    _field("camera_name", _C, "name", _W, "camera"),
    _field("prefix", _C, "oname", _W, "oname", "observatory(oname)", "observatory_(oname)"),
    _field("gain", _C, "gain_e_adu"),
    _field("readout_noise", _C, "read_noise_e", Kind.NUMBER, "read_noise", "ron"),
    _field("saturation_level", _C, "saturation_adu", Kind.NUMBER, "saturation"),
    _field("pixel_scale", _C, "pixel_scale_arcsec"),
    _field("date_time_keyword", _C, "date_keyword", _W),
    _field("time_keyword", _C, "", _W),
    _field("exposure_time_keyword", _C, "exptime_keyword", _W),
    _field("example_file", _G, "", _W),
    _field("binning", _G),
    _field("readout_speed", _G),
    _field("pixel_size", _G),
    _field("mode_recognition_keyword", _G, "", _W),
    _field("additional_info", _G, "", _W),
)
BY_HEADER: Mapping[str, Field] = {
    header: field
    for field in FIELDS
    for header in (field.name, field.key if field.key != "name" else field.name, *field.aliases)
}
IGNORED = frozenset({"id", "user", "created", "modified", "active_flg", "number"})  # of BHTOM's own lists
_YES = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO = frozenset({"false", "f", "no", "n", "off", "0"})


def header_key(header: str) -> str:
    """Return a header as ``BY_HEADER`` has it, such as ``Camera name`` as ``camera_name``."""
    return "_".join(header.strip().casefold().split())


def value_of(field: Field, text: str) -> object:
    """Return what a cell of a table says.

    Raises
    ------
    Rejected
        ``bad-observatory``: it is no number, or neither yes nor no.
    """
    if field.kind == Kind.WORDS:
        return text
    if field.kind == Kind.YES_NO and text.lower() in _YES | _NO:
        return text.lower() in _YES
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if field.kind == Kind.YES_NO or not math.isfinite(number):
        wanted = "yes or no" if field.kind == Kind.YES_NO else "a number with a decimal point"
        raise Rejected(f"{field.name} is {text!r:.40}; write {wanted}.", code="bad-observatory")
    return number
