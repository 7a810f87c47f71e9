"""Telling those who follow a target what came since it was last looked at."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, select, update

from engine.times import mjd_now
from lake.notices.brightness import Change, Known, change_since, known_of
from lake.notices.kinds import Kind
from lake.notices.others import light_curve_for, upload_of_point
from lake.notices.tables import follows, notices
from lake.notices.telling import tell
from lake.opening import Lake
from lake.operations import reading, targets, users, writing
from lake.people.person import USER_COLUMNS, User, user_of
from lake.people.second_factor import acting
from lake.rights import can_see
from lake.target_rows import target_of

_CHANGED = and_(
    targets.c.target_id == follows.c.target_id,
    targets.c.summary_mjd.is_distinct_from(follows.c.summary_mjd),
)
_WATCHED = follows.join(targets, _CHANGED).join(users, users.c.user_id == follows.c.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A follower whose target changed since it was last looked at for them."""

    user: User
    target_id: int
    change_mag: float
    known: Known
    seen_summary_mjd: float | None
    summary_mjd: float | None
    is_seen: bool


def has_news(operations: Engine) -> bool:
    """Return whether a followed target changed since it was last looked at."""
    query = select(follows.c.target_id).select_from(_WATCHED).where(users.c.is_active).limit(1)
    with reading(operations) as connection:
        return connection.execute(query).first() is not None


def tell_followers(lake: Lake) -> int:
    """Return for how many followers a target was looked at; killed in between, nobody is told twice."""
    due = _due(lake)
    for each in due:
        _look(lake, each)
    return len(due)


def _due(lake: Lake) -> list[_Due]:
    query = (
        select(
            *USER_COLUMNS, targets, follows.c.change_mag, follows.c.known,
            follows.c.summary_mjd.label("seen_summary_mjd"),
        )
        .select_from(_WATCHED)
        .where(users.c.is_active)
        .order_by(follows.c.target_id)
    )  # fmt: skip
    with reading(lake.operations) as connection:
        rows = connection.execute(query).mappings().all()
    found = []
    for row in rows:
        user = _acting(lake, user_of(row))
        found.append(
            _Due(
                user=user,
                target_id=row["target_id"],
                change_mag=row["change_mag"],
                known=row["known"],
                seen_summary_mjd=row["seen_summary_mjd"],
                summary_mjd=row["summary_mjd"],
                is_seen=can_see(target_of(row, ()), user),
            )
        )
    return found


def _look(lake: Lake, due: _Due) -> None:
    points = light_curve_for(lake, due.target_id, due.user) if due.is_seen else None
    fresh = due.known if points is None else known_of(points)
    change = None if points is None else change_since(due.known, points, least_mag=due.change_mag)
    # what was not told stays what a change is measured from: a slow one is told as well
    mags = fresh["mags"] if change else {**fresh["mags"], **due.known["mags"]}
    with writing(lake.operations) as connection:
        kept = update(follows).where(
            follows.c.user_id == due.user.user_id,
            follows.c.target_id == due.target_id,
            follows.c.summary_mjd.is_not_distinct_from(due.seen_summary_mjd),
        )
        known = {"points": fresh["points"], "mags": mags}
        if not connection.execute(kept.values(summary_mjd=due.summary_mjd, known=known)).rowcount:
            return  # another look was quicker, or they follow it no more
        if fresh["points"] > due.known["points"]:
            _tell_of_points(connection, due, fresh["points"] - due.known["points"])
        if change:
            _tell_of_change(connection, due, change)


def _tell_of_change(connection: Connection, due: _Due, change: Change) -> None:
    facts: dict[str, object] = {
        "band": change.band,
        "mag": change.mag,
        "change_mag": change.change_mag,
        "is_brighter": change.is_brighter,
    }
    upload_id = upload_of_point(connection, due.target_id, change.source, change.source_ref)
    readers = [due.user.user_id]
    tell(connection, Kind.CHANGE, readers, facts=facts, target_id=due.target_id, upload_id=upload_id)


def _tell_of_points(connection: Connection, due: _Due, number: int) -> None:
    """Add to a notice that nobody has read nor mailed, so that a busy night is one line."""
    this = (
        notices.c.user_id == due.user.user_id,
        notices.c.target_id == due.target_id,
        notices.c.kind == Kind.POINTS.value,
        notices.c.read_mjd.is_(None),
        notices.c.mailed_mjd.is_(None),
    )
    row = connection.execute(
        select(notices.c.notice_id, notices.c.facts).where(*this).with_for_update()
    ).first()
    if row is None:
        tell(connection, Kind.POINTS, [due.user.user_id], facts={"points": number}, target_id=due.target_id)
        return
    values = {"facts": {"points": row.facts["points"] + number}, "made_mjd": mjd_now()}
    connection.execute(update(notices).where(notices.c.notice_id == row.notice_id).values(values))


def _acting(lake: Lake, user: User) -> User:
    is_required = lake.settings.staff_second_factor
    return acting(lake.operations, user, is_required_of_staff=is_required) or user
