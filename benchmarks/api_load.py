"""Clients that keep their connection and ask again as soon as they have the whole answer."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle

import aiohttp

from benchmarks.figures import Sample

_PATIENCE_S = 120.0
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request; a body is made anew for each time it is sent."""

    url: str | Sequence[str]  # several are asked for in turn
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], aiohttp.FormData] | None = None

    def begun_at(self, share: float) -> "Ask":
        """Return it with what is asked in turn begun elsewhere, so that not all ask the same at once."""
        if isinstance(self.url, str):
            return self
        first = int(share * len(self.url))
        return replace(self, url=[*self.url[first:], *self.url[:first]])


@dataclass(slots=True, kw_only=True)
class Load:
    """What came back from many connections."""

    took_s: float = 0.0
    bytes_in: int = 0
    times_s: list[float] = field(default_factory=list)  # of answers that came whole

    @property
    def sample(self) -> Sample:
        """Return the times of whole answers."""
        return Sample(times_s=tuple(self.times_s))

    def per_s(self, answer_bytes: int) -> float:
        """Return how many answers a second came, parts of an answer counted as parts."""
        return self.bytes_in / answer_bytes / self.took_s


def loaded(ask: Ask, *, connections: int, time_s: float) -> Load:
    """Return what so many connections received; answers still under way when the time is over are cut."""
    return asyncio.run(_loaded(ask, connections, time_s, once=False))


def sent_once(ask: Ask, *, connections: int) -> Load:
    """Return what came back when every connection asked once."""
    return asyncio.run(_loaded(ask, connections, _PATIENCE_S, once=True))


async def _loaded(ask: Ask, connections: int, time_s: float, *, once: bool) -> Load:
    load = Load()
    async with client() as session:
        began_s = time.perf_counter()
        asking = [
            asyncio.create_task(ask_on(session, ask.begun_at(number / connections), load, once=once))
            for number in range(connections)
        ]
        done, late = await asyncio.wait(
            asking, timeout=time_s, return_when=asyncio.ALL_COMPLETED if once else asyncio.FIRST_EXCEPTION
        )
        load.took_s = time.perf_counter() - began_s
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            task.result()
    return load


def client() -> aiohttp.ClientSession:
    """Return a client with any number of connections, each kept."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=_PATIENCE_S),
        auto_decompress=False,
        skip_auto_headers=["Accept-Encoding"],
        read_bufsize=_PIECE_BYTES,
    )


async def ask_on(session: aiohttp.ClientSession, ask: Ask, load: Load, *, once: bool = False) -> None:
    """Ask over one connection, again and again or once."""
    urls = cycle([ask.url] if isinstance(ask.url, str) else ask.url)
    for url in urls:
        began_s = time.perf_counter()
        method = "GET" if ask.body is None else "POST"
        body = None if ask.body is None else ask.body()
        async with session.request(method, url, headers=ask.headers, data=body) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{url}: {answer.status} {(await answer.text())[:300]}")
            async for piece in answer.content.iter_any():
                load.bytes_in += len(piece)
        load.times_s.append(time.perf_counter() - began_s)
        if once:
            return
