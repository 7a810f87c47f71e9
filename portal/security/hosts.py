"""Under which names the portal answers: another site's name that points here gets one sentence and no page.

Without this a site could let its name point to the visitor's own machine and read the portal there.
"""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lake.settings import Settings

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?")
_SENTENCE = (
    "This portal does not answer to the name in your address: use its own, or let staff add the name "
    "to TOMLAKE_ALLOWED_HOSTS."
)
WRONG_HOST = 421  # Misdirected Request


def names_of(settings: Settings) -> frozenset[str]:
    """Return the names of an installation; numeric addresses and localhost need not be named."""
    told = [name.strip().lower().rstrip(".") for name in settings.allowed_hosts.split(",")]
    own = urlsplit(settings.public_url).hostname or ""
    names = {*told, own.lower(), settings.host.lower()}
    if settings.origin("public_url") == "default":
        names.add(socket.gethostname().lower())  # in a network of one's own people use it
    return frozenset(names - {""})


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Return whether a ``Host`` header names this portal.

    A numeric address is safe: only a name can be made to point elsewhere after a page was loaded from it.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost") or name in names:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class HostCheck:
    """ASGI middleware that refuses pages, API and websockets under a foreign name.

    Parameters
    ----------
    names
        As :func:`names_of` gives them.
    """

    def __init__(self, app: ASGIApp, *, names: frozenset[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped app does, where the request names this portal once."""
        hosts = Headers(scope=scope).getlist("host") if scope["type"] in {"http", "websocket"} else []
        if not hosts or (len(hosts) == 1 and is_ours(hosts[0], self._names)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "wrong host"})
        else:
            reply = JSONResponse(
                {"detail": _SENTENCE, "code": "wrong-host"},
                status_code=WRONG_HOST,
                headers={"Cache-Control": "no-store"},
            )
            await reply(scope, receive, send)
