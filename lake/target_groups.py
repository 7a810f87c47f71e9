"""Groups of targets, such as all of one project: a group is seen where one of its targets is."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, insert, or_, select, true

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import reading, serialised, targets, writing
from lake.people.accounts import User
from lake.rights import visible_to
from lake.said_tables import target_group_members as members
from lake.said_tables import target_groups
from lake.target_rows import name_key
from lake.targets import target_within

NAME_MAX_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """A named set of targets."""

    group_id: int
    name: str
    created_by: str
    created_mjd: float


def add_to_group(operations: Engine, group: str, target: str | int, *, by: User) -> TargetGroup:
    """Return the group, which is made where there is none, after a target has joined it.

    Raises
    ------
    Rejected
        ``unknown-target``; ``bad-group``: no name, or one too long; ``no-right``: it is somebody else's.
    """
    if not 1 <= len(group.strip()) <= NAME_MAX_CHARS:
        raise Rejected(f"A group needs a name of 1 to {NAME_MAX_CHARS} characters.", code="bad-group")
    with writing(operations) as connection:
        serialised(connection, "target_groups")
        joining = {"target_id": target_within(connection, target, by).target_id}
        row = _named(connection, group) or _made(connection, group.strip(), by)
        if not (by.is_staff or row["created_by"] == by.username):
            raise Rejected(
                f"The group {group.strip()!r} is somebody else's: choose another name.", code="no-right"
            )
        joining["group_id"] = row["group_id"]
        present = select(members).where(*(members.c[name] == value for name, value in joining.items()))
        if connection.execute(present).first() is None:
            connection.execute(insert(members).values(joining))
    return _group(row)


def list_groups(operations: Engine, user: User | None) -> list[TargetGroup]:
    """Return the groups that a user may see, the oldest first: their own, and those with a visible target."""
    query = select(target_groups).where(_seen_by(user)).order_by(target_groups.c.group_id)
    with reading(operations) as connection:
        return [_group(row) for row in connection.execute(query).mappings()]


def get_group(operations: Engine, user: User | None, *, group_id: int | None, name: str = "") -> TargetGroup:
    """Return the group with this id, or this name.

    Raises
    ------
    Rejected
        ``unknown-group``: there is none that this user may see.
    """
    same = (
        target_groups.c.name_key == name_key(name)
        if group_id is None
        else target_groups.c.group_id == group_id
    )
    with reading(operations) as connection:
        query = select(target_groups).where(same, _seen_by(user))
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected("There is no such group of targets.", code="unknown-group")
    return _group(row)


def targets_of_group(operations: Engine, group_id: int, user: User | None) -> list[int]:
    """Return the ids of the targets of a group that a user may see, the oldest first."""
    query = (
        select(targets.c.target_id)
        .join(members, members.c.target_id == targets.c.target_id)
        .where(members.c.group_id == group_id, visible_to(user))
        .order_by(targets.c.created_mjd, targets.c.target_id)
    )
    with reading(operations) as connection:
        return list(connection.execute(query).scalars())


def groups_of_targets(
    operations: Engine, target_ids: list[int], user: User | None
) -> dict[int, list[TargetGroup]]:
    """Return the groups of targets; a target in none is not in it."""
    query = (
        select(members.c.target_id, target_groups)
        .join(target_groups, target_groups.c.group_id == members.c.group_id)
        .where(members.c.target_id.in_(target_ids), _seen_by(user))
        .order_by(target_groups.c.group_id)
    )
    found: dict[int, list[TargetGroup]] = {}
    with reading(operations) as connection:
        for row in connection.execute(query).mappings():
            found.setdefault(row["target_id"], []).append(_group(row))
    return found


def _seen_by(user: User | None) -> ColumnElement[bool]:
    if user is not None and user.is_staff:
        return true()
    visible = (
        select(members.c.group_id)
        .join(targets, targets.c.target_id == members.c.target_id)
        .where(visible_to(user))
    )
    of_visible = target_groups.c.group_id.in_(visible)
    return of_visible if user is None else or_(of_visible, target_groups.c.created_by == user.username)


def _named(connection: Connection, name: str) -> RowMapping | None:
    query = select(target_groups).where(target_groups.c.name_key == name_key(name))
    return connection.execute(query).mappings().one_or_none()


def _made(connection: Connection, name: str, by: User) -> RowMapping:
    row = {"name": name, "name_key": name_key(name), "created_by": by.username, "created_mjd": mjd_now()}
    return connection.execute(insert(target_groups).values(row).returning(target_groups)).mappings().one()


def _group(row: RowMapping) -> TargetGroup:
    return TargetGroup(
        group_id=row["group_id"],
        name=row["name"],
        created_by=row["created_by"],
        created_mjd=row["created_mjd"],
    )
