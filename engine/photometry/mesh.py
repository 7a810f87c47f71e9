"""A smooth image kept as few numbers: the sky of a large frame, or its noise, needs no memory to speak of."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.photometry.compiled import compiled

Array = NDArray[np.float64]
Image = NDArray[np.float32]

EVERYTHING = slice(None)


class _Bends(NamedTuple):
    """The values at the nodes, and what bends the image there: down, across, and both."""

    values: Array
    down: Array
    across: Array
    both: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """An image that is a cubic spline in both directions between nodes ``side_pix`` apart, as sep's are.

    Attributes
    ----------
    least
        Below which the image never falls.
    """

    nodes: Array
    shape: tuple[int, int]
    side_pix: int
    least: float = -np.inf
    _bends: _Bends = field(init=False)

    def __post_init__(self) -> None:
        """Work out the second derivatives, once."""
        down, across = (_second_derivatives(length) for length in self.nodes.shape)
        by_y = down @ self.nodes
        object.__setattr__(self, "_bends", _Bends(self.nodes, by_y, self.nodes @ across.T, by_y @ across.T))

    def part(self, rows: slice = EVERYTHING, columns: slice = EVERYTHING) -> Image:
        """Return some rows and columns of the image."""
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        image = np.empty((max(0, bottom - top), max(0, right - left)), dtype=np.float32)
        _draw(self._bends, top, left, float(self.side_pix), self.least, image)
        return image

    def at(self, x: Array, y: Array) -> Array:
        """Return the image at the pixels nearest to places; outside of it, at its border."""
        rows = np.clip(np.rint(y), 0, self.shape[0] - 1)
        columns = np.clip(np.rint(x), 0, self.shape[1] - 1)
        return np.asarray(np.maximum(_at(self._bends, rows, columns, float(self.side_pix)), self.least))

    @property
    def usual(self) -> float:
        """Return the image's median."""
        return max(float(np.median(self.nodes)), self.least)

    def with_nodes(self, nodes: Array) -> "Mesh":
        """Return the mesh with other values."""
        return replace(self, nodes=nodes)


def mesh_of(image: Image, *, side_pix: int, least: float = -np.inf) -> Mesh:
    """Return the mesh behind an image that sep drew; few of its pixels tell all."""
    places, ways_back = [], []
    for axis, offset in ((0, 0.0), (1, 0.5)):  # sep's nodes are half a pixel lower across than down
        length = image.shape[axis]
        count = (length - 1) // side_pix + 1
        where = np.minimum(side_pix // 2 + side_pix * np.arange(count), length - 1)
        places.append(where)
        ways_back.append(np.linalg.inv(_spline_weights((where + offset) / side_pix - 0.5, count)))
    told = image[np.ix_(*places)].astype(np.float64)
    ny, nx = image.shape
    return Mesh(nodes=ways_back[0] @ told @ ways_back[1].T, shape=(ny, nx), side_pix=side_pix, least=least)


def _spline_weights(at: Array, count: int) -> Array:
    """Return what each node counts at places in units of nodes, shape (places, nodes)."""
    if count == 1:
        return np.ones((len(at), 1))
    low = np.clip(at.astype(np.int64), 0, count - 2)
    part, line, every = at - low, np.eye(count), _second_derivatives(count)
    a, b = (1.0 - part)[:, None], part[:, None]
    bend = (a**3 - a) * every[low] + (b**3 - b) * every[low + 1]
    return np.asarray(a * line[low] + b * line[low + 1] + bend)


def _second_derivatives(count: int) -> Array:
    """Return the matrix that turns values at nodes into a sixth of the second derivatives there.

    They are those that sep takes (and SExtractor before it), not quite a natural spline's.
    """
    factors, sums, bends = np.zeros(count), np.zeros((count, count)), np.zeros((count, count))
    line = np.eye(count)
    for node in range(1, count - 1):
        factors[node] = -1.0 / (factors[node - 1] + 4.0)
        sums[node] = sums[node - 1] - 6.0 * (line[node + 1] + line[node - 1] - 2.0 * line[node])
        sums[node] *= factors[node]
    for node in range(count - 2, 0, -1):
        bends[node] = (factors[node] * bends[node + 1] + sums[node]) / 6.0
    return bends


@compiled
def _draw(bends: _Bends, top: int, left: int, side: float, least: float, image: Image) -> None:
    """Set an image whose first pixel stands at a row and a column of the mesh."""
    (ny, nx), count = image.shape, bends.values.shape[1]
    value, bend = np.empty(count), np.empty(count)
    for row in range(ny):
        _along(bends, (top + row) / side - 0.5, value, bend)
        line = image[row]
        last = 0
        for low in range(max(1, count - 1)):
            high = min(low + 1, count - 1)
            first, end = last, nx
            if low < count - 2:  # the next node's column, where the next piece begins
                end = min(nx, max(first, int(np.ceil((low + 1.5) * side - 0.5)) - left))
            a, b, c, d = _powers(value[low], value[high], bend[low], bend[high])
            start, step = (left + first + 0.5) / side - 0.5 - low, 1.0 / side
            for column in range(end - first):
                t = start + column * step
                line[first + column] = max(a + t * (b + t * (c + t * d)), least)
            last = end


@compiled
def _at(bends: _Bends, rows: Array, columns: Array, side: float) -> Array:
    count = bends.values.shape[1]
    value, bend, found = np.empty(count), np.empty(count), np.empty(len(rows))
    for place in range(len(rows)):
        _along(bends, rows[place] / side - 0.5, value, bend)
        at = (columns[place] + 0.5) / side - 0.5
        low = max(0, min(int(at), count - 2))
        high = min(low + 1, count - 1)
        a, b, c, d = _powers(value[low], value[high], bend[low], bend[high])
        t = at - low
        found[place] = a + t * (b + t * (c + t * d))
    return found


@compiled
def _along(bends: _Bends, at: float, value: Array, bend: Array) -> None:
    """Set the values and second derivatives of a row, at each column of nodes."""
    count = len(bends.values)
    low = max(0, min(int(at), count - 2))
    high = min(low + 1, count - 1)
    t = at - low
    for column in range(len(value)):
        a, b, c, d = _powers(
            bends.values[low, column], bends.values[high, column],
            bends.down[low, column], bends.down[high, column],
        )  # fmt: skip
        value[column] = a + t * (b + t * (c + t * d))
        a, b, c, d = _powers(
            bends.across[low, column], bends.across[high, column],
            bends.both[low, column], bends.both[high, column],
        )  # fmt: skip
        bend[column] = a + t * (b + t * (c + t * d))


@compiled
def _powers(v: float, w: float, m: float, n: float) -> tuple[float, float, float, float]:
    """Return a cubic's coefficients from its values and a sixth of its second derivatives at 0 and 1."""
    return v, w - v - 2.0 * m - n, 3.0 * m, n - m
