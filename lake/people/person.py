"""A person as the rights know them: name, staff or not, and a role in each of their groups."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, String, cast, func, select

from lake.operations import users
from lake.people.tables import group_members


class Role(StrEnum):
    """What a member may do in a group; each includes the one before."""

    MEMBER = "member"  # sees what is the group's, and may give things to it
    EDITOR = "editor"  # changes what is the group's
    LEADER = "leader"  # says who belongs to it, and who sees what is its


RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account."""

    user_id: int
    username: str
    full_name: str = ""
    is_staff: bool = False
    roles: tuple[tuple[int, Role], ...] = ()  # (group_id, role)

    def groups_as(self, least: Role) -> frozenset[int]:
        """Return the groups in which this person has at least a role."""
        return frozenset(group_id for group_id, role in self.roles if RANKS[role] >= RANKS[least])


def _memberships() -> ColumnElement[str]:
    """Return the groups of a row of ``users`` as text, so that one query reads a person whole."""
    each = cast(group_members.c.group_id, String) + " " + group_members.c.role
    query = select(func.aggregate_strings(each, ",")).where(group_members.c.user_id == users.c.user_id)
    return query.correlate(users).scalar_subquery().label("memberships")


USER_COLUMNS = (users.c.user_id, users.c.username, users.c.full_name, users.c.is_staff, _memberships())


def user_of(row: RowMapping) -> User:
    """Return a row with ``USER_COLUMNS`` as a person."""
    pairs = [pair.split(" ") for pair in (row["memberships"] or "").split(",") if pair]
    return User(
        user_id=row["user_id"],
        username=row["username"],
        full_name=row["full_name"],
        is_staff=row["is_staff"],
        roles=tuple(sorted((int(group_id), Role(role)) for group_id, role in pairs)),
    )
