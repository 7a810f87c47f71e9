"""Many who look at once: how long a page takes to run, and what the server keeps of them."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from benchmarks.api_servers import Server
from benchmarks.figures import Sample
from benchmarks.pages_visit import Session, opened

SESSIONS, THINK_S = 100, 10.0
THINK_SPREAD = 0.5  # of it either way: whoever waited together would else come back together, for ever
STEADY_SESSIONS = 10  # that run a page without a pause, to see whether memory grows
PARTS = 5  # in which the long run is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What a crowd felt."""

    reruns: Sample
    cores: float  # of the processor that the server used
    memory_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reruns:
    """What one page costs again and again in one session."""

    cpu_ms: float
    all_bytes: int
    times: Sample


async def rerun(client: aiohttp.ClientSession, server: Server, page: str, *, times: int) -> Reruns:
    """Return what a warm rerun costs the server."""
    session = await opened(client, server.url, page)
    await session.run()
    await session.run()  # from here on the browser has what it may keep
    before_s, times_s, all_bytes = server.cpu_s(), [], 0
    for _ in range(times):
        began_s = time.perf_counter()
        all_bytes += await session.run()
        times_s.append(time.perf_counter() - began_s)
    cpu_ms = 1e3 * (server.cpu_s() - before_s) / times
    await session.socket.close()
    return Reruns(cpu_ms=cpu_ms, all_bytes=all_bytes // times, times=Sample(times_s=tuple(times_s)))


async def crowd(
    client: aiohttp.ClientSession, server: Server, pages: Sequence[str], *, time_s: float
) -> Crowd:
    """Return what 100 sessions feel that think about ten seconds between two runs of their page."""
    sessions = [await opened(client, server.url, page) for page in pages]
    for session in sessions:
        await session.run()
    times_s: list[float] = []
    server.forget_peak()
    before_s, began_s = server.cpu_s(), time.perf_counter()
    until_s = began_s + time_s
    await asyncio.gather(
        *(_look(session, times_s, random.Random(number), until_s) for number, session in enumerate(sessions))
    )
    cores = (server.cpu_s() - before_s) / (time.perf_counter() - began_s)
    for session in sessions:
        await session.socket.close()
    return Crowd(reruns=Sample(times_s=tuple(times_s)), cores=cores, memory_mb=server.peak_mb())


async def _look(session: Session, times_s: list[float], dice: random.Random, until_s: float) -> None:
    await asyncio.sleep(dice.uniform(0.0, THINK_S))
    while time.perf_counter() < until_s:
        began_s = time.perf_counter()
        await session.run()
        times_s.append(time.perf_counter() - began_s)
        await asyncio.sleep(THINK_S * dice.uniform(1.0 - THINK_SPREAD, 1.0 + THINK_SPREAD))


async def memory_over(
    client: aiohttp.ClientSession, server: Server, pages: Sequence[str], *, times: int
) -> list[float]:
    """Return the most memory [MB] in each fifth of so many reruns by a few sessions without a pause."""
    sessions = [await opened(client, server.url, page) for page in pages[:STEADY_SESSIONS]]
    most_mb = []
    for _ in range(PARTS):
        server.forget_peak()
        await asyncio.gather(*(_again(each, times // PARTS // len(sessions)) for each in sessions))
        most_mb.append(server.peak_mb())
    for session in sessions:
        await session.socket.close()
    return most_mb


async def _again(session: Session, times: int) -> None:
    for _ in range(times):
        await session.run()
