"""Cameras wait until staff approve them; what their maker changes of them waits anew.

BHTOM takes no upload from a camera that waits. Here it is measured, and its verdict says so: a night is not
lost because staff sleep.
"""

from sqlalchemy import Connection, Engine, RowMapping, select, update

from engine.errors import Rejected
from engine.frame import Camera
from engine.times import mjd_now
from lake.notices.telling import tell_maker_of_camera
from lake.operations import cameras, reading, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.sites.facts import Facts, keep_camera_facts
from lake.sites.observatories import (
    CAMERA_COLUMNS,
    RegisteredCamera,
    camera_within,
    check_camera,
    list_cameras,
    registered_within,
)
from lake.target_rows import name_key


def waiting_cameras(operations: Engine) -> list[RegisteredCamera]:
    """Return the active cameras that wait for staff, by ONAME."""
    return [each for each in list_cameras(operations) if not each.is_approved]


def approve_camera(operations: Engine, oname: str, *, by: User) -> RegisteredCamera:
    """Return a camera after staff approved it.

    Raises
    ------
    Rejected
        ``unknown-observatory``; ``no-right``.
    """
    return _decide(operations, oname, {"approved_by": by.username, "approved_mjd": mjd_now()}, by=by)


def refuse_camera(operations: Engine, oname: str, *, by: User) -> RegisteredCamera:
    """Return a camera after staff put it out of use: no upload may name it any more.

    Raises
    ------
    Rejected
        ``unknown-observatory``; ``no-right``.
    """
    return _decide(operations, oname, {"is_active": False}, by=by)


def update_camera(operations: Engine, oname: str, values: Facts, facts: Facts, *, user: User) -> None:
    """Change columns of a camera, and what else is known of it; what is not staff's waits for them anew.

    Raises
    ------
    Rejected
        ``unknown-observatory``; ``no-right``: only who registered it and staff may; ``bad-camera``.
    """
    with writing(operations) as connection:
        row = _row(connection, oname)
        if not (user.is_staff or row["created_by"] == user.username):
            raise Rejected(
                f"Only {row['created_by'] or 'its maker'} and staff may change {row['oname']}.",
                code="no-right",
            )
        before = {column: row[column] for column in CAMERA_COLUMNS}
        after = before | dict(values)
        check_camera(Camera(**after))
        if after != before and not user.is_staff:
            before |= {"approved_by": row["approved_by"]}
            after |= {"approved_by": "", "approved_mjd": None}
        connection.execute(update(cameras).where(cameras.c.camera_id == row["camera_id"]).values(after))
        keep_camera_facts(connection, row["camera_id"], facts)
        about = About(kind="camera", number=row["camera_id"], name=row["oname"])
        note_change(connection, "changed", about, who=user.username, before=before, after=after)


def approval_note(operations: Engine, oname: str) -> str:
    """Return what a verdict says of a camera that waits for staff; nothing of one that does not."""
    with reading(operations) as connection:
        camera = camera_within(connection, oname)
    if camera.is_approved:
        return ""
    return f"Staff had not approved the camera {camera.oname} yet: its gain, noise and site are its maker's."


def _decide(operations: Engine, oname: str, values: dict[str, object], *, by: User) -> RegisteredCamera:
    if not by.is_staff:
        raise Rejected("Only staff may approve or refuse a camera.", code="no-right")
    with writing(operations) as connection:
        row = _row(connection, oname)
        connection.execute(update(cameras).where(cameras.c.camera_id == row["camera_id"]).values(values))
        about = About(kind="camera", number=row["camera_id"], name=row["oname"])
        before = {name: row[name] for name in values}
        note_change(connection, "decided", about, who=by.username, before=before, after=values)
        if values.get("approved_by") and not row["approved_by"]:
            tell_maker_of_camera(connection, row["oname"], row["created_by"], by=by)
        return registered_within(connection, oname)


def _row(connection: Connection, oname: str) -> RowMapping:
    query = select(cameras).where(cameras.c.oname_key == name_key(oname))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(f"No camera is registered as {oname!r:.100}.", code="unknown-observatory")
    return row
