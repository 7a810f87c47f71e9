"""The answer of an archive that a point was read from, as it came."""

from dataclasses import dataclass

import pyarrow as pa

from engine.brokers.protocol import Asks
from engine.brokers.registry import broker
from engine.errors import Rejected
from lake.opening import Lake
from lake.trace.explain import Explanation

SHOWN_MAX_BYTES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """The bytes of an archive's answer, or the first of them."""

    archive: str
    sha256: str
    body: bytes
    is_whole: bool


def raw_answer(lake: Lake, told: Explanation) -> RawAnswer | None:
    """Return the answer that an explained point was read from, None where nobody may see it or none is kept.

    What a person sent, be it a frame or an archive's file, is theirs and never shown here.
    """
    batch = told.batch
    if batch is None or told.raw is None or told.raw.size_bytes is None or batch.source != told.point.source:
        return None
    try:
        if batch.task not in {"harvest", "reparse"} or broker(batch.source).info.asks == Asks.FILE:
            return None
        with lake.raw.open(told.raw.sha256) as stream:
            body = stream.read(SHOWN_MAX_BYTES)
    except (Rejected, OSError, pa.ArrowException):
        return None
    is_whole = len(body) == told.raw.size_bytes
    return RawAnswer(archive=batch.source, sha256=told.raw.sha256, body=body, is_whole=is_whole)
