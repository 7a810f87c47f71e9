"""Parts of the sky: HEALPix cells, nested, each small enough that its rows make one file."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from lake.public.schema import HEALPIX
from lake.public.selection import HEALPIX_ORDER

MAX_ORDER = 12  # a cell of one arc minute: what is still too much then stays one file


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One cell of the sky with the targets in it."""

    order: int
    pixel: int
    targets: pl.DataFrame
    rows: int

    @property
    def path(self) -> str:
        """Return where HATS wants the file of the cell, below its catalogue."""
        directory = self.pixel // 10_000 * 10_000
        return f"dataset/Norder={self.order}/Dir={directory}/Npix={self.pixel}.parquet"


def tiles(targets: pl.DataFrame, *, weight: str, most_rows: int) -> list[Tile]:
    """Return cells that together hold every target once, in order along the sky, and no empty cell.

    A cell with more than ``most_rows`` is divided in four, again and again, so that new rows change the
    cells around them only.

    Parameters
    ----------
    targets
        With the order-29 cell of each, and in ``weight`` how many rows each brings.
    """
    found: list[Tile] = []
    for pixel, inside in _cells(targets, 0):
        found += _divided(0, pixel, inside, weight, most_rows)
    return found


def _divided(order: int, pixel: int, targets: pl.DataFrame, weight: str, most_rows: int) -> Iterator[Tile]:
    rows = int(targets[weight].sum())
    if rows <= most_rows or len(targets) == 1 or order == MAX_ORDER:
        yield Tile(order=order, pixel=pixel, targets=targets, rows=rows)
        return
    for inner, inside in _cells(targets, order + 1):
        yield from _divided(order + 1, inner, inside, weight, most_rows)


def _cells(targets: pl.DataFrame, order: int) -> Iterator[tuple[int, pl.DataFrame]]:
    cell = pl.col(HEALPIX) // 4 ** (HEALPIX_ORDER - order)
    for inside in (
        targets.with_columns(cell=cell)
        .sort("cell", maintain_order=True)
        .partition_by("cell", maintain_order=True)
    ):
        yield int(inside["cell"][0]), inside.drop("cell")
