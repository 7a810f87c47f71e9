"""What of a light curve is new, other than before, or gone, for one who has an earlier version of it.

A cursor names that version and what was closed to its reader then: rights have no versions, so where they
have changed, and where the version is kept no longer, everything comes anew.
"""

import hashlib
import re
from dataclasses import dataclass, replace

import polars as pl

from engine.errors import Rejected
from engine.formats.curve import Curve
from lake.given_curve import Asked, Selection, given_curve
from lake.opening import Lake
from lake.snapshots import version_of

_CURSOR = re.compile(r"([0-9]{1,18})~([0-9a-f]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveChanges:
    """The way from one version of a light curve to another."""

    curve: Curve  # of the points that are new or other than they were
    removed: tuple[int, ...]  # point_id of those that are gone
    is_whole: bool
    cursor: str


def changes_since(lake: Lake, asked: Asked, since: str) -> CurveChanges:
    """Return what is new in a light curve since a cursor, a version, a snapshot or a date; empty: everything.

    Raises
    ------
    Rejected
        ``unknown-version``, ``unknown-snapshot``, ``bad-as-of``: what was named is not there. A cursor that
        this gave is never refused.
    """
    cursor = f"{asked.version}~{_rights(asked)}"
    before = _version_before(lake, asked, since.strip())
    if before is None:
        return CurveChanges(
            curve=given_curve(lake, asked, Selection()), removed=(), is_whole=True, cursor=cursor
        )
    had = asked.closed.open_points(lake.store.light_curve(asked.target.target_id or 0, as_of=before))
    curve = given_curve(lake, asked, Selection())
    told = [name for name in had.columns if name != "batch_id"]  # written again is not changed
    news = curve.points.join(had, on=told, how="anti", nulls_equal=True, maintain_order="left")
    gone = had.filter(~pl.col("point_id").is_in(curve.points["point_id"].implode()))
    return CurveChanges(
        curve=replace(curve, points=news),
        removed=tuple(gone["point_id"].to_list()),
        is_whole=False,
        cursor=cursor,
    )


def _version_before(lake: Lake, asked: Asked, since: str) -> int | None:
    """Return the version that a reader has, or None where it does not help."""
    if not since:
        return None
    known = _CURSOR.fullmatch(since)
    if known is None:
        return version_of(lake, since)
    if known[2] != _rights(asked):
        return None
    try:
        return version_of(lake, known[1])
    except Rejected:
        return None  # its files are gone, or the lake came back from a backup


def _rights(asked: Asked) -> str:
    """Return a word for what is closed to a reader of this very target."""
    told = f"{asked.target.target_id} {sorted(asked.closed.upload_ids)}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]
