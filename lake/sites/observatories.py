"""Observatories and their cameras; a camera is known by its ONAME, as in BHTOM."""

import re
from dataclasses import fields

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from engine.errors import Rejected
from engine.frame import Camera
from engine.times import mjd_now
from lake.operations import cameras, observatories, reading, writing
from lake.sites.rows import (
    CAMERA_COLUMNS,
    NAME_MAX_CHARS,
    Observatory,
    RegisteredCamera,
    check_camera,
    check_observatory,
    observatory_of,
    oname_of,
    registered_of,
)
from lake.target_rows import name_key

__all__ = [
    "CAMERA_COLUMNS", "NAME_MAX_CHARS", "Observatory", "RegisteredCamera", "add_camera", "add_camera_within",
    "add_observatory", "add_observatory_within", "camera_by_oname", "camera_registered", "camera_within",
    "check_camera", "check_observatory", "list_cameras", "list_observatories", "observatory_named",
    "observatory_within", "registered_within",
]  # fmt: skip


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
    return observatory_of(created.mappings().one())


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
    observatory = _place_of(connection, observatory_id)
    oname = oname.strip() or oname_of(observatory, camera)
    if not re.fullmatch(r"[\w.+-]{1,200}", oname):
        raise Rejected(
            f"Give the camera an ONAME of letters, digits and _ . + - only: {oname!r:.100} is none.",
            code="bad-oname",
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
        return [observatory_of(row) for row in rows]


def observatory_named(operations: Engine, name: str) -> Observatory | None:
    """Return the observatory of this name, in any case of letters, or None."""
    with reading(operations) as connection:
        return observatory_within(connection, name)


def observatory_within(connection: Connection, name: str) -> Observatory | None:
    """Return what ``observatory_named`` returns, read in a transaction that is under way."""
    query = select(observatories).where(observatories.c.name_key == name_key(name))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else observatory_of(row)


def list_cameras(operations: Engine) -> list[RegisteredCamera]:
    """Return every active camera by ONAME."""
    with reading(operations) as connection:
        places = {
            row["observatory_id"]: observatory_of(row)
            for row in connection.execute(select(observatories)).mappings()
        }
        rows = connection.execute(select(cameras).where(cameras.c.is_active).order_by(cameras.c.oname_key))
        return [registered_of(row, places[row["observatory_id"]]) for row in rows.mappings()]


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
    return registered_of(row, _place_of(connection, row["observatory_id"]))


def _place_of(connection: Connection, observatory_id: int) -> Observatory:
    query = select(observatories).where(observatories.c.observatory_id == observatory_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(f"Observatory {observatory_id} does not exist.", code="unknown-observatory")
    return observatory_of(row)


def _taken(observatory: Observatory) -> Rejected:
    return Rejected(f"An observatory named {observatory.name} exists already.", code="observatory-taken")
