"""Columns of a detector that answer differently from those beside them."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

_SEGMENT_PIX = 128  # a defect need not run the whole way
_PARTS = 4
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
        bad = _steps_out(excess[first:last], noise_adu)
        if np.count_nonzero(bad) <= _MOST_BAD * bad.size:
            marks[first:last, bad] = True
    return marks


def _steps_out(segment: Pixels, noise_adu: float) -> Marks:
    parts = np.array([np.median(rows, axis=0) for rows in np.array_split(segment, _PARTS)])
    steps = parts - median_filter(parts, size=(1, _NEIGHBOURHOOD_PIX), mode="nearest")
    step = np.median(steps, axis=0)
    usual = 1.4826 * float(np.median(np.abs(step)))
    least = max(_DEFECT_SIGMA * usual, _FAINTEST_NOISE * noise_adu)
    # a star lifts one part of a column, a defect all of them
    bad: Marks = np.all(steps * np.sign(step) > least / 2, axis=0) & (np.abs(step) > least)
    return bad
