"""Sums of an image along every straight line (Brady 1998, SIAM J. Comput. 27, 107).

Two halves of a line are two shorter lines: sums over strips of 2, 4, 8, ... rows are built from those before,
which costs N² log N for all lines of an image N pixels wide.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Place = tuple[float, float]  # x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line by the places where it enters and leaves the image, and how far it stands out."""

    start: Place
    end: Place
    significance: float


def brightest_line(image: Image, *, shortest: int) -> Line | None:
    """Return the line whose mean stands out most, in units of the noise of its sum; None without any.

    Parameters
    ----------
    image
        With noise of 1 per pixel and zero where nothing is known, shape (ny, nx).
    shortest
        Length of the shortest line, along its longer axis [pixels].
    """
    ny, nx = image.shape
    size = 1 << max(ny - 1, nx - 1, 1).bit_length()
    square = np.zeros((size, size), dtype=np.float32)
    square[:ny, :nx] = image
    turned = np.stack([square, square[:, ::-1], square.T, square.T[:, ::-1]])
    sums = _sums(turned)
    best, found = 0.0, None
    for number, (rows, columns) in enumerate(((ny, nx), (ny, nx), (nx, ny), (nx, ny))):
        first = size - columns if number % 2 else 0  # mirrored: the empty columns come first
        pixels = _pixels_on(size, rows=rows, first=first, last=first + columns)
        signal = np.where(pixels >= shortest, sums[number] / np.sqrt(np.maximum(pixels, 1)), 0)
        peak = int(np.argmax(signal))
        if signal.flat[peak] > best:
            best, found = float(signal.flat[peak]), (number, *divmod(peak, signal.shape[1]))
    return None if found is None else _line(*found, size=size, shape=(ny, nx), significance=best)


def _sums(images: Image) -> Image:
    """Return the sums along lines that go right by 0 ... N - 1 pixels over N rows, shape (4, N, 2 N).

    The last axis is the column of a line in the first row, counted from -N.
    """
    count, size, _ = images.shape
    strips = np.zeros((count, size, 1, 2 * size), dtype=np.float32)
    strips[:, :, 0, size:] = images
    while strips.shape[1] > 1:
        lower, upper = strips[:, 0::2], strips[:, 1::2]
        shifts = 2 * strips.shape[2]
        longer = np.repeat(lower, 2, axis=2)
        for shift in range(shifts):
            step = (shift + 1) // 2
            longer[:, :, shift, : 2 * size - step] += upper[:, :, shift // 2, step:]
        strips = longer
    return strips[:, 0]


def _pixels_on(size: int, *, rows: int, first: int, last: int) -> NDArray[np.int32]:
    """Return how many pixels of the image each line crosses."""
    start = np.arange(-size, size, dtype=np.float32)[None, :]
    slope = np.arange(size, dtype=np.float32)[:, None] / max(size - 1, 1)
    steep = np.maximum(slope, 1e-6)
    enters = np.clip((first - start) / steep, 0, rows)
    leaves = np.clip((last - start) / steep, 0, rows)
    return np.asarray(leaves - enters, dtype=np.int32)


def _line(
    number: int, shift: int, column: int, *, size: int, shape: tuple[int, int], significance: float
) -> Line:
    start, end = (float(column - size), 0.0), (float(column - size + shift), float(size - 1))
    if number % 2:
        start, end = (size - 1 - start[0], start[1]), (size - 1 - end[0], end[1])
    if number > 1:
        start, end = start[::-1], end[::-1]
    start, end = clipped_to(start, end, shape=shape)
    return Line(start=start, end=end, significance=significance)


def clipped_to(start: Place, end: Place, *, shape: tuple[int, int]) -> tuple[Place, Place]:
    """Return where the straight line through two places enters and leaves an image of (ny, nx) pixels."""
    origin = np.array(start, dtype=np.float64)
    step = np.array(end, dtype=np.float64) - origin
    low, high = -np.inf, np.inf
    for axis, length in enumerate((shape[1], shape[0])):
        if abs(step[axis]) < 1e-9:
            continue
        crossings = sorted((-0.5 - origin[axis], length - 0.5 - origin[axis]) / step[axis])
        low, high = max(low, crossings[0]), min(high, crossings[1])
    first, last = origin + low * step, origin + high * step
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))
