"""Hiding points that are wrong, and showing them again: they stay in the lake, and deeds in its log."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import select

from engine.errors import Rejected
from engine.lightcurve import Flag, has_flag
from engine.target import Target
from lake.changes import Change
from lake.opening import Lake
from lake.operations import reading, uploads, writing
from lake.people.accounts import User
from lake.people.audit import About, note_change
from lake.provenance import new_batch
from lake.rights import can_change
from lake.seen import FILE_OF_POINT, UPLOAD, closed_to
from lake.tables import PHOTOMETRY
from lake.target_list import update_summary

MOST_AT_ONCE = 10_000
REASON_MAX_CHARS = 300


def hide_points(lake: Lake, target: Target, point_ids: Sequence[int], *, reason: str, user: User) -> int:
    """Return how many points left the light curve; earlier versions of the lake still show them.

    Whoever may change the target may hide any of its points, an observer those of their own frames. A point
    stays hidden when its archive is asked again.

    Raises
    ------
    Rejected
        ``no-reason``; ``no-right``; ``unknown-point``: not one of the target's; ``too-many``.
    """
    said = " ".join(reason.split())[:REASON_MAX_CHARS]
    if not said:
        raise Rejected("Say in a few words what is wrong with the points.", code="no-reason")
    return _mark(lake, target, point_ids, is_hidden=True, reason=said, user=user)


def show_points(lake: Lake, target: Target, point_ids: Sequence[int], *, user: User) -> int:
    """Return how many hidden points came back; who may hide them may show them again.

    Raises
    ------
    Rejected
        ``no-right``, ``unknown-point``, ``too-many``
    """
    return _mark(lake, target, point_ids, is_hidden=False, reason="", user=user)


def may_hide(lake: Lake, target: Target, points: pl.DataFrame, user: User | None) -> bool:
    """Return whether a person may hide these points and show them again."""
    if user is None or can_change(target, user):
        return user is not None
    return points["source"].eq(UPLOAD).all() and set(_files(points)) <= _own_files(lake, user)


def hidden_points(lake: Lake, target_id: int, user: User | None, *, as_of: int | None = None) -> pl.DataFrame:
    """Return the hidden points of a target that a person may see, as a light curve."""
    points = lake.store.light_curve(target_id, as_of=as_of)
    hidden = points.filter(has_flag(Flag.HIDDEN))
    return closed_to(lake.operations, user, target_id=target_id).open_and_hidden(hidden)


def _mark(
    lake: Lake, target: Target, point_ids: Sequence[int], *, is_hidden: bool, reason: str, user: User
) -> int:
    if len(point_ids) > MOST_AT_ONCE:
        raise Rejected(f"At most {MOST_AT_ONCE:,} points can be hidden at once.", code="too-many")
    target_id = target.target_id or 0
    wanted = _seen(lake, target_id, point_ids, user)
    if not may_hide(lake, target, wanted, user):
        raise Rejected(
            "Only who may change the target may hide its points, and observers those of their own frames.",
            code="no-right",
        )
    marked = PHOTOMETRY.empty()

    def plan() -> list[Change]:  # while no other writer is at work: an archive may have new values by now
        nonlocal marked
        marked = _marked(lake.store.light_curve(target_id), point_ids, is_hidden=is_hidden)
        keys = marked.select("target_id", "point_id")
        change = Change(table=PHOTOMETRY, rows=marked, keys=keys, keeps_papers=True)
        return [change] if len(marked) else []

    batch = new_batch("hide" if is_hidden else "show", "people", target_id=target_id, by=user.username)
    lake.store.commit_planned(plan, batch=batch)
    if len(marked):
        _note(lake, target, user, {"points": len(marked)} | ({"reason": reason} if reason else {}))
        update_summary(lake.operations, target_id, lake.store.light_curve(target_id))
    return len(marked)


def _marked(points: pl.DataFrame, point_ids: Sequence[int], *, is_hidden: bool) -> pl.DataFrame:
    """Return those of the points that change, as they shall be."""
    hidden = has_flag(Flag.HIDDEN)
    changing = points.filter(pl.col("point_id").is_in(list(point_ids)), ~hidden if is_hidden else hidden)
    flags = (pl.col("flags") ^ int(Flag.HIDDEN)).cast(points.schema["flags"])
    return changing.with_columns(flags=flags)


def _note(lake: Lake, target: Target, user: User, after: dict[str, object]) -> None:
    about = About(kind="target", number=target.target_id or 0, name=target.name)
    deed = "hid points" if "reason" in after else "showed points again"
    with writing(lake.operations) as connection:
        note_change(connection, deed, about, who=user.username, before={}, after=after)


def _seen(lake: Lake, target_id: int, point_ids: Sequence[int], user: User) -> pl.DataFrame:
    """Return the points of a target with these numbers; one that is closed to the person is unknown."""
    closed = closed_to(lake.operations, user, target_id=target_id)
    seen = closed.open_and_hidden(lake.store.light_curve(target_id))
    wanted = seen.filter(pl.col("point_id").is_in(list(set(point_ids))))
    if len(wanted) < len(set(point_ids)):
        raise Rejected("Not all of these points belong to the target.", code="unknown-point")
    return wanted


def _files(points: pl.DataFrame) -> list[str]:
    files: list[str] = points.select(FILE_OF_POINT.unique()).to_series().to_list()
    return files


def _own_files(lake: Lake, user: User) -> set[str]:
    own = select(uploads.c.sha256).where(uploads.c.uploaded_by == user.username)
    with reading(lake.operations) as connection:
        return set(connection.execute(own).scalars())
