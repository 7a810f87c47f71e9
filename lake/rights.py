"""Who may see and change what: one rule, for one target in Python and for many in SQL."""

from sqlalchemy import ColumnElement, and_, or_, true

from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.accounts import User
from lake.operations import targets

SYSTEM = User(user_id=0, username="tomlake", full_name="tomlake", is_staff=True)  # jobs and commands


def can_see(target: Target, user: User | None) -> bool:
    """Return whether a person, or None for anybody, may see a target.

    Private targets, and public ones before the end of their embargo, are seen by their maker and staff.
    """
    is_embargoed = target.embargo_until_mjd is not None and target.embargo_until_mjd > mjd_now()
    if target.visibility == Visibility.PUBLIC and not is_embargoed:
        return True
    return can_change(target, user)


def can_change(target: Target, user: User | None) -> bool:
    """Return whether a person may change or delete a target: its maker and staff."""
    return user is not None and (user.is_staff or user.username == target.created_by)


def visible_to(user: User | None) -> ColumnElement[bool]:
    """Return the rule of ``can_see`` as a condition on the table ``targets``."""
    if user is not None and user.is_staff:
        return true()
    embargo = targets.c.embargo_until_mjd
    public = and_(
        targets.c.visibility == Visibility.PUBLIC.value, or_(embargo.is_(None), embargo <= mjd_now())
    )
    return public if user is None else or_(public, targets.c.created_by == user.username)
