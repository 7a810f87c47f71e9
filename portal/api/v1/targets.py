"""``/targets``: list, make, read, change and delete; ``/cone``: those round a position."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from engine.errors import Rejected
from lake.adding import add_target
from lake.kept_replies import KeptReply
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.groups import group_named
from lake.provenance import new_batch
from lake.target_checks import changed_meanwhile
from lake.target_rows import separation_deg, unit_vector
from lake.targets import (
    Cone,
    Order,
    TargetFilter,
    delete_target,
    find_targets,
    get_target,
    seen_row,
    target_row,
    update_target,
)
from portal.api.identity import SignedIn, TheLake, Visitor
from portal.api.v1.paging import CURSOR, MOST_ROWS, Page, id_of, page_of
from portal.api.v1.quick import Answer, quickly
from portal.api.v1.replies import (
    NOT_CHANGED,
    IdempotencyKey,
    IfNoneMatch,
    cache_headers,
    conditional,
    created,
    digest_of,
    has_it,
    not_modified,
    once,
)
from portal.api.v1.target_models import (
    DecDeg,
    Neighbour,
    NewTarget,
    RaDeg,
    TargetAnswer,
    TargetChange,
    target_answer,
)

router = APIRouter(tags=["targets"])
Name = Annotated[str, Path(max_length=120, description="name, alias or number", examples=["Gaia22dkv"])]
IfMatch = Annotated[str, Header(description="ETag of what you read: 412 where it changed meanwhile")]
MOST_IN_CONE = 10_000
_MEASURED = {"points", "last_mag", "last_band", "last_mjd"}


class TargetQuery(BaseModel):
    """Which targets a list shows; what is left out does not narrow it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = Field("", max_length=120, description="part of the name or of an alias")
    classification: str = Field("", max_length=100)
    brighter_than_mag: float | None = None
    fainter_than_mag: float | None = None
    importance_min: float | None = None
    dec_min_deg: float | None = None
    dec_max_deg: float | None = None
    simulated: bool | None = None
    cursor: str = CURSOR
    limit: int = Field(200, ge=1, le=MOST_ROWS, description="rows in one page")

    def filter(self) -> TargetFilter:
        """Return it as the lake takes it, with one row more than a page has."""
        bounds = self.model_dump(exclude={"cursor", "limit"})
        return TargetFilter(
            **bounds, after_id=id_of(self.cursor), order=Order.NUMBER, page_size=self.limit + 1
        )


@router.get("/targets", response_model=Page[TargetAnswer])
async def list_targets(user: Visitor, lake: TheLake, query: Annotated[TargetQuery, Query()]) -> Response:
    """List the targets that you may see, by number; follow `next` for all of them."""

    def make() -> Answer:
        rows, _ = find_targets(lake.operations, query.filter(), user)
        answers = [target_answer(row) for row in rows]
        page = page_of(answers, [each.target_id for each in answers], limit=query.limit)
        return Answer(body=page.model_dump_json().encode(), headers={"Content-Type": "application/json"})

    given = await quickly(lake, ("targets", user, query.model_dump_json()), make)
    return given.response()


@router.get("/cone")
def cone(
    user: Visitor,
    lake: TheLake,
    ra_deg: Annotated[RaDeg, Query(examples=[151.76854])],
    dec_deg: Annotated[DecDeg, Query(examples=[-66.18089])],
    radius_arcsec: Annotated[float, Query(ge=0, le=648_000, examples=[60])],
) -> list[Neighbour]:
    """Give the targets round a position, nearest first; a cone with more than 10,000 is refused."""
    return neighbours(lake, Cone(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_arcsec / 3600.0), user)


def neighbours(lake: Lake, cone: Cone, user: User | None) -> list[Neighbour]:
    """Return the targets in a cone that a visitor may see, nearest first, with one question to the database.

    Raises
    ------
    Rejected
        ``too-many-targets``
    """
    rows, total = find_targets(lake.operations, TargetFilter(cone=cone, page_size=MOST_IN_CONE), user)
    if total > MOST_IN_CONE:
        raise Rejected(
            f"{total} targets lie in this cone: ask for a smaller one, or list /targets.",
            code="too-many-targets",
        )
    centre = unit_vector(cone.ra_deg, cone.dec_deg)
    found = [
        Neighbour(
            separation_arcsec=3600.0
            * separation_deg(centre, unit_vector(row.target.ra_deg, row.target.dec_deg)),
            target=target_answer(row),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: each.separation_arcsec)


@router.post(
    "/targets",
    status_code=201,
    response_model=TargetAnswer,
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def create(user: SignedIn, lake: TheLake, body: NewTarget, idempotency_key: IdempotencyKey = "") -> Response:
    """Make a target; all archives are asked for it at once."""

    def make() -> KeptReply:
        group_id = group_named(lake.operations, body.group, user)
        target = add_target(lake, body.target(group_id=group_id), by=user.username)
        answer = target_answer(target_row(lake.operations, target))
        return created(answer, f"/api/v1/targets/{target.name}")

    return once(lake, user, (idempotency_key, "POST /targets ", body.model_dump_json().encode()), make)


@router.get("/targets/{name}", response_model=TargetAnswer, responses=NOT_CHANGED)
async def get(user: Visitor, lake: TheLake, name: Name, if_none_match: IfNoneMatch = "") -> Response:
    """Give one target."""

    def make() -> Answer:
        answer = _answer(lake, name, user)
        headers = cache_headers(_tag(user, answer)) | {"Content-Type": "application/json"}
        return Answer(body=answer.model_dump_json().encode(), headers=headers)

    given = await quickly(lake, ("target", user, name), make)
    return not_modified(given.headers) if has_it(if_none_match, given.headers["ETag"]) else given.response()


@router.patch("/targets/{name}", response_model=TargetAnswer)
def change(user: SignedIn, lake: TheLake, name: Name, body: TargetChange, if_match: IfMatch = "") -> Response:
    """Change what you send of a target; only its maker and staff may."""
    target = get_target(lake.operations, name, user)  # before its tag is: what comes between is noticed
    present = _answer(lake, name, user)
    if if_match and not _is_as_read(if_match, user, present):
        raise changed_meanwhile(present.name)
    changed = update_target(lake.operations, body.applied(target), user=user, seen=target)
    answer = target_answer(target_row(lake.operations, changed))
    return conditional("", answer, _tag(user, answer))


@router.delete("/targets/{name}", status_code=204)
def delete(user: SignedIn, lake: TheLake, name: Name) -> Response:
    """Delete a target and its points; older versions of the lake keep them. Only its maker and staff may."""
    target_id = get_target(lake.operations, name, user).target_id or 0
    delete_target(lake.operations, target_id, user=user)
    batch = new_batch("delete", "api", target_id=target_id, by=user.username)
    lake.store.delete_target_points([target_id], batch=batch)
    return Response(status_code=204)


def _answer(lake: Lake, name: str, user: User | None) -> TargetAnswer:
    return target_answer(seen_row(lake.operations, name, user))


def _tag(user: User | None, answer: TargetAnswer) -> str:
    """Return a tag in two parts: what people say of the target, and what its light curve does meanwhile."""
    told, measured = _told_and_measured(user, answer)
    return f'W/"{told}-{measured}"'


def _is_as_read(if_match: str, user: User | None, present: TargetAnswer) -> bool:
    """Return whether nobody changed a target since it was read: new points are no change of it."""
    told, _ = _told_and_measured(user, present)
    named = {each.strip().removeprefix("W/").strip('"').partition("-")[0] for each in if_match.split(",")}
    return bool({"*", told} & named)


def _told_and_measured(user: User | None, answer: TargetAnswer) -> tuple[str, str]:
    who = user.user_id if user else 0
    told = digest_of(who, answer.model_dump_json(exclude={"priority", *_MEASURED}))
    return told, digest_of(who, answer.model_dump_json(include=_MEASURED))
