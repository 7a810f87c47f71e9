"""Observatories and their cameras; a camera is known by its ONAME, as in BHTOM."""

import math
import re
from dataclasses import dataclass, fields

from sqlalchemy import Connection, Engine, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from engine.errors import Rejected
from engine.frame import Camera
from engine.times import mjd_now
from lake.operations import cameras, observatories, reading, writing
from lake.target_rows import name_key

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


def add_observatory(operations: Engine, observatory: Observatory, *, by: str) -> Observatory:
    """Return the observatory with its id.

    Raises
    ------
    Rejected
        ``bad-observatory``: a value is out of its range; ``observatory-taken``.
    """
    try:
        with writing(operations) as connection:
            return add_observatory_within(connection, observatory, by=by)
    except IntegrityError as error:
        raise _taken(observatory) from error


def add_observatory_within(connection: Connection, observatory: Observatory, *, by: str) -> Observatory:
    """Do what ``add_observatory`` does as a part of a transaction that is under way."""
    check_observatory(observatory)
    values = {field.name: getattr(observatory, field.name) for field in fields(Observatory)}
    values |= {
        "name": observatory.name.strip(),
        "name_key": name_key(observatory.name),
        "created_by": by,
        "created_mjd": mjd_now(),
    }
    del values["observatory_id"]
    if observatory_within(connection, observatory.name) is not None:
        raise _taken(observatory)
    created = connection.execute(insert(observatories).values(values).returning(observatories))
    return _observatory(created.mappings().one())


def add_camera(
    operations: Engine,
    observatory_id: int,
    camera: Camera,
    *,
    by: str,
    oname: str = "",
    is_approved: bool = True,
) -> RegisteredCamera:
    """Return the camera under its ONAME, which is ``<observatory>_<camera>`` unless it is given.

    Parameters
    ----------
    is_approved
        Whether ``by`` is staff, or a command; what others register waits for approval.

    Raises
    ------
    Rejected
        ``unknown-observatory``, ``bad-camera``, ``oname-taken``.
    """
    with writing(operations) as connection:
        return add_camera_within(
            connection, observatory_id, camera, by=by, oname=oname, is_approved=is_approved
        )


def add_camera_within(
    connection: Connection,
    observatory_id: int,
    camera: Camera,
    *,
    by: str,
    oname: str = "",
    is_approved: bool = True,
) -> RegisteredCamera:
    """Do what ``add_camera`` does as a part of a transaction that is under way."""
    check_camera(camera)
    observatory = _observatory_of(connection, observatory_id)
    oname = oname.strip() or _oname_of(observatory, camera)
    if not re.fullmatch(r"[\w.+-]{1,200}", oname):
        raise Rejected(
            f"The ONAME {oname!r:.100} must be letters, digits and _ . + - only.", code="bad-camera"
        )
    values = {name: getattr(camera, name) for name in CAMERA_COLUMNS} | {
        "observatory_id": observatory_id,
        "oname": oname,
        "oname_key": name_key(oname),
        "created_by": by,
        "created_mjd": mjd_now(),
        "approved_by": by if is_approved else "",
        "approved_mjd": mjd_now() if is_approved else None,
    }
    taken = select(cameras.c.camera_id).where(cameras.c.oname_key == values["oname_key"])
    if connection.execute(taken).first() is not None:
        raise Rejected(f"A camera with the ONAME {oname} exists already.", code="oname-taken")
    connection.execute(insert(cameras).values(values))
    return registered_within(connection, oname)


def camera_by_oname(operations: Engine, oname: str) -> tuple[Observatory, Camera]:
    """Return the observatory and the camera behind an ONAME, in any case of letters.

    Raises
    ------
    Rejected
        ``unknown-observatory``: nothing active is registered under it.
    """
    with reading(operations) as connection:
        found = camera_within(connection, oname)
    return found.observatory, found.camera


def camera_registered(operations: Engine, oname: str) -> RegisteredCamera:
    """Return the camera behind an ONAME, also one that is not active any more: what it did remains.

    Raises
    ------
    Rejected
        ``unknown-observatory``: nothing is registered under it.
    """
    with reading(operations) as connection:
        return registered_within(connection, oname)


def camera_within(connection: Connection, oname: str) -> RegisteredCamera:
    """Return an active camera, read in a transaction that is under way.

    Raises
    ------
    Rejected
        ``unknown-observatory``.
    """
    found = registered_within(connection, oname)
    if not found.is_active:
        raise Rejected(f"The camera {oname:.100} is not active any more.", code="unknown-observatory")
    return found


def list_observatories(operations: Engine) -> list[Observatory]:
    """Return every observatory by name."""
    with reading(operations) as connection:
        rows = connection.execute(select(observatories).order_by(observatories.c.name_key)).mappings()
        return [_observatory(row) for row in rows]


def observatory_named(operations: Engine, name: str) -> Observatory | None:
    """Return the observatory of this name, in any case of letters, or None."""
    with reading(operations) as connection:
        return observatory_within(connection, name)


def observatory_within(connection: Connection, name: str) -> Observatory | None:
    """Return what ``observatory_named`` returns, read in a transaction that is under way."""
    query = select(observatories).where(observatories.c.name_key == name_key(name))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _observatory(row)


def list_cameras(operations: Engine) -> list[RegisteredCamera]:
    """Return every active camera by ONAME."""
    with reading(operations) as connection:
        places = {
            row["observatory_id"]: _observatory(row)
            for row in connection.execute(select(observatories)).mappings()
        }
        rows = connection.execute(select(cameras).where(cameras.c.is_active).order_by(cameras.c.oname_key))
        return [_registered(row, places[row["observatory_id"]]) for row in rows.mappings()]


def registered_within(connection: Connection, oname: str) -> RegisteredCamera:
    """Return a camera, whether it is active or not, read in a transaction that is under way.

    Raises
    ------
    Rejected
        ``unknown-observatory``.
    """
    query = select(cameras).where(cameras.c.oname_key == name_key(oname))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(
            f"No camera is registered as {oname!r:.100}: register it, or correct the ONAME.",
            code="unknown-observatory",
        )
    return _registered(row, _observatory_of(connection, row["observatory_id"]))


def _observatory_of(connection: Connection, observatory_id: int) -> Observatory:
    query = select(observatories).where(observatories.c.observatory_id == observatory_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(f"Observatory {observatory_id} does not exist.", code="unknown-observatory")
    return _observatory(row)


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


def _observatory(row: RowMapping) -> Observatory:
    return Observatory(**{field.name: row[field.name] for field in fields(Observatory)})


def _registered(row: RowMapping, observatory: Observatory) -> RegisteredCamera:
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


def _oname_of(observatory: Observatory, camera: Camera) -> str:
    """Return a name for who gives none, without what no ONAME may hold."""
    return re.sub(r"[^\w.+-]+", "_", f"{observatory.name}_{camera.name.strip()}").strip("_")


def _taken(observatory: Observatory) -> Rejected:
    return Rejected(f"An observatory named {observatory.name} exists already.", code="observatory-taken")
