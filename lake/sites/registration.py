"""A camera registered together with the observatory that it stands in."""

import re

from sqlalchemy import Engine

from engine.frame import Camera
from lake.operations import writing
from lake.people.accounts import User
from lake.sites.observatories import (
    Observatory,
    RegisteredCamera,
    add_camera_within,
    add_observatory_within,
    observatory_within,
)


def register(operations: Engine, observatory: Observatory, camera: Camera, *, by: User) -> RegisteredCamera:
    """Return a camera in an observatory, which is registered with it where it is new: both, or neither.

    Its ONAME is ``<observatory>_<camera>`` with what no ONAME may hold left out. Of an observatory that is
    there only the name is looked at. What others than staff register waits for their approval.

    Raises
    ------
    Rejected
        ``bad-observatory``, ``bad-camera``, ``oname-taken``.
    """
    with writing(operations) as connection:
        site = observatory_within(connection, observatory.name)
        site = site or add_observatory_within(connection, observatory, by=by.username)
        plain = re.sub(r"[^\w.+-]+", "_", f"{site.name} {camera.name.strip()}").strip("_")
        site_id, is_approved = site.observatory_id or 0, by.is_staff
        return add_camera_within(
            connection, site_id, camera, by=by.username, oname=plain, is_approved=is_approved
        )
