"""The inbox: an upload is accepted together with its job, in one transaction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from engine.errors import Rejected
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.inbox.allowance import check_allowance_within
from lake.inbox.uploads import (
    DELETED,
    READY_MADE,
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
from lake.notices.telling import tell_when_done
from lake.opening import Lake
from lake.operations import serialised, writing
from lake.operations import uploads as _uploads
from lake.people.accounts import User, user_within
from lake.queue import enqueue_within
from lake.raw import RawFile
from lake.rights import SYSTEM, shared_upload
from lake.settings import Settings
from lake.sharing import check_shared
from lake.sites.observatories import camera_within
from lake.targets import target_within

__all__ = [
    "Upload",
    "UploadKind",
    "UploadRequest",
    "UploadStatus",
    "accept",
    "accept_all",
    "check_request",
    "upload",
    "upload_counts",
    "uploads",
]

FIRST_MJD, LAST_MJD = 15_000.0, 100_000.0  # of an observation: photographs, and far enough ahead
COMMENT_MAX_CHARS = 2000
FILENAME_MAX_CHARS = 255
FACILITY_MAX_CHARS = 100
UPLOAD_PRIORITY = 2  # before the clock's harvests: somebody waits


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """What a person says of a file that they send."""

    target: str
    filename: str
    kind: UploadKind = UploadKind.FITS_FILE
    observatory: str = ""  # ONAME; of something ready-made also the name of any observatory
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
    return accept_all(lake, [(raw_file, request)])[0]


def accept_all(lake: Lake, sent: Sequence[tuple[RawFile, UploadRequest]]) -> list[Upload]:
    """Return the uploads of several files, which are taken together or not at all.

    Raises
    ------
    Rejected
        As ``accept``; then none is taken.
    """
    for _, request in sent:
        check_request(request)
    with writing(lake.operations) as connection:
        serialised(connection, "uploads")
        return [_accept_within(connection, lake.settings, raw_file, request) for raw_file, request in sent]


def _accept_within(
    connection: Connection, settings: Settings, raw_file: RawFile, request: UploadRequest
) -> Upload:
    user = _user_named(connection, request.uploaded_by)
    target = target_within(connection, request.target, user)
    values = _values(connection, raw_file, request, target, user)
    present = _same(connection, raw_file, target, dry_run=request.dry_run)
    buried_id = _buried(connection, raw_file, target, dry_run=request.dry_run)
    if buried_id is not None:
        upload_id = buried_id
        _begin_anew(connection, upload_id, values | {"received_mjd": mjd_now()})
    elif present is None:
        check_allowance_within(connection, settings, user.username, size_bytes=raw_file.size_bytes)
        created = insert(_uploads).values(values | {"received_mjd": mjd_now()})
        upload_id = int(connection.execute(created.returning(_uploads.c.upload_id)).scalar_one())
    elif _is_worth_another_try(present, values):
        upload_id = present.upload_id
        _begin_anew(connection, upload_id, values)
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
    tell_when_done(connection, upload_id)
    return upload_within(connection, upload_id)


def _begin_anew(connection: Connection, upload_id: int, values: Mapping[str, object]) -> None:
    fresh = {"result": "", "code": "", "reason": "", "frame_ids": []}
    connection.execute(update(_uploads).where(_uploads.c.upload_id == upload_id).values({**values, **fresh}))


def check_request(request: UploadRequest) -> None:
    """Refuse what can be seen to be wrong without its file, with the codes of ``accept``."""
    if request.kind == UploadKind.PHOTOMETRY and request.mjd is None:
        raise Rejected("Instrumental photometry needs the MJD of its exposure.", code="no-mjd")
    if request.mjd is not None and not FIRST_MJD < request.mjd < LAST_MJD:
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
    check_shared(shared_upload(request), user)
    observers = [_user_named(connection, name).username for name in request.observers] or [user.username]
    return {
        "sha256": raw_file.sha256,
        "size_bytes": raw_file.size_bytes,
        "filename": _plain_filename(request.filename),
        "kind": request.kind.value,
        "target_id": target.target_id,
        "target_name": target.name,
        "oname": _place_of(connection, request),
        "requested_filter": request.requested_filter,
        "dry_run": request.dry_run,
        "comment": request.comment,
        "observers": observers,
        "mjd": request.mjd,
        "match_dist_arcsec": request.match_dist_arcsec,
        "uploaded_by": user.username,
        "simulated": request.simulated or target.simulated,  # nobody can observe what is made up
        "visibility": request.visibility.value,
        "group_id": request.group_id,
        "embargo_until_mjd": request.embargo_until_mjd,
    }


def _place_of(connection: Connection, request: UploadRequest) -> str:
    """Return the ONAME of the camera; who sends something ready-made may name any observatory."""
    named = request.observatory.strip()
    if not named:
        return ""
    try:
        return camera_within(connection, named).oname
    except Rejected:
        if request.kind not in READY_MADE:
            raise
        return "".join(char for char in named if char.isprintable())[:FACILITY_MAX_CHARS]


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


def _buried(connection: Connection, raw_file: RawFile, target: Target, *, dry_run: bool) -> int | None:
    """Return the id under which these bytes were sent before and deleted; sent again, they have it again."""
    query = select(_uploads.c.upload_id).where(
        _uploads.c.sha256 == raw_file.sha256,
        _uploads.c.target_id == target.target_id,
        _uploads.c.dry_run.is_(dry_run),
        _uploads.c.result == DELETED,
    )
    return connection.execute(query).scalar_one_or_none()


def _is_worth_another_try(present: Upload, values: dict[str, object]) -> bool:
    if present.status == UploadStatus.FAILED:
        return True
    said = {name: getattr(present, name) for name in ("kind", "oname", "requested_filter", "mjd")}
    return present.status == UploadStatus.REJECTED and any(values[name] != said[name] for name in said)
