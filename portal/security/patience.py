"""How long the server waits for a request to come whole, so that nobody holds it up by sending slowly."""

import time
from collections.abc import Callable

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STALL_S = 30.0  # without a single byte
GRACE_S = 60.0
LEAST_BYTES_S = 500.0  # after that, on average; the slowest telescope has more
_SENTENCE = "The request came too slowly: send it again over a better line, files in pieces."


class Patience:
    """ASGI middleware: a body that stops or trickles is answered with 408.

    Parameters
    ----------
    stall_s
        How long the server waits for the next bytes.
    now_s
        The clock, in seconds; only differences are used.
    """

    def __init__(
        self, app: ASGIApp, *, stall_s: float = STALL_S, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        self._stall_s = stall_s
        self._now_s = now_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped app does."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began_s, size_bytes, is_whole = self._now_s(), 0, False

        async def send_watched(message: Message) -> None:
            nonlocal is_whole
            is_whole = True  # whoever answers waits for no more of the request
            await send(message)

        async def receive_in_time() -> Message:
            nonlocal size_bytes, is_whole
            if is_whole:
                return await receive()
            try:
                with anyio.fail_after(self._stall_s):
                    message = await receive()
            except TimeoutError as error:
                if is_whole:  # the answer began meanwhile, and only a client that leaves is waited for
                    return await receive()
                raise _too_slow() from error
            size_bytes += len(message.get("body", b""))
            is_whole = message["type"] != "http.request" or not message.get("more_body", False)
            took_s = self._now_s() - began_s
            if not is_whole and took_s > GRACE_S and size_bytes < LEAST_BYTES_S * took_s:
                raise _too_slow()
            return message

        await self.app(scope, receive_in_time, send_watched)


def _too_slow() -> HTTPException:
    return HTTPException(408, _SENTENCE, headers={"Connection": "close"})
