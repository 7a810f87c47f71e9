"""What the two steps of a sign-in through a service share: its service, and secrets in the browser."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from lake.opening import Lake
from lake.providers import Provider
from portal.api.reply import Refused
from portal.security.cookie import is_https

ATTEMPT_COOKIE = "tomlake_sign_in"
FINISH_COOKIE = "tomlake_finish"
PATH = "/session/oidc"
_SAME_SITE: dict[str, Literal["lax", "strict"]] = {
    ATTEMPT_COOKIE: "lax",  # it must come along when the service sends the person back
    FINISH_COOKIE: "strict",  # only the form of our own page sends it
}
FOREIGN = "Sign in from a page of this portal: the request came from another site."
STALE = "This sign-in was begun elsewhere, or too long ago: begin again on the page Sign in."


def chosen(lake: Lake, name: str) -> Provider:
    """Return the service of this name.

    Raises
    ------
    Refused
        404: the settings name none such.
    """
    for each in lake.settings.providers:
        if each.name == name:
            return each
    raise Refused(404, {"detail": f"This portal knows no sign-in service {name:.40}."})


def set_secret(
    reply: Response, request: Request, *, cookie: str, secret: str, kept_s: float, lake: Lake
) -> None:
    """Let the browser keep a secret until it comes back with it."""
    reply.set_cookie(
        cookie,
        secret,
        max_age=int(kept_s),
        path=PATH,
        secure=is_https(request, public_url=lake.settings.public_url),
        httponly=True,
        samesite=_SAME_SITE[cookie],
    )


def drop_secret(reply: Response, *, cookie: str) -> None:
    """Take a secret back from the browser."""
    reply.delete_cookie(cookie, path=PATH, httponly=True, samesite=_SAME_SITE[cookie])
