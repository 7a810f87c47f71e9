"""Signing in and out of the portal: routes that set and take back the session cookie."""

from collections.abc import Mapping

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.errors import Transient
from lake.opening import Lake
from lake.people.accounts import close_session
from lake.people.sign_in import Given, Lacks
from lake.people.terms import current_terms
from portal.api.entering import LACKING, let_in
from portal.api.fields import BodyFields, Fields, text_of
from portal.api.identity import TheDoor, TheLake, address_of, is_from_elsewhere
from portal.api.plain_page import sentence_page
from portal.api.reply import Refused, json_reply
from portal.security.cookie import SESSION_COOKIE, drop_session_cookie
from portal.security.origin import is_local_path

router = APIRouter()
WRONG = "The user name and the password do not belong together."
_REFUSED = LACKING | {Lacks.NOTHING: WRONG}
FOREIGN = "Sign in and out from a page of this portal: the request came from another site."


@router.post("/session/login")
@router.post("/session/login/")
async def sign_in(request: Request, lake: TheLake, door: TheDoor, fields: BodyFields) -> Response:
    """Open a session; a form is sent on to ``next``, JSON is answered with the user's name."""
    if is_from_elsewhere(request, lake):
        return _refusal(request, FOREIGN, status=403)
    code, terms = (text_of(fields, name) or "" for name in ("code", "terms"))
    given = Given(
        username=text_of(fields, "username") or "",
        password=str(fields.get("password") or ""),
        code=code,
        terms=terms,
    )
    try:
        entrance = await door.enter(lake, given, address=address_of(request))
    except Transient as error:
        return _refusal(request, error.reason, status=429, retry_after_s=int(error.retry_after_s))
    if entrance.user is None:
        more = _asked_for(entrance.lacks, lake)
        return _refusal(request, _REFUSED[entrance.lacks], status=401, more=more)
    reply = _welcome(request, fields, entrance.user.username)
    await anyio.to_thread.run_sync(let_in, request, reply, lake, entrance.user)
    return reply


@router.post("/session/logout")
@router.post("/session/logout/")
async def sign_out(request: Request, lake: TheLake) -> Response:
    """Close the session on the server and take the cookie back."""
    if is_from_elsewhere(request, lake):
        return _refusal(request, FOREIGN, status=403)
    session_id = request.cookies.get(SESSION_COOKIE)
    if session_id:
        await anyio.to_thread.run_sync(close_session, lake.operations, session_id)
    reply = RedirectResponse("/", status_code=303) if _is_form(request) else json_reply({"signed_in": False})
    drop_session_cookie(reply, request, public_url=lake.settings.public_url)
    return reply


def _asked_for(lacks: Lacks, lake: Lake) -> dict[str, object]:
    """Return what the form must ask for next, for the script behind it."""
    asked: dict[str, object] = {"lacks": lacks.value} if lacks else {}
    terms = current_terms(lake.settings) if lacks is Lacks.TERMS else None
    return asked | {"terms": terms.version} if terms else asked


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


def _refusal(
    request: Request,
    sentence: str,
    *,
    status: int,
    retry_after_s: int | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if not _is_form(request):
        raise Refused(status, {"detail": sentence, **(more or {})}, headers=headers)
    page = sentence_page(sentence, status=status)
    page.headers.update(headers)
    return page
