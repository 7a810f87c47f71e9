"""BHTOM's routes of data products: the list, the table of stars of one, and who is credited for it."""

import re
from pathlib import PurePath

from fastapi import APIRouter
from starlette.responses import Response

from engine.errors import Rejected
from lake.frames import stars_of_frame
from lake.inbox.changes import change_observers
from lake.inbox.data_products import (
    FrameFilter,
    ProductFilter,
    best_frames,
    exists,
    find_uploads,
    uploads_of,
    with_frames,
)
from lake.inbox.quarantine import may_be_given
from lake.inbox.removal import remove_upload
from lake.inbox.uploads import READY_MADE, Upload, UploadKind, UploadStatus
from lake.opening import Lake
from lake.people.accounts import User
from portal.api.bhtom.frame_items import STATUS_CODES, band_of, product_item, sources_of
from portal.api.bhtom.pages import (
    LARGE_PAGE_SIZE,
    STAFF_PAGE_SIZE,
    date_mjd,
    envelope,
    id_or_refused,
    number_or_refused,
    page_number,
)
from portal.api.bhtom.staff import no_permission
from portal.api.bhtom.star_table import star_table
from portal.api.fields import BodyFields, Fields, SentFields, clean_text, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply

router = APIRouter()


@router.post("/common/api/data")
@router.post("/common/api/data/")
def data(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List the uploads that the user may see, the newest first."""
    found = find_uploads(lake.operations, _wanted(fields), user)
    with_frame = with_frames(lake.store, _frames(fields))
    if with_frame is not None:
        found = [upload_id for upload_id in found if upload_id in with_frame]
    size = STAFF_PAGE_SIZE if user.is_staff else LARGE_PAGE_SIZE
    number = page_number(fields, len(found), size)
    shown = uploads_of(lake.operations, found[(number - 1) * size : number * size], user)
    sources = sources_of(lake, shown)
    items = [product_item(each, sources) for each in shown]
    return json_reply(envelope(items, total=len(found), number=number, size=size))


@router.post("/common/api/downloadPhotometryFile")
@router.post("/common/api/downloadPhotometryFile/")
def photometry_file(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Give the stars of a frame as SExtractor's table; what is no image comes back as it was sent."""
    return photometry_reply(lake, _upload(lake, fields, user))


@router.get("/dataproducts/download/photometry/{upload_id}")
@router.get("/dataproducts/download/photometry/{upload_id}/")
def photometry_download(user: SignedIn, lake: TheLake, upload_id: str) -> Response:
    """Give the same by the address that BHTOM gives out."""
    return photometry_reply(lake, _upload(lake, {"id": upload_id}, user))


def photometry_reply(lake: Lake, sent: Upload) -> Response:
    """Return the photometry of an upload as a file."""
    if sent.kind != UploadKind.FITS_FILE:
        if not may_be_given(lake.operations, sent):
            raise Refused(404, {"Error": f"Upload {sent.upload_id} could not be read, or not yet."})
        with lake.raw.open(sent.sha256) as stream:
            body = stream.read()
    else:
        frame = best_frames(lake.store, [sent.upload_id]).get(sent.upload_id)
        stars = None if frame is None else stars_of_frame(lake.store, str(frame["frame_id"]))
        if stars is None or stars.is_empty():
            raise Refused(404, {"Error": f"Upload {sent.upload_id} has no measured stars."})
        body = star_table(stars).encode()
    suffix = PurePath(sent.filename).suffix if sent.kind in READY_MADE else ".dat"
    plain_suffix = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ".dat"
    is_fits = body[:6] == b"SIMPLE"
    headers = {
        "Content-Type": "application/fits" if is_fits else "text/plain; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{sent.upload_id}{plain_suffix}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers)


@router.post("/common/api/changeObservers")
@router.post("/common/api/changeObservers/")
@router.post("/api/change-observers")
@router.post("/api/change-observers/")
def observers(user: SignedIn, lake: TheLake, fields: BodyFields) -> Response:
    """Credit other people for an upload; only who sent it and staff may."""
    sent = _upload(lake, fields, user)
    asked = fields.get("observers")
    words = asked if isinstance(asked, list) else clean_text(asked or "").split(",")
    names = [name for name in map(clean_text, words) if name]
    if not names:
        raise Refused(400, {"Error": "observers is a list of user names."})
    try:
        changed = change_observers(lake, sent.upload_id, names, user=user)
    except Rejected as error:
        raise _refusal(error) from error
    return json_reply(product_item(changed, sources_of(lake, [changed])))


@router.delete("/common/api/deleteDataProduct")
@router.delete("/common/api/deleteDataProduct/")
def delete(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Take an upload away with what it gave; who sent it may, and staff."""
    upload_id = id_or_refused(fields, "id", key="Error")
    if upload_id is None:
        raise Refused(400, {"Error": "Missing required parameter 'id'."})
    try:
        remove_upload(lake, upload_id, user=user)
    except Rejected as error:
        if error.code == "unknown-upload":
            raise Refused(404, {"Error": f"File with id {upload_id} does not exist"}) from error
        raise _refusal(error) from error
    return json_reply({"Success": "DataProduct deleted successfully."})


def _refusal(error: Rejected) -> Refused:
    return no_permission(error.reason) if error.code == "no-right" else Refused(400, {"Error": error.reason})


def _upload(lake: Lake, fields: Fields, user: User) -> Upload:
    upload_id = id_or_refused(fields, "id", key="Error")
    if upload_id is None:
        raise Refused(400, {"Error": "ID not provided"})
    sent = exists(lake.operations, upload_id, user)
    if sent is None:
        raise Refused(404, {"Error": f"File with id {upload_id} does not exist"})
    return sent


def _wanted(fields: Fields) -> ProductFilter:
    upload_id = id_or_refused(fields, "id")
    status = (text_of(fields, "status") or "").upper()
    named = [text_of(fields, name) for name in ("fits_data", "photometry_data")]
    return ProductFilter(
        upload_ids=None if upload_id is None else (upload_id,),
        filenames=tuple(name for name in named if name) if upload_id is None else (),
        kind=text_of(fields, "data_product_type") or "",
        statuses=tuple(each for each in UploadStatus if STATUS_CODES[each] == status),
        oname=text_of(fields, "oname") or text_of(fields, "camera") or "",  # its name until 2025
        target_name=text_of(fields, "target_name") or "",
        target_id=id_or_refused(fields, "target_id"),
        since_mjd=date_mjd(fields, "created_start"),
        before_mjd=date_mjd(fields, "created_end", end=True),
    )


def _frames(fields: Fields) -> FrameFilter:
    asked = {name: number_or_refused(fields, name) for name in ("mag_min", "mag_max", "mjd_min", "mjd_max")}
    exact = number_or_refused(fields, "mjd")
    return FrameFilter(
        mag_min=asked["mag_min"],
        mag_max=asked["mag_max"],
        mag_err_min=number_or_refused(fields, "magerr_min"),
        mag_err_max=number_or_refused(fields, "magerr_max"),
        mjd_min=asked["mjd_min"] if exact is None else exact - 1e-6,
        mjd_max=asked["mjd_max"] if exact is None else exact + 1e-6,
        band=band_of(text_of(fields, "filter") or ""),
    )
