"""What is refused where somebody says who sees a thing, or changes what is not theirs."""

from sqlalchemy import Connection

from engine.errors import Rejected
from engine.target import Target, Visibility
from engine.times import check_date
from lake.people.accounts import User, user_within
from lake.rights import SYSTEM, Shared, can_change, can_give_to, can_share, shared_target


def check_new_sharing(connection: Connection, target: Target, *, by: str) -> None:
    """Refuse a new target whose maker may not share it as they say.

    Raises
    ------
    Rejected
        ``no-group``: it is to be a group's, and none is named; ``unknown-group``: its maker is not in it.
    """
    maker = None if target.group_id is None else user_within(connection, by)
    check_shared(shared_target(target), SYSTEM if by == SYSTEM.username else maker)


def check_sharing(present: Target, changed: Target, user: User) -> None:
    """Refuse a change of who sees a target, where this person may not change that.

    Raises
    ------
    Rejected
        ``no-right``, ``no-group``, ``unknown-group``.
    """
    before, after = shared_target(present), shared_target(changed)
    if before == after:
        return
    refuse_who_cannot_share(present, user)
    # who leads a group may leave a thing there that staff put into it
    check_shared(after, SYSTEM if after.group_id == before.group_id else user)


def check_shared(thing: Shared, user: User | None) -> None:
    """Refuse what is shared with a group that is not named, or not the person's.

    Raises
    ------
    Rejected
        ``no-group``, ``unknown-group``, ``bad-date``.
    """
    if thing.embargo_until_mjd is not None:
        check_date("end of the embargo", thing.embargo_until_mjd)
    if thing.visibility == Visibility.GROUP and thing.group_id is None:
        raise Rejected("Name the group that may see it, or make it private.", code="no-group")
    if not can_give_to(thing.group_id, user):
        raise Rejected(f"There is no group '{thing.group_id}' to which you belong.", code="unknown-group")


def refuse_stranger(target: Target, user: User) -> None:
    """Refuse a person who may not change a target, with ``no-right``."""
    if not can_change(target, user):
        raise Rejected(
            f"Only {target.created_by or 'its maker'} and staff may change {target.name}.", code="no-right"
        )


def refuse_who_cannot_share(target: Target, user: User) -> None:
    """Refuse a person who may neither delete a target nor say who sees it, with ``no-right``."""
    if not can_share(target, user):
        raise Rejected(
            f"Only {target.created_by or 'its maker'}, staff and who leads its group may delete "
            f"{target.name} or say who sees it.",
            code="no-right",
        )
