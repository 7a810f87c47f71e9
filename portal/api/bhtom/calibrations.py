"""BHTOM's routes of calibrations: results with their plot, filters, follow-up of alerts, and a new start."""

from typing import Annotated

import polars as pl
from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.errors import Rejected
from lake.frame_rows import UPLOAD
from lake.frames import frames_of_target
from lake.inbox.data_products import ProductFilter, find_uploads, uploads_of
from lake.opening import Lake
from lake.seen import seen_light_curve
from lake.sites.observatories import list_observatories
from lake.targets import get_target
from portal.api.bhtom.calibration_items import calibration_item
from portal.api.bhtom.frame_items import LIMIT_ERROR, sources_of, survey_of
from portal.api.bhtom.pages import PAGE_SIZE, envelope, page_number, paged, yes_or_no
from portal.api.fields import Fields, SentFields, clean_text
from portal.api.identity import SignedIn, TheLake, Visitor
from portal.api.reply import Refused, json_reply

router = APIRouter()

MOST_ASKED = 1000
FILTERS = {
    "2MASS": ("J", "H", "K", "any"),
    "GaiaSP": ("u", "g", "r", "i", "z", "U", "B", "V", "R", "I", "any", "ugriz", "UBVRI"),
    "GaiaDR3": ("any", "G", "GBP", "GRP"),
}


@router.post("/calibration/get-calibration-res")
@router.post("/calibration/get-calibration-res/")
def results(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Tell how uploads were calibrated; those of others are not told, those unseen do not exist."""
    ids, names = _asked(fields)
    found = set(find_uploads(lake.operations, ProductFilter(filenames=tuple(names)), user) if names else [])
    order = [*dict.fromkeys([*ids, *sorted(found)])]
    number = page_number(fields, len(order))
    shown_ids = order[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    shown = {each.upload_id: each for each in uploads_of(lake.operations, shown_ids, user)}
    sources = sources_of(lake, list(shown.values()))
    with_plot = bool(yes_or_no(fields, "getPlot"))
    data: list[object] = []
    for upload_id in shown_ids:
        sent = shown.get(upload_id)
        if sent is None:
            data.append({"Error": f"File with id {upload_id} does not exist"})
        elif not (user.is_staff or sent.uploaded_by == user.username):
            data.append({"calib-res": "It's not your data", "plot": None})
        else:
            data.append(calibration_item(lake.store, sent, sources, with_plot=with_plot))
    return json_reply(envelope(data, total=len(order), number=number))


@router.get("/calibration/get-catalogs")
@router.get("/calibration/get-catalogs/")
def catalogs(_user: SignedIn, page: Annotated[str, Query()] = "1") -> Response:
    """List the filters to which frames are standardised."""
    rows = [{"filters": name} for names in FILTERS.values() for name in names]
    return json_reply(paged(rows, {"page": page}))


@router.get("/calibration/get_alert_lc_data")
@router.get("/calibration/get_alert_lc_data/")
def alert_light_curve(user: Visitor, lake: TheLake, alert_name: Annotated[str, Query()] = "") -> Response:
    """Give what observers measured of a target that the visitor may see, in the columns of CPCS."""
    try:
        target = get_target(lake.operations, clean_text(alert_name), user)
    except Rejected as error:
        raise Refused(400, f"Target {alert_name:.100} does not exist") from error
    target_id = target.target_id or 0
    points = seen_light_curve(lake.operations, lake.store, target_id, user)
    points = points.filter(pl.col("source") == UPLOAD)
    points = points.filter(pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null()))
    return json_reply({"alert_name": target.name} | _columns(lake, target_id, points))


def _columns(lake: Lake, target_id: int, points: pl.DataFrame) -> dict[str, object]:
    sites = {each.name: each.observatory_id for each in list_observatories(lake.operations)}
    frames = frames_of_target(lake.store, target_id).select(
        pl.concat_str("raw_sha256", "plane", separator=":").alias("source_ref"), "sys_err_mag"
    )
    rows = points.join(frames.unique("source_ref"), on="source_ref", how="left", maintain_order="left")
    bands = [survey_of(band) for band in rows["band"]]
    errors = pl.when(pl.col("mag").is_null()).then(pl.lit(LIMIT_ERROR)).otherwise(pl.col("mag_err"))
    return {
        "mjd": rows["mjd"].to_list(),
        "mag": rows.select(pl.coalesce("mag", "limit_mag")).to_series().to_list(),
        "magerr": rows.select(errors).to_series().to_list(),
        "caliberr": rows["sys_err_mag"].to_list(),
        "filter": [band for _, band in bands],
        "catalog": [survey for survey, _ in bands],
        "observatory_id": [sites.get(facility) for facility in rows["facility"]],
        "observatory": [facility or "" for facility in rows["facility"]],
        "id": rows["point_id"].to_list(),
    }


def _asked(fields: Fields) -> tuple[list[int], list[str]]:
    """Return ids and parts of file names; BHTOM's own script sends both in one list, ``files``.

    Its first guide called the ids ``fileId``.
    """
    loose = _list(fields, "files")
    named = [*_list(fields, "calibid"), *_list(fields, "fileId")]
    ids = [int(str(word)) for word in named if _is_id(word)]
    ids += [word for word in loose if isinstance(word, int) and _is_id(word)]
    words = [word for word in [*_list(fields, "filename"), *loose] if isinstance(word, str)]
    names = [name for name in map(clean_text, words) if name]
    if not ids and not names:
        raise Refused(400, {"Error": "'calibid' or 'filename' fields are required."})
    if len(ids) + len(names) > MOST_ASKED:
        raise Refused(400, {"Error": f"Ask for {MOST_ASKED} files at most."})
    return ids, names


def _list(fields: Fields, name: str) -> list[object]:
    value = fields.get(name)
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _is_id(word: object) -> bool:
    return not isinstance(word, bool) and str(word).isascii() and str(word).isdigit() and len(str(word)) < 10
