"""Counts of values in cells that are narrow near zero: what robust numbers of millions of stars are made of.

A tally is small whatever it counts, two add up to that of both, and a database can make one.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

CELLS_PER_E_FOLD = 24.0  # 4 % of the value each; near zero 4 % of the scale
RESIDUAL_SCALE_MAG = 0.002
PULL_SCALE = 0.1
FEWEST_STARS = 30  # of a bin whose spread is told: it is then good to 15 %
_ONE_SIGMA = (0.158655, 0.5, 0.841345)  # the normal distribution's -1, 0 and 1 sigma


def cell_of(value: pl.Expr, *, scale: float) -> pl.Expr:
    """Return the number of the cell in which a value lies; ``lake.accuracy`` has the same in SQL."""
    return ((value / scale).arcsinh() * CELLS_PER_E_FOLD).round().cast(pl.Int32)


def tally_of(rows: pl.DataFrame, by: Sequence[str], value: str, *, scale: float) -> pl.DataFrame:
    """Return the tally of a column: ``by``, ``cell`` and ``count``."""
    cells = rows.with_columns(cell=cell_of(pl.col(value), scale=scale)).drop_nulls("cell")
    return cells.group_by(*by, "cell").agg(count=pl.len().cast(pl.Int64))


def robust(tally: pl.DataFrame, by: Sequence[str], *, scale: float) -> pl.DataFrame:
    """Return of each group how many there are, their middle, and half the width of their middle 68 %.

    Parameters
    ----------
    tally
        Columns ``by``, ``cell`` and ``count``; a cell may stand in several rows.

    Returns
    -------
        Columns ``by``, ``stars``, ``middle`` and ``spread``, sorted by ``by``. Where fewer than
        ``FEWEST_STARS`` were counted, the numbers are null.
    """
    group = list(by)
    summed = tally.group_by(*group, "cell").agg(pl.col("count").sum()).sort(*group, "cell")
    counted = summed.with_columns(
        below=pl.col("count").cum_sum().over(group) - pl.col("count"), stars=pl.col("count").sum().over(group)
    )
    quantiles = [_quantile(share, scale).alias(f"q{number}") for number, share in enumerate(_ONE_SIGMA)]
    found = counted.group_by(group, maintain_order=True).agg(pl.col("stars").first(), *quantiles)
    is_enough = pl.col("stars") >= FEWEST_STARS
    return found.select(
        *group,
        "stars",
        middle=pl.when(is_enough).then("q1"),
        spread=pl.when(is_enough).then((pl.col("q2") - pl.col("q0")) / 2),
    )


def _quantile(share: float, scale: float) -> pl.Expr:
    """Return the value below which a share of a group lies, by a straight line through its cell."""
    wanted = share * pl.col("stars")
    holds = pl.col("below") + pl.col("count") >= wanted
    low = _value((pl.col("cell") - 0.5), scale)
    high = _value((pl.col("cell") + 0.5), scale)
    at = low + (high - low) * (wanted - pl.col("below")) / pl.col("count")
    return at.filter(holds).first()


def _value(cell: pl.Expr, scale: float) -> pl.Expr:
    return (cell / CELLS_PER_E_FOLD).sinh() * scale


def middle_err(stars: pl.Expr, spread: pl.Expr) -> pl.Expr:
    """Return the error of a middle: a median's is pi/2 to the half that of a mean."""
    return spread * float(np.sqrt(np.pi / 2)) / stars.sqrt()
