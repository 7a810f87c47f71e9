"""Uploads as people see them: what was sent, how far it is, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    Select,
    case,
    func,
    or_,
    select,
    update,
)

from engine.errors import Rejected
from engine.target import Visibility
from lake.job_rows import Job, JobState, check_fence
from lake.operations import jobs, reading, targets, writing
from lake.operations import uploads as _uploads
from lake.people.accounts import User
from lake.rights import SYSTEM, upload_visible_to


class UploadKind(StrEnum):
    """What an uploaded file is."""

    FITS_FILE = "fits_file"
    PHOTOMETRY = "photometry"  # instrumental magnitudes of the stars of one exposure
    PHOTOMETRY_CSV = "photometry_csv"  # a light curve: standard magnitudes of the target
    SPECTROSCOPY = "spectroscopy"


DELETED = "deleted"  # the result of an upload that nobody lists any more
READY_MADE = frozenset({UploadKind.PHOTOMETRY_CSV, UploadKind.SPECTROSCOPY})  # nothing is reduced


class UploadStatus(StrEnum):
    """How far an upload is."""

    RECEIVED = "received"
    WORKING = "working"
    MEASURED = "measured"
    LIMIT = "limit"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An accepted file and how far it is."""

    upload_id: int
    sha256: str
    size_bytes: int
    filename: str
    kind: UploadKind
    target_id: int | None  # None: the target was deleted
    target_name: str
    oname: str
    requested_filter: str
    dry_run: bool
    comment: str
    observers: tuple[str, ...]
    mjd: float | None
    match_dist_arcsec: float | None
    uploaded_by: str
    simulated: bool
    received_mjd: float
    job_id: int | None
    status: UploadStatus
    code: str
    reason: str
    frame_ids: tuple[str, ...]
    visibility: Visibility = Visibility.PUBLIC  # as the target is; or narrower
    group_id: int | None = None
    embargo_until_mjd: float | None = None
    progress: float = 0.0  # of its job, 0 to 1
    step: str = ""  # of its job, in words


def upload(operations: Engine, upload_id: int, user: User | None) -> Upload:
    """Return an upload that a user may see: their own, and those of targets that they may see.

    Raises
    ------
    Rejected
        ``unknown-upload``.
    """
    with reading(operations) as connection:
        return upload_seen_within(connection, upload_id, user)


def upload_seen_within(connection: Connection, upload_id: int, user: User | None) -> Upload:
    """Return what ``upload`` returns, read in a transaction that is under way."""
    query = shown_to(user).where(_uploads.c.upload_id == upload_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Rejected(f"Upload {upload_id} does not exist.", code="unknown-upload")
    return upload_of(row)


def uploads(
    operations: Engine,
    user: User | None,
    *,
    target_id: int | None = None,
    uploaded_by: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[Upload]:
    """Return the uploads that a user may see, the newest first."""
    query = shown_to(user).order_by(_uploads.c.upload_id.desc()).limit(limit).offset(offset)
    if target_id is not None:
        query = query.where(_uploads.c.target_id == target_id)
    if uploaded_by:
        query = query.where(_uploads.c.uploaded_by == uploaded_by)
    with reading(operations) as connection:
        return [upload_of(row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFilter:
    """Which uploads one page of a list shows; what is None or empty does not narrow it."""

    target_id: int | None = None
    uploaded_by: str = ""
    before_id: int | None = None  # only older ones: the next page
    limit: int = 100


def uploads_page(operations: Engine, wanted: UploadFilter, user: User | None) -> list[Upload]:
    """Return a page of the uploads that a user may see, the newest first; new ones do not move the next."""
    query = shown_to(user).order_by(_uploads.c.upload_id.desc()).limit(wanted.limit)
    if wanted.target_id is not None:
        query = query.where(_uploads.c.target_id == wanted.target_id)
    if wanted.uploaded_by:
        query = query.where(_uploads.c.uploaded_by == wanted.uploaded_by)
    if wanted.before_id is not None:
        query = query.where(_uploads.c.upload_id < wanted.before_id)
    with reading(operations) as connection:
        return [upload_of(row) for row in connection.execute(query).mappings()]


def upload_counts(operations: Engine, user: User | None) -> dict[UploadStatus, int]:
    """Return how many uploads that a user may see stand in each status, zeros included."""
    shown = shown_to(user).subquery()
    query = select(shown.c.status, func.count()).group_by(shown.c.status)
    with reading(operations) as connection:
        found = {status: int(number) for status, number in connection.execute(query)}
    return {status: found.get(status.value, 0) for status in UploadStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadResult:
    """How the reduction of an upload ended."""

    upload_id: int
    status: UploadStatus
    code: str
    reason: str
    frame_ids: tuple[str, ...] = ()


def set_upload_result(operations: Engine, job: Job, result: UploadResult) -> None:
    """Store how the upload of a job ended; pages show it as soon as the job itself has ended.

    Raises
    ------
    LeaseLost
        ``lease-lost``: another worker holds the job now.
    """
    with writing(operations) as connection:
        check_fence(connection, job)
        _set_result(connection, result)


def set_results(operations: Engine, results: Sequence[UploadResult]) -> None:
    """Store how uploads ended whose frames changed without a job."""
    with writing(operations) as connection:
        for result in results:
            _set_result(connection, result)


def _set_result(connection: Connection, result: UploadResult) -> None:
    values = {
        "result": result.status.value,
        "code": result.code,
        "reason": result.reason,
        "frame_ids": list(result.frame_ids),
    }
    connection.execute(update(_uploads).where(_uploads.c.upload_id == result.upload_id).values(values))


def shown_to(user: User | None) -> Select[Any]:
    """Return the query of all uploads that a user may see, each with the state of its job; none deleted."""
    active = jobs.c.state.in_((JobState.WAITING.value, JobState.RUNNING.value))
    status = case(
        (jobs.c.state == JobState.RUNNING.value, UploadStatus.WORKING.value),
        (jobs.c.state == JobState.WAITING.value, UploadStatus.RECEIVED.value),
        (_uploads.c.result != "", _uploads.c.result),
        (jobs.c.state == JobState.REJECTED.value, UploadStatus.REJECTED.value),
        (jobs.c.state.in_((JobState.DEAD.value, JobState.CANCELLED.value)), UploadStatus.FAILED.value),
        else_=UploadStatus.RECEIVED.value,
    )
    told_by_job = or_(active, _uploads.c.result == "")
    own = [column for column in _uploads.c if column.name not in {"result", "code", "reason"}]
    query = (
        select(
            *own,
            status.label("status"),
            case((told_by_job, func.coalesce(jobs.c.code, "")), else_=_uploads.c.code).label("code"),
            case((told_by_job, func.coalesce(jobs.c.reason, "")), else_=_uploads.c.reason).label("reason"),
            func.coalesce(jobs.c.progress, 0.0).label("progress"),
            func.coalesce(jobs.c.step, "").label("step"),
        )
        .select_from(_uploads)
        .outerjoin(jobs, jobs.c.job_id == _uploads.c.job_id)
        .outerjoin(targets, targets.c.target_id == _uploads.c.target_id)
    )
    return query.where(upload_visible_to(user), _uploads.c.result != DELETED)


def upload_within(connection: Connection, upload_id: int) -> Upload:
    """Return an upload, read in a transaction that is under way."""
    return upload_of(
        connection.execute(shown_to(SYSTEM).where(_uploads.c.upload_id == upload_id)).mappings().one()
    )


def upload_of(row: RowMapping) -> Upload:
    """Return a row of ``shown_to`` as an upload."""
    values = {field.name: row[field.name] for field in fields(Upload)}
    return Upload(
        **values
        | {
            "kind": UploadKind(row["kind"]),
            "visibility": Visibility(row["visibility"]),
            "status": UploadStatus(row["status"]),
            "observers": tuple(row["observers"]),
            "frame_ids": tuple(row["frame_ids"]),
        }
    )
