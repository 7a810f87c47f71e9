"""Who the sender of a token is, and what people wrote about targets."""

from fastapi import APIRouter
from starlette.responses import Response

from lake.people.accounts import User, joined_mjd, list_users
from lake.people.comments import Comment, CommentFilter, count_comments, list_comments
from portal.api.bhtom.pages import (
    PAGE_SIZE,
    asked_page,
    date_mjd,
    envelope,
    id_or_refused,
    moment,
    page_number,
)
from portal.api.bhtom.staff import Staff
from portal.api.fields import SentFields, text_of
from portal.api.identity import SignedIn, TheLake
from portal.api.reply import json_reply

router = APIRouter()


@router.get("/common/api/users/me")
@router.get("/common/api/users/me/")
def who_am_i(user: SignedIn) -> Response:
    """Tell whose token this is."""
    return json_reply(user_item(user))


@router.post("/common/api/users")
@router.post("/common/api/users/")
@router.post("/api/get-users-details")
@router.post("/api/get-users-details/")
def people(_user: Staff, lake: TheLake, fields: SentFields) -> Response:
    """List accounts; for staff. BHTOM's guide shows it at a second address too.

    BHTOM3 asks page by page until one is not full: who names a page gets that page, an empty one at the end.
    """
    user_id, username = id_or_refused(fields, "id"), text_of(fields, "username")
    since_mjd = date_mjd(fields, "created")
    joined = joined_mjd(lake.operations)
    found: list[object] = [
        user_item(each) | {"date_joined": moment(joined.get(each.user_id))}
        for each in list_users(lake.operations)
        if user_id in {None, each.user_id}
        and (username is None or each.username.casefold() == username.casefold())
        and (since_mjd is None or joined.get(each.user_id, 0.0) >= since_mjd)
    ]
    start = (max(1, asked_page(fields)) - 1) * PAGE_SIZE
    return json_reply(found if text_of(fields, "page") is None else found[start : start + PAGE_SIZE])


def user_item(user: User) -> dict[str, object]:
    """Return an account as BHTOM tells it; tomlake keeps one full name and shows no address to programs."""
    first, _, last = user.full_name.rpartition(" ")
    return {
        "id": user.user_id,
        "username": user.username,
        "first_name": first or last,
        "last_name": last if first else "",
        "email": "",
        "is_staff": user.is_staff,
        "is_superuser": user.is_staff,
    }


@router.post("/common/api/comments")
@router.post("/common/api/comments/")
def comments(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List comments on targets that the user may see, the newest first."""
    wanted = CommentFilter(
        target_name=text_of(fields, "target") or "",
        target_id=id_or_refused(fields, "targetid"),
        username=text_of(fields, "user") or "",
        text=text_of(fields, "text") or "",
        since_mjd=date_mjd(fields, "created_start"),
        before_mjd=date_mjd(fields, "created_end", end=True),
    )
    total = count_comments(lake.operations, wanted, user)
    number = page_number(fields, total)
    offset = (number - 1) * PAGE_SIZE
    found = list_comments(lake.operations, wanted, user, limit=PAGE_SIZE, offset=offset)
    return json_reply(envelope([_comment_item(each) for each in found], total=total, number=number))


def _comment_item(comment: Comment) -> dict[str, object]:
    return {
        "id": comment.comment_id,
        "user_name": comment.full_name or comment.username,
        "comment": comment.text,
        "submit_date": moment(comment.made_mjd),
        "user_id": comment.user_id,
        "target_name": comment.target_name,
        "target_id": comment.target_id,
    }
