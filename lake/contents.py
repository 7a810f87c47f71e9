"""What the lake holds, counted."""

from dataclasses import dataclass

from lake.readable import Readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Counts of one version of the lake."""

    version: int
    points: int
    targets: int  # that have at least one point
    sources: int
    frames: int
    observers: int


def contents(store: Readable) -> Contents:
    """Return how much the newest version of the lake holds."""
    counted = store.scan(
        """
        SELECT count(*) AS points,
               count(DISTINCT target_id) AS targets,
               count(DISTINCT source) AS sources,
               count(DISTINCT observer) AS observers,
               (SELECT count(*) FROM lake.frames) AS frames
        FROM lake.photometry
        """
    )
    return Contents(version=store.version(), **counted.row(0, named=True))
