"""The normal equations of all stars together, and their solution; compiled.

A star's unknowns are corrections of its light and, times the light, of its place: three numbers a star. Two
stars share a block of the matrix where their stamps share pixels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.photometry.compiled import compiled, summing
from engine.photometry.psf.stamps import PARAMETERS, Floats, Images, Stamps, Whole

Marks = NDArray[np.bool_]
Sum = np.float32


class Equations(NamedTuple):
    """The normal equations.

    Attributes
    ----------
    own
        Shape (stars, 3, 3).
    pairs
        Shape (pairs, 2): stars whose stamps meet.
    shared
        Shape (pairs, 3, 3): rows are the first star's unknowns, columns the second's.
    sides
        Right-hand side, shape (stars, 3).
    """

    own: Floats
    pairs: Whole
    shared: Floats
    sides: Floats


@compiled
def weights(model: Images, noise: Images, usable: Marks, adu_per_e: float, mismatch2: float) -> Images:
    """Return one over the variance of each pixel: sky, the model's photons, and what stars differ from it."""
    weight = np.empty_like(model)
    per_e, share2 = np.float32(adu_per_e), np.float32(mismatch2)
    zero, one = np.float32(0), np.float32(1)
    for row in range(len(model)):
        here, into, of_sky, is_told = model[row], weight[row], noise[row], usable[row]
        for column in range(len(here)):
            light = max(here[column], zero)
            variance = of_sky[column] * of_sky[column] + light * per_e + share2 * light * light
            into[column] = one / variance if is_told[column] else zero
    return weight


@compiled
def own_equations(residual: Images, weight: Images, stamps: Stamps) -> tuple[Floats, Floats]:
    """Return each star's own block of the matrix, and its right-hand side."""
    count = len(stamps.radius)
    blocks, sides = np.zeros((count, PARAMETERS, PARAMETERS)), np.zeros((count, PARAMETERS))
    light, by_x, by_y = stamps.values[0], stamps.values[1], stamps.values[2]
    left, told = np.empty(_largest(stamps), np.float32), np.empty(_largest(stamps), np.float32)
    for star in range(count):
        _cut(residual, stamps, star, left)
        _cut(weight, stamps, star, told)
        here = slice(stamps.starts[star], stamps.starts[star + 1])
        aa, ab, ac, bb, bc, cc, a, b, c = _products(light[here], by_x[here], by_y[here], told, left)
        blocks[star, 0, 0], blocks[star, 0, 1], blocks[star, 0, 2] = aa, ab, ac
        blocks[star, 1, 0], blocks[star, 1, 1], blocks[star, 1, 2] = ab, bb, bc
        blocks[star, 2, 0], blocks[star, 2, 1], blocks[star, 2, 2] = ac, bc, cc
        sides[star, 0], sides[star, 1], sides[star, 2] = a, b, c
    return blocks, sides


@compiled
def _largest(stamps: Stamps) -> int:
    return (2 * stamps.radius.max() + 1) ** 2 if len(stamps.radius) else 0


@compiled
def _cut(image: Images, stamps: Stamps, star: int, cut: Images) -> None:
    """Set the pixels of an image under a star's stamp, zero where there is no image."""
    (ny, nx), size = image.shape, 2 * stamps.radius[star] + 1
    first_x, first_y = stamps.first_x[star], stamps.first_y[star]
    is_whole = first_x >= 0 and first_y >= 0 and first_x + size <= nx and first_y + size <= ny
    if not is_whole:
        cut[: size * size] = 0
    left, right = max(0, first_x), max(0, min(nx, first_x + size))
    for row in range(max(0, first_y), min(ny, first_y + size)):
        place = (row - first_y) * size - first_x
        into, near = cut[place + left : place + right], image[row, left:right]
        for column in range(len(near)):
            into[column] = near[column]


@summing
def _products(
    light: Images, by_x: Images, by_y: Images, weight: Images, residual: Images
) -> tuple[Sum, Sum, Sum, Sum, Sum, Sum, Sum, Sum, Sum]:
    """Return the weighted sums of the products of a star, its derivatives and what is left of the frame."""
    zero = np.float32(0)
    aa, ab, ac, bb, bc, cc, a, b, c = zero, zero, zero, zero, zero, zero, zero, zero, zero
    for place in range(len(light)):
        p, q, r, left = light[place], by_x[place], by_y[place], residual[place]
        wp, wq, wr = weight[place] * p, weight[place] * q, weight[place] * r
        aa += wp * p
        ab += wp * q
        ac += wp * r
        bb += wq * q
        bc += wq * r
        cc += wr * r
        a += wp * left
        b += wq * left
        c += wr * left
    return aa, ab, ac, bb, bc, cc, a, b, c


@compiled
def shared_equations(pairs: Whole, weight: Images, stamps: Stamps) -> Floats:
    """Return the block of the matrix that the two stars of each pair share."""
    blocks, (ny, nx) = np.zeros((len(pairs), PARAMETERS, PARAMETERS)), weight.shape
    values = stamps.values
    for pair in range(len(pairs)):
        one, two = pairs[pair, 0], pairs[pair, 1]
        size_1, size_2 = 2 * stamps.radius[one] + 1, 2 * stamps.radius[two] + 1
        x_1, x_2, y_1, y_2 = (
            stamps.first_x[one],
            stamps.first_x[two],
            stamps.first_y[one],
            stamps.first_y[two],
        )
        left, right = max(0, x_1, x_2), min(nx, x_1 + size_1, x_2 + size_2)
        for row in range(max(0, y_1, y_2), min(ny, y_1 + size_1, y_2 + size_2)):
            place_1 = stamps.starts[one] + (row - y_1) * size_1 - x_1
            place_2 = stamps.starts[two] + (row - y_2) * size_2 - x_2
            for column in range(left, right):
                w = weight[row, column]
                for a in range(PARAMETERS):
                    for b in range(PARAMETERS):
                        blocks[pair, a, b] += w * values[a, place_1 + column] * values[b, place_2 + column]
    return blocks


@compiled
def solution_of(equations: Equations, inverse: Floats, rounds: int, tolerance: float) -> Floats:
    """Return what solves all equations, shape (stars, 3): conjugate gradients that know each star's block.

    Parameters
    ----------
    inverse
        Of each own block.
    tolerance
        Of the remaining error, as a fraction of the first one.
    """
    solution, rest = np.zeros_like(equations.sides), equations.sides.copy()
    helped = _own_times(inverse, rest)
    direction, power = helped.copy(), np.sum(rest * helped)
    enough = power * tolerance**2
    for _ in range(rounds):
        if power <= enough:
            break
        image = _times(equations, direction)
        step = power / np.sum(direction * image)
        solution += step * direction
        rest -= step * image
        helped = _own_times(inverse, rest)
        before, power = power, np.sum(rest * helped)
        direction = helped + (power / before) * direction
    return solution


@compiled
def light_variances(equations: Equations, first_pair: Whole, pair_of: Whole, most: int) -> Floats:
    """Return the variance of each star's light, its place and its nearest neighbours being free.

    Parameters
    ----------
    first_pair, pair_of
        The pairs of star ``i`` are ``pair_of[first_pair[i]:first_pair[i + 1]]``.
    most
        Neighbours that count, those that share most with the star.
    """
    variances = np.empty(len(equations.own))
    seat = np.full(len(equations.own), -1)  # of the stars that count now
    for star in range(len(equations.own)):
        near = _nearest(equations, star, pair_of[first_pair[star] : first_pair[star + 1]], most)
        members = np.empty(len(near) + 1, np.int64)
        members[0] = star
        for place in range(len(near)):
            members[place + 1] = equations.pairs[near[place], 0] + equations.pairs[near[place], 1] - star
        seat[members] = np.arange(len(members))
        size = PARAMETERS * len(members)
        matrix, side = np.zeros((size, size)), np.zeros(size)
        side[0] = 1.0
        for member in members:
            at = PARAMETERS * seat[member]
            matrix[at : at + PARAMETERS, at : at + PARAMETERS] = equations.own[member]
            for pair in pair_of[first_pair[member] : first_pair[member + 1]]:
                one, two = seat[equations.pairs[pair, 0]], seat[equations.pairs[pair, 1]]
                if one >= 0 and two >= 0:
                    _set_block(matrix, PARAMETERS * one, PARAMETERS * two, equations.shared[pair])
        variances[star] = np.linalg.solve(matrix, side)[0]
        seat[members] = -1
    return variances


@compiled
def _set_block(matrix: Floats, row: int, column: int, block: Floats) -> None:
    """Set a block of a symmetric matrix, and its mirror image."""
    for a in range(PARAMETERS):
        for b in range(PARAMETERS):
            matrix[row + a, column + b] = block[a, b]
            matrix[column + b, row + a] = block[a, b]


@compiled
def _nearest(equations: Equations, star: int, near: Whole, most: int) -> Whole:
    """Return those of a star's pairs that share most light with it."""
    if len(near) <= most:
        return near
    share = np.empty(len(near))
    for place in range(len(near)):
        other = equations.pairs[near[place], 0] + equations.pairs[near[place], 1] - star
        share[place] = -(equations.shared[near[place], 0, 0] ** 2) / max(equations.own[other, 0, 0], 1e-30)
    return near[np.argsort(share)[:most]]


@compiled
def _times(equations: Equations, vector: Floats) -> Floats:
    """Return the matrix times a vector of shape (stars, 3)."""
    result = _own_times(equations.own, vector)
    shared = equations.shared
    for pair in range(len(equations.pairs)):
        one, two = equations.pairs[pair, 0], equations.pairs[pair, 1]
        x, y, z = vector[one, 0], vector[one, 1], vector[one, 2]
        u, v, w = vector[two, 0], vector[two, 1], vector[two, 2]
        for a in range(PARAMETERS):
            result[one, a] += shared[pair, a, 0] * u + shared[pair, a, 1] * v + shared[pair, a, 2] * w
            result[two, a] += shared[pair, 0, a] * x + shared[pair, 1, a] * y + shared[pair, 2, a] * z
    return result


@compiled
def _own_times(blocks: Floats, vector: Floats) -> Floats:
    result = np.empty_like(vector)
    for star in range(len(blocks)):
        x, y, z = vector[star, 0], vector[star, 1], vector[star, 2]
        for a in range(PARAMETERS):
            result[star, a] = blocks[star, a, 0] * x + blocks[star, a, 1] * y + blocks[star, a, 2] * z
    return result
