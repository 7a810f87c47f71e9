"""A stretch of time of a light curve, and how a long one is cut into stretches that memory can hold."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a time, which belongs to it, to another, which does not."""

    from_mjd: float = -math.inf
    before_mjd: float = math.inf

    def holds(self, name: str = "mjd") -> pl.Expr:
        """Return whether a time lies in it."""
        return (pl.col(name) >= self.from_mjd) & (pl.col(name) < self.before_mjd)


ALWAYS = Span()


def spans_of(
    earliest_mjd: NDArray[np.float64],
    latest_mjd: NDArray[np.float64],
    rows: NDArray[np.float64],
    *,
    most_rows: int,
) -> list[Span]:
    """Return spans that follow each other, in each about so many rows of row groups that may overlap.

    Rows are taken to lie evenly between the times of their group; a group without times counts nowhere.
    """
    told = ~np.isnan(earliest_mjd)
    earliest_mjd, latest_mjd, rows = earliest_mjd[told], latest_mjd[told], rows[told]
    if rows.size == 0:
        return [ALWAYS]
    edges = np.unique([*earliest_mjd, *latest_mjd])
    length_d = np.maximum(latest_mjd - earliest_mjd, 1e-9)
    share = np.clip((edges[:, np.newaxis] - earliest_mjd) / length_d, 0.0, 1.0)
    before = share @ rows
    cuts = np.interp(np.arange(most_rows, rows.sum() - 0.5 * most_rows, most_rows), before, edges).tolist()
    return [
        Span(from_mjd=begin, before_mjd=end)
        for begin, end in zip([-math.inf, *cuts], [*cuts, math.inf], strict=True)
    ]
