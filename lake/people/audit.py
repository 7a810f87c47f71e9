"""The audit log: who signed in, who downloaded what, and who changed what from what to what.

It is only ever added to. A change is noted in its own transaction, so that neither is without the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Engine, insert, select

from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now
from lake.operations import reading, users, writing
from lake.people.noted_later import note_later, note_now
from lake.people.person import User
from lake.people.tables import audit

NOT_TOLD = frozenset({"name_key", "x", "y", "z"})  # repeat what stands beside them


class Kind(StrEnum):
    """What an entry is about."""

    SIGN_IN = "sign-in"
    DOWNLOAD = "download"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was downloaded or changed."""

    kind: str = ""
    number: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    audit_id: int
    at_mjd: float
    kind: Kind
    deed: str
    who: str  # empty: somebody without an account
    address: str
    object_kind: str
    object_id: int
    object_name: str
    before: Mapping[str, object]
    after: Mapping[str, object]


def note_sign_in(
    operations: Engine, *, username: str, address: str, is_right: bool, lacks: str = "", service: str = ""
) -> None:
    """Note that somebody signed in, or tried to.

    What is no user name is not kept: people type their password there.

    Parameters
    ----------
    lacks
        What was missing after the right password, or after the word of the service.
    service
        Through which service they came; empty: with their password.
    """
    about = About(kind="service", name=service) if service else None
    with writing(operations) as connection:
        deed = "signed in" if is_right else f"asked for {lacks}" if lacks else "refused"
        who = _known(connection, username)
        _add(connection, Kind.SIGN_IN, deed, who=who, address=address, about=about)


def note_download(
    operations: Engine, target: Target, *, who: User | None, address: str, deed: str = "photometry"
) -> None:
    """Note that somebody downloaded a light curve of a target; ``deed`` is one of ``downloads.Taken``."""
    about = About(kind="target", number=target.target_id or 0, name=target.name)
    with writing(operations) as connection:
        person = who.username if who else ""
        _add(connection, Kind.DOWNLOAD, deed, who=person, address=address, about=about)


def note_download_later(operations: Engine, target: Target, *, who: User | None, address: str) -> None:
    """Note within a second that somebody downloaded a light curve of a target, for answers from memory.

    Where the process is killed in that second the line is lost.
    """
    row = {"kind": Kind.DOWNLOAD.value, "deed": "photometry", "address": address, "at_mjd": mjd_now()}
    about = About(kind="target", number=target.target_id or 0, name=target.name)
    then: dict[str, object] = {"before": {}, "after": {}}
    note_later(operations, row | _of(about) | then | {"who": who.username if who else ""})


def note_change(
    connection: Connection,
    deed: str,
    about: About,
    *,
    who: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Note a change in the transaction that makes it; of what is there before and after, what differs."""
    names = [name for name in {**before, **after} if name not in NOT_TOLD]
    differ = [name for name in names if before.get(name) != after.get(name)]
    then, now = ({name: each[name] for name in differ if name in each} for each in (before, after))
    row = {"who": who, "before": then, "after": now}
    _insert(connection, row | _of(about) | {"kind": Kind.CHANGE.value, "deed": deed})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines are wanted; what is empty, zero or None chooses nothing."""

    kind: str = ""
    who: str = ""
    object_kind: str = ""
    object_id: int = 0
    since_mjd: float | None = None
    before_id: int | None = None  # only older ones: the next page


def audit_log(
    operations: Engine, user: User, *, kind: str = "", who: str = "", target_id: int = 0, limit: int = 100
) -> list[Entry]:
    """Return the newest lines of the log, for staff.

    Raises
    ------
    Rejected
        ``no-right``: the person is not staff.
    """
    of_target = {"object_kind": "target", "object_id": target_id} if target_id else {}
    wanted = AuditFilter(kind=kind, who=who, **of_target)  # type: ignore[arg-type]
    return audit_page(operations, wanted, user, limit=limit)


def audit_page(operations: Engine, wanted: AuditFilter, user: User, *, limit: int) -> list[Entry]:
    """Return a page of the log, the newest lines first, for staff.

    Raises
    ------
    Rejected
        ``no-right``: the person is not staff.
    """
    if not user.is_staff:
        raise Rejected("Only staff may read the audit log.", code="no-right")
    same = {name: getattr(wanted, name) for name in ("kind", "who", "object_kind", "object_id")}
    conditions = [audit.c[name] == value for name, value in same.items() if value]
    if wanted.since_mjd is not None:
        conditions.append(audit.c.at_mjd >= wanted.since_mjd)
    if wanted.before_id is not None:
        conditions.append(audit.c.audit_id < wanted.before_id)
    return _lines(operations, conditions, limit=limit)


def own_downloads(operations: Engine, user: User, *, limit: int) -> list[Entry]:
    """Return what somebody downloaded, the newest first."""
    own = [audit.c.kind == Kind.DOWNLOAD.value, audit.c.who == user.username]
    return _lines(operations, own, limit=limit)


def _lines(operations: Engine, conditions: Sequence[ColumnElement[bool]], *, limit: int) -> list[Entry]:
    note_now(operations)
    query = select(audit).where(*conditions).order_by(audit.c.audit_id.desc()).limit(limit)
    with reading(operations) as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Entry(**{**{field.name: row[field.name] for field in fields(Entry)}, "kind": Kind(row["kind"])})
        for row in rows
    ]


def _add(
    connection: Connection, kind: Kind, deed: str, *, who: str, address: str, about: About | None = None
) -> None:
    row = {"kind": kind.value, "deed": deed, "who": who, "address": address}
    _insert(connection, row | _of(about or About()))


def _of(about: About) -> dict[str, object]:
    return {"object_kind": about.kind, "object_id": about.number, "object_name": about.name}


def _insert(connection: Connection, row: Mapping[str, object]) -> None:
    connection.execute(insert(audit).values({**row, "at_mjd": mjd_now()}))


def _known(connection: Connection, username: str) -> str:
    """Return a user name as its account writes it, or nothing where there is no such account."""
    query = select(users.c.username).where(users.c.username_key == username.strip().casefold())
    return str(connection.execute(query).scalar_one_or_none() or "")
