"""How many requests one address and one token may send: a bucket for each, that fills as time goes by."""

import hashlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.security.answer_start import AnswerStart

logger = logging.getLogger(__name__)

MOST_KEYS = 10_000
LIMIT_HEADERS = {
    "RateLimit-Limit": "requests that you may send in a minute; told where there is a limit",
    "RateLimit-Remaining": "how many of them are left now",
    "RateLimit-Reset": "seconds until all of them are there again",
}
_V1 = "/api/v1/"


class Buckets:
    """Requests that keys have left; a key that has been silent for a minute has all of them again.

    Parameters
    ----------
    per_min
        How many requests a key may send at once, and how many it gets back in a minute; 0: no limit.
    now_s
        The clock, in seconds; only differences are used.
    """

    def __init__(self, *, per_min: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_min = per_min
        self._now_s = now_s
        self._lock = threading.Lock()
        self._full_at_s: dict[str, float] = {}  # when each bucket is full again

    def take(self, *keys: str) -> float:
        """Return 0 and take one request from every key; where one has none left, the seconds to wait."""
        if not self._per_min:
            return 0.0
        step_s = 60.0 / self._per_min
        with self._lock:
            now_s = self._now_s()
            full_at_s = {key: max(self._full_at_s.get(key, now_s), now_s) + step_s for key in keys}
            wait_s = max(full_at_s.values(), default=now_s) - now_s - 60.0
            if wait_s > 1e-9:
                return wait_s
            if len(self._full_at_s) + len(keys) > MOST_KEYS:
                self._forget(now_s)
            self._full_at_s |= full_at_s
            return 0.0

    def told(self, *keys: str) -> dict[str, str]:
        """Return what a client may know of its requests, as headers; nothing where there is no limit."""
        if not self._per_min:
            return {}
        with self._lock:
            now_s = self._now_s()
            used_s = max((self._full_at_s.get(key, now_s) - now_s for key in keys), default=0.0)
        used_s = min(max(used_s, 0.0), 60.0)
        left = math.floor((60.0 - used_s) * self._per_min / 60.0 + 1e-6)
        values = (self._per_min, left, math.ceil(used_s))
        return dict(zip(LIMIT_HEADERS, map(str, values), strict=True))

    def _forget(self, now_s: float) -> None:
        """Drop the full buckets; where too many are left, those that are nearest to it."""
        left = sorted((at_s, key) for key, at_s in self._full_at_s.items() if at_s > now_s)
        self._full_at_s = {key: at_s for at_s, key in left[-MOST_KEYS // 2 :]}


class RateLimit:
    """ASGI middleware that answers 429 with ``Retry-After`` to who asks too often."""

    def __init__(self, app: ASGIApp, *, buckets: Buckets) -> None:
        self.app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped app does, unless the address or the token has no request left."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        keys = _keys(scope)
        wait_s = self._buckets.take(*keys)
        told = self._buckets.told(*keys)

        def tell(headers: MutableHeaders) -> None:
            for name, value in told.items():
                headers.append(name, value)

        send_told = AnswerStart(send, tell)
        if wait_s:
            await _refuse(scope, send_told, seconds=math.ceil(wait_s))
        else:
            await self.app(scope, receive, send_told)


async def _refuse(scope: Scope, send: Send, *, seconds: int) -> None:
    logger.info("a client asked too often", extra={"path": scope["path"], "wait_s": seconds})
    sentence = f"Request was throttled. Expected available in {seconds} second{'s' * (seconds != 1)}."
    told: dict[str, object] = {"detail": sentence}
    is_v1 = scope["path"].startswith(_V1)
    if is_v1:  # whose refusals have one shape
        told = {"type": "about:blank", "title": "Too Many Requests", "status": 429} | told
        told |= {"code": "too-many-requests", "errors": []}
    body = json.dumps(told, separators=(",", ":")).encode()
    headers = {
        "content-type": "application/problem+json" if is_v1 else "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "retry-after": str(seconds),
    }
    if is_v1:
        headers["access-control-allow-origin"] = "*"
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 429, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _keys(scope: Scope) -> list[str]:
    """Return what a request counts for: its address always, since anybody can invent tokens."""
    client = scope.get("client")
    keys = [f"address {client[0] if client else ''}"]
    sent = Headers(scope=scope).get("authorization")
    if sent:
        keys.append("token " + hashlib.sha256(" ".join(sent.split()[1:]).encode()).hexdigest())
    return keys
