"""BHTOM's routes of targets: create, list, and the light curve as CSV."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from engine.errors import Rejected
from lake.adding import add_target
from lake.snapshots import version_of
from lake.targets import get_target
from portal.api.fields import Fields, read_fields, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.light_curve_csv import bhtom_csv
from portal.api.reply import Refused, json_reply
from portal.api.target_fields import new_target
from portal.api.target_list import target_page

router = APIRouter()
SentFields = Annotated[Fields, Depends(read_fields)]

NAME_TAKEN = "target with this Name already exists."
POSITION_TAKEN = "Source found already at these coordinates (rad 3 arcsec)"
_FIELD_OF_CODE = {
    "bad-class": "classification",
    "bad-importance": "importance",
    "bad-cadence": "cadence",
    "description-too-long": "description",
}


@router.post("/targets/createTarget")
@router.post("/targets/createTarget/")
def create(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Make a target; the answer repeats its fields."""
    made = new_target(fields)
    try:
        add_target(lake, made.target, by=user.username)
    except Rejected as error:
        raise _refusal(error) from error
    return json_reply(made.echo, status=201)


@router.post("/targets/getTargetList")
@router.post("/targets/getTargetList/")
def list_targets(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List the targets that the user may see, page by page."""
    try:
        return json_reply(target_page(lake.operations, fields, user))
    except (ValueError, Rejected) as error:
        raise Refused(400, f"Wrong format: {error}") from error


@router.post("/targets/download-photometry")
@router.post("/targets/download-photometry/")
def download_photometry(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Give the magnitudes and limits of a target as BHTOM's CSV file; ``as_of`` is ours, not BHTOM's."""
    name = text_of(fields, "name")
    if name is None:
        raise Refused(400, {"Error": "Something went wrong"})
    try:
        target = get_target(lake.operations, name, user)
    except Rejected as error:
        raise Refused(404, {"Error": f'Target "{name:.120}" not found'}) from error
    as_of = text_of(fields, "as_of")
    version = version_of(lake, as_of) if as_of else None
    points = lake.store.light_curve(target.target_id or 0, as_of=version)
    headers = {
        "Content-Type": "text/csv",
        "Content-Disposition": f'attachment; filename="target_{target.name}_photometry.csv"',
        "Cache-Control": "no-store",
    }
    return Response(bhtom_csv(points), headers=headers)


def _refusal(error: Rejected) -> Refused:
    if error.code == "duplicate-position":
        return Refused(404, [POSITION_TAKEN])
    if error.code == "name-taken":
        return Refused(404, {"name": [NAME_TAKEN]})
    return Refused(404, {_FIELD_OF_CODE.get(error.code, "non_field_errors"): [error.reason]})
