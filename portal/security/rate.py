"""How many requests one address and one token may send: a bucket for each, that fills as time goes by."""

import hashlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)

MOST_KEYS = 10_000


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
        wait_s = self._buckets.take(*_keys(scope)) if scope["type"] == "http" else 0.0
        if not wait_s:
            await self.app(scope, receive, send)
            return
        seconds = math.ceil(wait_s)
        logger.info("a client asked too often", extra={"path": scope["path"], "wait_s": seconds})
        sentence = f"Request was throttled. Expected available in {seconds} second{'s' * (seconds != 1)}."
        body = json.dumps({"detail": sentence}, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "cache-control": "no-store",
            "retry-after": str(seconds),
        }
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
