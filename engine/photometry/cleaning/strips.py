"""A band of the image along a straight line, turned so that the line is its middle row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from engine.photometry.cleaning.radon import Place, clipped_to

_RIDGE_PARTS = 32

Array = NDArray[np.float32]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A straight way over the frame."""

    start: Place
    end: Place

    @property
    def length_pix(self) -> float:
        """Return the distance between its ends."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    @property
    def step(self) -> Place:
        """Return one pixel along the way; turned left by a right angle it is one pixel across."""
        length_pix = max(self.length_pix, 1e-9)
        return (self.end[0] - self.start[0]) / length_pix, (self.end[1] - self.start[1]) / length_pix

    def shifted(self, first_pix: float, last_pix: float, *, shape: tuple[int, int]) -> "Path":
        """Return the way with its ends moved across, carried on to the borders of the frame."""
        dx, dy = self.step
        start = (self.start[0] - dy * first_pix, self.start[1] + dx * first_pix)
        end = (self.end[0] - dy * last_pix, self.end[1] + dx * last_pix)
        start, end = clipped_to(start, end, shape=shape)
        return Path(start=start, end=end)

    def part(self, first_pix: float, last_pix: float) -> "Path":
        """Return the part between two distances from its start."""
        (x, y), (dx, dy) = self.start, self.step
        return Path(
            start=(x + dx * first_pix, y + dy * first_pix), end=(x + dx * last_pix, y + dy * last_pix)
        )


def strip_along(image: Array | Marks, path: Path, *, reach_pix: int) -> Array:
    """Return the pixels beside a way, shape (2 reach + 1, length); outside of the image is NaN."""
    along = np.arange(max(1, int(path.length_pix)), dtype=np.float32)[None, :]
    across = np.arange(-reach_pix, reach_pix + 1, dtype=np.float32)[:, None]
    (x, y), (dx, dy) = path.start, path.step
    columns = np.rint(x + dx * along - dy * across).astype(np.int32)
    rows = np.rint(y + dy * along + dx * across).astype(np.int32)
    ny, nx = image.shape
    inside = (rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx)
    values = image[rows.clip(0, ny - 1), columns.clip(0, nx - 1)]
    return np.where(inside, values.astype(np.float32, copy=False), np.float32(np.nan))


def ridge_of(strip: Array, *, width_pix: int) -> tuple[int, int]:
    """Return by how much the ends of a way must be moved across so that it runs along the light."""
    known = np.isfinite(strip)
    edges = np.linspace(0, strip.shape[1], min(_RIDGE_PARTS, strip.shape[1]) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.where(known, strip, np.float32(0)), edges, axis=1)
    parts = sums / np.maximum(np.add.reduceat(known.astype(np.float32), edges, axis=1), 1.0)
    parts -= np.median(parts, axis=0)
    parts = uniform_filter1d(parts, width_pix, axis=0, mode="nearest")
    count = strip.shape[0]
    share = (np.arange(len(edges)) + 0.5) / len(edges)
    first, last = np.mgrid[0:count, 0:count]
    rows = np.rint(first[..., None] + (last - first)[..., None] * share).astype(np.int32)
    score = parts[rows, np.arange(len(edges))].sum(axis=-1)
    middle = count // 2
    best = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(best[0]) - middle, int(best[1]) - middle
