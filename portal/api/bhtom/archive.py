"""BHTOM's ``get-cpcs-archive``: what observers measured of the targets in a cone."""

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from engine.errors import Rejected
from lake.frame_rows import UPLOAD
from lake.seen import seen_light_curve
from lake.target_list import cone_search
from portal.api.bhtom.frame_items import LIMIT_ERROR, survey_of
from portal.api.bhtom.pages import number_or_refused
from portal.api.fields import SentFields
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply

router = APIRouter()

MOST_TARGETS = 100


@router.post("/calibration/get-cpcs-archive")
@router.post("/calibration/get-cpcs-archive/")
def archive(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Give the measurements of all targets in a cone that the user may see; the radius is in arcseconds."""
    ra_deg, dec_deg, radius_arcsec = (
        number_or_refused(fields, name, key="Error") for name in ("ra", "dec", "radius")
    )
    if ra_deg is None or dec_deg is None:
        raise Refused(400, {"Error": "ra and dec can't be None"})
    try:
        found = cone_search(lake.operations, ra_deg, dec_deg, (radius_arcsec or 0.0) / 3600.0, user)
    except Rejected as error:
        raise Refused(400, {"Error": error.reason}) from error
    result = []
    for target, separation_arcsec in found[:MOST_TARGETS]:
        points = seen_light_curve(lake.operations, lake.store, target.target_id or 0, user)
        points = points.filter(pl.col("source") == UPLOAD)
        result += [_item(row, target.name, separation_arcsec) for row in points.iter_rows(named=True)]
    return json_reply({"Result": result})


def _item(row: dict[str, object], name: str, separation_arcsec: float) -> dict[str, object]:
    survey, band = survey_of(row["band"])
    is_limit = row["mag"] is None
    return {
        "id": row["point_id"],
        "alert_name": name,
        "separation": round(separation_arcsec, 3),
        "mjd": row["mjd"],
        "mag": row["limit_mag"] if is_limit else row["mag"],
        "magerr": LIMIT_ERROR if is_limit else row["mag_err"],
        "filter": band,
        "catalog": survey,
        "observatory": row["facility"] or "",
    }
