"""Observatories and cameras in the fields of BHTOM's model, read and written."""

from collections.abc import Mapping

from lake.sites.facts import CameraRecord, Facts, ObservatoryRecord
from portal.api.bhtom.pages import moment
from portal.api.fields import Fields, number_of, text_of

# BHTOM's field, and the column that keeps it; the other fields are kept as facts
OBSERVATORY_COLUMNS = {
    "lon": "longitude_deg", "lat": "latitude_deg", "altitude": "altitude_m", "telescope": "telescope",
    "aperture": "aperture_m", "filters": "filters", "comment": "comment",
    "acknowledgements": "acknowledgement",
}  # fmt: skip
CAMERA_COLUMNS = {
    "gain": "gain_e_adu", "readout_noise": "read_noise_e", "saturation_level": "saturation_adu",
    "pixel_scale": "pixel_scale_arcsec", "date_time_keyword": "date_keyword", "time_keyword": "time_keyword",
    "exposure_time_keyword": "exptime_keyword",
}  # fmt: skip
OBSERVATORY_FACTS: Facts = {
    "calibration_flg": False, "approx_lim_mag": 18.0, "origin": None, "focal_length": None, "seeing": None,
    "authors": None,
}  # fmt: skip
CAMERA_FACTS: Facts = {
    "example_file": None, "binning": 1, "readout_speed": None, "pixel_size": None,
    "mode_recognition_keyword": None, "additional_info": None,
}  # fmt: skip
WORDS = frozenset({
    "telescope", "filters", "comment", "acknowledgements", "origin", "authors", "example_file",
    "date_time_keyword", "time_keyword", "exposure_time_keyword", "mode_recognition_keyword",
    "additional_info",
})  # fmt: skip
_YES = frozenset({"true", "t", "yes", "y", "on", "1"})


class Misread(ValueError):  # noqa: N818 - the answer is 404
    """A field is not what it should be; ``args[0]`` names it."""


def sent_values(fields: Fields, names: Mapping[str, object]) -> dict[str, object]:
    """Return those of the named fields that were sent with a value.

    Raises
    ------
    Misread
        A number is none.
    """
    return {name: _value(fields, name) for name in names if text_of(fields, name) is not None}


def columns_of(sent: Facts, columns: Mapping[str, str]) -> dict[str, object]:
    """Return values under the names of the columns that keep them."""
    return {columns[name]: value for name, value in sent.items() if name in columns}


def observatory_item(record: ObservatoryRecord) -> dict[str, object]:
    """Return an observatory with its cameras as BHTOM tells it."""
    values = record.values
    created = _time(values["created_mjd"])
    told = {field: values[column] for field, column in OBSERVATORY_COLUMNS.items()}
    facts = {**OBSERVATORY_FACTS, **record.facts}
    return {
        "id": record.observatory_id,
        "name": values["name"],
        **{name: told[name] for name in ("lon", "lat", "altitude")},
        **dict.fromkeys(("calibration_flg",), facts["calibration_flg"]),
        "comment": told["comment"],
        "approx_lim_mag": facts["approx_lim_mag"],
        "origin": facts["origin"],
        "telescope": told["telescope"],
        "aperture": told["aperture"],
        "focal_length": facts["focal_length"],
        "seeing": facts["seeing"],
        "filters": told["filters"],
        "created": created,
        "modified": created,
        "authors": facts["authors"],
        "acknowledgements": told["acknowledgements"],
        "cameras": [camera_item(camera) for camera in record.cameras],
    }


def camera_item(record: CameraRecord) -> dict[str, object]:
    """Return a camera as BHTOM tells it; the user is who registered it, by name."""
    values = record.values
    created = _time(values["created_mjd"])
    told = {field: values[column] for field, column in CAMERA_COLUMNS.items()}
    facts = {**CAMERA_FACTS, **record.facts}
    everything = {**told, **facts}
    order = (
        "gain", "example_file", "readout_noise", "binning", "saturation_level", "pixel_scale",
        "readout_speed", "pixel_size", "date_time_keyword", "time_keyword", "exposure_time_keyword",
        "mode_recognition_keyword", "additional_info",
    )  # fmt: skip
    return {
        "id": record.camera_id,
        "user": values["created_by"],
        "observatory": values["observatory_id"],
        "camera_name": values["name"],
        "active_flg": values["is_active"],
        "prefix": values["oname"],
        **{name: everything[name] for name in order},
        "created": created,
        "modified": created,
    }


def _value(fields: Fields, name: str) -> object:
    if name in WORDS:
        return text_of(fields, name)
    if name == "calibration_flg":
        return (text_of(fields, name) or "").lower() in _YES
    try:
        return number_of(fields, name)
    except ValueError as error:
        raise Misread(name) from error


def _time(mjd: object) -> str | None:
    return moment(float(mjd)) if isinstance(mjd, int | float) else None
