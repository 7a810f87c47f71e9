"""Where the pixels of a stack lie on one of its frames, and how large they are there."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

NODES_PIX = 24.0  # between the places that are worked out exactly; distortion is far smoother
EDGE_PIX = 0.01
MATCH_PIX = 2.0
SURE_SNR = 15.0
MATCHED_STARS = 12  # for a linear correction
CLIP_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelMap:
    """The way from pixels of the stack to those of one frame.

    Attributes
    ----------
    correction
        Shape (3, 2): what 1, x and y on the frame add to (x, y) there.
    """

    x_of: RectBivariateSpline
    y_of: RectBivariateSpline
    correction: Array

    def at(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return where single pixels of the stack lie on the frame."""
        return self._corrected(self.x_of(y, x, grid=False), self.y_of(y, x, grid=False))

    def rows(self, first: int, last: int, width_pix: int) -> tuple[Array, Array, Array]:
        """Return x and y on the frame of the stack's rows from ``first`` to below ``last``, and their area.

        The area is that of a pixel of the stack in pixels of the frame.
        """
        y, x = np.arange(first, last, dtype=np.float64), np.arange(width_pix, dtype=np.float64)
        on_x, on_y = self._corrected(self.x_of(y, x), self.y_of(y, x))
        area = self.x_of(y, x, dy=1) * self.y_of(y, x, dx=1) - self.x_of(y, x, dx=1) * self.y_of(y, x, dy=1)
        stretch = (1 + self.correction[1, 0]) * (1 + self.correction[2, 1])
        stretch -= self.correction[1, 1] * self.correction[2, 0]
        return on_x, on_y, np.abs(area * stretch)

    def _corrected(self, x: Array, y: Array) -> tuple[Array, Array]:
        zero, by_x, by_y = self.correction
        return x + zero[0] + by_x[0] * x + by_y[0] * y, y + zero[1] + by_x[1] * x + by_y[1] * y


def pixel_map(grid: WCS, frame: WCS, *, shape: tuple[int, int]) -> PixelMap | None:
    """Return where a stack of this shape lies on a frame, None where the frame looks elsewhere."""
    y, x = (np.linspace(0.0, size - 1.0, max(4, round(size / NODES_PIX) + 1)) for size in shape)
    grid_x, grid_y = (nodes.ravel() for nodes in np.meshgrid(x, y))
    if grid is frame:  # a stack of one frame is that frame
        on_x, on_y = grid_x, grid_y
    else:
        on_x, on_y = frame.all_world2pix(*grid.all_pix2world(grid_x, grid_y, 0), 0, quiet=True)
    if not (np.all(np.isfinite(on_x)) and np.all(np.isfinite(on_y))):
        return None
    nodes = (len(y), len(x))
    return PixelMap(
        x_of=RectBivariateSpline(y, x, on_x.reshape(nodes)),
        y_of=RectBivariateSpline(y, x, on_y.reshape(nodes)),
        correction=np.zeros((3, 2)),
    )


def covered_share(way: PixelMap, *, shape: tuple[int, int], frame_shape: tuple[int, int]) -> float:
    """Return how much of the stack a frame covers."""
    y, x = (np.linspace(0.0, size - 1.0, 40) for size in shape)
    on_x, on_y = way.at(*(nodes.ravel() for nodes in np.meshgrid(x, y)))
    return float(np.mean(is_on(on_x, on_y, frame_shape)))


def is_on(x: Array, y: Array, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which places lie on a frame of this shape."""
    inside = (x >= -EDGE_PIX) & (x <= shape[1] - 1 + EDGE_PIX)
    return np.asarray(inside & (y >= -EDGE_PIX) & (y <= shape[0] - 1 + EDGE_PIX))


def aligned(way: PixelMap, *, of_grid: pl.DataFrame, of_frame: pl.DataFrame) -> PixelMap:
    """Return the way held to the sources that both show, which agree better than two plate solutions.

    Parameters
    ----------
    of_grid, of_frame
        ``x``, ``y``, ``snr``, ``flags`` of the sources of the frame that gives the grid, and of this one.
    """
    here, there = _sure(of_grid), _sure(of_frame)
    if len(here) < MATCHED_STARS or len(there) < MATCHED_STARS:
        return way
    expected = np.column_stack(way.at(here[:, 0], here[:, 1]))
    distance, match = cKDTree(there).query(expected)
    good = distance < MATCH_PIX
    off = there[match] - expected
    terms = np.column_stack([np.ones(len(expected)), expected])
    for _ in range(CLIP_ROUNDS):
        if np.count_nonzero(good) < MATCHED_STARS:
            return way
        fitted = np.linalg.lstsq(terms[good], off[good], rcond=None)[0]
        left = np.hypot(*(off - terms @ fitted).T)
        good = (distance < MATCH_PIX) & (left <= 3 * max(float(np.median(left[good])), 1e-3))
    return PixelMap(x_of=way.x_of, y_of=way.y_of, correction=np.asarray(fitted, dtype=np.float64))


def _sure(sources: pl.DataFrame) -> Array:
    if sources.is_empty():
        return np.empty((0, 2))
    sure = sources.filter(pl.col("snr") > SURE_SNR, pl.col("flags") == 0)
    return np.asarray(sure.select("x", "y").to_numpy(), dtype=np.float64)
