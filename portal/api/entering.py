"""Opening a session for whom the door lets in, whichever way they came."""

from starlette.requests import Request
from starlette.responses import Response

from lake.opening import Lake
from lake.people.accounts import User, close_session, open_session
from lake.people.sign_in import Lacks
from portal.api.fields import clean_text
from portal.api.identity import address_of
from portal.security.cookie import SESSION_COOKIE, set_session_cookie

LACKING = {  # what to tell whose password is right, or whom a service named
    Lacks.TERMS: "Read the terms of use and accept them to sign in.",
    Lacks.CODE: "Give the code that your device shows, or one of your recovery codes.",
    Lacks.RIGHT_CODE: "This code is wrong or was used already: give the next one that your device shows.",
}


def let_in(request: Request, reply: Response, lake: Lake, user: User) -> None:
    """Give the browser a new session: what it had before, whoever gave it, opens nothing any more."""
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        close_session(lake.operations, before)
    browser = clean_text(request.headers.get("user-agent", ""))
    session_id = open_session(lake.operations, user, address=address_of(request), browser=browser)
    set_session_cookie(reply, request, session_id, public_url=lake.settings.public_url)
