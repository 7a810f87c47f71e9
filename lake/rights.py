"""Who may see and change what: one rule, for one thing in Python and for many in SQL.

Things are targets and uploads. Each has an owner, perhaps a group, and says who sees it:

- ``public``: everybody, once its embargo is over; before, as ``group``;
- ``group``: its owner and the members of its group;
- ``private``: its owner alone.

Staff see and change everything.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy import ColumnElement, Table, and_, false, or_, true

from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.operations import targets, uploads
from lake.people.accounts import Role, User

SYSTEM = User(user_id=0, username="tomlake", full_name="tomlake", is_staff=True)  # jobs and commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the rule looks at of a target or of an upload."""

    owner: str
    visibility: Visibility
    group_id: int | None = None
    embargo_until_mjd: float | None = None


class Sent(Protocol):
    """What the rule looks at of an upload, be it kept already or only asked for."""

    @property
    def uploaded_by(self) -> str:
        """User name of who sends it."""

    @property
    def visibility(self) -> Visibility:
        """Who sees it."""

    @property
    def group_id(self) -> int | None:
        """Group that it is given to."""

    @property
    def embargo_until_mjd(self) -> float | None:
        """Until when what is public is not."""


def shared_upload(sent: Sent) -> Shared:
    """Return how an upload is shared."""
    return Shared(
        owner=sent.uploaded_by,
        visibility=sent.visibility,
        group_id=sent.group_id,
        embargo_until_mjd=sent.embargo_until_mjd,
    )


def shared_target(target: Target) -> Shared:
    """Return how a target is shared."""
    return Shared(
        owner=target.created_by,
        visibility=target.visibility,
        group_id=target.group_id,
        embargo_until_mjd=target.embargo_until_mjd,
    )


def target_shared_as(target: Target, wanted: Shared) -> Target:
    """Return a target that is shared as wanted; its owner stays."""
    return replace(
        target,
        visibility=wanted.visibility,
        group_id=wanted.group_id,
        embargo_until_mjd=wanted.embargo_until_mjd,
    )


def can_see(target: Target, user: User | None) -> bool:
    """Return whether a person, or None for anybody, may see a target."""
    return is_open_to(shared_target(target), user)


def can_change(target: Target, user: User | None) -> bool:
    """Return whether a person may change a target: its maker, staff, and editors of its group."""
    return user is not None and (
        owns(shared_target(target), user)
        or (target.visibility != Visibility.PRIVATE and target.group_id in user.groups_as(Role.EDITOR))
    )


def can_share(target: Target, user: User | None) -> bool:
    """Return whether a person may say who sees a target, or delete it: its maker, staff, group leaders."""
    return user is not None and (
        owns(shared_target(target), user)
        or (target.visibility != Visibility.PRIVATE and target.group_id in user.groups_as(Role.LEADER))
    )


def can_give_to(group_id: int | None, user: User | None) -> bool:
    """Return whether a person may give something of theirs to a group: its members and staff."""
    return group_id is None or (
        user is not None and (user.is_staff or group_id in user.groups_as(Role.MEMBER))
    )


def owns(thing: Shared, user: User) -> bool:
    """Return whether a thing is a person's own, or they are staff."""
    return user.is_staff or user.username == thing.owner


def is_open_to(thing: Shared, user: User | None) -> bool:
    """Return whether a person, or None for anybody, may see a thing by its own words."""
    is_embargoed = thing.embargo_until_mjd is not None and thing.embargo_until_mjd > mjd_now()
    if thing.visibility == Visibility.PUBLIC and not is_embargoed:
        return True
    if user is None:
        return False
    is_of_group = thing.group_id in user.groups_as(Role.MEMBER)
    return owns(thing, user) or (thing.visibility != Visibility.PRIVATE and is_of_group)


def visible_to(user: User | None) -> ColumnElement[bool]:
    """Return the rule of ``can_see`` as a condition on the table ``targets``."""
    return _open_to(targets, targets.c.created_by, user)


def upload_visible_to(user: User | None) -> ColumnElement[bool]:
    """Return who sees a row of ``uploads`` that is joined to its target, a condition on both tables.

    One's own always; others' where both the target and the upload are open.
    """
    open_target = and_(targets.c.target_id.is_not(None), visible_to(user))
    own = false() if user is None else uploads.c.uploaded_by == user.username
    if user is not None and user.is_staff:
        return true()
    return or_(own, and_(open_target, upload_open_to(user)))


def upload_open_to(user: User | None) -> ColumnElement[bool]:
    """Return the rule of ``is_open_to`` as a condition on the table ``uploads`` alone."""
    return _open_to(uploads, uploads.c.uploaded_by, user)


def _open_to(table: Table, owner: ColumnElement[str], user: User | None) -> ColumnElement[bool]:
    if user is not None and user.is_staff:
        return true()
    visibility, embargo = table.c.visibility, table.c.embargo_until_mjd
    public = and_(visibility == Visibility.PUBLIC.value, or_(embargo.is_(None), embargo <= mjd_now()))
    if user is None:
        return public
    groups = sorted(user.groups_as(Role.MEMBER))
    of_group = and_(visibility != Visibility.PRIVATE.value, table.c.group_id.in_(groups))
    return or_(public, owner == user.username, of_group)
