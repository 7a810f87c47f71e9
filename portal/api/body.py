"""The body of an upload as it comes over the wire: counted while it comes, drained when it is refused."""

from collections.abc import AsyncIterator

import anyio
from starlette.requests import ClientDisconnect, Request

from engine.errors import Rejected
from portal.frame.uploading import MB

DRAIN_BYTES = 256 * MB
DRAIN_S = 20.0


class Body:
    """One request's body; it may be read once."""

    def __init__(self, request: Request, *, max_bytes: int) -> None:
        self._receive = request.receive
        self._max_bytes = max_bytes
        announced = request.headers.get("content-length", "")
        self._announced_bytes = int(announced) if announced.isdigit() else 0
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come.

        Raises
        ------
        Rejected
            ``upload-too-large``: more than the limit was announced, or came.
        ClientDisconnect
            The client left before the end.
        """
        self._check(self._announced_bytes)
        size_bytes = 0
        while not self._ended:
            chunk = await self._next()
            size_bytes += len(chunk)
            self._check(size_bytes)
            if chunk:
                yield chunk

    async def drain(self) -> None:
        """Read on and forget, within limits: a client that still sends cannot read a refusal."""
        size_bytes = 0
        with anyio.move_on_after(DRAIN_S):
            while not self._ended and size_bytes < DRAIN_BYTES:
                size_bytes += len(await self._next())

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            self._ended = True
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise Rejected(
                f"One upload may have {self._max_bytes // MB} MB at most: send fewer files at once.",
                code="upload-too-large",
            )
