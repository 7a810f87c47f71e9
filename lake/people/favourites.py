"""The cameras that a person keeps at hand."""

from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import cameras, observatories, reading, users, writing
from lake.people.accounts import User
from lake.said_tables import favourites
from lake.sites.observatories import camera_within
from lake.target_rows import name_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Favourite:
    """A camera on somebody's list."""

    favourite_id: int
    user_id: int
    username: str
    camera_id: int
    camera_name: str
    oname: str
    observatory_name: str
    is_active: bool
    comment: str
    created_mjd: float


def add_favourite(operations: Engine, oname: str, *, comment: str = "", user: User) -> None:
    """Put a camera on a person's list.

    Raises
    ------
    Rejected
        ``unknown-observatory``: nothing active is registered so; ``favourite-already``.
    """
    with writing(operations) as connection:
        camera_within(connection, oname)
        camera_id = connection.execute(
            select(cameras.c.camera_id).where(cameras.c.oname_key == name_key(oname))
        ).scalar_one()
        pair = {"user_id": user.user_id, "camera_id": camera_id}
        present = select(favourites.c.favourite_id).where(
            favourites.c.user_id == user.user_id, favourites.c.camera_id == camera_id
        )
        if connection.execute(present).first() is not None:
            raise Rejected(
                "This observatory already exists in yours favourite list", code="favourite-already"
            )
        connection.execute(insert(favourites).values(pair | {"comment": comment, "created_mjd": mjd_now()}))


def remove_favourite(operations: Engine, oname: str, *, user: User) -> bool:
    """Return whether a camera was on a person's list, and is not any more."""
    same = select(cameras.c.camera_id).where(cameras.c.oname_key == name_key(oname))
    gone = delete(favourites).where(favourites.c.user_id == user.user_id, favourites.c.camera_id.in_(same))
    with writing(operations) as connection:
        return connection.execute(gone).rowcount > 0


def list_favourites(operations: Engine, user: User) -> list[Favourite]:
    """Return the list of a person, in the order in which it was made."""
    query = (
        select(
            favourites, users.c.username, cameras.c.name.label("camera_name"), cameras.c.oname,
            cameras.c.is_active, observatories.c.name.label("observatory_name"),
        )
        .join(users, users.c.user_id == favourites.c.user_id)
        .join(cameras, cameras.c.camera_id == favourites.c.camera_id)
        .join(observatories, observatories.c.observatory_id == cameras.c.observatory_id)
        .where(favourites.c.user_id == user.user_id)
        .order_by(favourites.c.favourite_id)
    )  # fmt: skip
    with reading(operations) as connection:
        return [Favourite(**row) for row in connection.execute(query).mappings()]
