"""Sees an answer begin, so that what stands around an app can add headers or knows that it is too late."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


class AnswerStart:
    """A ``send`` that lets somebody change the headers of an answer as it begins.

    Parameters
    ----------
    change
        Changes the headers in place.
    """

    def __init__(self, send: Send, change: Callable[[MutableHeaders], None] = lambda _: None) -> None:
        self._send = send
        self._change = change
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        """Send on what the app says."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            message.setdefault("headers", [])
            self._change(MutableHeaders(scope=message))
        await self._send(message)
