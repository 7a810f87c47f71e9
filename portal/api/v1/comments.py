"""``/targets/{name}/comments``: what people say of a target, to whoever may see it."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from lake.kept_replies import KeptReply
from lake.people.comments import (
    TEXT_MAX_CHARS,
    Comment,
    CommentFilter,
    add_comment,
    list_comments,
    remove_comment,
)
from lake.targets import get_target
from portal.api.identity import SignedIn, TheLake, Visitor
from portal.api.v1.paging import MOST_ID, Cursor, Limit, Page, id_of, page_of
from portal.api.v1.replies import IdempotencyKey, created, once
from portal.api.v1.target_models import Text
from portal.api.v1.targets import Name

router = APIRouter(tags=["comments"])


class CommentAnswer(BaseModel):
    """What somebody wrote; plain text."""

    comment_id: int
    target_id: int
    target_name: str
    username: str
    full_name: str
    text: str
    made_mjd: float


class NewComment(BaseModel):
    """A comment to be written."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Rising again."}]})
    text: Text = Field(min_length=1, max_length=TEXT_MAX_CHARS)


@router.get("/targets/{name}/comments")
def of_target(
    user: Visitor, lake: TheLake, name: Name, cursor: Cursor = "", limit: Limit = 100
) -> Page[CommentAnswer]:
    """List the comments on a target, the newest first."""
    target_id = get_target(lake.operations, name, user).target_id
    wanted = CommentFilter(target_id=target_id, before_id=id_of(cursor))
    found = list_comments(lake.operations, wanted, user, limit=limit + 1)
    answers = [_answer(each) for each in found]
    return page_of(answers, [each.comment_id for each in answers], limit=limit)


@router.post("/targets/{name}/comments", status_code=201, response_model=CommentAnswer)
def write(
    user: SignedIn, lake: TheLake, name: Name, body: NewComment, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Write a comment on a target that you may see."""

    def make() -> KeptReply:
        target_id = get_target(lake.operations, name, user).target_id or 0
        comment_id = add_comment(lake.operations, target_id, body.text, by=user)
        wanted = CommentFilter(target_id=target_id, before_id=comment_id + 1)
        (made,) = list_comments(lake.operations, wanted, user, limit=1)
        return created(_answer(made), f"/api/v1/comments/{comment_id}")

    asked = (idempotency_key, f"POST /targets/{name}/comments ", body.model_dump_json().encode())
    return once(lake, user, asked, make)


@router.delete("/comments/{comment_id}", status_code=204)
def take_back(user: SignedIn, lake: TheLake, comment_id: Annotated[int, Path(ge=1, le=MOST_ID)]) -> Response:
    """Take a comment back that you wrote; staff may take back any."""
    remove_comment(lake.operations, comment_id, by=user)
    return Response(status_code=204)


def _answer(comment: Comment) -> CommentAnswer:
    return CommentAnswer(**{name: getattr(comment, name) for name in CommentAnswer.model_fields})
