"""A large frame is fitted tile by tile, so that what is drawn of its stars needs little memory.

A tile looks as far beyond its own pixels as a star reaches: what it tells of its own stars is what the whole
frame would tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.photometry.psf.stamps import Stamps

Whole = NDArray[np.int64]

TILE_PIX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Some pixels of a frame.

    Attributes
    ----------
    rows, columns
        What is looked at: the tile's own pixels, and a margin where there is more of the frame.
    at
        Its own rows and columns on the frame.
    shape
        Of the frame.
    """

    rows: slice
    columns: slice
    at: tuple[slice, slice]
    shape: tuple[int, int]

    @property
    def own(self) -> tuple[slice, slice]:
        """Return its own rows and columns, counted within those that are looked at."""
        (rows, columns), top, left = self.at, self.rows.start, self.columns.start
        return slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)

    def owns(self, x: Whole, y: Whole) -> NDArray[np.bool_]:
        """Return which pixels are its own; those beyond the frame belong to the tile beside them."""
        (rows, columns), (ny, nx) = self.at, self.shape
        x, y = np.clip(x, 0, nx - 1), np.clip(y, 0, ny - 1)
        within = (x >= columns.start) & (x < columns.stop) & (y >= rows.start) & (y < rows.stop)
        return np.asarray(within)

    def touches(self, x: Whole, y: Whole, radius: Whole) -> NDArray[np.bool_]:
        """Return which squares round pixels lie, at least in part, on what is looked at."""
        across = (x + radius >= self.columns.start) & (x - radius < self.columns.stop)
        return np.asarray(across & (y + radius >= self.rows.start) & (y - radius < self.rows.stop))

    def moved(self, stamps: Stamps) -> Stamps:
        """Return stamps whose pixels count from the corner of what is looked at."""
        return stamps._replace(
            first_x=stamps.first_x - self.columns.start, first_y=stamps.first_y - self.rows.start
        )


def tiles_of(shape: tuple[int, int], *, margin_pix: int) -> Iterator[Tile]:
    """Give the tiles of a frame; their own pixels are all pixels, each once."""
    for rows, at_rows in _pieces(shape[0], margin_pix):
        for columns, at_columns in _pieces(shape[1], margin_pix):
            yield Tile(rows=rows, columns=columns, at=(at_rows, at_columns), shape=shape)


def _pieces(length: int, margin_pix: int) -> list[tuple[slice, slice]]:
    """Return pieces about ``TILE_PIX`` long, with and without their margins."""
    count = max(1, round(length / TILE_PIX))
    edges = [length * number // count for number in range(count + 1)]
    return [
        (slice(max(0, first - margin_pix), min(length, last + margin_pix)), slice(first, last))
        for first, last in pairwise(edges)
    ]
