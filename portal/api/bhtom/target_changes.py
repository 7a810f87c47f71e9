"""Targets changed and deleted by those who may, and groups of targets."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from engine.errors import Rejected
from engine.target import Target
from lake.provenance import new_batch
from lake.target_groups import TargetGroup, get_group, list_groups, targets_of_group
from lake.targets import delete_target, get_target, target_row, update_target
from portal.api.bhtom.asked_target import target_or_refused
from portal.api.bhtom.pages import PAGE_SIZE, envelope, id_or_refused, moment, page_number, paged
from portal.api.bhtom.staff import Staff, no_permission
from portal.api.fields import BodyFields, Fields, SentFields, clean_text, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import Refused, json_reply
from portal.api.target_fields import new_target
from portal.api.target_list import target_items
from portal.api.targets import target_refusal

router = APIRouter()


@router.patch("/targets/updateTarget/{name}", status_code=201)
@router.patch("/targets/updateTarget/{name}/", status_code=201)
def update(user: SignedIn, lake: TheLake, name: str, fields: BodyFields) -> Response:
    """Change what is named of a target; only its maker and staff may."""
    present = target_or_refused(lake, clean_text(name), user, key="detail")
    changed = new_target(_told(present) | _said(fields)).target
    kept = present.discovery_mjd if "discovery_date" not in fields else changed.discovery_mjd
    wanted = replace(
        present,
        name=changed.name,
        ra_deg=changed.ra_deg,
        dec_deg=changed.dec_deg,
        epoch=changed.epoch,
        classification=changed.classification,
        description=changed.description,
        discovery_mjd=kept,
        importance=changed.importance,
        cadence_d=changed.cadence_d,
    )
    try:
        update_target(lake.operations, wanted, user=user, seen=present)
    except Rejected as error:
        raise (no_permission(error.reason) if error.code == "no-right" else target_refusal(error)) from error
    return json_reply({"Status": "updated"}, status=201)


@router.delete("/targets/deleteTarget")
@router.delete("/targets/deleteTarget/")
def delete(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Delete a target with its light curve; only its maker and staff may."""
    target = target_or_refused(lake, text_of(fields, "name") or "", user, key="detail")
    target_id = target.target_id or 0
    try:
        delete_target(lake.operations, target_id, user=user)
    except Rejected as error:
        raise no_permission(error.reason) from error
    batch = new_batch("delete", "upload", target_id=target_id, by=user.username)
    lake.store.delete_target_points([target_id], batch=batch)
    return json_reply({"status": "deleted"})


@router.post("/targets/target-groups")
@router.post("/targets/target-groups/")
def groups(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List the groups of targets that the user may see."""
    return json_reply(paged([_group_item(each) for each in list_groups(lake.operations, user)], fields))


@router.post("/targets/targets-from-group")
@router.post("/targets/targets-from-group/")
def targets_from_group(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List the targets of a group that the user may see."""
    group_id, name = id_or_refused(fields, "id", key="detail"), text_of(fields, "name")
    if group_id is None and name is None:
        raise Refused(400, {"detail": "Either 'id' or 'name' of the group is required."})
    try:
        group = get_group(lake.operations, user, group_id=group_id, name=name or "")
    except Rejected as error:
        raise Refused(404, {"detail": error.reason}) from error
    members = targets_of_group(lake.operations, group.group_id, user)
    number = page_number(fields, len(members))
    shown = members[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    rows = [target_row(lake.operations, get_target(lake.operations, each, user)) for each in shown]
    items = target_items(lake.operations, rows, user)
    return json_reply(envelope(items, total=len(members), number=number) | {"group": _group_item(group)})


@router.post("/targets/cleanTargetListCache")
@router.post("/targets/cleanTargetListCache/")
@router.post("/targets/cleanTargetDetailCache")
@router.post("/targets/cleanTargetDetailCache/")
@router.post("/targets/cleanTargetDetailsCache")
@router.post("/targets/cleanTargetDetailsCache/")
def clean_cache(_user: Staff) -> Response:
    """Say yes: what is kept here is new by itself, because it goes by the lake's version."""
    return json_reply("OK")


def _told(target: Target) -> dict[str, object]:
    """Return a target as the fields in which BHTOM's clients would send it."""
    return {
        "name": target.name,
        "ra": target.ra_deg,
        "dec": target.dec_deg,
        "epoch": target.epoch,
        "classification": target.classification,
        "description": target.description,
        "importance": target.importance,
        "cadence": target.cadence_d,
        "discovery_date": moment(target.discovery_mjd),
    }


def _said(fields: Fields) -> dict[str, object]:
    """Return the fields as sent; null changes nothing."""
    return {name: value for name, value in fields.items() if value is not None}


def _group_item(group: TargetGroup) -> dict[str, object]:
    return {"id": group.group_id, "name": group.name, "created": moment(group.created_mjd)}
