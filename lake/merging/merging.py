"""Two targets become one, and two again: uploads, their frames and points, and names go along and come back.

The operational database goes first and says in ``merges`` how far the merge is; then the rows of the lake
follow. Whoever is cut short between the two calls again, and the rest is done.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import cast

from sqlalchemy import Connection, Engine, RowMapping, insert, or_, select, update

from engine.errors import Rejected, Transient
from engine.target import Target, Visibility, separation_arcsec
from engine.times import mjd_now
from lake.job_rows import JobState
from lake.merging.duplicates import RADIUS_MAX_ARCSEC, Duplicate, duplicates
from lake.merging.ids import IN_FORCE, MergeState, leads_to
from lake.merging.points import Baggage, carry, refs_of_uploads
from lake.merging.rows import (
    SUMMARY,
    Record,
    put_back,
    same_light_curve,
    take_names_back,
    take_out,
    upload_ids_of,
)
from lake.opening import Lake
from lake.operations import jobs, merges, reading, serialised, targets, writing
from lake.people.accounts import User
from lake.rights import can_change
from lake.seen import closed_within
from lake.target_list import summary_of
from lake.target_rows import target_of
from lake.targets import refuse_stranger, refuse_taken_names, target_within

__all__ = ["Duplicate", "Merge", "MergeState", "duplicates", "list_merges", "merge", "unmerge"]

logger = logging.getLogger(__name__)

_BUSY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One target that was merged into another."""

    merge_id: int
    gone_id: int
    kept_id: int
    gone_name: str
    kept_name: str
    state: MergeState
    made_by: str
    made_mjd: float
    undone_by: str
    undone_mjd: float | None


def merge(lake: Lake, kept_id: int, gone_id: int, *, by: User) -> Merge:
    """Return the merge after uploads, frames, points of uploads and names of one target went to another.

    The gone target is then in no list; each of its names, and its number, lead to the kept one. What
    archives gave stays with the gone target: they are asked for the kept one under all its names.

    Raises
    ------
    Rejected
        ``unknown-target``; ``no-right``: only who may change both; ``same-target``; ``simulated-and-real``;
        ``moves``: a body of the Solar System and something else; ``too-far``: more than 60 arcsec apart;
        ``would-disclose``: somebody would see what they may not see now.
    Transient
        ``target-busy``: a file of the gone target is being measured.
    """
    refs = refs_of_uploads(lake.store, gone_id, kept_id)
    with writing(lake.operations) as connection:
        serialised(connection, "targets")
        serialised(connection, "uploads")
        row = _unfinished(connection, kept_id, gone_id, by)
        if row is None:
            kept, gone = (target_within(connection, each, by) for each in (kept_id, gone_id))
            _refuse_pair(kept, gone, by)
            _refuse_busy(connection, upload_ids_of(connection, gone_id), gone.name)
            row = _begun(connection, kept, gone, take_out(connection, gone, kept, refs), by)
    _carry(lake, row, from_id=gone_id, to_id=kept_id, by=by)
    _follow(lake, kept_id)
    return _ended(lake.operations, row["merge_id"], MergeState.MERGED)


def unmerge(lake: Lake, merge_id: int, *, by: User) -> Merge:
    """Return the merge after everything went back to where it was before; what came since stays.

    Raises
    ------
    Rejected
        ``unknown-merge``: there is none that this user may undo; ``already-parted``; ``later-merge``: the
        kept target was itself merged later; ``name-taken``: another target has one of the names now.
    Transient
        ``target-busy``: a file that would go back is being measured.
    """
    with writing(lake.operations) as connection:
        serialised(connection, "targets")
        serialised(connection, "uploads")
        row = _merge_row(connection, merge_id)
        gone, kept = _gone_of(row), _present(connection, row["kept_id"])
        _refuse_no_right(row, gone, kept, by)
        if row["state"] == MergeState.PARTED:
            raise Rejected(f"Merge {merge_id} was undone already.", code="already-parted")
        if row["state"] != MergeState.PARTING:
            _refuse_later(connection, row)
            _refuse_busy(connection, row["record"]["uploads"], gone.name)
            record = cast("Record", row["record"])
            take_names_back(connection, record, row["kept_id"])
            refuse_taken_names(connection, gone)
            put_back(connection, record, row["kept_id"])
            undone = {"state": MergeState.PARTING.value, "undone_by": by.username, "undone_mjd": mjd_now()}
            connection.execute(update(merges).where(merges.c.merge_id == merge_id).values(undone))
    _carry(lake, row, from_id=row["kept_id"], to_id=row["gone_id"], by=by)
    _follow(lake, row["gone_id"], row["record"]["target"])
    _follow(lake, row["kept_id"], row["record"]["kept_summary"])
    return _ended(lake.operations, merge_id, MergeState.PARTED)


def list_merges(operations: Engine, user: User) -> list[Merge]:
    """Return the merges that a user may undo or has to finish, the newest first."""
    query = select(merges).where(merges.c.state != MergeState.PARTED.value).order_by(merges.c.merge_id.desc())
    with reading(operations) as connection:
        rows = connection.execute(query).mappings().all()
        return [_merge_of(row) for row in rows if _may_undo(connection, row, user)]


def _begun(connection: Connection, kept: Target, gone: Target, record: Record, by: User) -> RowMapping:
    values = {
        "gone_id": gone.target_id,
        "kept_id": kept.target_id,
        "gone_name": gone.name,
        "kept_name": kept.name,
        "state": MergeState.MERGING.value,
        "record": record,
        "made_by": by.username,
        "made_mjd": mjd_now(),
    }
    created = insert(merges).values(values).returning(merges.c.merge_id)
    return _merge_row(connection, int(connection.execute(created).scalar_one()))


def _unfinished(connection: Connection, kept_id: int, gone_id: int, by: User) -> RowMapping | None:
    """Return the merge of this pair that was cut short; one of another pair has to be finished first."""
    pair = (kept_id, gone_id)
    query = select(merges).where(
        merges.c.state.in_((MergeState.MERGING.value, MergeState.PARTING.value)),
        or_(merges.c.kept_id.in_(pair), merges.c.gone_id.in_(pair)),
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    _refuse_no_right(row, _gone_of(row), _present(connection, row["kept_id"]), by)
    if (row["kept_id"], row["gone_id"], row["state"]) != (*pair, MergeState.MERGING):
        raise Rejected(
            f"Merge {row['merge_id']} of these targets was cut short: undo it first.", code="merge-unfinished"
        )
    return row


def _refuse_pair(kept: Target, gone: Target, by: User) -> None:
    if kept.target_id == gone.target_id:
        raise Rejected("A target cannot be merged with itself.", code="same-target")
    for target in (kept, gone):
        refuse_stranger(target, by)
    if kept.simulated != gone.simulated:
        raise Rejected("What is simulated is not merged with what is real.", code="simulated-and-real")
    if kept.designation.casefold() != gone.designation.casefold():
        raise Rejected(
            "A body of the Solar System is merged only with a target of the same designation.", code="moves"
        )
    apart_arcsec = separation_arcsec(kept.ra_deg, kept.dec_deg, gone.ra_deg, gone.dec_deg)
    if not kept.designation and apart_arcsec > RADIUS_MAX_ARCSEC:
        raise Rejected(
            f"{kept.name} and {gone.name} lie {apart_arcsec:.0f} arcsec apart; "
            f"merge what lies within {RADIUS_MAX_ARCSEC:g}.",
            code="too-far",
        )
    if _would_disclose(kept, gone):
        raise Rejected(
            f"People would see of {gone.name} what they may not see now: keep the more private of the two.",
            code="would-disclose",
        )


def _would_disclose(kept: Target, gone: Target) -> bool:
    """Return whether anybody may see the kept target who may not see the gone one."""
    if _hidden_until(gone) <= mjd_now():
        return False
    is_same_maker = kept.created_by == gone.created_by
    is_same_group = _group_of(kept) in {None, _group_of(gone)}
    return not (is_same_maker and is_same_group) or _hidden_until(kept) < _hidden_until(gone)


def _group_of(target: Target) -> int | None:
    """Return the group whose members see a target before everybody does."""
    return None if target.visibility == Visibility.PRIVATE else target.group_id


def _hidden_until(target: Target) -> float:
    """Return from which MJD on everybody sees a target."""
    if target.visibility != Visibility.PUBLIC:
        return float("inf")
    return target.embargo_until_mjd or 0.0


def _refuse_busy(connection: Connection, upload_ids: Sequence[int], name: str) -> None:
    """Refuse while a worker measures one of these uploads: it would store its points at the old target."""
    running = select(jobs.c.args).where(jobs.c.state == JobState.RUNNING.value)
    wanted = {str(upload_id) for upload_id in upload_ids}
    if any(args.get("upload_id") in wanted for args in connection.execute(running).scalars()):
        raise Transient(
            f"A file of {name} is being measured: try again when that is done.",
            code="target-busy",
            retry_after_s=_BUSY_S,
        )


def _refuse_later(connection: Connection, row: RowMapping) -> None:
    """Refuse to undo a merge while the kept target is itself a part of another one."""
    query = select(merges.c.merge_id).where(
        merges.c.gone_id == row["kept_id"], merges.c.state.in_(IN_FORCE), merges.c.merge_id > row["merge_id"]
    )
    later = connection.execute(query).scalars().first()
    if later is not None:
        raise Rejected(
            f"{row['kept_name']} was itself merged later: undo merge {later} first.", code="later-merge"
        )


def _refuse_no_right(row: RowMapping, gone: Target, kept: Target | None, by: User) -> None:
    if not all(can_change(target, by) for target in (gone, kept) if target is not None):
        raise _unknown(row["merge_id"])


def _may_undo(connection: Connection, row: RowMapping, user: User) -> bool:
    kept = _present(connection, leads_to(connection, row["kept_id"]))
    return can_change(_gone_of(row), user) and (kept is None or can_change(kept, user))


def _carry(lake: Lake, row: RowMapping, *, from_id: int, to_id: int, by: User) -> None:
    record = cast("Record", row["record"])
    baggage = Baggage(upload_ids=record["uploads"], files=record["files"], source_refs=record["points"])
    carry(lake, baggage, from_id=from_id, to_id=to_id, merge_id=row["merge_id"], by=by.username)


def _follow(lake: Lake, target_id: int, known: Mapping[str, object] | None = None) -> None:
    """Let lists tell what the target's light curve is now; what was known of the same one stays as it was."""
    points = lake.store.light_curve(target_id)
    with reading(lake.operations) as connection:  # what is open to all, of targets that are not as well
        open_points = closed_within(connection, None, target_id=target_id).open_points(points)
    summary = summary_of(open_points)
    if known is not None and same_light_curve(summary, known):
        summary = {name: known[name] for name in SUMMARY}
    with writing(lake.operations) as connection:
        connection.execute(update(targets).where(targets.c.target_id == target_id).values(summary))


def _ended(operations: Engine, merge_id: int, state: MergeState) -> Merge:
    with writing(operations) as connection:
        connection.execute(update(merges).where(merges.c.merge_id == merge_id).values(state=state.value))
        done = _merge_of(_merge_row(connection, merge_id))
    logger.info("merge %d is %s", merge_id, state.value)
    return done


def _merge_row(connection: Connection, merge_id: int) -> RowMapping:
    row = connection.execute(select(merges).where(merges.c.merge_id == merge_id)).mappings().one_or_none()
    if row is None:
        raise _unknown(merge_id)
    return row


def _merge_of(row: RowMapping) -> Merge:
    values = {field.name: row[field.name] for field in fields(Merge)}
    return Merge(**values | {"state": MergeState(row["state"])})


def _gone_of(row: RowMapping) -> Target:
    record = cast("Record", row["record"])
    names = record["children"].get("target_names", [])
    return target_of(record["target"], tuple((str(each["source"]), str(each["name"])) for each in names))


def _present(connection: Connection, target_id: int) -> Target | None:
    query = select(targets).where(targets.c.target_id == target_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else target_of(row, ())


def _unknown(merge_id: int) -> Rejected:
    return Rejected(f"There is no merge {merge_id} that you may undo.", code="unknown-merge")
