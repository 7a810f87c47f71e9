"""Small answers given again without asking the database, as long as nothing changed."""

import asyncio
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from engine.target import Target
from lake.opening import Lake
from lake.points.bounded import Bounded
from lake.remembered import Remembered, remembers, state_of
from portal.api.bulk import bulk_response

MOST_BODY_BYTES = 4_000_000
_MOST_BYTES = 32 << 20
_OVERHEAD_BYTES = 1000
_TOO_MANY = _MOST_BYTES + 1  # is not remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent; none of its headers may be of one request only."""

    body: bytes | Iterator[bytes]  # a long one is made while it is sent, and never remembered
    headers: Mapping[str, str]
    about: Target | None = None  # of a light curve: whose it is, for the log

    def response(self) -> Response:
        """Return it as a response of its own."""
        if isinstance(self.body, bytes):
            return Response(self.body, headers=self.headers)
        return bulk_response(self.body, self.headers)


_UNDER_WAY: dict[Hashable, asyncio.Task[Answer]] = {}
_ANSWERS: Remembered[Answer] = Remembered(most_bytes=_MOST_BYTES)
_BODIES: Bounded[bytes] = Bounded(most_bytes=_MOST_BYTES)


async def quickly(lake: Lake, key: Hashable, make: Callable[[], Answer]) -> Answer:
    """Return what ``make`` answers in a thread, or at once what it answered a moment ago.

    Parameters
    ----------
    key
        All that the answer depends on, apart from what the databases hold: the route, what was asked, and who
        asked, as they may act at this moment.
    """
    if not remembers(lake.operations, lake.store):  # asking for the version takes a thread as well
        return await run_in_threadpool(make)
    whole = (lake.store, key, lake.store.version())
    return _ANSWERS.found(lake.operations, whole) or await _made_once(lake, whole, make)


async def _made_once(lake: Lake, whole: Hashable, make: Callable[[], Answer]) -> Answer:
    """Return what ``make`` answers; of many who ask the same at once, one makes it for all.

    Who asks after a commit never gets what was begun before it.
    """
    loop = asyncio.get_running_loop()
    moment = (loop, whole, state_of(lake.operations))
    others = _UNDER_WAY.get(moment)
    if others is not None:
        theirs = await asyncio.shield(others)
        if isinstance(theirs.body, bytes):
            return theirs
        return await run_in_threadpool(make)  # a long one is read while it is sent, by one reader
    under_way = loop.create_task(_made(lake, whole, make))
    _UNDER_WAY[moment] = under_way
    under_way.add_done_callback(lambda done: _ended(moment, done))
    return await asyncio.shield(under_way)  # who goes away does not take it from the others


async def _made(lake: Lake, whole: Hashable, make: Callable[[], Answer]) -> Answer:
    made = await run_in_threadpool(_ANSWERS.made, lake.operations, whole, make, size_bytes=_size)
    if made is None:
        raise TypeError("an answer is never None")
    return made


def _ended(moment: Hashable, done: asyncio.Task[Answer]) -> None:
    _UNDER_WAY.pop(moment, None)
    if not done.cancelled():
        done.exception()  # it is told to those who wait, if any still do


def body_of(lake: Lake, key: Hashable, make: Callable[[], bytes]) -> bytes:
    """Return bytes that never change for their key, which says all that they depend on."""
    whole = (lake.store, key)
    found = _BODIES.get(whole)
    if found is None:
        found = make()
        _BODIES.put(whole, found, size_bytes=_kept_bytes(found))
    return found


def _size(made: Answer) -> int:
    return _kept_bytes(made.body) if isinstance(made.body, bytes) else _TOO_MANY


def _kept_bytes(body: bytes) -> int:
    return len(body) + _OVERHEAD_BYTES if len(body) <= MOST_BODY_BYTES else _TOO_MANY
