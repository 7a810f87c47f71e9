"""Columns of a detector that answer differently from those beside them."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

_SEGMENT_PIX = 128  # a defect need not run the whole way
_NEIGHBOURHOOD_PIX = 11
_DEFECT_SIGMA = 8.0
_FAINTEST_NOISE = 1.0  # of one pixel: weaker steps do less harm than a mask
_MOST_BAD = 0.05  # of all: more is the pattern of the readout, not a defect

Pixels = NDArray[np.float32]
Marks = NDArray[np.bool_]


def find_bad_columns(excess: Pixels, noise_adu: float) -> Marks:
    """Return True on segments of columns whose median steps out of their neighbours.

    Parameters
    ----------
    excess
        The image less its sky [ADU], shape (ny, nx).
    noise_adu
        Of the sky in one pixel.
    """
    ny = excess.shape[0]
    count = max(1, ny // _SEGMENT_PIX)
    edges = np.linspace(0, ny, count + 1).astype(int)
    marks = np.zeros(excess.shape, dtype=np.bool_)
    for first, last in pairwise(edges):
        levels = np.median(excess[first:last], axis=0)
        steps = np.abs(levels - median_filter(levels, size=_NEIGHBOURHOOD_PIX, mode="nearest"))
        usual = 1.4826 * float(np.median(steps))
        bad = steps > max(_DEFECT_SIGMA * usual, _FAINTEST_NOISE * noise_adu)
        if np.count_nonzero(bad) <= _MOST_BAD * bad.size:
            marks[first:last, bad] = True
    return marks
