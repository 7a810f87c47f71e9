"""What answers cost on both sides: the processor's time of the server, and the bytes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from benchmarks.api_servers import Server
from benchmarks.pages_lake import Filled, one_more_point
from benchmarks.pages_peer import peer_csv, peer_form, peer_page, tree_cpu_s
from benchmarks.pages_visit import first_visit, weighed

MANY, FEW = 20, 3  # ours are short, and the system counts processor time in steps of 10 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one answer costs."""

    cpu_ms: float
    all_bytes: int
    cold_cpu_ms: float | None = None  # the first after something was committed to the lake
    library_bytes: int = 0  # of plotly.js within the answer

    @property
    def words(self) -> str:
        """Return the processor's time for the table."""
        cold = "" if self.cold_cpu_ms is None else f", {self.cold_cpu_ms:,.0f} after a commit"
        return f"{self.cpu_ms:,.0f}{cold}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both servers over the same points."""

    ours: Server
    peer: Server | None
    filled: Filled
    client: aiohttp.ClientSession

    async def our_page(self, page: str) -> Cost:
        """Return what opening one of our pages costs: first after commits, then as a rule."""
        cold = []
        await first_visit(self.client, self.ours.url, page)  # the first one imports what it needs
        for _ in range(FEW):
            one_more_point(self.filled)
            cold.append(await self._our_cpu_ms(lambda: first_visit(self.client, self.ours.url, page), 1))
        cpu_ms = await self._our_cpu_ms(lambda: first_visit(self.client, self.ours.url, page), MANY)
        received = await first_visit(self.client, self.ours.url, page)
        return Cost(cpu_ms=cpu_ms, cold_cpu_ms=sum(cold) / FEW, all_bytes=received.all_bytes)

    async def our_file(self, path: str) -> Cost:
        """Return what one of our files costs."""
        url, asked = self.ours.url + path, {"Accept-Encoding": "identity"}
        one_more_point(self.filled)
        cold_ms = await self._our_cpu_ms(lambda: weighed(self.client, url, asked), 1)
        cpu_ms = await self._our_cpu_ms(lambda: weighed(self.client, url, asked), MANY)
        return Cost(cpu_ms=cpu_ms, cold_cpu_ms=cold_ms, all_bytes=await weighed(self.client, url, asked))

    async def their_page(self, path: str) -> Cost | None:
        """Return what a page of TOM Toolkit costs."""
        if self.peer is None:
            return None
        url = self.peer.url + path
        page = await peer_page(self.client, url)  # the first one imports what it needs
        cpu_ms = await _cpu_ms(lambda: peer_page(self.client, url), FEW, self.peer)
        return Cost(cpu_ms=cpu_ms, all_bytes=page.all_bytes, library_bytes=page.library_bytes)

    async def their_csv(self, target: int) -> Cost | None:
        """Return what TOM Toolkit's CSV of all points of a target costs."""
        if self.peer is None:
            return None
        peer = self.peer
        form = await peer_form(self.client, peer, target)
        all_bytes = await peer_csv(self.client, peer, target, form)
        cpu_ms = await _cpu_ms(lambda: peer_csv(self.client, peer, target, form), FEW, peer)
        return Cost(cpu_ms=cpu_ms, all_bytes=all_bytes)

    async def _our_cpu_ms(self, work: Callable[[], Awaitable[object]], times: int) -> float:
        return await _cpu_ms(work, times, self.ours)


async def _cpu_ms(work: Callable[[], Awaitable[object]], times: int, server: Server) -> float:
    before_s = tree_cpu_s(server)
    for _ in range(times):
        await work()
    return 1e3 * (tree_cpu_s(server) - before_s) / times
