"""The cookie that keeps a person signed in; it holds a random id, and the database its sha256 only."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from engine.times import SECONDS_PER_DAY
from lake.people.accounts import SESSION_DAYS

SESSION_COOKIE = "tomlake_session"


def set_session_cookie(reply: Response, request: Request, session_id: str, *, public_url: str) -> None:
    """Give the session to the browser, out of reach of scripts and of other sites' posts."""
    reply.set_cookie(
        SESSION_COOKIE,
        session_id,
        max_age=int(SESSION_DAYS * SECONDS_PER_DAY),
        path="/",
        secure=is_https(request, public_url=public_url),
        httponly=True,
        samesite="lax",
    )


def drop_session_cookie(reply: Response, request: Request, *, public_url: str) -> None:
    """Take the session back from the browser."""
    reply.delete_cookie(
        SESSION_COOKIE,
        path="/",
        secure=is_https(request, public_url=public_url),
        httponly=True,
        samesite="lax",
    )


def is_https(request: Request, *, public_url: str) -> bool:
    """Return whether the visitor came by HTTPS, also where a proxy ends it before us."""
    return request.url.scheme == "https" or (
        urlsplit(public_url).scheme == "https" and urlsplit(public_url).netloc == request.headers.get("host")
    )
