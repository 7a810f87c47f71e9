"""A visitor of our pages without a browser: what one receives, and how long the server works for it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MOST_MESSAGE_BYTES = 1 << 28
# what a browser asks for beside the page, whatever the page: as Chromium does
_ASKED_FIRST = ("/_stcore/health", "/_stcore/host-config")
_FILE = re.compile(rb"/media/[0-9a-f]+\.\w+")  # pictures and files that the page's elements name


@dataclass(slots=True, kw_only=True)
class Received:
    """What came over the wire, without the headers of HTTP and the frames of the websocket."""

    html_bytes: int = 0
    socket_bytes: int = 0
    file_bytes: int = 0
    took_s: float = 0.0
    parts: dict[str, int] = field(default_factory=dict)  # kind of element -> bytes

    @property
    def all_bytes(self) -> int:
        """Return everything that makes the page's content."""
        return self.html_bytes + self.socket_bytes + self.file_bytes


@dataclass(slots=True)
class Session:
    """One open page; it remembers what its browser would."""

    socket: aiohttp.ClientWebSocketResponse
    page: str
    kept: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    async def run(self, received: Received | None = None) -> int:
        """Run the page once, from the request to the last element; return the bytes of the answer."""
        name, _, query = self.page.partition("?")
        asked = BackMsg()
        asked.rerun_script.page_name, asked.rerun_script.query_string = name, query
        asked.rerun_script.cached_message_hashes.extend(self.kept)
        asked.rerun_script.context_info.timezone = "Etc/UTC"
        asked.rerun_script.context_info.color_scheme = "light"
        await self.socket.send_bytes(asked.SerializeToString())
        size_bytes, is_finished = 0, False
        while not is_finished:
            body = await self.socket.receive_bytes()
            told = ForwardMsg.FromString(body)
            size_bytes += len(body)
            is_finished = told.WhichOneof("type") == "script_finished"
            self._remember(told, body, received)
        return size_bytes

    def _remember(self, told: ForwardMsg, body: bytes, received: Received | None) -> None:
        if told.metadata.cacheable:
            self.kept.add(told.hash)
        self.files |= {path.decode() for path in _FILE.findall(body)}
        if received is not None:
            kind = told.WhichOneof("type") or ""
            if kind == "delta":
                kind = told.delta.new_element.WhichOneof("type") or "block"
            received.parts[kind] = received.parts.get(kind, 0) + len(body)


async def opened(client: aiohttp.ClientSession, url: str, page: str) -> Session:
    """Return a session that has not run its page yet."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    socket = await client.ws_connect(address, protocols=["streamlit"], max_msg_size=MOST_MESSAGE_BYTES)
    return Session(socket, page)


async def first_visit(client: aiohttp.ClientSession, url: str, page: str) -> Received:
    """Return what a browser receives that opens a page: the document, the session, and the files it names."""
    began_s, received = time.perf_counter(), Received()
    received.html_bytes = await weighed(client, f"{url}/{page}")
    for path in _ASKED_FIRST:
        received.file_bytes += await weighed(client, url + path)
    session = await opened(client, url, page)
    received.socket_bytes = await session.run(received)
    for path in sorted(session.files):
        received.file_bytes += await weighed(client, url + path)
    await session.socket.close()
    received.took_s = time.perf_counter() - began_s
    return received


async def weighed(client: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None) -> int:
    """Return the bytes of an answer's body."""
    async with client.get(url, headers=headers) as answer:
        answer.raise_for_status()
        return sum([len(piece) async for piece in answer.content.iter_any()])
