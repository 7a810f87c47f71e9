"""BHTOM's routes of observatories and cameras: list, create, change, and a person's own list."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from engine.errors import Rejected
from engine.frame import Camera
from lake.opening import Lake
from lake.people.favourites import Favourite, add_favourite, list_favourites, remove_favourite
from lake.sites.facts import ObservatoryRecord, keep_facts, observatory_records, update_observatory
from lake.sites.observatories import Observatory, add_camera, add_observatory, observatory_named
from lake.target_rows import name_key
from portal.api.bhtom.observatory_items import (
    CAMERA_COLUMNS,
    CAMERA_FACTS,
    OBSERVATORY_COLUMNS,
    OBSERVATORY_FACTS,
    Misread,
    columns_of,
    observatory_item,
    sent_values,
)
from portal.api.bhtom.pages import date_mjd, moment, number_or_refused, paged, yes_or_no
from portal.api.fields import BodyFields, Fields, SentFields, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply
from portal.api.target_fields import NO_NUMBER, REQUIRED

router = APIRouter()

_SAME_DEG = 1e-6


@router.post("/observatory/getObservatoryList")
@router.post("/observatory/getObservatoryList/")
def observatories(_user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List observatories with their cameras; places of telescopes are no secret."""
    found = [each for each in observatory_records(lake.operations) if _is_wanted(each, fields)]
    return json_reply(paged([observatory_item(each) for each in found], fields))


@router.post("/observatory/createObservatory", status_code=201)
@router.post("/observatory/createObservatory/", status_code=201)
def create(user: SignedIn, lake: TheLake, fields: BodyFields) -> Response:
    """Register a camera, with its observatory where that is new; its ONAME is the names of both."""
    name, camera_name = text_of(fields, "name"), text_of(fields, "camera_name")
    sent = _sent(fields, OBSERVATORY_COLUMNS | CAMERA_COLUMNS)
    needed = {"name": name, "lon": sent.get("lon"), "lat": sent.get("lat"), "camera_name": camera_name}
    missing = {field: [REQUIRED] for field, value in needed.items() if value is None}
    if missing:
        raise Refused(404, missing)
    try:
        site = observatory_named(lake.operations, name or "")
        if site is None:
            site = add_observatory(
                lake.operations,
                Observatory(name=name or "", **columns_of(sent, OBSERVATORY_COLUMNS)),  # type: ignore[arg-type]
                by=user.username,
            )
        camera = Camera(name=camera_name or "", **columns_of(sent, CAMERA_COLUMNS))  # type: ignore[arg-type]
        made = add_camera(
            lake.operations, site.observatory_id or 0, camera, by=user.username, is_approved=user.is_staff
        )
    except Rejected as error:
        raise Refused(404, {"non_field_errors": [error.reason]}) from error
    of_site = _sent(fields, OBSERVATORY_FACTS) if site.created_by == user.username else {}
    keep_facts(lake.operations, made.oname, observatory=of_site, camera=_sent(fields, CAMERA_FACTS))
    return json_reply({"Status": "created"}, status=201)


@router.patch("/observatory/updateObservatory", status_code=201)
@router.patch("/observatory/updateObservatory/", status_code=201)
@router.post("/observatory/updateObservatory", status_code=201)
@router.post("/observatory/updateObservatory/", status_code=201)
def update(user: SignedIn, lake: TheLake, fields: BodyFields) -> Response:
    """Change an observatory; only who registered it and staff may."""
    name = text_of(fields, "name")
    if name is None:
        raise Refused(404, {"name": [REQUIRED]})
    values = columns_of(_sent(fields, OBSERVATORY_COLUMNS), OBSERVATORY_COLUMNS)
    facts = _sent(fields, OBSERVATORY_FACTS)
    try:
        update_observatory(lake.operations, name, values, facts, user=user)
    except Rejected as error:
        raise Refused(404, {"non_field_errors": [error.reason]}) from error
    return json_reply({"Status": "updated"}, status=201)


@router.post("/observatory/getFavouriteObservatory")
@router.post("/observatory/getFavouriteObservatory/")
def favourites(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List the cameras that the user keeps at hand; of others nothing is told."""
    asked, camera = text_of(fields, "user"), text_of(fields, "camera")
    active = yes_or_no(fields, "active_flg")
    since, before = date_mjd(fields, "created_start"), date_mjd(fields, "created_end", end=True)
    found = [
        each
        for each in list_favourites(lake.operations, user)
        if asked in {None, str(user.user_id)} or (asked or "").lower() == user.username.lower()
        if (camera is None or name_key(camera) in {name_key(each.camera_name), name_key(each.oname)})
        and (active is None or each.is_active == active)
        and (since is None or each.created_mjd >= since)
        and (before is None or each.created_mjd < before)
    ]
    return json_reply(paged([_favourite_item(each) for each in found], fields))


@router.post("/observatory/addFavouriteObservatory", status_code=201)
@router.post("/observatory/addFavouriteObservatory/", status_code=201)
def add(user: SignedIn, lake: TheLake, fields: BodyFields) -> Response:
    """Put a camera on the user's list."""
    oname = _oname(lake, fields)
    try:
        add_favourite(lake.operations, oname, comment=(text_of(fields, "comment") or "")[:255], user=user)
    except Rejected as error:
        if error.code == "favourite-already":
            raise Refused(404, error.reason) from error
        inactive = "not active" in error.reason
        raise Refused(404, "Observatory is not active" if inactive else _unknown(oname)) from error
    return json_reply({"Status": "Created"}, status=201)


@router.delete("/observatory/deleteFavouriteObservatory")
@router.delete("/observatory/deleteFavouriteObservatory/")
def remove(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Take a camera from the user's own list; BHTOM lets only its staff do so."""
    oname = _oname(lake, fields)
    if not remove_favourite(lake.operations, oname, user=user):
        raise Refused(404, _unknown(oname))
    return json_reply({"Status": "deleted"})


def _sent(fields: Fields, names: Mapping[str, object]) -> dict[str, object]:
    try:
        return sent_values(fields, names)
    except Misread as error:
        raise Refused(404, {str(error.args[0]): [NO_NUMBER]}) from error


def _is_wanted(record: ObservatoryRecord, fields: Fields) -> bool:
    name = text_of(fields, "name")
    if name is not None and name_key(str(record.values["name"])) != name_key(name):
        return False
    for field, column in (("lon", "longitude_deg"), ("lat", "latitude_deg")):
        angle, value = number_or_refused(fields, field), record.values[column]
        if angle is not None and isinstance(value, float) and abs(value - angle) > _SAME_DEG:
            return False
    made, since = record.values["created_mjd"], date_mjd(fields, "created_start")
    before = date_mjd(fields, "created_end", end=True)
    if not isinstance(made, float):
        return True
    return (since is None or made >= since) and (before is None or made < before)


def _oname(lake: Lake, fields: Fields) -> str:
    """Return the ONAME that is named, or that of the camera of an observatory."""
    oname, site, camera = (text_of(fields, name) for name in ("oname", "observatory", "camera"))
    if oname is not None:
        return oname
    if site is None or camera is None:
        raise Refused(404, "Either (Observatory and Camera) or ONAME is required")
    for record in observatory_records(lake.operations):
        if name_key(str(record.values["name"])) == name_key(site):
            for each in record.cameras:
                if name_key(str(each.values["name"])) == name_key(camera):
                    return str(each.values["oname"])
    raise Refused(404, _unknown(f"{site} {camera}"))


def _unknown(name: str) -> str:
    return f"Observatory {name:.100} does not exist"


def _favourite_item(favourite: Favourite) -> dict[str, object]:
    created = moment(favourite.created_mjd)
    return {
        "id": favourite.favourite_id,
        "user": favourite.user_id,
        "user_name": favourite.username,
        "camera": favourite.camera_id,
        "camera_name": favourite.camera_name,
        "observatory_name": favourite.observatory_name,
        "prefix": favourite.oname,
        "active_flg": favourite.is_active,
        "comment": favourite.comment,
        "created": created,
        "modified": created,
    }
