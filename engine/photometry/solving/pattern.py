"""Recognises a star pattern: any rotation, either handedness, with many spurious and many missing stars.

Triangles of both lists are compared by shape and size; the placements that alike triangles propose are
counted, and the one that most agree on is taken (after Groth 1986, AJ 91, 1244). Nothing is drawn by chance.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

_SHAPE_TOLERANCE = 0.012  # of the side ratios
_CENTROID_PIX = 1.5  # rms misfit of a triangle that is still alike
_MIN_SIDE_PIX = 12.0
_CELL_PIX = 6.0  # placements that agree put the frame's far points into one cell of this size
_MOST_PLACEMENTS = 6
_HASH = np.array([1, 1_000_003, 1_000_003**2, 998_244_353**2, 2**61], dtype=np.int64)  # cell to one number
_MAX_ALIKE = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A map from pixels to a tangent plane: ``factor * pixel + shift``, of the mirrored pixel if said.

    Pixels are ``x + 1j * y``; the plane is ``xi + 1j * eta`` in arcsec.
    """

    factor: complex
    shift: complex
    is_mirrored: bool

    def plane_of(self, pixels: ComplexArray) -> ComplexArray:
        """Return where pixels fall on the plane."""
        return self.factor * (np.conj(pixels) if self.is_mirrored else pixels) + self.shift

    def pixels_of(self, plane: ComplexArray) -> ComplexArray:
        """Return the pixels of places on the plane."""
        pixels = (plane - self.shift) / self.factor
        return np.conj(pixels) if self.is_mirrored else pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Triangles:
    corners: NDArray[np.intp]  # (n, 3): opposite the longest, the middle, the shortest side
    shape: Array  # (n, 2): middle and shortest side over the longest
    size: Array  # the longest side
    is_left: NDArray[np.bool_]


def propose_placements(
    pixels: ComplexArray, plane: ComplexArray, *, scale_range: tuple[float, float], diagonal_pix: float
) -> list[Placement]:
    """Return the placements that most triangles agree on, the best first; none where none are alike.

    Parameters
    ----------
    pixels, plane
        Sources and catalogue stars, the likeliest to have partners first; some 10 to 30 and 10 to 100.
    scale_range
        Smallest and largest arcsec per pixel.
    """
    if len(pixels) < 3 or len(plane) < 3:
        return []
    small, large = scale_range
    ours = _triangles(pixels, shortest=_MIN_SIDE_PIX, longest=diagonal_pix)
    theirs = _triangles(plane, shortest=_MIN_SIDE_PIX * small, longest=diagonal_pix * large)
    here, there = _alike(ours, theirs, scale_range)
    if not len(here):
        return []
    factors, shifts, misfit, is_mirrored = _similarities(pixels, plane, ours, theirs, here, there)
    scale = np.abs(factors)
    fits = (misfit < _CENTROID_PIX * scale) & (scale >= small) & (scale <= large)
    return _agreeing(factors[fits], shifts[fits], is_mirrored[fits], diagonal_pix)


def _triangles(points: ComplexArray, *, shortest: float, longest: float) -> _Triangles:
    index = np.array(list(combinations(range(len(points)), 3)), dtype=np.intp)
    corners = points[index]
    sides = np.abs(np.roll(corners, -1, axis=1) - np.roll(corners, -2, axis=1))  # opposite to each corner
    order = np.argsort(-sides, axis=1, kind="stable")
    sides = np.take_along_axis(sides, order, axis=1)
    index = np.take_along_axis(index, order, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = sides[:, 1:] / sides[:, :1]
    kept = (
        (sides[:, 2] >= shortest) & (sides[:, 0] <= longest) & (shape.sum(axis=1) > 1.02)
    )  # the last: not flat
    corners = points[index]
    leg, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    is_left = (np.conj(leg) * other).imag > 0
    return _Triangles(corners=index[kept], shape=shape[kept], size=sides[kept, 0], is_left=is_left[kept])


def _alike(
    ours: _Triangles, theirs: _Triangles, scale_range: tuple[float, float]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of triangles of like shape whose sizes agree with the scale."""
    if not len(ours.size) or not len(theirs.size):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    low, high = np.log(scale_range)
    stretch = _SHAPE_TOLERANCE / max((high - low) / 2, 1e-6)
    our_keys = np.column_stack((ours.shape, (np.log(ours.size) + (low + high) / 2) * stretch))
    their_keys = np.column_stack((theirs.shape, np.log(theirs.size) * stretch))
    near = cKDTree(our_keys).sparse_distance_matrix(
        cKDTree(their_keys), _SHAPE_TOLERANCE, p=np.inf, output_type="ndarray"
    )[:_MAX_ALIKE]
    return near["i"], near["j"]


def _similarities(
    pixels: ComplexArray,
    plane: ComplexArray,
    ours: _Triangles,
    theirs: _Triangles,
    here: NDArray[np.intp],
    there: NDArray[np.intp],
) -> tuple[ComplexArray, ComplexArray, Array, NDArray[np.bool_]]:
    """Return factor, shift, rms misfit on the plane and handedness of each pair of triangles."""
    is_mirrored = ours.is_left[here] != theirs.is_left[there]
    source = pixels[ours.corners[here]]
    source = np.where(is_mirrored[:, None], np.conj(source), source)
    star = plane[theirs.corners[there]]
    source_mean, star_mean = source.mean(axis=1, keepdims=True), star.mean(axis=1, keepdims=True)
    centred, aim = source - source_mean, star - star_mean
    factors = np.sum(np.conj(centred) * aim, axis=1) / np.sum(np.abs(centred) ** 2, axis=1)
    misfit = np.sqrt(np.mean(np.abs(aim - factors[:, None] * centred) ** 2, axis=1))
    return factors, star_mean[:, 0] - factors * source_mean[:, 0], misfit, is_mirrored


def _agreeing(
    factors: ComplexArray, shifts: ComplexArray, is_mirrored: NDArray[np.bool_], diagonal_pix: float
) -> list[Placement]:
    """Return the placements of the fullest cells, each the mean of its cell.

    A cell is where two far points of the frame fall on the plane; two grids of cells, half a cell apart,
    catch what one of them divides.
    """
    if not len(factors):
        return []
    middle = diagonal_pix / 3 * (1 + 1j)
    centre = factors * np.where(is_mirrored, np.conj(middle), middle) + shifts
    corner = centre + factors * diagonal_pix / 2
    cell_arcsec = float(np.median(np.abs(factors))) * _CELL_PIX
    places = np.column_stack((centre.real, centre.imag, corner.real, corner.imag)) / cell_arcsec
    found: list[tuple[int, NDArray[np.intp]]] = []
    for offset in (0.0, 0.5):
        corners = np.floor(places + offset).astype(np.int64)
        keys: NDArray[np.int64] = np.column_stack((corners, is_mirrored.astype(np.int64))) @ _HASH
        _, cells, counts = np.unique(keys, return_inverse=True, return_counts=True)
        fullest = np.argsort(-counts, kind="stable")[:_MOST_PLACEMENTS]
        found += [(int(counts[cell]), np.flatnonzero(cells == cell)) for cell in fullest]
    found.sort(key=lambda item: -item[0])
    return [
        Placement(
            factor=complex(np.mean(factors[members])),
            shift=complex(np.mean(shifts[members])),
            is_mirrored=bool(is_mirrored[members[0]]),
        )
        for _, members in found
    ]
