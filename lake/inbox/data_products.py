"""Uploads with what their frames gave, chosen and paged for programs."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine, Select, and_, func, or_, select

from engine.errors import Rejected
from lake.inbox.uploads import Upload, UploadStatus, shown_to, upload_of
from lake.operations import reading
from lake.operations import uploads as _uploads
from lake.people.accounts import User
from lake.readable import Readable
from lake.rights import SYSTEM
from lake.tables import CALIBRATIONS, FRAMES
from lake.target_rows import name_key

_FRAME_ORDER = ("measured", "limit", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Which uploads are wanted; what is empty or None chooses nothing."""

    upload_ids: tuple[int, ...] | None = None
    filenames: tuple[str, ...] = ()  # parts of names; with ``upload_ids``: either
    kind: str = ""
    statuses: tuple[UploadStatus, ...] = ()
    oname: str = ""
    uploaded_by: str = ""
    target_name: str = ""  # a part of it
    target_id: int | None = None
    requested_filter: str = ""
    since_mjd: float | None = None  # when it was received
    before_mjd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFilter:
    """What a frame of an upload must have given; None chooses nothing."""

    mag_min: float | None = None
    mag_max: float | None = None
    mag_err_min: float | None = None
    mag_err_max: float | None = None
    mjd_min: float | None = None
    mjd_max: float | None = None
    band: str = ""


def find_uploads(operations: Engine, wanted: ProductFilter, user: User | None) -> list[int]:
    """Return the ids of the uploads that a user may see and wants, the newest first."""
    shown = _chosen(shown_to(user), wanted).subquery()
    query = select(shown.c.upload_id).order_by(shown.c.upload_id.desc())
    if wanted.statuses:
        query = query.where(shown.c.status.in_([status.value for status in wanted.statuses]))
    with reading(operations) as connection:
        return list(connection.execute(query).scalars())


def uploads_of(operations: Engine, upload_ids: Sequence[int], user: User | None) -> list[Upload]:
    """Return the uploads of these ids that a user may see, in this order."""
    query = shown_to(user).where(_uploads.c.upload_id.in_(upload_ids))
    with reading(operations) as connection:
        found = {row["upload_id"]: upload_of(row) for row in connection.execute(query).mappings()}
    return [found[upload_id] for upload_id in upload_ids if upload_id in found]


def with_frames(store: Readable, wanted: FrameFilter) -> set[int] | None:
    """Return the ids of the uploads with such a frame, or None where the filter chooses nothing."""
    bounds = {
        "mag >= $mag_min": wanted.mag_min,
        "mag <= $mag_max": wanted.mag_max,
        "mag_err >= $mag_err_min": wanted.mag_err_min,
        "mag_err <= $mag_err_max": wanted.mag_err_max,
        "mjd >= $mjd_min": wanted.mjd_min,
        "mjd <= $mjd_max": wanted.mjd_max,
        "band = $band": wanted.band or None,
    }
    asked = {clause: value for clause, value in bounds.items() if value is not None}
    if not asked:
        return None
    rows = store.read(
        f"SELECT DISTINCT upload_id FROM lake.frames WHERE {' AND '.join(asked)}",  # noqa: S608 - our own clauses
        {clause.rpartition("$")[2]: value for clause, value in asked.items()},
    )
    return set(rows["upload_id"])


def best_frames(store: Readable, upload_ids: Sequence[int]) -> dict[int, dict[str, object]]:
    """Return by upload its frame that went best; one without a frame is not in it."""
    rows = FRAMES.rows(
        store.read(
            "SELECT * FROM lake.frames WHERE list_contains($upload_ids, upload_id) ORDER BY frame_id",
            {"upload_ids": list(upload_ids)},
        )
    )
    rank = pl.col("status").replace_strict({word: n for n, word in enumerate(_FRAME_ORDER)}, default=9)
    best = rows.sort(rank, "frame_id").unique("upload_id", keep="first", maintain_order=True)
    return {row["upload_id"]: row for row in best.iter_rows(named=True)}


def chosen_fits(store: Readable, frame_ids: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return by frame the calibration that was chosen for it."""
    rows = CALIBRATIONS.rows(
        store.read(
            "SELECT * FROM lake.calibrations WHERE list_contains($frame_ids, frame_id) AND chosen",
            {"frame_ids": list(frame_ids)},
        )
    )
    return {row["frame_id"]: row for row in rows.iter_rows(named=True)}


def upload_ids_by_file(operations: Engine, target_id: int) -> dict[str, int]:
    """Return the upload of each file of a target, by the sha256 of its bytes; dry runs give no points."""
    query = select(_uploads.c.sha256, _uploads.c.upload_id).where(
        _uploads.c.target_id == target_id, _uploads.c.dry_run.is_(False)
    )
    with reading(operations) as connection:
        return {str(sha256): int(upload_id) for sha256, upload_id in connection.execute(query)}


def exists(operations: Engine, upload_id: int, user: User) -> Upload | None:
    """Return an upload that a user may see, or None."""
    found = uploads_of(operations, [upload_id], user)
    return found[0] if found else None


def refuse_other_than_sender(sent: Upload, user: User) -> None:
    """Refuse who neither sent an upload nor is staff, with ``no-right``."""
    if not (user.is_staff or sent.uploaded_by == user.username or user == SYSTEM):
        raise Rejected(f"Only {sent.uploaded_by} and staff may change this upload.", code="no-right")


def _chosen(query: Select[tuple[object, ...]], wanted: ProductFilter) -> Select[tuple[object, ...]]:
    conditions = []
    by_name = [_uploads.c.filename.contains(part, autoescape=True) for part in wanted.filenames]
    if wanted.upload_ids is not None:
        conditions.append(or_(_uploads.c.upload_id.in_(wanted.upload_ids), *by_name))
    elif by_name:
        conditions.append(or_(*by_name))
    same = {
        _uploads.c.kind: wanted.kind,
        _uploads.c.requested_filter: wanted.requested_filter,
        _uploads.c.uploaded_by: wanted.uploaded_by,
        _uploads.c.target_id: wanted.target_id,
    }
    conditions += [column == value for column, value in same.items() if value not in ("", None)]
    if wanted.oname:
        conditions.append(func.lower(_uploads.c.oname) == name_key(wanted.oname))
    if wanted.target_name:
        conditions.append(_uploads.c.target_name.icontains(wanted.target_name, autoescape=True))
    if wanted.since_mjd is not None:
        conditions.append(_uploads.c.received_mjd >= wanted.since_mjd)
    if wanted.before_mjd is not None:
        conditions.append(_uploads.c.received_mjd < wanted.before_mjd)
    return query.where(and_(*conditions)) if conditions else query
