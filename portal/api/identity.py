"""Who asks: dependencies of the routes that give the lake, the visitor, or the signed-in user."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from engine.times import mjd_now
from lake.opening import Lake
from lake.people.accounts import User, user_of_session
from lake.people.second_factor import acting
from lake.people.tokens import Bearer, bearer_of
from lake.remembered import Remembered
from portal.api.reply import Refused, not_signed_in
from portal.security.cookie import SESSION_COOKIE
from portal.security.door import Door
from portal.security.origin import SAFE_METHODS, is_cross_site
from portal.security.scopes import needed_scope

LakeProvider = Callable[[], Lake]
SCHEMES = frozenset({"token", "bearer"})
_BEARER_BYTES = 1000  # some
_BEARERS: Remembered[Bearer] = Remembered(most_bytes=1 << 20)


async def the_lake(request: Request) -> Lake:
    """Return the open lake; as all here that only looks something up it needs no thread."""
    provider: LakeProvider = request.app.state.lake_provider
    return provider()


async def the_door(request: Request) -> Door:
    """Return the place where passwords are checked."""
    door: Door = request.app.state.door
    return door


TheLake = Annotated[Lake, Depends(the_lake)]
TheDoor = Annotated[Door, Depends(the_door)]


def visitor(request: Request, lake: TheLake) -> User | None:
    """Return the user of the token or of the session cookie, or None for the public.

    Raises
    ------
    Refused
        401 for a token that is not valid, in the words of BHTOM; 403 for one that is not for this.
    """
    token = token_of(request.headers.get("authorization", ""))
    if token:
        bearer = _bearer(lake, token)
        if bearer is None:
            raise not_signed_in("Invalid token.")
        needed = needed_scope(request.method, request.url.path)
        if needed not in bearer.scopes:
            raise Refused(403, {"detail": f"This token may not {needed}: make one with that scope."})
        return bearer.user
    session_id = request.cookies.get(SESSION_COOKIE)
    if session_id and _may_use_cookie(request, lake):
        return _acting(lake, user_of_session(lake.operations, session_id))
    return None


async def asking(request: Request, lake: TheLake) -> User | None:
    """Return the visitor; a thread is needed only where the database must be asked."""
    token = token_of(request.headers.get("authorization", ""))
    is_known = token is not None and _remembered(lake, token) is not None
    if is_known or (token is None and not request.cookies.get(SESSION_COOKIE)):
        return visitor(request, lake)
    return await run_in_threadpool(visitor, request, lake)


def token_of(authorization: str) -> str | None:
    """Return the token of an ``Authorization`` header, or None where it speaks of something else."""
    words = authorization.split()
    if not words or words[0].lower() not in SCHEMES:
        return None
    if len(words) == 1:
        raise not_signed_in("Invalid token header. No credentials provided.")
    if len(words) > 2:
        raise not_signed_in("Invalid token header. Token string should not contain spaces.")
    return words[1]


async def signed_in(user: Annotated[User | None, Depends(asking)]) -> User:
    """Return the user who asks; the public gets BHTOM's 401."""
    if user is None:
        raise not_signed_in()
    return user


def address_of(request: Request) -> str:
    """Return the address from which a request came; what a proxy may claim is the server's to believe."""
    return request.client.host if request.client else ""


Visitor = Annotated[User | None, Depends(asking)]
SignedIn = Annotated[User, Depends(signed_in)]


def _acting(lake: Lake, user: User | None) -> User | None:
    return acting(lake.operations, user, is_required_of_staff=lake.settings.staff_second_factor)


def _bearer(lake: Lake, token: str) -> Bearer | None:
    """Return who sent a token, as they may act."""

    def asked() -> Bearer | None:
        bearer = bearer_of(lake.operations, token)
        user = _acting(lake, bearer.user if bearer else None)
        return None if bearer is None or user is None else replace(bearer, user=user)

    known = _remembered(lake, token)
    return known or _BEARERS.made(
        lake.operations, _key(lake, token), asked, size_bytes=lambda _: _BEARER_BYTES
    )


def _remembered(lake: Lake, token: str) -> Bearer | None:
    """Return who sent a token a moment ago, unless it ran out meanwhile."""
    known = _BEARERS.found(lake.operations, _key(lake, token))
    if known is None or (known.expires_mjd is not None and known.expires_mjd <= mjd_now()):
        return None
    return known


def _key(lake: Lake, token: str) -> tuple[bytes, bool]:
    """Return the key of a token; no secret stays in memory."""
    return hashlib.sha256(token.encode()).digest(), lake.settings.staff_second_factor


def is_from_elsewhere(request: Request, lake: Lake) -> bool:
    """Return whether a browser says that the page of another site made it ask this."""
    return is_cross_site(request.headers, public_url=lake.settings.public_url)


def _may_use_cookie(request: Request, lake: Lake) -> bool:
    """Return whether a cookie speaks for its owner: not where another site could have sent it."""
    if request.method in SAFE_METHODS:
        return True
    if is_from_elsewhere(request, lake):
        return False
    return "x-requested-with" in request.headers
