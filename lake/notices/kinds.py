"""What people can be told of, how soon by mail, and what holds for who never said."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a notice is about."""

    MENTION = "mention"  # somebody's name stands in a note
    COMMENT = "comment"  # a note on a target that they made or observed
    FRAMES = "frames"  # files of theirs were measured, or not
    APPROVED = "approved"  # their account or camera
    WAITING = "waiting"  # somebody asks for an account; for staff
    POINTS = "points"  # others brought points of a target that they follow
    CHANGE = "change"  # a target that they follow brightened or faded


class Mail(StrEnum):
    """How soon a notice is sent by mail."""

    NO = "no"
    AT_ONCE = "at once"
    DAILY = "daily"


STAFF_ONLY = frozenset({Kind.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How somebody wants to hear of one kind."""

    in_portal: bool = True
    mail: Mail = Mail.NO


# Mail is sent to who asked for it; who waits for an account asked by signing up, and cannot look here yet.
UNSAID = {kind: Wish(mail=Mail.AT_ONCE if kind == Kind.APPROVED else Mail.NO) for kind in Kind}
