"""Signing in through another service: the way out, and the way back with a code."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.errors import Rejected, TomlakeError
from lake.opening import Lake
from lake.people.accounts import User, user_of_session
from lake.people.audit import note_sign_in
from lake.people.identities import Found, account_of
from lake.people.sign_in_attempts import KEPT_S, Attempt, begin_attempt, take_attempt
from lake.providers import Provider
from portal.api.attempts import (
    ATTEMPT_COOKIE,
    FOREIGN,
    PATH,
    STALE,
    chosen,
    drop_secret,
    set_secret,
)
from portal.api.fields import BodyFields, text_of
from portal.api.finishing import enter
from portal.api.identity import TheLake, Visitor, address_of, is_from_elsewhere
from portal.api.plain_page import PAGES, sentence_page
from portal.api.reply import Refused, json_reply
from portal.security.cookie import SESSION_COOKIE
from portal.security.door import Door
from portal.security.oidc import SignInServices
from portal.security.origin import is_local_path
from portal.security.throttle import Throttle

MOST_ATTEMPTS = 60  # of one address within five minutes: a classroom behind one still gets in
WINDOW_S = 300.0
SWITCHED = "Somebody else is signed in here meanwhile: begin again on the page Account."

router = APIRouter()


class Services(Protocol):
    """What the program holds for signing in through services."""

    oidc: SignInServices
    oidc_attempts: Throttle
    door: Door


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
    fields: BodyFields,
) -> Response:
    """Tell the browser where to go; whoever is signed in links what they are there to their account."""
    if is_from_elsewhere(request, lake):
        raise Refused(403, {"detail": FOREIGN})
    wait_s = services.oidc_attempts.attempt(address_of(request))
    if wait_s:
        sentence = f"Too many attempts to sign in: try again in {int(wait_s) + 1} seconds."
        raise Refused(429, {"detail": sentence}, headers={"Retry-After": str(int(wait_s) + 1)})
    service = chosen(lake, provider)
    place = text_of(fields, "next") or "/"
    begun = begin_attempt(
        lake.operations,
        provider=service.name,
        then_path=place if is_local_path(place) else "/",
        user_id=user.user_id if user else None,
    )
    reply = json_reply({"go_to": services.oidc.way_out(service, begun, back=_back(lake, service))})
    set_secret(reply, request, cookie=ATTEMPT_COOKIE, secret=begun.browser, kept_s=KEPT_S, lake=lake)
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


@router.get(PATH + "/{provider}/back", status_code=303, response_class=Response, responses=PAGES)
def come_back(
    request: Request,
    lake: TheLake,
    services: TheServices,
    provider: str,
    came: Annotated[CameBack, Depends(came_back)],
) -> Response:
    """Open a session for whom the service names, or ask for the rest; one sentence where that cannot be."""
    try:
        reply = _answer(request, lake, services, chosen(lake, provider), came)
    except (TomlakeError, Refused) as error:
        sentence = error.reason if isinstance(error, TomlakeError) else str(dict(error.body)["detail"])  # type: ignore[arg-type]
        reply = sentence_page(sentence, status=400 if isinstance(error, Rejected | Refused) else 503)
    drop_secret(reply, cookie=ATTEMPT_COOKIE)
    reply.headers["Cache-Control"] = "no-store"
    reply.headers.setdefault("Referrer-Policy", "no-referrer")  # the code stands in this address
    return reply


def _answer(request: Request, lake: Lake, services: Services, provider: Provider, came: CameBack) -> Response:
    browser = request.cookies.get(ATTEMPT_COOKIE, "")
    attempt = take_attempt(lake.operations, state=came.state, browser=browser)
    if attempt is None or attempt.provider != provider.name or came.issuer not in {"", provider.issuer}:
        return sentence_page(STALE, status=400)
    if not came.code:
        return sentence_page(f"{provider.title} did not confirm the sign-in: try again.", status=400)
    signed_in = _signed_in(request, lake)
    if attempt.user_id != (signed_in.user_id if signed_in else None):
        return sentence_page(SWITCHED, status=400)
    identity = services.oidc.identity(
        provider, code=came.code, verifier=attempt.verifier, nonce=attempt.nonce, back=_back(lake, provider)
    )
    sign_up = lake.settings.sign_up
    found = account_of(lake.operations, identity, signed_in=signed_in, sign_up=sign_up)
    if found.is_active and signed_in is None:
        return enter(request, lake, services.door, provider, found.user, then_path=attempt.then_path)
    return _linked_or_waiting(request, lake, found, attempt)


def _linked_or_waiting(request: Request, lake: Lake, found: Found, attempt: Attempt) -> Response:
    """Answer who opens no session by this: they have one, or wait for staff."""
    username = found.user.username
    note_sign_in(
        lake.operations,
        username=username,
        address=address_of(request),
        is_right=found.is_active,
        service=attempt.provider,
    )
    if found.is_active:
        return RedirectResponse(attempt.then_path, status_code=303)
    made = f"The account {username} was made and waits" if found.is_new else f"{username} still waits"
    return sentence_page(f"{made} for the approval of staff; then you can sign in.", status=403)


def _back(lake: Lake, provider: Provider) -> str:
    return f"{lake.settings.public_url}{PATH}/{provider.name}/back"


def _signed_in(request: Request, lake: Lake) -> User | None:
    session_id = request.cookies.get(SESSION_COOKIE)
    return user_of_session(lake.operations, session_id) if session_id else None
