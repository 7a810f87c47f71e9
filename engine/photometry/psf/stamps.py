"""Stars drawn on stamps of pixels, and added to an image; compiled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.photometry.compiled import compiled

Floats = NDArray[np.float64]
Images = NDArray[np.float32]
Whole = NDArray[np.int64]

PARAMETERS = 3  # of a star: its light, its place in x, its place in y
_TAPS = 4


class Stamps(NamedTuple):
    """Square pieces of a frame, one round each star.

    Attributes
    ----------
    first_x, first_y
        The pixel in the lower left corner of each.
    starts
        Where the pixels of each begin in ``values``, row by row; one number more than stars.
    values
        Shape (3, pixels): a star of light one, and its derivatives by x and by y.
    """

    first_x: Whole
    first_y: Whole
    radius: Whole
    starts: Whole
    values: Images


class Grid(NamedTuple):
    """The tables of a PSF, as the compiled loops take them."""

    tables: Images
    oversampling: int


def stamps_of(grid: Grid, terms: Images, x: Floats, y: Floats, radius: Whole) -> Stamps:
    """Return the stars at these places, each drawn as far as its radius.

    Parameters
    ----------
    terms
        Shape (stars, tables): what each table counts for each star.
    """
    starts = np.concatenate([[0], np.cumsum((2 * radius + 1) ** 2)]).astype(np.int64)
    stamps = Stamps(
        first_x=np.rint(x).astype(np.int64) - radius,
        first_y=np.rint(y).astype(np.int64) - radius,
        radius=radius,
        starts=starts,
        values=np.empty((PARAMETERS, starts[-1]), np.float32),
    )
    if len(x):
        _draw(grid, terms, x, y, stamps)
    return stamps


@compiled
def add_stars(image: Images, flux: Floats, stamps: Stamps) -> None:
    """Add stars to an image."""
    ny, nx = image.shape
    for star in range(len(flux)):
        first_x, first_y, size = stamps.first_x[star], stamps.first_y[star], 2 * stamps.radius[star] + 1
        light = np.float32(flux[star])
        left, right = max(0, first_x), min(nx, first_x + size)
        for row in range(max(0, first_y), min(ny, first_y + size)):
            place = stamps.starts[star] + (row - first_y) * size - first_x
            pixels = image[row, left:right]  # loops from zero over slices run on several pixels at once
            values = stamps.values[0, place + left : place + right]
            for column in range(len(pixels)):
                pixels[column] += light * values[column]


@compiled
def _draw(grid: Grid, terms: Images, x: Floats, y: Floats, stamps: Stamps) -> None:
    middle, over = grid.tables.shape[1] // 2, grid.oversampling
    largest = over * 2 * stamps.radius.max() + _TAPS
    local = np.empty((largest, largest), np.float32)
    rows = np.empty((2, largest), np.float32)
    by_x, by_y = np.empty((2, _TAPS), np.float32), np.empty((2, _TAPS), np.float32)
    for star in range(len(x)):
        t_x, t_y = (
            middle + over * (stamps.first_x[star] - x[star]),
            middle + over * (stamps.first_y[star] - y[star]),
        )
        node_x, node_y = int(np.floor(t_x)), int(np.floor(t_y))
        size = 2 * stamps.radius[star] + 1
        nodes = over * (size - 1) + _TAPS
        _sum_tables(grid.tables, terms[star], (node_x - 1, node_y - 1), nodes, local)
        _cubic(t_x - node_x, by_x)
        _cubic(t_y - node_y, by_y)
        by_x[1] *= np.float32(-over)
        by_y[1] *= np.float32(-over)
        for row in range(size):
            _blend_rows(local, over * row, by_y, nodes, rows)
            place = stamps.starts[star] + row * size
            _blend_columns(rows, by_x, over, stamps.values, place, size)


# A row that is taken out of an image by whole numbers and one slice is known to be without gaps, so that the
# loops below run on several pixels at once.


@compiled
def _sum_tables(tables: Images, terms: Images, first: tuple[int, int], nodes: int, local: Images) -> None:
    """Set the table from a node (x, y) on, as a stamp needs it at the star's place in the field."""
    left, right = first[0], first[0] + nodes
    for row in range(nodes):
        into, near, factor = local[row, :nodes], tables[0, first[1] + row, left:right], terms[0]
        for column in range(nodes):
            into[column] = factor * near[column]
        for term in range(1, len(terms), 2):  # a slope has two terms, a bowl three more
            near, factor = tables[term, first[1] + row, left:right], terms[term]
            other = tables[min(term + 1, len(terms) - 1), first[1] + row, left:right]
            more = terms[term + 1] if term + 1 < len(terms) else np.float32(0)
            for column in range(nodes):
                into[column] += factor * near[column] + more * other[column]


@compiled
def _blend_rows(local: Images, first: int, weights: Images, nodes: int, rows: Images) -> None:
    """Set the table between four of its rows, and its slope there."""
    a, b, c, d = local[first], local[first + 1], local[first + 2], local[first + 3]
    for part in range(2):
        into = rows[part]
        p, q, r, s = weights[part, 0], weights[part, 1], weights[part, 2], weights[part, 3]
        for column in range(nodes):
            into[column] = p * a[column] + q * b[column] + r * c[column] + s * d[column]


@compiled
def _blend_columns(rows: Images, weights: Images, over: int, values: Images, place: int, size: int) -> None:
    """Set a row of a stamp: the light between four columns of the table, and its slopes."""
    light, slope = rows[0], rows[1]
    by_light, by_x, by_y = values[0], values[1], values[2]
    p, q, r, s = weights[0, 0], weights[0, 1], weights[0, 2], weights[0, 3]
    dp, dq, dr, ds = weights[1, 0], weights[1, 1], weights[1, 2], weights[1, 3]
    for column in range(size):
        left = over * column
        a, b, c, d = light[left], light[left + 1], light[left + 2], light[left + 3]
        by_light[place + column] = p * a + q * b + r * c + s * d
        by_x[place + column] = dp * a + dq * b + dr * c + ds * d
        by_y[place + column] = (
            p * slope[left] + q * slope[left + 1] + r * slope[left + 2] + s * slope[left + 3]
        )


@compiled
def _cubic(f: float, weights: Images) -> None:
    """Set the weights of four nodes for a place between the middle two, and their derivatives."""
    weights[0, 0] = -f * (f - 1.0) * (f - 2.0) / 6.0
    weights[0, 1] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
    weights[0, 2] = -(f + 1.0) * f * (f - 2.0) / 2.0
    weights[0, 3] = (f + 1.0) * f * (f - 1.0) / 6.0
    weights[1, 0] = -(3.0 * f * f - 6.0 * f + 2.0) / 6.0
    weights[1, 1] = (3.0 * f * f - 4.0 * f - 1.0) / 2.0
    weights[1, 2] = -(3.0 * f * f - 2.0 * f - 2.0) / 2.0
    weights[1, 3] = (3.0 * f * f - 1.0) / 6.0
