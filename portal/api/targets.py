"""BHTOM's routes of targets: create and list."""

from fastapi import APIRouter
from starlette.responses import Response

from engine.errors import Rejected
from lake.adding import add_target
from portal.api.fields import BodyFields, SentFields
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply
from portal.api.target_fields import new_target
from portal.api.target_list import target_page

router = APIRouter()

NAME_TAKEN = "target with this Name already exists."
POSITION_TAKEN = "Source found already at these coordinates (rad 3 arcsec)"
_FIELD_OF_CODE = {
    "bad-class": "classification",
    "bad-importance": "importance",
    "bad-cadence": "cadence",
    "description-too-long": "description",
}


@router.post("/targets/createTarget", status_code=201)
@router.post("/targets/createTarget/", status_code=201)
def create(user: SignedIn, lake: TheLake, fields: BodyFields) -> Response:
    """Make a target; the answer repeats its fields."""
    made = new_target(fields)
    try:
        add_target(lake, made.target, by=user.username)
    except Rejected as error:
        raise target_refusal(error) from error
    return json_reply(made.echo, status=201)


@router.get("/targets/getTargetList")
@router.get("/targets/getTargetList/")
@router.post("/targets/getTargetList")
@router.post("/targets/getTargetList/")
def list_targets(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List the targets that the user may see, page by page; BHTOM's first guide asked with GET."""
    try:
        return json_reply(target_page(lake.operations, fields, user))
    except (ValueError, Rejected) as error:
        raise Refused(400, f"Wrong format: {error}") from error


def target_refusal(error: Rejected) -> Refused:
    """Return BHTOM's 404 for a target that cannot be stored as it is."""
    if error.code == "duplicate-position":
        return Refused(404, [POSITION_TAKEN])
    if error.code == "name-taken":
        return Refused(404, {"name": [NAME_TAKEN]})
    return Refused(404, {_FIELD_OF_CODE.get(error.code, "non_field_errors"): [error.reason]})
