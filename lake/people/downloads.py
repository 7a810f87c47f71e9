"""Who took which light curve away, and when: the lines of the audit log that tell of it."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine, RowMapping, and_, func, select

from engine.errors import Rejected
from lake.operations import reading, targets, users
from lake.people.accounts import User
from lake.people.audit import Kind
from lake.people.noted_later import note_now
from lake.people.tables import audit
from lake.target_rows import name_key


class Taken(StrEnum):
    """What was taken away, in the words of the log."""

    PHOTOMETRY = "photometry"
    RADIO = "radio"
    HIGH_ENERGY = "high-energy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One light curve that somebody took away."""

    download_id: int
    target_id: int | None  # None: the target was deleted
    target_name: str
    username: str  # empty: somebody without an account
    user_id: int | None
    taken: Taken
    address: str
    made_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFilter:
    """Which downloads are wanted; what is empty or None chooses nothing."""

    target_name: str = ""
    username: str = ""
    taken: Taken | None = None
    since_mjd: float | None = None
    before_mjd: float | None = None


def list_downloads(operations: Engine, wanted: DownloadFilter, *, user: User) -> list[Download]:
    """Return who took what away, the oldest first.

    Raises
    ------
    Rejected
        ``no-right``: only staff read it.
    """
    if not user.is_staff:
        raise Rejected("Only staff may read who downloaded what.", code="no-right")
    query = (
        select(audit, users.c.user_id, targets.c.target_id)
        .outerjoin(users, users.c.username == audit.c.who)
        .outerjoin(targets, and_(targets.c.target_id == audit.c.object_id, audit.c.object_kind == "target"))
        .where(audit.c.kind == Kind.DOWNLOAD.value)
        .order_by(audit.c.audit_id)
    )
    if wanted.username:
        query = query.where(func.lower(audit.c.who) == wanted.username.lower())
    if wanted.taken is not None:
        query = query.where(audit.c.deed == wanted.taken.value)
    if wanted.since_mjd is not None:
        query = query.where(audit.c.at_mjd >= wanted.since_mjd)
    if wanted.before_mjd is not None:
        query = query.where(audit.c.at_mjd <= wanted.before_mjd)
    note_now(operations)
    with reading(operations) as connection:
        found = [_download(row) for row in connection.execute(query).mappings()]
    key = name_key(wanted.target_name)
    return [each for each in found if not key or name_key(each.target_name) == key]


def _download(row: RowMapping) -> Download:
    return Download(
        download_id=row["audit_id"],
        target_id=row["target_id"],
        target_name=str(row["object_name"]),
        username=str(row["who"]),
        user_id=row["user_id"],
        taken=Taken(str(row["deed"])),
        address=str(row["address"]),
        made_mjd=row["at_mjd"],
    )
