"""Uploads: BHTOM's multipart form for programs, and one file per request for the portal's own page."""

from dataclasses import replace
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected, TomlakeError
from lake.credit import with_strangers
from lake.inbox.accepting import Upload, UploadKind, UploadRequest, accept_all, check_request
from lake.inbox.allowance import check_allowance
from lake.inbox.uploads import READY_MADE
from lake.opening import Lake
from lake.people.accounts import User, find_user
from lake.people.groups import group_named
from lake.sites.observatories import camera_by_oname
from lake.targets import get_target
from portal.api.body import Body
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply, non_field
from portal.api.upload_fields import UploadFields, upload_fields
from portal.frame.uploading import MB, ReceivedForm, receive_file, receive_form

router = APIRouter()

MESSAGES = {
    UploadKind.FITS_FILE: "Received plain FITS file.",
    UploadKind.PHOTOMETRY: "Received photometry file.",
    UploadKind.PHOTOMETRY_CSV: "Received photometry csv file.",
    UploadKind.SPECTROSCOPY: "Received spectroscopy file.",
}
FILES_WORTH = 5  # one request may be so many times as large as one file may be


@router.post("/upload", status_code=201)
@router.post("/upload/", status_code=201)
@router.post("/dataproducts/upload", status_code=201)
@router.post("/dataproducts/upload/", status_code=201)
async def upload_as_bhtom(request: Request, user: SignedIn, lake: TheLake) -> Response:
    """Take one or more files for a target; each gets an id and a job, or none is taken."""
    try:  # before anything of the body is read
        await anyio.to_thread.run_sync(check_allowance, lake.operations, lake.settings, user.username)
    except Rejected as error:
        raise _refusal(error) from error
    with await received_form(request, lake) as form:
        uploads = await anyio.to_thread.run_sync(accept_form, lake, user, form)
    received = [
        {"file name:": file.filename, "id": str(upload.upload_id), "message": MESSAGES[upload.kind]}
        for file, upload in zip(form.files, uploads, strict=True)
    ]
    return json_reply({"Success": received}, status=201)


async def received_form(request: Request, lake: Lake) -> ReceivedForm:
    """Return the multipart form that a request brings; its files wait to be finished or forgotten.

    Raises
    ------
    Refused
        400 or 413 in BHTOM's envelopes.
    """
    max_file_bytes = lake.settings.upload_max_mb * MB
    body = Body(request, max_bytes=FILES_WORTH * max_file_bytes)
    try:
        return await receive_form(
            body.chunks(),
            request.headers.get("content-type", ""),
            receive=lake.raw.receive,
            max_file_bytes=max_file_bytes,
        )
    except TomlakeError as error:
        await body.drain()
        raise (_refusal(error) if isinstance(error, Rejected) else error) from error


@router.put("/session/upload", status_code=201)
async def upload_from_page(
    request: Request,
    user: SignedIn,
    lake: TheLake,
    target: Annotated[str, Query()],
    name: Annotated[str, Query()],
) -> Response:
    """Take the file that the body is; the other fields stand in the query as in BHTOM's form."""
    max_file_bytes = lake.settings.upload_max_mb * MB
    body = Body(request, max_bytes=FILES_WORTH * max_file_bytes)
    try:
        await anyio.to_thread.run_sync(check_allowance, lake.operations, lake.settings, user.username)
        form = await receive_file(
            body.chunks(), name, receive=lake.raw.receive, max_file_bytes=max_file_bytes
        )
    except TomlakeError as error:
        await body.drain()
        if not isinstance(error, Rejected):
            raise
        raise Refused(_status(error), {"detail": error.reason, "code": error.code}) from error
    form.fields |= {"data_product_type": "fits_file", **dict(request.query_params), "target": target}
    with form:
        try:
            uploads = await anyio.to_thread.run_sync(accept_form, lake, user, form)
        except Refused as refused:
            raise Refused(refused.status, {"detail": first_sentence(refused.body)}) from refused
    return json_reply({"upload_id": uploads[0].upload_id, "filename": uploads[0].filename}, status=201)


def accept_form(lake: Lake, user: User, form: ReceivedForm) -> list[Upload]:
    """Return the uploads that the form's files became; a form that is wrong in any part becomes none."""
    fields = upload_fields(form.fields)
    _check_files(fields, form)
    _check_target(lake, user, fields.target)
    if fields.observatory and fields.kind not in READY_MADE:
        try:
            camera_by_oname(lake.operations, fields.observatory)
        except Rejected as error:
            raise non_field("Observatory with camera doesn't exist on your list") from error
    _check_allowance(lake, user, form)
    request = _request(lake, user, fields)
    requests = [replace(request, filename=file.filename) for file in form.files]
    try:
        for each in requests:  # before anything is kept
            check_request(each)
        raw_files = [file.reception.finish() for file in form.files]
        return accept_all(lake, list(zip(raw_files, requests, strict=True)))
    except Rejected as error:
        raise non_field(error.reason) from error


def _request(lake: Lake, user: User, fields: UploadFields) -> UploadRequest:
    """Return what is the same for every file; observers without an account are kept in the comment."""
    known = [name for name in fields.observers if find_user(lake.operations, name) is not None]
    strangers = [name for name in fields.observers if name not in known]
    return UploadRequest(
        target=fields.target,
        filename="",
        kind=UploadKind(fields.kind),
        observatory=fields.observatory,
        requested_filter=fields.requested_filter,
        dry_run=fields.dry_run,
        comment=with_strangers(fields.comment, strangers),
        observers=tuple(known),
        mjd=fields.mjd,
        match_dist_arcsec=fields.match_dist_arcsec,
        uploaded_by=user.username,
        visibility=fields.visibility,
        group_id=_group(lake, user, fields.group),
        embargo_until_mjd=fields.embargo_until_mjd,
    )


def _group(lake: Lake, user: User, name: str) -> int | None:
    try:
        return group_named(lake.operations, name, user)
    except Rejected as error:
        raise Refused(400, {"group": [error.reason]}) from error


def _check_files(fields: UploadFields, form: ReceivedForm) -> None:
    if not form.files:
        raise Refused(400, {"files": ["No file was submitted."]})
    if fields.kind == UploadKind.PHOTOMETRY and len(form.files) > 1:
        raise Refused(400, {"files": ["A photometry upload has one file: send the others on their own."]})
    for file in form.files:
        if file.reception.size_bytes == 0:
            raise Refused(400, {"files": ["The submitted file is empty."]})


def _check_allowance(lake: Lake, user: User, form: ReceivedForm) -> None:
    """Refuse all files of a form before the first is kept."""
    size_bytes = sum(file.reception.size_bytes for file in form.files)
    try:
        check_allowance(
            lake.operations, lake.settings, user.username, files=len(form.files), size_bytes=size_bytes
        )
    except Rejected as error:
        raise _refusal(error) from error


def _check_target(lake: Lake, user: User, name: str) -> None:
    """Refuse a target that is unknown, or that this user must not know of, in the same words."""
    try:
        get_target(lake.operations, name, user)
    except Rejected as error:
        raise non_field(f"Target '{name:.120}' does not exist.") from error


def _refusal(error: Rejected) -> Refused:
    status = _status(error)
    return non_field(error.reason) if status == 400 else Refused(status, {"detail": error.reason})


def _status(error: Rejected) -> int:
    return {"upload-too-large": 413, "too-many-uploads": 429}.get(error.code, 400)


def first_sentence(body: object) -> str:
    """Return what an envelope says first, after the name of the field where it concerns one."""
    if not isinstance(body, dict):
        return str(body[0] if isinstance(body, list) else body)
    field, value = next(iter(body.items()))
    sentence = first_sentence(value)
    return sentence if field in {"detail", "non_field_errors", "files"} else f"{field}: {sentence}"
