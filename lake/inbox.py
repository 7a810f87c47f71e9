"""The inbox: an upload is accepted together with its job, in one transaction."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection, insert, update

from engine.errors import Rejected
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.allowance import check_allowance_within
from lake.observatories import camera_within
from lake.opening import Lake
from lake.operations import serialised, writing
from lake.operations import uploads as _uploads
from lake.people.accounts import User, user_within
from lake.queue import enqueue_within
from lake.raw import RawFile
from lake.rights import SYSTEM, Shared
from lake.sharing import check_shared
from lake.targets import target_within
from lake.uploads import (
    Upload,
    UploadKind,
    UploadStatus,
    shown_to,
    upload,
    upload_counts,
    upload_of,
    upload_within,
    uploads,
)

__all__ = [
    "Upload",
    "UploadKind",
    "UploadRequest",
    "UploadStatus",
    "accept",
    "upload",
    "upload_counts",
    "uploads",
]

COMMENT_MAX_CHARS = 2000
FILENAME_MAX_CHARS = 255
UPLOAD_PRIORITY = 2  # before the clock's harvests: somebody waits


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """What a person says of a file that they send."""

    target: str
    filename: str
    kind: UploadKind = UploadKind.FITS_FILE
    observatory: str = ""  # ONAME
    requested_filter: str = "GaiaSP/any"
    dry_run: bool = False
    comment: str = ""
    observers: tuple[str, ...] = ()  # user names; the uploader where none is given
    mjd: float | None = None
    match_dist_arcsec: float | None = None
    uploaded_by: str
    simulated: bool = False
    visibility: Visibility = Visibility.PUBLIC  # as the target is; or narrower
    group_id: int | None = None
    embargo_until_mjd: float | None = None


def accept(lake: Lake, raw_file: RawFile, request: UploadRequest) -> Upload:
    """Return the upload of bytes that are kept in the raw store; its job is queued in the same transaction.

    The same bytes for the same target give the upload that is there, without a second job, unless it
    failed, or was rejected and the request now says something else.

    Raises
    ------
    Rejected
        ``unknown-target``, ``unknown-observatory``, ``unknown-user``, ``no-mjd``, ``bad-upload``,
        ``no-group``, ``unknown-group``, ``too-many-uploads``.
    """
    _check_request(request)
    with writing(lake.operations) as connection:
        serialised(connection, "uploads")
        user = _user_named(connection, request.uploaded_by)
        target = target_within(connection, request.target, user)
        values = _values(connection, raw_file, request, target, user)
        present = _same(connection, raw_file, target, dry_run=request.dry_run)
        if present is None:
            check_allowance_within(connection, lake.settings, user.username, size_bytes=raw_file.size_bytes)
            created = insert(_uploads).values(values | {"received_mjd": mjd_now()})
            upload_id = int(connection.execute(created.returning(_uploads.c.upload_id)).scalar_one())
        elif _is_worth_another_try(present, values):
            upload_id = present.upload_id
            fresh = {"result": "", "code": "", "reason": "", "frame_ids": []}
            connection.execute(
                update(_uploads).where(_uploads.c.upload_id == upload_id).values(values | fresh)
            )
        else:
            return present
        job_id = enqueue_within(
            connection,
            "reduce",
            {"upload_id": str(upload_id)},
            dedupe=f"reduce:{upload_id}",
            lock=f"reduce:{upload_id}",
            priority=UPLOAD_PRIORITY,
        )
        connection.execute(update(_uploads).where(_uploads.c.upload_id == upload_id).values(job_id=job_id))
        return upload_within(connection, upload_id)


def _check_request(request: UploadRequest) -> None:
    if request.kind == UploadKind.PHOTOMETRY and request.mjd is None:
        raise Rejected("Instrumental photometry needs the MJD of its exposure.", code="no-mjd")
    if request.mjd is not None and not 15_000 < request.mjd < 100_000:
        raise Rejected(f"The MJD {request.mjd:g} is no time of an observation.", code="bad-upload")
    if request.match_dist_arcsec is not None and not math.isfinite(request.match_dist_arcsec):
        raise Rejected("The matching radius must be a number of arcseconds.", code="bad-upload")
    if len(request.comment) > COMMENT_MAX_CHARS:
        raise Rejected(f"The comment is longer than {COMMENT_MAX_CHARS} characters.", code="bad-upload")
    if len(request.requested_filter) > 50 or not request.filename.strip():
        raise Rejected("An upload needs a file name and a filter such as GaiaSP/any.", code="bad-upload")


def _values(
    connection: Connection, raw_file: RawFile, request: UploadRequest, target: Target, user: User
) -> dict[str, object]:
    check_shared(_shared(request), user)
    observers = [_user_named(connection, name).username for name in request.observers] or [user.username]
    oname = camera_within(connection, request.observatory).oname if request.observatory.strip() else ""
    return {
        "sha256": raw_file.sha256,
        "size_bytes": raw_file.size_bytes,
        "filename": _plain_filename(request.filename),
        "kind": request.kind.value,
        "target_id": target.target_id,
        "target_name": target.name,
        "oname": oname,
        "requested_filter": request.requested_filter,
        "dry_run": request.dry_run,
        "comment": request.comment,
        "observers": observers,
        "mjd": request.mjd,
        "match_dist_arcsec": request.match_dist_arcsec,
        "uploaded_by": user.username,
        "simulated": request.simulated,
        "visibility": request.visibility.value,
        "group_id": request.group_id,
        "embargo_until_mjd": request.embargo_until_mjd,
    }


def _shared(request: UploadRequest) -> Shared:
    return Shared(
        owner=request.uploaded_by,
        visibility=request.visibility,
        group_id=request.group_id,
        embargo_until_mjd=request.embargo_until_mjd,
    )


def _plain_filename(filename: str) -> str:
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable()).strip()[:FILENAME_MAX_CHARS] or "unnamed"


def _user_named(connection: Connection, username: str) -> User:
    user = user_within(connection, username)
    if user is None:
        raise Rejected(f"The user {username!r:.150} does not exist.", code="unknown-user")
    return user


def _same(connection: Connection, raw_file: RawFile, target: Target, *, dry_run: bool) -> Upload | None:
    query = shown_to(SYSTEM).where(
        _uploads.c.sha256 == raw_file.sha256,
        _uploads.c.target_id == target.target_id,
        _uploads.c.dry_run.is_(dry_run),
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else upload_of(row)


def _is_worth_another_try(present: Upload, values: dict[str, object]) -> bool:
    if present.status == UploadStatus.FAILED:
        return True
    said = {name: getattr(present, name) for name in ("kind", "oname", "requested_filter", "mjd")}
    return present.status == UploadStatus.REJECTED and any(values[name] != said[name] for name in said)
