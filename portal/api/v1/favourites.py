"""``/favourites``: the cameras that you keep at hand."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from engine.errors import Rejected
from lake.people.favourites import Favourite, add_favourite, list_favourites, remove_favourite
from lake.target_rows import name_key
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.paging import Cursor, Limit, Page, id_of, page_of
from portal.api.v1.target_models import Text

router = APIRouter(tags=["favourites"])
Oname = Annotated[str, Path(max_length=200, description="ONAME of a camera", examples=["ROAD_QHY600M"])]


class FavouriteAnswer(BaseModel):
    """A camera on your list."""

    favourite_id: int
    oname: str
    camera_name: str
    observatory_name: str
    is_active: bool
    comment: str
    created_mjd: float


class Remark(BaseModel):
    """What you say of a camera, for yourself."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"comment": "ours"}]})
    comment: Text = Field("", max_length=255)


@router.get("/favourites")
def list_all(user: SignedIn, lake: TheLake, cursor: Cursor = "", limit: Limit = 100) -> Page[FavouriteAnswer]:
    """List the cameras that you keep at hand, in the order in which you took them."""
    after = id_of(cursor) or 0
    found = [each for each in list_favourites(lake.operations, user) if each.favourite_id > after]
    answers = [_answer(each) for each in found[: limit + 1]]
    return page_of(answers, [each.favourite_id for each in answers], limit=limit)


@router.put("/favourites/{oname}")
def put(user: SignedIn, lake: TheLake, oname: Oname, body: Remark) -> FavouriteAnswer:
    """Take a camera on your list; twice is once, and the first comment stays."""
    try:
        add_favourite(lake.operations, oname, comment=body.comment, user=user)
    except Rejected as refusal:
        if refusal.code != "favourite-already":
            raise
    found = list_favourites(lake.operations, user)
    return _answer(next(each for each in found if name_key(each.oname) == name_key(oname)))


@router.delete("/favourites/{oname}", status_code=204)
def remove(user: SignedIn, lake: TheLake, oname: Oname) -> Response:
    """Take a camera off your list."""
    if not remove_favourite(lake.operations, oname, user=user):
        raise Rejected(f"{oname[:100]} is not on your list.", code="unknown-favourite")
    return Response(status_code=204)


def _answer(favourite: Favourite) -> FavouriteAnswer:
    return FavouriteAnswer(**{name: getattr(favourite, name) for name in FavouriteAnswer.model_fields})
