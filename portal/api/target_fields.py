"""A new target as BHTOM's clients write it: what is wrong is told in the words of BHTOM's framework."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from engine.errors import Rejected
from engine.target import CLASSES, NAME_MAX_CHARS, Target, checked_name, parse_position
from engine.times import mjd_of
from portal.api.fields import Fields, number_of, text_of
from portal.api.reply import Refused

# The order is that of BHTOM's answer.
HAS_FIELDS = ("has_optical", "has_infrared", "has_radio", "has_xray", "has_gamma", "has_polarimetry")
FIELDS = (
    "name", "ra", "dec", "epoch", "description", "classification", "discovery_date", "importance", "cadence",
    *HAS_FIELDS,
)  # fmt: skip
DEFAULTS = {"epoch": 2000.0, "importance": 9.98, "cadence": 1.0}
REQUIRED = "This field is required."
_OTHER_SPELLINGS = {"Supernova imposter": "Supernova impostor"}  # of a class, in BHTOM's guide
_JULIAN_EPOCH = re.compile(r"J(\d{4}(?:\.\d*)?)")  # its guide writes the epoch as J2023
NO_NUMBER = "A valid number is required."
NO_DATE = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
# one-digit hours are what BHTOM's own script sends
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})\d*)?)?)?"
    r"\s*(?:Z|([+-])(\d{2}):?(\d{2}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTarget:
    """A target to be made, and the answer that its maker gets."""

    target: Target
    echo: dict[str, object]


def new_target(fields: Fields) -> NewTarget:
    """Return the target that the fields describe.

    Raises
    ------
    Refused
        404 with lists of sentences per field, as BHTOM answers.
    """
    errors: dict[str, object] = {}
    name = _name(fields, errors)
    ra = _coordinate(fields, "ra", errors)
    dec = _coordinate(fields, "dec", errors)
    numbers = {field: _number(fields, field, errors) for field in DEFAULTS}
    classification = class_of(fields) or "Unknown"
    if classification not in CLASSES:
        errors["classification"] = [f'"{classification:.60}" is not a valid choice.']
    discovered = _date(fields, errors)
    if errors:
        raise Refused(404, errors)
    _check_whole(fields)
    ra_deg, dec_deg = _position(ra, dec)
    target = Target(
        name=name,
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        epoch=numbers["epoch"],
        classification=classification,
        description=text_of(fields, "description") or "",
        discovery_mjd=None if discovered is None else mjd_of(discovered),
        importance=numbers["importance"],
        cadence_d=numbers["cadence"],
    )
    return NewTarget(target=target, echo=_echo(target, fields, discovered))


def class_of(fields: Fields) -> str | None:
    """Return the class that is named, spelt as tomlake spells it."""
    text = text_of(fields, "classification")
    return _OTHER_SPELLINGS.get(text, text) if text is not None else None


def iso_utc(moment: datetime) -> str:
    """Return a moment as BHTOM writes it, such as ``2023-01-01T00:00:01Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _echo(target: Target, fields: Fields, discovered: datetime | None) -> dict[str, object]:
    values: dict[str, object] = {
        "name": target.name,
        "ra": target.ra_deg,
        "dec": target.dec_deg,
        "epoch": target.epoch,
        "description": target.description or None,
        "classification": target.classification,
        "discovery_date": None if discovered is None else iso_utc(discovered),
        "importance": target.importance,
        "cadence": target.cadence_d,
    }
    # tomlake knows from the data what was observed, so these are answered but not kept
    has = {field: str(fields.get(field, "")).lower() in {"true", "1", "yes", "on"} for field in HAS_FIELDS}
    return {field: (values | has)[field] for field in FIELDS}


def _name(fields: Fields, errors: dict[str, object]) -> str:
    text = text_of(fields, "name")
    if text is None:
        errors["name"] = ["This field may not be blank." if "name" in fields else REQUIRED]
    elif len(text) > NAME_MAX_CHARS:
        errors["name"] = [f"Ensure this field has no more than {NAME_MAX_CHARS} characters."]
    else:
        try:
            return checked_name(text)
        except Rejected as error:
            errors["name"] = [error.reason]
    return ""


def _coordinate(fields: Fields, field: str, errors: dict[str, object]) -> str:
    text = text_of(fields, field)
    if text is None or isinstance(fields[field], bool):
        errors[field] = [REQUIRED if text is None else NO_NUMBER]
        return ""
    try:
        parse_position(*((text, 0.0) if field == "ra" else (0.0, text)))
    except Rejected as error:
        if error.code == "bad-position":
            errors[field] = [NO_NUMBER]
    return text


def _number(fields: Fields, field: str, errors: dict[str, object]) -> float:
    epoch = _JULIAN_EPOCH.fullmatch(text_of(fields, field) or "") if field == "epoch" else None
    try:
        number = number_of(fields, field) if epoch is None else float(epoch[1])
    except ValueError:
        errors[field] = [NO_NUMBER]
        number = None
    return DEFAULTS[field] if number is None else number


def _date(fields: Fields, errors: dict[str, object]) -> datetime | None:
    text = text_of(fields, "discovery_date")
    if text is None:
        return None
    try:
        return parse_date(text)
    except ValueError:
        errors["discovery_date"] = [NO_DATE]
        return None


def parse_date(text: str) -> datetime:
    """Return a date of ISO 8601 as a moment; hours and minutes may have one digit, no zone is UTC.

    Raises
    ------
    ValueError
        When it is none.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    *numbers, fraction, sign, zone_h, zone_min = match.groups()
    offset = timedelta(hours=int(zone_h or 0), minutes=int(zone_min or 0))
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    microsecond = int((fraction or "").ljust(6, "0"))
    zone = timezone(-offset if sign == "-" else offset)
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)


def _check_whole(fields: Fields) -> None:
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise Refused(404, {"non_field_errors": [f"Unknown field(s): {', '.join(unknown)}"]})


def _position(ra: str, dec: str) -> tuple[float, float]:
    try:
        return parse_position(ra, dec)
    except Rejected as error:
        raise Refused(404, {"non_field_errors": ["Coordinates beyond range"]}) from error
