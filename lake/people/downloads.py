"""The record of who took which light curve away, and when."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine, func, insert, select

from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now
from lake.operations import reading, users, writing
from lake.people.accounts import User
from lake.said_tables import downloads
from lake.target_rows import name_key


class DownloadKind(StrEnum):
    """What was taken away."""

    PHOTOMETRY = "P"
    RADIO = "R"
    HIGH_ENERGY = "H"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One light curve that somebody took away."""

    download_id: int
    target_id: int | None  # None: the target was deleted
    target_name: str
    username: str
    user_id: int | None
    kind: str
    address: str
    made_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFilter:
    """Which downloads are wanted; what is empty or None chooses nothing."""

    target_name: str = ""
    username: str = ""
    kind: str = ""
    since_mjd: float | None = None
    before_mjd: float | None = None


def record_download(
    operations: Engine, target: Target, kind: DownloadKind, *, by: User, address: str
) -> None:
    """Write down that a person takes a light curve away."""
    row = {
        "target_id": target.target_id,
        "target_name": target.name,
        "username": by.username,
        "kind": kind.value,
        "address": address,
        "made_mjd": mjd_now(),
    }
    with writing(operations) as connection:
        connection.execute(insert(downloads).values(row))


def list_downloads(operations: Engine, wanted: DownloadFilter, *, user: User) -> list[Download]:
    """Return the record, the oldest first.

    Raises
    ------
    Rejected
        ``no-right``: only staff read it.
    """
    if not user.is_staff:
        raise Rejected("Only staff may read who downloaded what.", code="no-right")
    query = select(downloads, users.c.user_id).outerjoin(users, users.c.username == downloads.c.username)
    if wanted.username:
        query = query.where(func.lower(downloads.c.username) == wanted.username.lower())
    if wanted.kind:
        query = query.where(downloads.c.kind == wanted.kind)
    if wanted.since_mjd is not None:
        query = query.where(downloads.c.made_mjd >= wanted.since_mjd)
    if wanted.before_mjd is not None:
        query = query.where(downloads.c.made_mjd <= wanted.before_mjd)
    with reading(operations) as connection:
        rows = connection.execute(query.order_by(downloads.c.download_id)).mappings()
        found = [Download(**row) for row in rows]
    key = name_key(wanted.target_name)
    return [each for each in found if not key or name_key(each.target_name) == key]
