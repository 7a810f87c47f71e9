"""Stars drawn on stamps of pixels, and added to an image; compiled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.photometry.psf.compiled import compiled

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
            for column in range(left, right):
                image[row, column] += light * stamps.values[0, place + column]


@compiled
def _draw(grid: Grid, terms: Images, x: Floats, y: Floats, stamps: Stamps) -> None:
    middle, over = grid.tables.shape[1] // 2, grid.oversampling
    largest = over * 2 * stamps.radius.max() + _TAPS
    local = np.empty((largest, largest), np.float32)
    rows = np.empty((2, largest), np.float32)
    for star in range(len(x)):
        t_x, t_y = (
            middle + over * (stamps.first_x[star] - x[star]),
            middle + over * (stamps.first_y[star] - y[star]),
        )
        node_x, node_y = int(np.floor(t_x)), int(np.floor(t_y))
        size = 2 * stamps.radius[star] + 1
        nodes = over * (size - 1) + _TAPS
        _sum_tables(grid.tables, terms[star], node_x - 1, node_y - 1, local[:nodes, :nodes])
        weights_x, slopes_x = _cubic(t_x - node_x)
        weights_y, slopes_y = _cubic(t_y - node_y)
        place = stamps.starts[star]
        for row in range(size):
            _blend_rows(local[over * row : over * row + _TAPS, :nodes], weights_y, slopes_y, rows)
            for column in range(size):
                left = over * column
                value, by_x, by_y = np.float32(0), np.float32(0), np.float32(0)
                for tap in range(_TAPS):
                    value += weights_x[tap] * rows[0, left + tap]
                    by_x += slopes_x[tap] * rows[0, left + tap]
                    by_y += weights_x[tap] * rows[1, left + tap]
                stamps.values[0, place] = value
                stamps.values[1, place] = -over * by_x
                stamps.values[2, place] = -over * by_y
                place += 1


@compiled
def _sum_tables(tables: Images, terms: Images, first_x: int, first_y: int, local: Images) -> None:
    """Set the part of the table that a stamp needs, at the star's place in the field."""
    ny, nx = local.shape
    for row in range(ny):
        for column in range(nx):
            local[row, column] = terms[0] * tables[0, first_y + row, first_x + column]
        for term in range(1, len(terms)):
            for column in range(nx):
                local[row, column] += terms[term] * tables[term, first_y + row, first_x + column]


@compiled
def _blend_rows(local: Images, weights: Images, slopes: Images, rows: Images) -> None:
    """Set the table between four of its rows, and its slope there."""
    for column in range(local.shape[1]):
        value, slope = np.float32(0), np.float32(0)
        for tap in range(_TAPS):
            value += weights[tap] * local[tap, column]
            slope += slopes[tap] * local[tap, column]
        rows[0, column], rows[1, column] = value, slope


@compiled
def _cubic(f: float) -> tuple[Images, Images]:
    """Return the weights of four nodes for a place between the middle two, and their derivatives."""
    weights, slopes = np.empty(_TAPS, np.float32), np.empty(_TAPS, np.float32)
    weights[0] = -f * (f - 1.0) * (f - 2.0) / 6.0
    weights[1] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
    weights[2] = -(f + 1.0) * f * (f - 2.0) / 2.0
    weights[3] = (f + 1.0) * f * (f - 1.0) / 6.0
    slopes[0] = -(3.0 * f * f - 6.0 * f + 2.0) / 6.0
    slopes[1] = (3.0 * f * f - 4.0 * f - 1.0) / 2.0
    slopes[2] = -(3.0 * f * f - 2.0 * f - 2.0) / 2.0
    slopes[3] = (3.0 * f * f - 1.0) / 6.0
    return weights, slopes
