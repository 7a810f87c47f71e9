"""Long answers, written by a few threads of their own: however many are read, short ones need not wait."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from starlette.responses import StreamingResponse

_PIECE_BYTES = 1 << 20
_LIMITER: RunVar[CapacityLimiter] = RunVar("bulk_limiter")  # one for each event loop


def bulk_response(pieces: Iterator[bytes], headers: Mapping[str, str]) -> StreamingResponse:
    """Return an answer that is sent while it is written; as many are written at once as there are cores."""
    return StreamingResponse(_sent(pieces), headers=headers)


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        piece = await anyio.to_thread.run_sync(next, pieces, None, limiter=_limiter())
        if piece is None:
            return
        for start in range(0, len(piece), _PIECE_BYTES):
            yield piece[start : start + _PIECE_BYTES]


def _limiter() -> CapacityLimiter:
    try:
        return _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(os.cpu_count() or 1)
        _LIMITER.set(limiter)
        return limiter
