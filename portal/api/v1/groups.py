"""``/groups``: people who work together, who belongs, and what each may do with what is the group's."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from lake.kept_replies import KeptReply
from lake.opening import Lake
from lake.people.accounts import Role, User
from lake.people.groups import (
    Group,
    create_group,
    delete_group,
    get_group,
    list_groups,
    members,
    remove_member,
    set_member,
)
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.paging import Cursor, Limit, Page, id_of, page_of
from portal.api.v1.replies import IdempotencyKey, created, once
from portal.api.v1.target_models import Text

router = APIRouter(tags=["groups"])
Named = Annotated[str, Path(max_length=100, description="name or number", examples=["Night owls"])]
Username = Annotated[str, Path(max_length=150, description="a user name")]


class GroupAnswer(BaseModel):
    """A group, for those who belong to it and staff."""

    group_id: int
    name: str
    description: str
    created_by: str
    created_mjd: float


class NewGroup(BaseModel):
    """A group to be made; you lead it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Night owls"}]})
    name: Text = Field(min_length=1, max_length=100)
    description: Text = Field("", max_length=2000)


class MemberAnswer(BaseModel):
    """Somebody in a group."""

    username: str
    full_name: str
    role: Role = Field(description="member: sees; editor: changes; leader: says who belongs")
    since_mjd: float


class Membership(BaseModel):
    """What somebody may do in a group."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "editor"}]})
    role: Role = Role.MEMBER


@router.get("/groups")
def list_all(user: SignedIn, lake: TheLake, cursor: Cursor = "", limit: Limit = 100) -> Page[GroupAnswer]:
    """List the groups that you belong to, by number; staff see all."""
    found = sorted(list_groups(lake.operations, user), key=lambda each: each.group_id)
    after = id_of(cursor) or 0
    answers = [_answer(each) for each in found if each.group_id > after][: limit + 1]
    return page_of(answers, [each.group_id for each in answers], limit=limit)


@router.post("/groups", status_code=201, response_model=GroupAnswer)
def create(user: SignedIn, lake: TheLake, body: NewGroup, idempotency_key: IdempotencyKey = "") -> Response:
    """Make a group; you lead it."""

    def make() -> KeptReply:
        made = create_group(lake.operations, body.name, by=user, description=body.description)
        return created(_answer(made), f"/api/v1/groups/{made.group_id}")

    return once(lake, user, (idempotency_key, "POST /groups ", body.model_dump_json().encode()), make)


@router.get("/groups/{group}")
def get(user: SignedIn, lake: TheLake, group: Named) -> GroupAnswer:
    """Give one of your groups."""
    return _answer(get_group(lake.operations, group, user))


@router.delete("/groups/{group}", status_code=204)
def delete(user: SignedIn, lake: TheLake, group: Named) -> Response:
    """Delete a group that you lead; what was its is from then on its owners' alone, unless it is public."""
    delete_group(lake.operations, get_group(lake.operations, group, user).group_id, by=user)
    return Response(status_code=204)


@router.get("/groups/{group}/members")
def list_members(user: SignedIn, lake: TheLake, group: Named) -> list[MemberAnswer]:
    """List who belongs to one of your groups."""
    return _members(lake, get_group(lake.operations, group, user).group_id, user)


@router.put("/groups/{group}/members/{username}")
def put_member(
    user: SignedIn, lake: TheLake, group: Named, username: Username, body: Membership
) -> list[MemberAnswer]:
    """Take somebody into a group that you lead, or change what they may do; answered with who belongs."""
    group_id = get_group(lake.operations, group, user).group_id
    set_member(lake.operations, group_id, username, body.role, by=user)
    return _members(lake, group_id, user)


@router.delete("/groups/{group}/members/{username}", status_code=204)
def take_out(user: SignedIn, lake: TheLake, group: Named, username: Username) -> Response:
    """Take somebody out of a group that you lead, or leave it yourself."""
    group_id = get_group(lake.operations, group, user).group_id
    remove_member(lake.operations, group_id, username, by=user)
    return Response(status_code=204)


def _members(lake: Lake, group_id: int, user: User) -> list[MemberAnswer]:
    found = members(lake.operations, group_id, user)
    return [
        MemberAnswer(
            username=each.username, full_name=each.full_name, role=each.role, since_mjd=each.since_mjd
        )
        for each in found
    ]


def _answer(group: Group) -> GroupAnswer:
    return GroupAnswer(**{name: getattr(group, name) for name in GroupAnswer.model_fields})
