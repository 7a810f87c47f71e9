"""Leaving: what goes with an account, and what stays because science needs it."""

from sqlalchemy import Connection, Engine, delete, func, select, update

from engine.errors import Rejected
from lake.notices.tables import follows, notice_wishes, notices
from lake.operations import serialised, sessions, tokens, users, writing
from lake.people.account_tables import accepted_terms, profiles, recovery_codes, second_factors
from lake.people.audit import About, note_change
from lake.people.identity_tables import identities
from lake.people.list_tables import saved_lists
from lake.people.person import User
from lake.people.tables import group_members
from lake.said_tables import favourites

FORMER = "former observer"
_GOES = (
    tokens, sessions, identities, second_factors, recovery_codes, profiles, accepted_terms, group_members,
    favourites, saved_lists, notices, notice_wishes, follows,
)  # fmt: skip


def delete_account(operations: Engine, user: User, *, keep_name: bool) -> None:
    """End an account for good; its user name is never given to anybody else, who would own its targets.

    Parameters
    ----------
    keep_name
        Whether later light curves credit the person's name, or a former observer.

    Raises
    ------
    Rejected
        ``last-administrator``: nobody could look after the installation.
    """
    with writing(operations) as connection:
        serialised(connection, "administrators")
        _refuse_last(connection, user)
        for table in _GOES:
            connection.execute(delete(table).where(table.c.user_id == user.user_id))
        left: dict[str, object] = {"is_active": False, "is_staff": False, "password_hash": ""}
        if not keep_name:
            left["full_name"] = FORMER
        connection.execute(update(users).where(users.c.user_id == user.user_id).values(left))
        about = About(kind="account", number=user.user_id, name=user.username)
        note_change(connection, "account deleted", about, who=user.username, before={}, after={})


def _refuse_last(connection: Connection, user: User) -> None:
    staff = select(users.c.user_id).where(users.c.is_staff, users.c.is_active)
    is_staff = connection.execute(staff.where(users.c.user_id == user.user_id)).first() is not None
    others = select(func.count()).select_from(staff.where(users.c.user_id != user.user_id).subquery())
    if is_staff and not connection.execute(others).scalar_one():
        raise Rejected(
            "You are the only administrator: make somebody else staff before you leave.",
            code="last-administrator",
        )
