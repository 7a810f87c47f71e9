"""Signing in through another service: the way out, and the way back with a code."""

from dataclasses import dataclass
from html import escape
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import Rejected, TomlakeError
from lake.opening import Lake
from lake.people.accounts import User, close_session, open_session, user_of_session
from lake.people.audit import note_sign_in
from lake.people.identities import Found, account_of
from lake.people.sign_in_attempts import KEPT_S, Attempt, begin_attempt, take_attempt
from lake.providers import Provider
from portal.api.fields import Fields, read_fields, text_of
from portal.api.identity import TheLake, Visitor, address_of
from portal.api.reply import Refused, json_reply
from portal.security.cookie import SESSION_COOKIE, is_https, set_session_cookie
from portal.security.oidc import SignInServices
from portal.security.origin import is_cross_site, is_local_path
from portal.security.throttle import Throttle

ATTEMPT_COOKIE = "tomlake_sign_in"
PATH = "/session/oidc"
MOST_ATTEMPTS = 60  # of one address within five minutes: a classroom behind one still gets in
WINDOW_S = 300.0
FOREIGN = "Sign in from a page of this portal: the request came from another site."
STALE = "This sign-in was begun elsewhere, or too long ago: begin again on the page Sign in."
SWITCHED = "Somebody else is signed in here meanwhile: begin again on the page Account."

router = APIRouter()


class Services(Protocol):
    """What the program holds for signing in through services."""

    oidc: SignInServices
    oidc_attempts: Throttle


def the_services(request: Request) -> Services:
    """Return the services of this process."""
    return request.app.state  # type: ignore[no-any-return]


TheServices = Annotated[Services, Depends(the_services)]


def throttle() -> Throttle:
    """Return how often one address may begin to sign in."""
    return Throttle(attempts=MOST_ATTEMPTS, window_s=WINDOW_S)


@router.post(PATH + "/{provider}")
def leave(
    request: Request,
    lake: TheLake,
    services: TheServices,
    user: Visitor,
    provider: str,
    fields: Annotated[Fields, Depends(read_fields)],
) -> Response:
    """Tell the browser where to go; whoever is signed in links what they are there to their account."""
    if is_cross_site(request.headers, public_url=lake.settings.public_url):
        raise Refused(403, {"detail": FOREIGN})
    wait_s = services.oidc_attempts.attempt(address_of(request))
    if wait_s:
        sentence = f"Too many attempts to sign in: try again in {int(wait_s) + 1} seconds."
        raise Refused(429, {"detail": sentence}, headers={"Retry-After": str(int(wait_s) + 1)})
    chosen = _chosen(lake, provider)
    place = text_of(fields, "next") or "/"
    begun = begin_attempt(
        lake.operations,
        provider=chosen.name,
        then_path=place if is_local_path(place) else "/",
        user_id=user.user_id if user else None,
    )
    reply = json_reply({"go_to": services.oidc.way_out(chosen, begun, back=_back(lake, chosen))})
    reply.set_cookie(
        ATTEMPT_COOKIE,
        begun.browser,
        max_age=int(KEPT_S),
        path=PATH,
        secure=is_https(request, public_url=lake.settings.public_url),
        httponly=True,
        samesite="lax",  # it must come along when the service sends the person back
    )
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """What the browser brings back from the service."""

    state: str
    code: str
    issuer: str


def came_back(
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    iss: Annotated[str, Query(max_length=1000)] = "",
) -> CameBack:
    """Return what stands in the address."""
    return CameBack(state=state, code=code, issuer=iss)


@router.get(PATH + "/{provider}/back")
def come_back(
    request: Request,
    lake: TheLake,
    services: TheServices,
    provider: str,
    came: Annotated[CameBack, Depends(came_back)],
) -> Response:
    """Open a session for whom the service names; a page with one sentence where that cannot be."""
    try:
        reply = _answer(request, lake, services, _chosen(lake, provider), came)
    except (TomlakeError, Refused) as error:
        sentence = error.reason if isinstance(error, TomlakeError) else str(dict(error.body)["detail"])  # type: ignore[arg-type]
        reply = _page(sentence, status=400 if isinstance(error, Rejected | Refused) else 503)
    reply.delete_cookie(ATTEMPT_COOKIE, path=PATH, httponly=True, samesite="lax")
    reply.headers["Cache-Control"] = "no-store"
    reply.headers["Referrer-Policy"] = "no-referrer"  # the code stands in this address
    return reply


def _answer(request: Request, lake: Lake, services: Services, provider: Provider, came: CameBack) -> Response:
    browser = request.cookies.get(ATTEMPT_COOKIE, "")
    attempt = take_attempt(lake.operations, state=came.state, browser=browser)
    if attempt is None or attempt.provider != provider.name or came.issuer not in {"", provider.issuer}:
        return _page(STALE, status=400)
    if not came.code:
        return _page(f"{provider.title} did not confirm the sign-in: try again.", status=400)
    signed_in = _signed_in(request, lake)
    if attempt.user_id != (signed_in.user_id if signed_in else None):
        return _page(SWITCHED, status=400)
    identity = services.oidc.identity(
        provider, code=came.code, verifier=attempt.verifier, nonce=attempt.nonce, back=_back(lake, provider)
    )
    return _opened(request, lake, account_of(lake.operations, identity, signed_in=signed_in), attempt)


def _opened(request: Request, lake: Lake, found: Found, attempt: Attempt) -> Response:
    """Answer whose account it is: signed in, linked, or waiting."""
    username = found.user.username
    note_sign_in(lake.operations, username=username, address=address_of(request), is_right=found.is_active)
    if not found.is_active:
        made = f"The account {username} was made and waits" if found.is_new else f"{username} still waits"
        return _page(f"{made} for the approval of staff; then you can sign in.", status=403)
    reply = RedirectResponse(attempt.then_path, status_code=303)
    if attempt.user_id is None:
        before = request.cookies.get(SESSION_COOKIE)
        if before:
            close_session(lake.operations, before)
        session_id = open_session(lake.operations, found.user)
        set_session_cookie(reply, request, session_id, public_url=lake.settings.public_url)
    return reply


def _chosen(lake: Lake, name: str) -> Provider:
    for each in lake.settings.providers:
        if each.name == name:
            return each
    raise Refused(404, {"detail": f"This portal knows no sign-in service {name:.40}."})


def _back(lake: Lake, provider: Provider) -> str:
    return f"{lake.settings.public_url}{PATH}/{provider.name}/back"


def _signed_in(request: Request, lake: Lake) -> User | None:
    session_id = request.cookies.get(SESSION_COOKIE)
    return user_of_session(lake.operations, session_id) if session_id else None


def _page(sentence: str, *, status: int) -> HTMLResponse:
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in · tomlake</title>'
        f'<p>{escape(sentence)}</p><p><a href="/account">Back to the account page</a></p></html>'
    )
    return HTMLResponse(page, status_code=status)
