"""What the model stars have beyond the PSF, brought to the nodes of its tables; compiled."""

from typing import NamedTuple

import numpy as np

from engine.photometry.compiled import compiled
from engine.photometry.psf.stamps import Floats, Grid, Images

LEAST_ERROR = 0.01  # of the model: no bright star decides alone
LEAST_PEAK = 1e-4  # of a star's light in a pixel, error that every sample has


class Models(NamedTuple):
    """The stars that tell the shape.

    Attributes
    ----------
    terms
        Shape (stars, tables): the polynomial of each one's place in the field.
    """

    x: Floats
    y: Floats
    flux: Floats
    terms: Floats


@compiled
def splat(residual: Images, variance: Images, grid: Grid, models: Models) -> tuple[Floats, Floats]:
    """Return the normal equations of each node: what its tables lack, as a polynomial in field position.

    Parameters
    ----------
    residual, variance
        The squares round the stars, without stars, and their noise squared; infinite where a pixel tells
        nothing. Shape (stars, pixels, pixels).

    Returns
    -------
    matrix, side
        Shapes (nodes, nodes, terms, terms) and (nodes, nodes, terms).
    """
    size, (count, nodes, _) = residual.shape[1], grid.tables.shape
    matrix, side = np.zeros((nodes, nodes, count, count)), np.zeros((nodes, nodes, count))
    for star in range(len(models.x)):
        first_x = int(np.rint(models.x[star])) - size // 2
        first_y = int(np.rint(models.y[star])) - size // 2
        for row in range(size):
            t_y = nodes // 2 + grid.oversampling * (first_y + row - models.y[star])
            for column in range(size):
                if np.isfinite(variance[star, row, column]):
                    t_x = nodes // 2 + grid.oversampling * (first_x + column - models.x[star])
                    profile = max(grid.tables[0, int(np.rint(t_y)), int(np.rint(t_x))], np.float32(0))
                    error2 = variance[star, row, column] / models.flux[star] ** 2
                    error2 += (LEAST_ERROR * profile) ** 2 + LEAST_PEAK**2
                    value = residual[star, row, column] / models.flux[star]
                    _add(matrix, side, (t_x, t_y), models.terms[star], (value, 1.0 / error2))
    return matrix, side


@compiled
def _add(
    matrix: Floats, side: Floats, place: tuple[float, float], terms: Floats, sample: tuple[float, float]
) -> None:
    """Add a sample, (value, weight), to the four nodes round its place, (x, y)."""
    node_x, node_y = int(np.floor(place[0])), int(np.floor(place[1]))
    part_x, part_y = place[0] - node_x, place[1] - node_y
    for j in range(2):
        for i in range(2):
            share = (part_y if j else 1.0 - part_y) * (part_x if i else 1.0 - part_x) * sample[1]
            for a in range(len(terms)):
                side[node_y + j, node_x + i, a] += share * terms[a] * sample[0]
                for b in range(len(terms)):
                    matrix[node_y + j, node_x + i, a, b] += share * terms[a] * terms[b]
