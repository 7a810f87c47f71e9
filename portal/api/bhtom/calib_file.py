"""BHTOM's ``/calibFile/``: a table of stars is calibrated and the result told; nothing is kept."""

import time
from collections.abc import Mapping, Sequence

import anyio
import anyio.to_thread
import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from engine.photometry.sky_stars import CATALOGUE as SIMULATED_CATALOGUE
from engine.target import Target
from lake.opening import Lake
from lake.queue import enqueue
from lake.references import cells_of_cone, cone, missing_cells
from portal.api.bhtom.calib_process import Asked, calibrated
from portal.api.bhtom.calibration_plot import plot_png_uri
from portal.api.bhtom.frame_items import LIMIT_ERROR, survey_of
from portal.api.bhtom.pages import number_or_refused, yes_or_no
from portal.api.fields import Fields, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply
from portal.api.uploads import received_form
from portal.frame.uploading import ReceivedFile

router = APIRouter()

FIELD_RADIUS_DEG = 0.5  # nothing tells how large the field of a table is
ENOUGH_STARS = 8
WAIT_S = 20.0  # for an archive that gives the reference stars
ASK_AGAIN_S = 0.5
ARCHIVE_PRIORITY = 1  # somebody waits
_AT_ONCE = anyio.CapacityLimiter(2)  # a calibration needs a processor


@router.post("/calibFile")
@router.post("/calibFile/")
async def calibrate_file(request: Request, _user: SignedIn, lake: TheLake) -> Response:
    """Calibrate one table of stars, and measure what stands at ``ra`` and ``dec``."""
    with await received_form(request, lake) as form:
        if len(form.files) != 1:
            raise Refused(400, {"photometry_file": ["Send one file: a table of stars."]})
        result = await anyio.to_thread.run_sync(
            calibration_of, lake, form.files[0], form.fields, limiter=_AT_ONCE
        )
    return json_reply(result)


def calibration_of(lake: Lake, file: ReceivedFile, fields: Fields) -> dict[str, object]:
    """Return the calibration of a table in the fields of BHTOM's model."""
    target = _target(fields)
    match_dist = number_or_refused(fields, "match_dist", key="Error")
    mjd = number_or_refused(fields, "mjd", key="Error")
    try:
        with file.reception.unpacked(suffix=".dat") as path:
            asked = Asked(
                table=str(path),
                ra_deg=target.ra_deg,
                dec_deg=target.dec_deg,
                mjd=mjd,
                match_radius_arcsec=match_dist if match_dist is not None and match_dist > 0 else None,
                requested=_requested(fields),
            )
            found = calibrated(asked, _stars(lake, target))
    except Rejected as error:
        raise Refused(400, {"Error": error.reason}) from error
    plot = None
    if not yes_or_no(fields, "no_plot"):
        plot = plot_png_uri(found.stars, title=f"{file.filename}  {found.told['band'] or ''}".strip())
    return _item(found.told, asked) | {"plot": plot}


def _target(fields: Fields) -> Target:
    ra_deg, dec_deg = (number_or_refused(fields, name, key="Error") for name in ("ra", "dec"))
    if ra_deg is None or dec_deg is None or not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90):
        raise Refused(400, {"Error": "ra and dec are degrees: 0 to 360, and -90 to 90."})
    return Target(name="calibFile", ra_deg=ra_deg % 360.0, dec_deg=dec_deg)


def _requested(fields: Fields) -> str:
    survey, wanted = text_of(fields, "survey") or "", text_of(fields, "filter") or "any"
    return wanted if "/" in wanted or not survey else f"{survey}/{wanted}"


def _stars(lake: Lake, target: Target) -> pl.DataFrame:
    """Return the real stars of the field; where the lake has none yet, an archive is asked first."""
    waited_until_s = time.monotonic() + WAIT_S
    missing = missing_cells(lake.store, cells_of_cone(target.ra_deg, target.dec_deg, FIELD_RADIUS_DEG))
    while True:
        stars = cone(lake.store, target.ra_deg, target.dec_deg, FIELD_RADIUS_DEG)
        stars = stars.filter(pl.col("catalogue") != SIMULATED_CATALOGUE)
        known = stars.filter(pl.col("mag").is_not_null())["ref_id"].n_unique()
        if known >= ENOUGH_STARS or not missing:
            return stars
        _ask(lake, missing)
        if time.monotonic() >= waited_until_s:
            sentence = "The reference stars of this field are being fetched: send the file again soon."
            raise Refused(503, {"Error": sentence}, headers={"Retry-After": "30"})
        time.sleep(ASK_AGAIN_S)
        missing = missing_cells(lake.store, missing)


def _ask(lake: Lake, cells: Sequence[int]) -> None:
    for cell in cells:
        key = f"references:{cell}"
        args = {"cell": str(cell)}
        enqueue(lake.operations, "references", args, dedupe=key, lock=key, priority=ARCHIVE_PRIORITY)


def _item(told: Mapping[str, object], asked: Asked) -> dict[str, object]:
    survey, band = survey_of(told["band"])
    is_limit = told["mag"] is None and told["limit_mag"] is not None
    return {
        "status": "E" if told["status"] == "rejected" else "S",
        "status_message": told["reason"],
        "mjd": told["mjd"],
        "mag": told["limit_mag"] if is_limit else told["mag"],
        "mag_error": LIMIT_ERROR if is_limit else told["mag_err"],
        "ra": asked.ra_deg,
        "dec": asked.dec_deg,
        "zeropoint": told["zero_point_mag"],
        "outlier_fraction": told["outlier_fraction"],
        "scatter": told["scatter_mag"],
        "npoints": told["stars"],
        "best_filter": band or None,
        "survey": survey or None,
        "match_distans": asked.match_radius_arcsec,
    }
