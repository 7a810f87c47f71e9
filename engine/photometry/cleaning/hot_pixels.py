"""Single pixels that stand above (or below) their neighbours as no star can.

Light falls through optics: even a star of FWHM 1.2 pixels leaves a quarter of its peak in at least two of
the four adjacent pixels, a hot pixel leaves nothing there. The second largest neighbour decides, so that a
hot pixel beside another one is seen as well. The tip of a saturated star's bleeding is no hot pixel.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_FAINTEST_SIGMA = 6.0
_PASSES = 2

Pixels = NDArray[np.float32]
Marks = NDArray[np.bool_]
_Image = TypeVar("_Image", Pixels, Marks)


def find_lone_pixels(excess: Pixels, noise: Pixels, *, saturated: Marks, sharpest_ratio: float) -> Marks:
    """Return True at hot and dead pixels.

    Parameters
    ----------
    excess
        The image less its sky [ADU], shape (ny, nx).
    noise
        Of the sky in one pixel [ADU], same shape.
    saturated
        True where a bright star may bleed.
    sharpest_ratio
        Second largest of the four neighbours against the peak, below which nothing is a star.
    """
    marks = np.zeros(excess.shape, dtype=np.bool_)
    rows, columns = np.nonzero(np.abs(excess) > _FAINTEST_SIGMA * noise)
    bleeding = np.any(_neighbours(saturated, rows, columns, outside=False), axis=0)
    rows, columns = rows[~bleeding], columns[~bleeding]
    sign = np.sign(excess[rows, columns])
    peaks = np.abs(excess[rows, columns])
    for _ in range(_PASSES):  # what is marked no longer hides its neighbour
        beside = sign * _neighbours(excess, rows, columns, outside=np.nan)
        beside[np.isnan(beside)] = np.inf  # a star may go on outside of the frame
        beside[_neighbours(marks, rows, columns, outside=False)] = 0
        lone = np.sort(beside, axis=0)[2] < sharpest_ratio * peaks
        marks[rows[lone], columns[lone]] = True
    return marks


def fill_from_neighbours(data: Pixels, marks: Marks, *, unusable: Marks) -> Pixels:
    """Return the data with the marked pixels replaced by the median of their usable neighbours."""
    rows, columns = np.nonzero(marks)
    filled = data.copy()
    if rows.size == 0:
        return filled
    ny, nx = data.shape
    around = np.full((8, rows.size), np.nan, dtype=np.float32)
    steps = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    for number, (dy, dx) in enumerate(steps):
        y, x = rows + dy, columns + dx
        inside = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
        y, x = y[inside], x[inside]
        around[number, inside] = np.where(marks[y, x] | unusable[y, x], np.nan, data[y, x])
    lonely = np.all(np.isnan(around), axis=0)
    if lonely.any():
        around[:, lonely] = np.median(data)
    filled[rows, columns] = np.nanmedian(around, axis=0)
    return filled


def _neighbours(
    image: _Image, rows: NDArray[np.intp], columns: NDArray[np.intp], *, outside: float
) -> _Image:
    ny, nx = image.shape
    beside = np.empty((4, rows.size), dtype=image.dtype)
    for number, (dy, dx) in enumerate(((-1, 0), (1, 0), (0, -1), (0, 1))):
        y, x = rows + dy, columns + dx
        inside = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
        beside[number] = np.where(inside, image[y.clip(0, ny - 1), x.clip(0, nx - 1)], outside)
    return beside
