"""The cameras that BHTOM's upload form offers: those of an observatory that are, or are not, on a list."""

from fastapi import APIRouter
from starlette.responses import Response

from lake.opening import Lake
from lake.people.accounts import User
from lake.people.favourites import list_favourites
from lake.sites.facts import observatory_records
from portal.api.bhtom.staff import no_permission
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply

router = APIRouter()


@router.get("/observatory/get-cameras/{observatory_id}/{user_id}")
@router.get("/observatory/get-cameras/{observatory_id}/{user_id}/")
def other_cameras(user: SignedIn, lake: TheLake, observatory_id: str, user_id: str) -> Response:
    """List the active cameras of an observatory that are not on the user's list."""
    return _cameras(user, lake, observatory_id, user_id, on_list=False)


@router.get("/observatory/get-favorite-cameras/{observatory_id}/{user_id}")
@router.get("/observatory/get-favorite-cameras/{observatory_id}/{user_id}/")
def favourite_cameras(user: SignedIn, lake: TheLake, observatory_id: str, user_id: str) -> Response:
    """List the active cameras of an observatory that are on the user's list."""
    return _cameras(user, lake, observatory_id, user_id, on_list=True)


def _cameras(user: User, lake: Lake, observatory_id: str, user_id: str, *, on_list: bool) -> Response:
    if not (observatory_id.isdecimal() and user_id.isdecimal()):
        raise Refused(400, {"error": "Invalid observatory or user ID"})
    if int(user_id) != user.user_id:
        raise no_permission("The list of cameras is its owner's: ask for your own.")
    listed = {each.camera_id for each in list_favourites(lake.operations, user)}
    found = [
        (str(camera.values["name"]), camera.camera_id)
        for record in observatory_records(lake.operations)
        if record.observatory_id == int(observatory_id)
        for camera in record.cameras
        if camera.values["is_active"] and (camera.camera_id in listed) == on_list
    ]
    return json_reply([{"id": camera_id, "camera_name": name} for name, camera_id in sorted(found)])
