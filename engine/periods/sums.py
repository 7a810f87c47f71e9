"""Sums of sines and cosines of unevenly spaced times on an even grid of frequencies, by one fast transform.

Times are spread over an even grid by a Kaiser-Bessel window, whose own transform is divided out afterwards
(Barnett, Magland & af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479). The relative error is below 1e-6.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse, special

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_CELLS = 8  # that one time is spread over
_BETA = 2.30 * _CELLS
_CHUNK_CELLS = 4_000_000  # of grids in memory at one time: 32 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreading:
    """How times are spread over the grid; made once, used for many columns of weights."""

    matrix: sparse.csr_array
    correction: Array
    cells: int
    first: int  # places on the grid of frequencies
    count: int


def spread(time_d: Array, *, step_per_d: float, first: int, count: int) -> Spreading:
    """Return the spreading of times for the frequencies ``step_per_d * (first ... first + count - 1)``."""
    cells = int(fft.next_fast_len(4 * (first + count) + 2 * _CELLS, real=True))
    place = np.mod(time_d * step_per_d, 1.0) * cells
    nearest = np.floor(place).astype(np.int64)[:, None] + np.arange(1 - _CELLS // 2, 1 + _CELLS // 2)
    away = (nearest - place[:, None]) * (2.0 / _CELLS)
    window = special.i0e(root := _BETA * np.sqrt(np.clip(1.0 - away**2, 0.0, None))) * np.exp(root - _BETA)
    columns = np.repeat(np.arange(len(time_d)), _CELLS)
    matrix = sparse.csr_array(
        (window.ravel(), (np.mod(nearest, cells).ravel(), columns)), shape=(cells, len(time_d))
    )
    turned = np.sqrt(_BETA**2 - (np.pi * _CELLS * np.arange(first, first + count) / cells) ** 2)
    transform = _CELLS * np.exp(turned - _BETA) * (1.0 - np.exp(-2.0 * turned)) / (2.0 * turned)
    return Spreading(matrix=matrix, correction=1.0 / transform, cells=cells, first=first, count=count)


def sums(spreading: Spreading, weights: Array) -> Complex:
    """Return for each row of weights the sum of ``weight * exp(2 pi i frequency time)`` at each frequency."""
    rows = np.atleast_2d(weights)
    at_once = max(1, _CHUNK_CELLS // spreading.cells)
    wanted = slice(spreading.first, spreading.first + spreading.count)
    found = [
        fft.rfft(np.ascontiguousarray((spreading.matrix @ rows[start : start + at_once].T).T), axis=1)[
            :, wanted
        ]
        for start in range(0, len(rows), at_once)
    ]
    return np.asarray(np.conj(np.concatenate(found)) * spreading.correction, dtype=np.complex128)
