"""Following a target: who does, from which change of brightness on, and what they know of it."""

import math
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from engine.errors import Rejected
from engine.times import mjd_now
from lake.notices.brightness import known_of
from lake.notices.others import light_curve_for
from lake.notices.tables import follows
from lake.opening import Lake
from lake.operations import reading, serialised, targets, writing
from lake.people.person import User
from lake.targets import target_within

LEAST_CHANGE_MAG, MOST_CHANGE_MAG, USUAL_CHANGE_MAG = 0.05, 10.0, 0.5
MOST_FOLLOWED = 500  # targets of one person


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """That somebody follows a target."""

    target_id: int
    since_mjd: float
    change_mag: float  # they are told of changes at least so large


def follow_of(operations: Engine, target_id: int, user: User) -> Follow | None:
    """Return how a person follows a target, or None where they do not."""
    query = select(follows.c.target_id, follows.c.since_mjd, follows.c.change_mag)
    this = (follows.c.user_id == user.user_id, follows.c.target_id == target_id)
    with reading(operations) as connection:
        row = connection.execute(query.where(*this)).mappings().one_or_none()
    return None if row is None else Follow(**row)


def follow(lake: Lake, target_id: int, *, change_mag: float = USUAL_CHANGE_MAG, user: User) -> Follow:
    """Return how a person follows a target from now on; who does already keeps what they know of it.

    Raises
    ------
    Rejected
        ``unknown-target``; ``bad-change``: the change is no magnitude; ``many-follows``.
    """
    if not (math.isfinite(change_mag) and LEAST_CHANGE_MAG <= change_mag <= MOST_CHANGE_MAG):
        raise Rejected(
            f"A change of brightness is {LEAST_CHANGE_MAG:g} to {MOST_CHANGE_MAG:g} mag.", code="bad-change"
        )
    points = light_curve_for(lake, target_id, user)
    row = {"user_id": user.user_id, "target_id": target_id, "since_mjd": mjd_now(), "change_mag": change_mag}
    own = follows.c.user_id == user.user_id
    with writing(lake.operations) as connection:
        target_within(connection, target_id, user)  # refuses what they may not see
        serialised(connection, f"follows of {user.user_id}")
        listed = select(follows.c.target_id, follows.c.since_mjd, follows.c.summary_mjd, follows.c.known)
        present = {each["target_id"]: dict(each) for each in connection.execute(listed.where(own)).mappings()}
        if target_id not in present and len(present) >= MOST_FOLLOWED:
            raise Rejected(f"One person may follow {MOST_FOLLOWED} targets.", code="many-follows")
        summary = select(targets.c.summary_mjd).where(targets.c.target_id == target_id)
        fresh = {"summary_mjd": connection.execute(summary).scalar_one(), "known": known_of(points)}
        connection.execute(delete(follows).where(own, follows.c.target_id == target_id))
        kept = row | fresh | present.get(target_id, {})
        connection.execute(insert(follows).values(kept))
    return Follow(target_id=target_id, since_mjd=kept["since_mjd"], change_mag=change_mag)


def unfollow(operations: Engine, target_id: int, *, user: User) -> bool:
    """Return whether a person followed a target, and does not any more."""
    this = (follows.c.user_id == user.user_id, follows.c.target_id == target_id)
    with writing(operations) as connection:
        return connection.execute(delete(follows).where(*this)).rowcount > 0
