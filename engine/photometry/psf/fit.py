"""All stars of a frame fitted together: light and place of each, with its neighbours' light known.

A star's place is free within what is known of it: a catalogue's stars hardly move, those that were only
detected may; so the light of a faint or blended star is measured at a place that is not drawn to the noise.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.photometry.psf.equations import (
    Equations,
    light_variances,
    own_equations,
    shared_equations,
    solution_of,
    weights,
)
from engine.photometry.psf.model import Psf
from engine.photometry.psf.pixels import Picture, Pixels
from engine.photometry.psf.stamps import PARAMETERS, Stamps, add_stars
from engine.photometry.psf.tiles import Tile, tiles_of

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Pairs = NDArray[np.int64]

LEFT_OUT = 0.15  # of the sky's noise: fainter wings are not drawn
STEEPEST_PIX = 0.3  # that a star may move in one step
FARTHEST_SIGMA = 4.0  # of what is known of its place
STEPS = 4
ROUNDS = 60  # of conjugate gradients
PRECISE = 1e-2  # of a step's change: the next one, or its smallness, takes care of the rest
SETTLED_SIGMA, SETTLED_SHARE = 0.1, 0.99  # what so many stars change no more: another step is wasted
NEIGHBOURS = 8
KEPT_PIXELS = 2100**2  # of a smaller picture all parts are made but once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stars:
    """Stars to be fitted, one number each.

    Attributes
    ----------
    place_sigma_pix
        What is known of each place: small for a catalogue's star on a solved frame.
    """

    x: Array
    y: Array
    flux_adu: Array
    place_sigma_pix: Array

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.x)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StarFit:
    """The stars as fitted, and the frame without them."""

    stars: Stars
    residual_adu: Image
    equations: Equations

    @property
    def flux_err_adu(self) -> Array:
        """Return the error of each star's light, its place and its nearest neighbours being free."""
        return _errors(self.equations)


def fit_stars(picture: Picture, psf: Psf, stars: Stars, *, steps: int = STEPS) -> StarFit:
    """Return the light and place of every star, all of them fitted at once.

    The weights come from the model, not from the pixels, so that noise does not choose its own weight; they
    and the places are found step by step, because the light depends on a place in no straight line. Where a
    step changes next to nothing, it is the last.
    """
    now, (ny, nx) = stars, picture.shape
    canvas = _Canvas(
        picture=picture.part(slice(ny), slice(nx)) if ny * nx <= KEPT_PIXELS else picture,
        psf=psf,
        tiles=tuple(tiles_of(picture.shape, margin_pix=psf.radius_pix)),
        noise_adu=picture.usual_noise_adu,
    )
    near = _near_pairs(stars, psf)
    for _ in range(steps):
        equations = _equations(canvas, now, near)
        _know_places(equations, now, stars, least_adu=3.0 * canvas.noise_adu)
        change = solution_of(equations, _inverses(equations), ROUNDS, PRECISE)
        now = _changed(now, stars, change)
        if _is_settled(equations, change):
            break
    return StarFit(stars=now, residual_adu=_residual(canvas, now), equations=equations)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Canvas:
    """What is fitted, tile by tile, and with which PSF."""

    picture: Picture
    psf: Psf
    tiles: tuple[Tile, ...]
    noise_adu: float

    def misfit(self, tile: Tile, flux_adu: Array, stamps: Stamps) -> tuple[Image, Image]:
        """Return a tile without these stars, and the weights of its pixels."""
        pixels = self.picture.part(tile.rows, tile.columns)
        model = np.zeros_like(pixels.light_adu)
        add_stars(model, flux_adu, stamps)
        weight = weights_of(pixels, self.psf, model)
        return np.subtract(pixels.light_adu, model, out=model), weight


def _equations(canvas: _Canvas, now: Stars, near: Pairs) -> Equations:
    """Return the equations of all stars; each tile tells those of its own ones and of the pairs they lead."""
    x, y = np.rint(now.x).astype(np.int64), np.rint(now.y).astype(np.int64)
    radius = _radii(canvas.psf, now, noise_adu=canvas.noise_adu)
    pairs = _meeting(near, x, y, radius)
    own, sides = np.zeros((len(now), PARAMETERS, PARAMETERS)), np.zeros((len(now), PARAMETERS))
    shared = np.zeros((len(pairs), PARAMETERS, PARAMETERS))
    for tile in canvas.tiles:
        mine, seen = tile.owns(x, y), tile.touches(x, y, radius)
        if not np.any(mine & seen):
            continue
        here = np.flatnonzero(seen)
        stamps = tile.moved(canvas.psf.drawn(now.x[here], now.y[here], radius[here]))
        residual, weight = canvas.misfit(tile, now.flux_adu[here], stamps)
        told = mine[here]
        blocks, right = own_equations(residual, weight, stamps)
        own[here[told]], sides[here[told]] = blocks[told], right[told]
        led = np.flatnonzero(mine[pairs[:, 0]] & seen[pairs[:, 0]] & seen[pairs[:, 1]])
        shared[led] = shared_equations(np.searchsorted(here, pairs[led]), weight, stamps)
    return Equations(own, pairs, shared, sides)


def _residual(canvas: _Canvas, stars: Stars) -> Image:
    """Return the picture without the stars."""
    x, y = np.rint(stars.x).astype(np.int64), np.rint(stars.y).astype(np.int64)
    radius = _radii(canvas.psf, stars, noise_adu=canvas.noise_adu)
    residual = np.empty(canvas.picture.shape, dtype=np.float32)
    for tile in canvas.tiles:
        here = np.flatnonzero(tile.touches(x, y, radius))
        stamps = tile.moved(canvas.psf.drawn(stars.x[here], stars.y[here], radius[here]))
        light = canvas.picture.part(tile.rows, tile.columns).light_adu
        model = np.zeros_like(light)
        add_stars(model, stars.flux_adu[here], stamps)
        np.subtract(light[tile.own], model[tile.own], out=residual[tile.at])
    return residual


def _is_settled(equations: Equations, change: Array) -> bool:
    """Return whether a step changed the light of nearly all stars by little of what their noise is alone."""
    settled = np.abs(change[:, 0]) * np.sqrt(equations.own[:, 0, 0]) < SETTLED_SIGMA
    return bool(np.count_nonzero(settled) >= SETTLED_SHARE * len(change))


def _inverses(equations: Equations) -> Array:
    return np.asarray(np.linalg.inv(equations.own), dtype=np.float64)


def _radii(psf: Psf, stars: Stars, *, noise_adu: float) -> NDArray[np.int64]:
    """Return how far each star's light is worth drawing."""
    profile = np.maximum.accumulate(_profile(psf)[::-1])[::-1]  # never rises outwards
    faintest = LEFT_OUT * noise_adu / np.maximum(stars.flux_adu, noise_adu)
    reach = len(profile) - np.searchsorted(profile[::-1], faintest, side="left")
    least = int(np.ceil(1.5 * psf.fwhm_pix))
    return np.clip(reach, min(least, psf.radius_pix), psf.radius_pix).astype(np.int64)


def _profile(psf: Psf) -> Array:
    """Return the PSF's light along a row, at whole pixels from the centre."""
    table, middle = psf.tables[0].astype(np.float64), psf.tables.shape[1] // 2
    steps = psf.oversampling * np.arange(psf.radius_pix + 1)
    return np.asarray(
        (table[middle, middle + steps] + table[middle, middle - steps]
         + table[middle + steps, middle] + table[middle - steps, middle]) / 4.0
    )  # fmt: skip


def weights_of(pixels: Pixels, psf: Psf, model_adu: Image) -> Image:
    """Return one over each pixel's variance: sky, photons of the model, and what stars differ from it."""
    return weights(model_adu, pixels.noise_adu, pixels.usable, 1.0 / pixels.gain_e_adu, psf.mismatch**2)


def _know_places(equations: Equations, now: Stars, first: Stars, *, least_adu: float) -> None:
    """Add to each star's equations what is known of its place, and keep the equations solvable."""
    own, sides = equations.own, equations.sides
    flux = np.maximum(now.flux_adu, least_adu)
    known = 1.0 / (flux * first.place_sigma_pix) ** 2
    own[:, 1, 1] += known
    own[:, 2, 2] += known
    sides[:, 1] -= known * flux * (now.x - first.x)
    sides[:, 2] -= known * flux * (now.y - first.y)
    nothing = own[:, 0, 0] <= 0.0  # no usable pixel
    own[nothing, 0, 0] = 1.0 / least_adu**2


def _near_pairs(stars: Stars, psf: Psf) -> Pairs:
    """Return the pairs of stars whose stamps may ever share pixels, each once."""
    if len(stars) < 2:
        return np.empty((0, 2), np.int64)
    moves_pix = 2 * FARTHEST_SIGMA * float(stars.place_sigma_pix.max())
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    reach_pix = 2 * psf.radius_pix + 1 + moves_pix
    return np.asarray(tree.query_pairs(reach_pix, p=np.inf, output_type="ndarray"), dtype=np.int64)


def _meeting(near: Pairs, x: NDArray[np.int64], y: NDArray[np.int64], radius: NDArray[np.int64]) -> Pairs:
    """Return the pairs whose stamps share pixels now."""
    one, two = near[:, 0], near[:, 1]
    apart = np.maximum(np.abs(x[one] - x[two]), np.abs(y[one] - y[two]))
    return np.ascontiguousarray(near[apart <= radius[one] + radius[two]])


def _changed(now: Stars, first: Stars, change: Array) -> Stars:
    flux = now.flux_adu + change[:, 0]
    basis = np.where(now.flux_adu > 0, now.flux_adu, np.inf)  # a star without light stays where it is
    moved = []
    for column, (at, start) in enumerate(((now.x, first.x), (now.y, first.y)), 1):
        step = np.clip(change[:, column] / basis, -STEEPEST_PIX, STEEPEST_PIX)
        farthest = FARTHEST_SIGMA * first.place_sigma_pix
        moved.append(np.clip(at + step, start - farthest, start + farthest))
    return replace(now, x=moved[0], y=moved[1], flux_adu=flux)


def _errors(equations: Equations) -> Array:
    pairs = equations.pairs
    ends = np.concatenate([pairs[:, 0], pairs[:, 1]])
    order = np.argsort(ends, kind="stable")
    first_pair = np.searchsorted(ends[order], np.arange(len(equations.own) + 1))
    pair_of = (order % max(len(pairs), 1)).astype(np.int64)
    variances = light_variances(equations, first_pair, pair_of, NEIGHBOURS)
    alone = _inverses(equations)[:, 0, 0]
    alone = np.where(alone > 0, alone, 1.0 / equations.own[:, 0, 0])  # its places cannot be told
    return np.sqrt(np.where(variances > 0, np.maximum(variances, alone), alone))
