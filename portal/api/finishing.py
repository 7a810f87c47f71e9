"""The second step of signing in through a service: the terms of use, and the code of the second factor."""

from dataclasses import dataclass
from html import escape

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import Transient
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.finishing import KEPT_S, Unfinished, finish, leave_unfinished, who_is_finishing
from lake.people.second_factor import has_second_factor
from lake.people.sign_in import Given, Lacks
from lake.people.terms import current_terms, has_accepted
from lake.providers import Provider
from portal.api.attempts import (
    FINISH_COOKIE,
    FOREIGN,
    PATH,
    STALE,
    chosen,
    drop_secret,
    set_secret,
)
from portal.api.entering import LACKING, let_in
from portal.api.fields import BodyFields, text_of
from portal.api.identity import TheDoor, TheLake, address_of, is_from_elsewhere
from portal.api.plain_page import PAGES, plain_page, sentence_page
from portal.security.door import Door
from portal.security.origin import is_local_path

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the form must know of a sign-in that lacks something."""

    provider: Provider
    user: User
    key: str
    then_path: str
    ticked: str = ""  # the version of the terms that they accepted in the form before


def enter(
    request: Request, lake: Lake, door: Door, provider: Provider, user: User, *, then_path: str
) -> Response:
    """Let in whom a service named, or ask for what they lack still; without it no session is opened."""
    given = Given(username=user.username, password="")
    lacks = door.ask(lake, user, given, address=address_of(request), service=provider.name)
    if lacks is Lacks.NOTHING:
        return _welcome(request, lake, user, then_path)
    unfinished = leave_unfinished(lake.operations, user)
    step = Step(provider=provider, user=user, key=unfinished.key, then_path=then_path)
    reply = _form(lake, step, LACKING[lacks], status=200)
    set_secret(reply, request, cookie=FINISH_COOKIE, secret=unfinished.browser, kept_s=KEPT_S, lake=lake)
    return reply


@router.post(PATH + "/{provider}/finish", status_code=303, response_class=Response, responses=PAGES)
def finish_sign_in(
    request: Request,
    lake: TheLake,
    door: TheDoor,
    provider: str,
    fields: BodyFields,
) -> Response:
    """Open the session of whom a service named, once they gave what was lacking."""
    if is_from_elsewhere(request, lake):
        return sentence_page(FOREIGN, status=403)
    service = chosen(lake, provider)
    key, code, terms, place = (text_of(fields, name) or "" for name in ("key", "code", "terms", "next"))
    unfinished = Unfinished(key=key, browser=request.cookies.get(FINISH_COOKIE, ""))
    user = who_is_finishing(lake.operations, unfinished)
    if user is None:
        return sentence_page(STALE, status=400)
    step = Step(provider=service, user=user, key=key, then_path=place, ticked=terms)
    given = Given(username=user.username, password="", code=code, terms=terms)
    try:
        lacks = door.ask(lake, user, given, address=address_of(request), service=service.name)
    except Transient as error:
        reply = _form(lake, step, error.reason, status=429)
        reply.headers["Retry-After"] = str(int(error.retry_after_s))
        return reply
    if lacks is not Lacks.NOTHING:
        return _form(lake, step, LACKING[lacks], status=401)
    if not finish(lake.operations, unfinished):
        return sentence_page(STALE, status=400)
    answer = _welcome(request, lake, user, place)
    drop_secret(answer, cookie=FINISH_COOKIE)
    return answer


def _welcome(request: Request, lake: Lake, user: User, then_path: str) -> Response:
    place = then_path if is_local_path(then_path) else "/"
    reply = RedirectResponse(place, status_code=303, headers={"Cache-Control": "no-store"})
    let_in(request, reply, lake, user)
    return reply


def _form(lake: Lake, step: Step, sentence: str, *, status: int) -> HTMLResponse:
    """Return the page that asks for all that is lacking at once."""
    body = (
        f"<p>{escape(step.provider.title)} says that you are "
        f"<strong>{escape(step.user.username)}</strong>.</p>"
        f'<p class="says" role="status">{escape(sentence)}</p>'
        f'<form method="post" action="{PATH}/{escape(step.provider.name)}/finish">'
        f'<input type="hidden" name="key" value="{escape(step.key)}">'
        f'<input type="hidden" name="next" value="{escape(step.then_path)}">'
        f"{_terms_field(lake, step)}{_code_field(lake, step.user)}"
        '<button type="submit">Sign in</button></form>'
        '<p class="quiet">This page is good for ten minutes. '
        '<a href="/account">Sign in as somebody else</a></p>'
    )
    return plain_page(body, status=status)


def _terms_field(lake: Lake, step: Step) -> str:
    terms = current_terms(lake.settings)
    if terms is None or has_accepted(lake.operations, step.user, terms):
        return ""
    version = escape(terms.version)
    checked = " checked" if step.ticked == terms.version else ""
    return (
        f"<h2>Terms of use, version {version}</h2>"
        f'<div class="terms" tabindex="0" role="region" aria-label="Terms of use">{escape(terms.text)}</div>'
        f'<label class="tick"><input type="checkbox" name="terms" value="{version}" required{checked}>'
        "I accept the terms of use</label>"
    )


def _code_field(lake: Lake, user: User) -> str:
    if not has_second_factor(lake.operations, user):
        return ""
    return (
        '<label>Code of your device, or a recovery code<input name="code" required maxlength="40" '
        'autocomplete="one-time-code" autocapitalize="off" spellcheck="false"></label>'
    )
