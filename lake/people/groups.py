"""Groups: people who work together, and what each may do with what is the group's."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, targets, uploads, users, writing
from lake.people.accounts import Role, User, user_within
from lake.people.audit import About, note_change
from lake.people.tables import group_members, groups

NAME_MAX_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of people."""

    group_id: int
    name: str
    description: str
    created_by: str
    created_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody in a group."""

    username: str
    full_name: str
    role: Role
    since_mjd: float


def create_group(
    operations: Engine, name: str, *, by: User, description: str = "", leader: str = ""
) -> Group:
    """Return a new group; who makes it leads it, unless staff name another leader.

    Raises
    ------
    Rejected
        ``bad-group-name``, ``group-taken``, ``unknown-user``.
    """
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= NAME_MAX_CHARS or not clean.isprintable():
        raise Rejected(
            f"A group's name has 1 to {NAME_MAX_CHARS} characters that can be seen.", code="bad-group-name"
        )
    values: dict[str, Any] = {
        "name": clean,
        "description": description.strip(),
        "created_by": by.username,
        "created_mjd": mjd_now(),
    }
    try:
        with writing(operations) as connection:
            made = insert(groups).values(values | {"name_key": clean.casefold()})
            group_id = int(connection.execute(made.returning(groups.c.group_id)).scalar_one())
            leads = _leader_of(connection, leader, by)
            if leads:  # commands act for the installation, which has no account
                _put(connection, group_id, leads, Role.LEADER)
            _note(connection, "made", group_id, by, {"name": clean})
    except IntegrityError as error:
        raise Rejected(f"A group named {clean} exists; choose another name.", code="group-taken") from error
    return Group(group_id=group_id, **values)


def list_groups(operations: Engine, user: User) -> list[Group]:
    """Return the groups that a person belongs to, or all for staff, by name."""
    query = select(*_COLUMNS).order_by(groups.c.name_key)
    if not user.is_staff:
        query = query.where(groups.c.group_id.in_(sorted(user.groups_as(Role.MEMBER))))
    with reading(operations) as connection:
        return [Group(**row) for row in connection.execute(query).mappings()]


def get_group(operations: Engine, name: str, user: User) -> Group:
    """Return one of a person's groups by its name in any case of letters, or by its number.

    Raises
    ------
    Rejected
        ``unknown-group``: there is none, or this person does not belong to it.
    """
    key = " ".join(name.split()).casefold()
    for group in list_groups(operations, user):
        if key in {group.name.casefold(), str(group.group_id)}:
            return group
    raise _unknown(name)


def group_named(operations: Engine, name: str, user: User) -> int | None:
    """Return the number of one of a person's groups, None where none is named.

    Raises
    ------
    Rejected
        ``unknown-group``.
    """
    return get_group(operations, name, user).group_id if name.strip() else None


def name_of_group(operations: Engine, group_id: int | None, user: User | None) -> str:
    """Return the name of a group for who belongs to it and staff, nothing for others."""
    if group_id is None or user is None:
        return ""
    return next((each.name for each in list_groups(operations, user) if each.group_id == group_id), "")


def members(operations: Engine, group_id: int, user: User) -> list[Member]:
    """Return who belongs to a group, for its members and staff.

    Raises
    ------
    Rejected
        ``unknown-group``.
    """
    _check_role(group_id, user, Role.MEMBER)
    query = (
        select(users.c.username, users.c.full_name, group_members.c.role, group_members.c.since_mjd)
        .join_from(group_members, users, group_members.c.user_id == users.c.user_id)
        .where(group_members.c.group_id == group_id)
        .order_by(users.c.username_key)
    )
    with reading(operations) as connection:
        rows = connection.execute(query).mappings()
        return [Member(**{**row, "role": Role(row["role"])}) for row in rows]


def set_member(operations: Engine, group_id: int, username: str, role: Role, *, by: User) -> None:
    """Take somebody into a group, or change what they may do in it.

    Raises
    ------
    Rejected
        ``unknown-group``, ``no-right``, ``unknown-user``; ``last-leader``: nobody would lead the group.
    """
    with writing(operations) as connection:
        _check_leads(connection, group_id, by)
        someone = user_within(connection, username)
        if someone is None:
            raise Rejected(f"The user {username!r:.150} does not exist.", code="unknown-user")
        _remove(connection, group_id, someone.user_id)
        _put(connection, group_id, someone.user_id, role)
        _note(connection, "member", group_id, by, {"username": someone.username, "role": role.value})
        _refuse_headless(connection, group_id, by)


def remove_member(operations: Engine, group_id: int, username: str, *, by: User) -> None:
    """Take somebody out of a group: leaders and staff anybody, everybody themselves.

    Raises
    ------
    Rejected
        ``unknown-group``, ``no-right``, ``unknown-user``, ``last-leader``.
    """
    with writing(operations) as connection:
        someone = user_within(connection, username)
        if someone is None:
            raise Rejected(f"The user {username!r:.150} does not exist.", code="unknown-user")
        if someone.user_id != by.user_id:
            _check_leads(connection, group_id, by)
        _check_role(group_id, by, Role.MEMBER)
        _remove(connection, group_id, someone.user_id)
        _note(connection, "member gone", group_id, by, {"username": someone.username})
        _refuse_headless(connection, group_id, by)


def delete_group(operations: Engine, group_id: int, *, by: User) -> None:
    """Delete a group; what was its is from then on its owners' alone, unless it is public.

    Raises
    ------
    Rejected
        ``unknown-group``, ``no-right``.
    """
    with writing(operations) as connection:
        _check_leads(connection, group_id, by)
        _note(connection, "deleted", group_id, by, {})
        for table in (targets, uploads):
            connection.execute(update(table).where(table.c.group_id == group_id).values(group_id=None))
        connection.execute(delete(groups).where(groups.c.group_id == group_id))


_COLUMNS = (
    groups.c.group_id, groups.c.name, groups.c.description, groups.c.created_by, groups.c.created_mjd,
)  # fmt: skip


def _note(connection: Connection, deed: str, group_id: int, by: User, after: dict[str, object]) -> None:
    name = connection.execute(select(groups.c.name).where(groups.c.group_id == group_id)).scalar_one_or_none()
    about = About(kind="group", number=group_id, name=name or "")
    note_change(connection, deed, about, who=by.username, before={}, after=after)


def _leader_of(connection: Connection, leader: str, by: User) -> int:
    if not (leader and by.is_staff):
        return by.user_id
    found = user_within(connection, leader)
    if found is None:
        raise Rejected(f"The user {leader!r:.150} does not exist.", code="unknown-user")
    return found.user_id


def _put(connection: Connection, group_id: int, user_id: int, role: Role) -> None:
    row = {"group_id": group_id, "user_id": user_id, "role": role.value, "since_mjd": mjd_now()}
    connection.execute(insert(group_members).values(row))


def _remove(connection: Connection, group_id: int, user_id: int) -> None:
    this = (group_members.c.group_id == group_id, group_members.c.user_id == user_id)
    connection.execute(delete(group_members).where(*this))


def _check_role(group_id: int, user: User, least: Role) -> None:
    """Refuse a stranger as if there were no such group, and a member who may not as one who may not."""
    if user.is_staff or group_id in user.groups_as(least):
        return
    if group_id not in user.groups_as(Role.MEMBER):
        raise _unknown(str(group_id))
    raise Rejected("Only those who lead a group may change it; ask one of them.", code="no-right")


def _check_leads(connection: Connection, group_id: int, by: User) -> None:
    """Refuse who does not lead a group at this moment, whatever was read of them before."""
    now = by if by.is_staff else user_within(connection, by.username)
    if now is None:
        raise _unknown(str(group_id))
    # staff who act with a token that is not for it are nobody special
    _check_role(group_id, replace(now, is_staff=by.is_staff), Role.LEADER)
    if connection.execute(select(groups.c.group_id).where(groups.c.group_id == group_id)).first() is None:
        raise _unknown(str(group_id))


def _refuse_headless(connection: Connection, group_id: int, by: User) -> None:
    leads = (group_members.c.group_id == group_id, group_members.c.role == Role.LEADER.value)
    leaders = connection.execute(select(func.count()).select_from(group_members).where(*leads)).scalar_one()
    if not leaders and not by.is_staff:
        raise Rejected("A group needs somebody who leads it: name another leader first.", code="last-leader")


def _unknown(name: str) -> Rejected:
    return Rejected(f"There is no group '{name:.100}' to which you belong.", code="unknown-group")
