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
from engine.photometry.psf.stamps import Stamps, add_stars

Array = NDArray[np.float64]
Image = NDArray[np.float32]

LEFT_OUT = 0.15  # of the sky's noise: fainter wings are not drawn
STEEPEST_PIX = 0.3  # that a star may move in one step
FARTHEST_SIGMA = 4.0  # of what is known of its place
STEPS = 4
ROUNDS = 60  # of conjugate gradients
PRECISE = 1e-3
NEIGHBOURS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """A frame without its sky, and what each pixel's noise is.

    Attributes
    ----------
    light_adu, noise_adu
        Shape (ny, nx); the noise without that of the stars' own light.
    usable
        False where a pixel tells nothing.
    """

    light_adu: Image
    noise_adu: Image
    usable: NDArray[np.bool_]
    gain_e_adu: float

    def sky_weight(self) -> Image:
        """Return one over the variance of each pixel's sky, zero where a pixel tells nothing."""
        weight = self.noise_adu**-2
        weight[~self.usable] = 0.0
        return weight

    def of_rows(self, rows: slice) -> "Pixels":
        """Return some rows of the frame."""
        return replace(
            self, light_adu=self.light_adu[rows], noise_adu=self.noise_adu[rows], usable=self.usable[rows]
        )


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


def fit_stars(pixels: Pixels, psf: Psf, stars: Stars, *, steps: int = STEPS) -> StarFit:
    """Return the light and place of every star, all of them fitted at once.

    The weights come from the model, not from the pixels, so that noise does not choose its own weight; they
    and the places are found step by step, because the light depends on a place in no straight line.
    """
    now = stars
    for _ in range(steps):
        stamps = _drawn(psf, now, pixels)
        residual, weight = _misfit(pixels, psf, now, stamps)
        equations = _equations(residual, weight, stamps, (now, stars), pixels)
        change = solution_of(equations, _inverses(equations), ROUNDS, PRECISE)
        now = _changed(now, stars, change)
    residual, _ = _misfit(pixels, psf, now, _drawn(psf, now, pixels))
    return StarFit(stars=now, residual_adu=residual, equations=equations)


def _inverses(equations: Equations) -> Array:
    return np.asarray(np.linalg.inv(equations.own), dtype=np.float64)


def _drawn(psf: Psf, stars: Stars, pixels: Pixels) -> Stamps:
    radius = _radii(psf, stars, noise_adu=_usual_noise_adu(pixels))
    return psf.drawn(stars.x, stars.y, radius)


def _usual_noise_adu(pixels: Pixels) -> float:
    return float(np.median(pixels.noise_adu[::16, ::16]))


def _equations(
    residual: Image, weight: Image, stamps: Stamps, now_and_first: tuple[Stars, Stars], pixels: Pixels
) -> Equations:
    own, sides = own_equations(residual, weight, stamps)
    _know_places(own, sides, *now_and_first, pixels)
    pairs = _pairs(now_and_first[0], stamps)
    return Equations(own, pairs, shared_equations(pairs, weight, stamps), sides)


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


def _misfit(pixels: Pixels, psf: Psf, stars: Stars, stamps: Stamps) -> tuple[Image, Image]:
    model = np.zeros_like(pixels.light_adu)
    add_stars(model, stars.flux_adu, stamps)
    weight = weights_of(pixels, psf, model)
    return np.subtract(pixels.light_adu, model, out=model), weight


def weights_of(pixels: Pixels, psf: Psf, model_adu: Image) -> Image:
    """Return one over each pixel's variance: sky, photons of the model, and what stars differ from it."""
    return weights(model_adu, pixels.noise_adu, pixels.usable, 1.0 / pixels.gain_e_adu, psf.mismatch**2)


def _know_places(own: Array, sides: Array, now: Stars, first: Stars, pixels: Pixels) -> None:
    """Add to each star's equations what is known of its place, and keep the equations solvable."""
    least_adu = 3.0 * _usual_noise_adu(pixels)
    flux = np.maximum(now.flux_adu, least_adu)
    known = 1.0 / (flux * first.place_sigma_pix) ** 2
    own[:, 1, 1] += known
    own[:, 2, 2] += known
    sides[:, 1] -= known * flux * (now.x - first.x)
    sides[:, 2] -= known * flux * (now.y - first.y)
    nothing = own[:, 0, 0] <= 0.0  # no usable pixel
    own[nothing, 0, 0] = 1.0 / least_adu**2


def _pairs(stars: Stars, stamps: Stamps) -> NDArray[np.int64]:
    """Return the pairs of stars whose stamps share pixels, each once."""
    if len(stars) < 2:
        return np.empty((0, 2), np.int64)
    places = np.column_stack([stars.x, stars.y])
    reach = 2 * int(stamps.radius.max()) + 1
    near = cKDTree(places).query_pairs(reach, p=np.inf, output_type="ndarray").astype(np.int64)
    one, two = near[:, 0], near[:, 1]
    allowed = stamps.radius[one] + stamps.radius[two]
    meet = np.ones(len(near), dtype=np.bool_)
    for first in (stamps.first_x, stamps.first_y):
        middle = first + stamps.radius
        meet &= np.abs(middle[one] - middle[two]) <= allowed
    return np.ascontiguousarray(near[meet])


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
