"""``/targets/{name}/sharing`` and ``/uploads/{upload_id}/sharing``: who sees a thing, told and changed."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from engine.target import Visibility
from lake.inbox.accepting import upload
from lake.inbox.changes import share_upload
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.groups import group_named, name_of_group
from lake.rights import Shared, shared_target, shared_upload, target_shared_as
from lake.targets import get_target, update_target
from portal.api.identity import SignedIn, TheLake, Visitor
from portal.api.v1.paging import MOST_ID
from portal.api.v1.target_models import Date, Text
from portal.api.v1.targets import Name

router = APIRouter(tags=["sharing"])
UploadId = Annotated[int, Path(ge=1, le=MOST_ID)]


class Sharing(BaseModel):
    """Who sees a thing."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"visibility": "group", "group": "Night owls"}]}
    )
    visibility: Visibility
    group: Text = Field("", max_length=100, description="name or number of one of your groups")
    embargo_until_mjd: Date | None = Field(
        None, description="what is public is until then seen by its owner, its group and staff only"
    )


@router.get("/targets/{name}/sharing")
def of_target(user: Visitor, lake: TheLake, name: Name) -> Sharing:
    """Tell who sees a target; the group is named to those who belong to it."""
    return _told(lake, shared_target(get_target(lake.operations, name, user)), user)


@router.put("/targets/{name}/sharing")
def share_target(user: SignedIn, lake: TheLake, name: Name, body: Sharing) -> Sharing:
    """Say who sees a target; its maker, staff and who leads its group may."""
    present = get_target(lake.operations, name, user)
    wanted = _wanted(lake, body, present.created_by, user)
    changed = target_shared_as(present, wanted)
    return _told(lake, shared_target(update_target(lake.operations, changed, user=user, seen=present)), user)


@router.get("/uploads/{upload_id}/sharing")
def of_upload(user: Visitor, lake: TheLake, upload_id: UploadId) -> Sharing:
    """Tell who sees an upload and what it gave, however open its target is."""
    return _told(lake, shared_upload(upload(lake.operations, upload_id, user)), user)


@router.put("/uploads/{upload_id}/sharing")
def share(user: SignedIn, lake: TheLake, upload_id: UploadId, body: Sharing) -> Sharing:
    """Say who sees an upload and what it gave; who sent it and staff may."""
    sent = upload(lake.operations, upload_id, user)
    wanted = _wanted(lake, body, sent.uploaded_by, user)
    return _told(lake, shared_upload(share_upload(lake, upload_id, wanted, user=user)), user)


def _wanted(lake: Lake, body: Sharing, owner: str, user: User) -> Shared:
    return Shared(
        owner=owner,
        visibility=body.visibility,
        group_id=group_named(lake.operations, body.group, user),
        embargo_until_mjd=body.embargo_until_mjd,
    )


def _told(lake: Lake, thing: Shared, user: User | None) -> Sharing:
    return Sharing(
        visibility=thing.visibility,
        group=name_of_group(lake.operations, thing.group_id, user),
        embargo_until_mjd=thing.embargo_until_mjd,
    )
