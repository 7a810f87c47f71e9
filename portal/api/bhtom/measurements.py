"""BHTOM's routes of single measurements: the list of a target's, and taking out what is wrong."""

import polars as pl
from fastapi import APIRouter
from starlette.responses import Response

from engine.bands import BANDS
from engine.lightcurve import Flag
from engine.target import Target
from lake.inbox.changes import withdraw_points
from lake.inbox.data_products import upload_ids_by_file
from lake.opening import Lake
from lake.people.accounts import User
from lake.seen import seen_light_curve
from portal.api.bhtom.asked_target import named_or_numbered
from portal.api.bhtom.frame_items import LIMIT_ERROR
from portal.api.bhtom.pages import (
    LARGE_PAGE_SIZE,
    STAFF_PAGE_SIZE,
    asked_page,
    envelope,
    last_page,
    moment,
    number_or_refused,
)
from portal.api.bhtom.staff import Staff
from portal.api.fields import Fields, SentFields, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply

router = APIRouter()

SAME_MJD, SAME_MAG = 1e-6, 1e-3


@router.post("/common/api/reducedDatum")
@router.post("/common/api/reducedDatum/")
def measurements(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List every point of a target, the oldest first."""
    target = named_or_numbered(lake, fields, user, key="error")
    points = seen_light_curve(lake.operations, lake.store, target.target_id or 0, user)
    size = STAFF_PAGE_SIZE if user.is_staff else LARGE_PAGE_SIZE
    number = asked_page(fields)
    if not 1 <= number <= last_page(len(points), size):
        raise Refused(400, {"error": "That page contains no results"})
    files = upload_ids_by_file(lake.operations, target.target_id or 0)
    shown = points.slice((number - 1) * size, size)
    items = [_item(row, target, files) for row in shown.iter_rows(named=True)]
    return json_reply(envelope(items, total=len(points), number=number, size=size))


@router.post("/common/api/deactivateReducedDatum")
@router.post("/common/api/deactivateReducedDatum/")
def deactivate(user: Staff, lake: TheLake, fields: SentFields) -> Response:
    """Take a point out of a light curve; for staff. Earlier versions of the lake keep it."""
    _withdraw(lake, fields, user)
    return json_reply({"Success": "ReducedDatum deactivated successfully."})


@router.delete("/common/api/deleteReducedDatum")
@router.delete("/common/api/deleteReducedDatum/")
def delete(user: Staff, lake: TheLake, fields: SentFields) -> Response:
    """Do what deactivating does: nothing is ever deleted from the earlier versions of the lake."""
    _withdraw(lake, fields, user)
    return json_reply({"Success": "ReducedDatum deleted successfully."})


def _withdraw(lake: Lake, fields: Fields, user: User) -> None:
    target = named_or_numbered(lake, fields, user, key="Error")
    points = _same(seen_light_curve(lake.operations, lake.store, target.target_id or 0, user), fields)
    if points.is_empty():
        raise Refused(404, {"Error": "ReducedDatum does not exist"})
    withdraw_points(lake, target.target_id or 0, points["point_id"].to_list(), user=user)


def _same(points: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return the points with this time, magnitude, error, filter and observer, within BHTOM's margins."""
    mjd, mag, mag_err = (number_or_refused(fields, name, key="Error") for name in ("mjd", "mag", "magerr"))
    band, observer = text_of(fields, "filter"), text_of(fields, "observer")
    if mjd is None or mag is None or mag_err is None or band is None:
        raise Refused(400, {"Error": "mjd, mag, magerr, filter and observer are required."})
    error = pl.when(pl.col("mag").is_null()).then(pl.lit(LIMIT_ERROR)).otherwise(pl.col("mag_err"))
    return points.filter(
        (pl.col("mjd") - mjd).abs() <= SAME_MJD,
        (pl.coalesce("mag", "limit_mag") - mag).abs() <= SAME_MAG,
        ((error - mag_err).abs() <= SAME_MAG).fill_null(False),
        pl.col("band") == band,
        pl.col("observer").fill_null("") == (observer or ""),
    )


def _item(row: dict[str, object], target: Target, files: dict[str, int]) -> dict[str, object]:
    value, error, unit = _brightness(row)
    when = moment(row["mjd"]) if isinstance(row["mjd"], float) else None
    sha256, _, _ = str(row["source_ref"]).partition(":")
    observer = row["observer"] or ""
    return {
        "id": row["point_id"],
        "target": target.target_id,
        "data_product": files.get(sha256) if row["source"] == "upload" else None,
        "data_type": "photometry",
        "source_name": row["source"],
        "source_location": None,
        "mjd": row["mjd"],
        "timestamp": when,
        "observer": observer,
        "observers": [],
        "facility": row["facility"] or "",
        "value": value,
        "value_list": None,
        "value_unit": unit,
        "error": error,
        "error_list": None,
        "filter": row["band"],
        "wavelengths": None,
        "extra_data": {"simulated": True} if _is_simulated(row) else None,
        "active_flg": True,
    }


def _is_simulated(row: dict[str, object]) -> bool:
    flags = row["flags"]
    return isinstance(flags, int) and bool(flags & Flag.SIMULATED)


def _brightness(row: dict[str, object]) -> tuple[object, object, str]:
    """Return value, error and unit: a magnitude, a limit with an error of -1.0, or a flux."""
    band = BANDS.get(str(row["band"]))
    if row["mag"] is not None:
        return row["mag"], row["mag_err"], "MAG"
    flux, flux_err = row["flux_ujy"], row["flux_err_ujy"]
    if not isinstance(flux, float):
        return row["limit_mag"], LIMIT_ERROR, "MAG"
    is_other = band is not None and band.unit not in {"mag", "mJy"} and band.ujy_per_unit
    scale = band.ujy_per_unit if is_other and band is not None and band.ujy_per_unit else 1000.0
    error = flux_err / scale if isinstance(flux_err, float) else None
    return flux / scale, error, "FLUX" if is_other else "mJy"
