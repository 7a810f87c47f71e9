"""Who may see and change what: one rule, for one target in Python and for many in SQL."""

from sqlalchemy import ColumnElement, or_, true

from engine.target import Target, Visibility
from lake.accounts import User
from lake.operations import targets

SYSTEM = User(user_id=0, username="tomlake", full_name="tomlake", is_staff=True)  # jobs and commands


def can_see(target: Target, user: User | None) -> bool:
    """Return whether a person, or None for anybody, may see a target: private ones only maker and staff."""
    if target.visibility == Visibility.PUBLIC:
        return True
    return can_change(target, user)


def can_change(target: Target, user: User | None) -> bool:
    """Return whether a person may change or delete a target: its maker and staff."""
    return user is not None and (user.is_staff or user.username == target.created_by)


def visible_to(user: User | None) -> ColumnElement[bool]:
    """Return the rule of ``can_see`` as a condition on the table ``targets``."""
    if user is not None and user.is_staff:
        return true()
    public = targets.c.visibility == Visibility.PUBLIC.value
    return public if user is None else or_(public, targets.c.created_by == user.username)
