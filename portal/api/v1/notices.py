"""``/notices``: what you are told of, and which of it you have read."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from lake.notices.kinds import Kind
from lake.notices.notices import Notice, NoticeFilter, count_unread, list_notices, mark_read
from lake.notices.words import path_of, sentence_of
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.paging import MOST_ROWS, Cursor, Limit, Page, id_of, page_of

router = APIRouter(tags=["notices"])
NoticeId = Annotated[int, Field(ge=1, le=2**53)]  # as far as every JSON reader counts exactly


class NoticeAnswer(BaseModel):
    """What you are told of; plain text."""

    notice_id: int
    kind: Kind
    text: str = Field(examples=["ada mentions you in a note on Gaia22dkv."])
    path: str = Field(
        description="the page of the portal that it leads to", examples=["/target?name=Gaia22dkv"]
    )
    target_name: str = Field(description="empty: it is about no target")
    made_mjd: float
    read_mjd: float | None = Field(description="null: you have not read it")


class Reading(BaseModel):
    """What you have read, or want to read again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"notice_ids": [12, 13]}, {"up_to_id": 13}]}
    )
    notice_ids: list[NoticeId] | None = Field(None, max_length=MOST_ROWS, description="only these; null: all")
    up_to_id: NoticeId | None = Field(None, description="none that is newer than this one")
    is_read: StrictBool = True


class Unread(BaseModel):
    """How much is left."""

    unread: int


@router.get("/notices")
def list_all(
    user: SignedIn,
    lake: TheLake,
    unread: Annotated[bool, Query(description="only what you have not read")] = False,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[NoticeAnswer]:
    """List what you are told of in the portal, the newest first, without what you may not see any more."""
    wanted = NoticeFilter(is_unread=unread, before_id=id_of(cursor))
    found = list_notices(lake.operations, user, wanted, limit=limit + 1)
    return page_of([_answer(each) for each in found], [each.notice_id for each in found], limit=limit)


@router.patch("/notices")
def mark(user: SignedIn, lake: TheLake, body: Reading) -> Unread:
    """Mark your notices as read, or as unread; ids that are not yours change nothing."""
    mark_read(lake.operations, user, notice_ids=body.notice_ids, up_to_id=body.up_to_id, is_read=body.is_read)
    return Unread(unread=count_unread(lake.operations, user))


def _answer(notice: Notice) -> NoticeAnswer:
    return NoticeAnswer(
        notice_id=notice.notice_id,
        kind=notice.kind,
        text=sentence_of(notice),
        path=path_of(notice),
        target_name=notice.target_name,
        made_mjd=notice.made_mjd,
        read_mjd=notice.read_mjd,
    )
