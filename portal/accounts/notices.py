"""What the pages show of notices, of wishes for them and of followed targets; all is the person's own."""

from collections.abc import Mapping

from engine.target import Target
from lake.notices.following import Follow, follow, follow_of, unfollow
from lake.notices.kinds import STAFF_ONLY, Kind, Wish
from lake.notices.notices import Notice, count_unread, list_notices, mark_read
from lake.notices.wishes import wish, wishes_of
from lake.people.accounts import User
from lake.people.mail import can_mail
from lake.people.profile import profile_of
from portal.opened import lake, settings


def unread_count(user: User | None) -> int:
    """Return how much a visitor has not read."""
    return 0 if user is None else count_unread(lake().operations, user)


def own_notices(user: User, *, limit: int) -> list[Notice]:
    """Return what somebody is told of, the newest first."""
    return list_notices(lake().operations, user, limit=limit)


def read_up_to(user: User, notice_id: int) -> None:
    """Mark as read what somebody was shown, and nothing that came since."""
    mark_read(lake().operations, user, up_to_id=notice_id)


def own_wishes(user: User) -> dict[Kind, Wish]:
    """Return how somebody wants to hear of each kind that can reach them."""
    wishes = wishes_of(lake().operations, user)
    return {kind: each for kind, each in wishes.items() if user.is_staff or kind not in STAFF_ONLY}


def keep_wishes(user: User, wanted: Mapping[Kind, Wish]) -> None:
    """Keep how somebody wants to hear of things."""
    wish(lake().operations, wanted, user=user)


def sends_mail() -> bool:
    """Return whether this portal sends mail."""
    return can_mail(settings())


def has_address(user: User) -> bool:
    """Return whether somebody told an address that mail can go to."""
    return bool(profile_of(lake().operations, user).email)


def own_follow(target: Target, user: User) -> Follow | None:
    """Return how somebody follows a target, or None where they do not."""
    return follow_of(lake().operations, target.target_id or 0, user)


def follow_target(target: Target, user: User, *, change_mag: float) -> None:
    """Let somebody follow a target.

    Raises
    ------
    Rejected
        ``unknown-target``, ``bad-change``, ``many-follows``.
    """
    follow(lake(), target.target_id or 0, change_mag=change_mag, user=user)


def leave_target(target: Target, user: User) -> None:
    """Let somebody follow a target no more."""
    unfollow(lake().operations, target.target_id or 0, user=user)
