"""Signing in and out of the portal: routes that set and take back the session cookie."""

from html import escape
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import Transient
from lake.people.accounts import close_session, open_session
from portal.api.fields import Fields, read_fields, text_of
from portal.api.identity import TheDoor, TheLake, address_of
from portal.api.reply import Refused, json_reply
from portal.security.cookie import SESSION_COOKIE, drop_session_cookie, set_session_cookie
from portal.security.origin import is_cross_site, is_local_path

router = APIRouter()
WRONG = "The user name and the password do not belong together."
FOREIGN = "Sign in and out from a page of this portal: the request came from another site."


@router.post("/session/login")
@router.post("/session/login/")
async def sign_in(
    request: Request, lake: TheLake, door: TheDoor, fields: Annotated[Fields, Depends(read_fields)]
) -> Response:
    """Open a session; a form is sent on to ``next``, JSON is answered with the user's name."""
    if is_cross_site(request.headers, public_url=lake.settings.public_url):
        return _refusal(request, FOREIGN, status=403)
    try:
        user = await door.user(
            lake.operations,
            username=text_of(fields, "username") or "",
            password=str(fields.get("password") or ""),
            address=address_of(request),
        )
    except Transient as error:
        return _refusal(request, error.reason, status=429, retry_after_s=int(error.retry_after_s))
    if user is None:
        return _refusal(request, WRONG, status=401)
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        await anyio.to_thread.run_sync(close_session, lake.operations, before)
    session_id = await anyio.to_thread.run_sync(open_session, lake.operations, user)
    reply = _welcome(request, fields, user.username)
    set_session_cookie(reply, request, session_id, public_url=lake.settings.public_url)
    return reply


@router.post("/session/logout")
@router.post("/session/logout/")
async def sign_out(request: Request, lake: TheLake) -> Response:
    """Close the session on the server and take the cookie back."""
    if is_cross_site(request.headers, public_url=lake.settings.public_url):
        return _refusal(request, FOREIGN, status=403)
    session_id = request.cookies.get(SESSION_COOKIE)
    if session_id:
        await anyio.to_thread.run_sync(close_session, lake.operations, session_id)
    reply = RedirectResponse("/", status_code=303) if _is_form(request) else json_reply({"signed_in": False})
    drop_session_cookie(reply, request, public_url=lake.settings.public_url)
    return reply


def _welcome(request: Request, fields: Fields, username: str) -> Response:
    if not _is_form(request):
        return json_reply({"signed_in": True, "username": username})
    place = text_of(fields, "next") or "/"
    return RedirectResponse(place if is_local_path(place) else "/", status_code=303)


def _is_form(request: Request) -> bool:
    """Return whether a browser sent a plain form and will show what it gets."""
    is_script = "x-requested-with" in request.headers
    return not is_script and request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    )


def _refusal(request: Request, sentence: str, *, status: int, retry_after_s: int | None = None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if not _is_form(request):
        raise Refused(status, {"detail": sentence}, headers=headers)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>tomlake</title>'
        f'<p>{escape(sentence)}</p><p><a href="/account">Back to the account page</a></p></html>'
    )
    return HTMLResponse(page, status_code=status, headers=headers)
