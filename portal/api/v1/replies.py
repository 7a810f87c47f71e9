"""Answers that caches and repeated requests understand: ETag, 304, and one answer for one Idempotency-Key."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header
from pydantic import BaseModel
from starlette.responses import Response

from lake.kept_replies import KeptReply, ReplyKeeper
from lake.opening import Lake
from lake.people.accounts import User

CACHED: dict[str, Any] = {
    "ETag": {"schema": {"type": "string"}, "description": "send it back as `If-None-Match`"},
    "Cache-Control": {"schema": {"type": "string"}},
    "Vary": {"schema": {"type": "string"}},
}
NOT_CHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "what you have is still so: `If-None-Match` named this ETag", "headers": CACHED}
}
IfNoneMatch = Annotated[str, Header(description="ETag of what you have; 304 where it is still so")]
IdempotencyKey = Annotated[
    str,
    Header(
        max_length=200,
        description="a text of your own: the same key within a day repeats the answer, not the work",
        json_schema_extra={"pattern": "^[ -~]*$"},
    ),
]


def tag_of(version: int, user: User | None, *parts: object) -> str:
    """Return a weak tag: the version of the lake, who asks, and what else the answer was made from.

    No two people share a tag: what one may see never answers for the other.
    """
    return f'W/"{version}-{digest_of(user.user_id if user else 0, *parts)}"'


def digest_of(*parts: object) -> str:
    """Return a short word for what an answer is made from."""
    told = "\n".join(str(part) for part in parts)
    return sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def has_it(header: str, tag: str) -> bool:
    """Return whether ``If-None-Match`` names a tag."""
    wanted = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in wanted or tag.removeprefix("W/") in wanted


def cache_headers(tag: str) -> dict[str, str]:
    """Return the headers of an answer that may be kept by its reader and asked for again."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie"}


def conditional(if_none_match: str, body: BaseModel, tag: str) -> Response:
    """Return the body as JSON, or 304 where the reader has it."""
    headers = cache_headers(tag)
    if has_it(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(body.model_dump_json(), media_type="application/json", headers=headers)


def not_modified(headers: Mapping[str, str]) -> Response:
    """Return the 304 that stands for a whole answer with these headers."""
    told = ("ETag", "Cache-Control", "Vary", "X-Tomlake-Lake-Version")
    return Response(status_code=304, headers={name: headers[name] for name in told if name in headers})


def created(body: BaseModel, location: str) -> KeptReply:
    """Return the answer to a request that made something, at an address of any letters."""
    return KeptReply(status=201, body=body.model_dump_json(), location=quote(location, safe="/+"))


def once(lake: Lake, user: User, asked: tuple[str, str, bytes], make: Callable[[], KeptReply]) -> Response:
    """Return what ``make`` answers; with a key, what it answered the first time.

    Parameters
    ----------
    asked
        The key, empty for none, then the route and the request.
    """
    key, route, request = asked
    if not key:
        return _response(make(), repeated=False)
    with ReplyKeeper(
        lake.settings, who=str(user.user_id), key=key, request=route.encode() + request
    ) as keeper:
        found = keeper.found()
        if found is not None:
            return _response(found, repeated=True)
        made = make()
        keeper.keep(made)
        return _response(made, repeated=False)


def _response(reply: KeptReply, *, repeated: bool) -> Response:
    headers = {"Cache-Control": "no-store"}
    if reply.location:
        headers["Location"] = reply.location
    if repeated:
        headers["Idempotent-Replayed"] = "true"
    return Response(reply.body, status_code=reply.status, media_type="application/json", headers=headers)
