"""Opening a session for whom the door lets in, whichever way they came."""

from starlette.requests import Request
from starlette.responses import Response

from lake.opening import Lake
from lake.people.accounts import User, close_session, open_session
from portal.api.fields import clean_text
from portal.api.identity import address_of
from portal.security.cookie import SESSION_COOKIE, set_session_cookie


def let_in(request: Request, reply: Response, lake: Lake, user: User) -> None:
    """Give the browser a new session: what it had before, whoever gave it, opens nothing any more."""
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        close_session(lake.operations, before)
    browser = clean_text(request.headers.get("user-agent", ""))
    session_id = open_session(lake.operations, user, address=address_of(request), browser=browser)
    set_session_cookie(reply, request, session_id, public_url=lake.settings.public_url)
