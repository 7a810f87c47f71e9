"""Observatories and cameras as values: what they hold, what is refused of them, and how rows become them."""

import math
import re
from dataclasses import dataclass, fields

from sqlalchemy import RowMapping

from engine.errors import Rejected
from engine.frame import Camera

NAME_MAX_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Observatory:
    """A place with a telescope; longitude is positive to the East."""

    observatory_id: int | None = None
    name: str
    longitude_deg: float
    latitude_deg: float
    altitude_m: float = 0.0
    telescope: str = ""
    aperture_m: float | None = None
    filters: str = ""  # as its frames name them
    comment: str = ""
    acknowledgement: str = ""
    created_by: str = ""
    simulated: bool = False
    created_mjd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCamera:
    """A camera with its ONAME and the observatory that it stands in."""

    oname: str
    observatory: Observatory
    camera: Camera
    is_active: bool
    is_approved: bool = True  # by staff; until then its frames are measured, and the verdict says so
    created_by: str = ""


CAMERA_COLUMNS = (
    "name", "gain_e_adu", "read_noise_e", "saturation_adu", "pixel_scale_arcsec",
    "date_keyword", "time_keyword", "exptime_keyword",
)  # fmt: skip
_POSITIVE = ("gain_e_adu", "saturation_adu", "pixel_scale_arcsec")


def check_observatory(observatory: Observatory) -> None:
    """Refuse an observatory with a value out of its range, with ``bad-observatory``."""
    if not 1 <= len(observatory.name.strip()) <= NAME_MAX_CHARS:
        raise Rejected(
            f"An observatory needs a name of 1 to {NAME_MAX_CHARS} characters.", code="bad-observatory"
        )
    ranges = (
        ("longitude (East is positive)", observatory.longitude_deg, -180.0, 360.0, "degrees"),
        ("latitude", observatory.latitude_deg, -90.0, 90.0, "degrees"),
        ("altitude", observatory.altitude_m, -500.0, 10_000.0, "metres"),
    )
    for word, value, least, most, unit in ranges:
        if not least <= value <= most:
            raise Rejected(
                f"The {word} is {value:g}; it must lie between {least:g} and {most:g} {unit}.",
                code="bad-observatory",
            )


def check_camera(camera: Camera) -> None:
    """Refuse a camera with an impossible value, with ``bad-camera``."""
    if not 1 <= len(camera.name.strip()) <= NAME_MAX_CHARS:
        raise Rejected(f"A camera needs a name of 1 to {NAME_MAX_CHARS} characters.", code="bad-camera")
    for name in (*_POSITIVE, "read_noise_e"):
        value = getattr(camera, name)
        if value is not None and not (
            math.isfinite(value) and value >= 0 and (value or name not in _POSITIVE)
        ):
            raise Rejected(f"The camera's {name} is {value}; it must be positive.", code="bad-camera")


def observatory_of(row: RowMapping) -> Observatory:
    """Return a row of the table ``observatories``."""
    return Observatory(**{field.name: row[field.name] for field in fields(Observatory)})


def registered_of(row: RowMapping, observatory: Observatory) -> RegisteredCamera:
    """Return a row of the table ``cameras``."""
    facts = {name: row[name] for name in CAMERA_COLUMNS}
    camera = Camera(
        **facts,
        facility=observatory.name,
        longitude_deg=observatory.longitude_deg,
        latitude_deg=observatory.latitude_deg,
        altitude_m=observatory.altitude_m,
    )
    return RegisteredCamera(
        oname=row["oname"],
        observatory=observatory,
        camera=camera,
        is_active=row["is_active"],
        is_approved=bool(row["approved_by"]),
        created_by=row["created_by"],
    )


def oname_of(observatory: Observatory, camera: Camera) -> str:
    """Return the ONAME of who gives none; it may hold what no ONAME may, and is then refused."""
    return re.sub(r"\s+", "_", f"{observatory.name}_{camera.name.strip()}")
