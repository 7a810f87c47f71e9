"""A camera registered together with the observatory that it stands in."""

from sqlalchemy import Engine

from engine.frame import Camera
from lake.observatories import (
    Observatory,
    RegisteredCamera,
    add_camera_within,
    add_observatory_within,
    observatory_within,
)
from lake.operations import writing
from lake.people.accounts import User


def register(operations: Engine, observatory: Observatory, camera: Camera, *, by: User) -> RegisteredCamera:
    """Return a camera in an observatory, which is registered with it where it is new: both, or neither.

    Of an observatory that is there only the name is looked at. What others than staff register waits for
    their approval.

    Raises
    ------
    Rejected
        ``bad-observatory``, ``bad-camera``, ``oname-taken``.
    """
    with writing(operations) as connection:
        site = observatory_within(connection, observatory.name)
        site = site or add_observatory_within(connection, observatory, by=by.username)
        return add_camera_within(
            connection, site.observatory_id or 0, camera, by=by.username, is_approved=by.is_staff
        )
