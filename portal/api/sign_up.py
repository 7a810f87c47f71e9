"""Asking for an account without the page: the answer tells nothing of who has one already."""

from functools import partial

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Transient
from lake.people import sign_up
from portal.accounts.joining import ask
from portal.api.fields import BodyFields, text_of
from portal.api.identity import TheLake, address_of, is_from_elsewhere
from portal.api.reply import Refused, json_reply

router = APIRouter()
_TEXTS = ("username", "full_name", "affiliation", "email", "note", "terms")


@router.post("/session/sign-up")
@router.post("/session/sign-up/")
async def ask_for_account(request: Request, lake: TheLake, fields: BodyFields) -> Response:
    """Take a request for an account; 202 and the same words whether name and address are known or not."""
    if is_from_elsewhere(request, lake):
        raise Refused(403, {"detail": "Ask from a page of this portal: the request came from another site."})
    told = {name: text_of(fields, name) or "" for name in _TEXTS}
    asked = sign_up.Request(password=str(fields.get("password") or ""), **told)
    try:
        sentence = await anyio.to_thread.run_sync(partial(ask, lake, asked, address=address_of(request)))
    except Transient as error:
        if error.code != "too-many-attempts":
            raise
        headers = {"Retry-After": str(int(error.retry_after_s))}
        raise Refused(429, {"detail": error.reason, "code": error.code}, headers=headers) from error
    return json_reply({"detail": sentence}, status=202)
