"""BHTOM's routes that start calibrations anew; for staff."""

from fastapi import APIRouter
from starlette.responses import Response

from lake.inbox.changes import restart
from lake.inbox.data_products import FrameFilter, ProductFilter, find_uploads, uploads_of, with_frames
from lake.inbox.uploads import UploadStatus
from lake.opening import Lake
from lake.people.accounts import User
from portal.api.bhtom.asked_target import named_or_numbered
from portal.api.bhtom.frame_items import STATUS_CODES
from portal.api.bhtom.pages import id_or_refused, number_or_refused
from portal.api.bhtom.staff import Staff
from portal.api.fields import Fields, SentFields, text_of
from portal.api.identity import TheLake
from portal.api.reply import Refused, json_reply

router = APIRouter()

MOST_AT_ONCE = 5000
_CATALOGUES: dict[int, str] = {
    number: f"{survey}/{name}"
    for survey, first, names in (
        ("2MASS", 17, ("J", "H", "K", "any")),
        ("GaiaSP", 29, ("u", "g", "r", "i", "z", "U", "B", "V", "R", "I", "any")),
        ("GaiaSP", 53, ("ugriz", "UBVRI")),
        ("GaiaDR3", 55, ("any", "G", "GBP", "GRP")),
    )
    for number, name in enumerate(names, first)
}


@router.post("/calibration/restart-calib-by-id")
@router.post("/calibration/restart-calib-by-id/")
def by_id(user: Staff, lake: TheLake, fields: SentFields) -> Response:
    """Start the uploads of a range of ids anew."""
    first, last = (id_or_refused(fields, name, key="Error") for name in ("id_from", "id_to"))
    if first is None or last is None or not 0 <= last - first < MOST_AT_ONCE:
        raise Refused(400, {"Error": f"id_from and id_to name a range of {MOST_AT_ONCE} ids at most."})
    return _restarted(lake, fields, user, _wanted(fields, upload_ids=tuple(range(first, last + 1))))


@router.post("/calibration/restart-calib-by-dataproduct")
@router.post("/calibration/restart-calib-by-dataproduct/")
def by_product(user: Staff, lake: TheLake, fields: SentFields) -> Response:
    """Start one upload anew."""
    upload_id = id_or_refused(fields, "data_product_id", key="Error")
    if upload_id is None:
        raise Refused(400, {"Error": "data_product_id is required."})
    return _restarted(lake, fields, user, _wanted(fields, upload_ids=(upload_id,)))


@router.post("/calibration/restart-calib-by-target")
@router.post("/calibration/restart-calib-by-target/")
def by_target(user: Staff, lake: TheLake, fields: SentFields) -> Response:
    """Start the uploads of a target anew, those of a span of time where one is given."""
    target = named_or_numbered(lake, fields, user, key="Error")
    return _restarted(lake, fields, user, _wanted(fields, target_id=target.target_id))


def filter_named(word: str) -> str:
    """Return the filter of a number in BHTOM's table of catalogues, which its guide sends; else the word."""
    return _CATALOGUES.get(int(word), word) if word.isascii() and word.isdigit() else word


def _wanted(
    fields: Fields, *, upload_ids: tuple[int, ...] | None = None, target_id: int | None = None
) -> ProductFilter:
    status = (text_of(fields, "status") or "").upper()
    return ProductFilter(
        upload_ids=upload_ids,
        target_id=target_id,
        requested_filter=filter_named(text_of(fields, "old_filter") or ""),
        oname=text_of(fields, "oname") or "",
        statuses=tuple(each for each in UploadStatus if STATUS_CODES[each] == status),
    )


def _restarted(lake: Lake, fields: Fields, user: User, wanted: ProductFilter) -> Response:
    match_dist = number_or_refused(fields, "match_dist", key="Error")
    span = FrameFilter(
        mjd_min=number_or_refused(fields, "mjd_min", key="Error"),
        mjd_max=number_or_refused(fields, "mjd_max", key="Error"),
    )
    found = find_uploads(lake.operations, wanted, user)
    in_span = with_frames(lake.store, span)
    found = [each for each in found if in_span is None or each in in_span][:MOST_AT_ONCE]
    message = text_of(fields, "status_message")
    sent = [
        each for each in uploads_of(lake.operations, found, user) if message is None or message in each.reason
    ]
    if not sent:
        raise Refused(404, {"Error": "No calibration is there to start anew."})
    for each in sent:
        restart(
            lake,
            each,
            requested_filter=filter_named(text_of(fields, "filter") or ""),
            match_dist_arcsec=match_dist if match_dist is not None and match_dist > 0 else None,
            comment=text_of(fields, "comment") or "",
            user=user,
        )
    return json_reply({"Success": f"{len(sent)} calibrations start anew."})
