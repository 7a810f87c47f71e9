"""A large frame is worked through in slabs of rows, so that what is made on the way needs little memory."""

from collections.abc import Iterator
from dataclasses import dataclass

SLAB_ROWS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """Some rows of a frame.

    Attributes
    ----------
    rows
        What is looked at: the slab's own rows, and a margin on both sides where there is more of the frame.
    own
        Its own rows, counted within ``rows``.
    at
        Its own rows on the frame.
    """

    rows: slice
    own: slice
    at: slice


def slabs(ny: int, *, margin_pix: int, slab_rows: int = SLAB_ROWS) -> Iterator[Slab]:
    """Give the slabs of a frame of ``ny`` rows; their own rows are all rows, each once."""
    for first in range(0, ny, slab_rows):
        last = min(first + slab_rows, ny)
        low, high = max(0, first - margin_pix), min(ny, last + margin_pix)
        yield Slab(rows=slice(low, high), own=slice(first - low, last - low), at=slice(first, last))
