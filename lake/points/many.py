"""Points of many targets put in order piece by piece: what fits into the cache is sorted twice as fast."""

from collections.abc import Sequence

import numpy as np
import polars as pl

SORTED_BY = ("target_id", "mjd", "point_id")
_PIECE_TARGETS = 16
_SHORTEST_RUN = 100  # rows of a piece that lie together, on average; below it cutting costs what it gives


def by_target(points: pl.DataFrame, target_ids: Sequence[int]) -> pl.DataFrame:
    """Return points sorted by target and time; the targets that they can be of are sorted."""
    firsts = np.asarray(target_ids[_PIECE_TARGETS::_PIECE_TARGETS], dtype=np.int64)
    piece = np.searchsorted(firsts, points["target_id"].to_numpy(), side="right")
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    if len(starts) * _SHORTEST_RUN >= len(points):
        return points.sort(SORTED_BY, nulls_last=True)
    runs: list[list[pl.DataFrame]] = [[] for _ in range(len(firsts) + 1)]
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(points)], strict=True):
        runs[piece[start]].append(points.slice(start, end - start))
    pieces = [pl.concat(each, rechunk=False).sort(SORTED_BY, nulls_last=True) for each in runs if each]
    return pl.concat(pieces, rechunk=False)
