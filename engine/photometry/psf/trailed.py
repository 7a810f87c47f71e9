"""The light of a moving target: the PSF drawn along its trail, fitted with the stars that it covers."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.photometry.psf.cast import chosen
from engine.photometry.psf.light import StarLight
from engine.photometry.psf.stamps import Stamps, add_stars

Array = NDArray[np.float64]
Image = NDArray[np.float32]

APART_PIX = 0.3  # of the places that make a trail
NEAR_FWHM = 2.0  # from the trail: such stars are fitted with it
OWN_FWHM = 1.3  # nearer ones that no catalogue has are pieces of it
REACH_FWHM = 4.0
STEPS = 4


class Path(Protocol):
    """Where the target was."""

    @property
    def x(self) -> float: ...  # noqa: D102
    @property
    def y(self) -> float: ...  # noqa: D102

    def distance_pix(self, x: Array, y: Array) -> Array: ...  # noqa: D102
    def places(self, apart_pix: float) -> tuple[Array, Array]: ...  # noqa: D102


def trailed_light(
    light: StarLight, trail: Path, catalogue: int, *, place_sigma_pix: float
) -> tuple[StarLight, dict[str, float]]:
    """Return the fit with the target as a trail, and ``x``, ``y``, ``flux_adu``, ``flux_err_adu`` of it.

    Parameters
    ----------
    catalogue
        How many catalogue stars stand behind the target at the front of the fitted ones.
    place_sigma_pix
        How far the trail may lie from where it was expected.
    """
    stars, fwhm_pix = light.fit.stars, light.psf.fwhm_pix
    away_pix = trail.distance_pix(stars.x, stars.y)
    number = np.arange(len(stars))
    is_piece = (number == 0) | ((number > catalogue) & (away_pix < OWN_FWHM * fwhm_pix))
    is_near = ~is_piece & (away_pix < NEAR_FWHM * fwhm_pix)
    window = _window(light, trail)
    free = light.fit.residual_adu[window.rows, window.columns].copy()
    for which in (is_piece, is_near):
        some = chosen(stars, which)
        add_stars(
            free, some.flux_adu, window.moved(light.psf.drawn(some.x, some.y, _radii(light, len(some))))
        )
    neighbours = [_drawn(light, window, stars.x[[row]], stars.y[[row]])[0] for row in np.flatnonzero(is_near)]
    scene = _Scene(light=light, trail=trail, window=window, free=free, neighbours=neighbours)
    shift, fluxes, error = _fitted(scene, place_sigma_pix)
    x, y = trail.places(APART_PIX)
    left = free - fluxes[0] * _drawn(light, window, x + shift[0], y + shift[1])[0]
    for flux, drawn in zip(fluxes[1:], neighbours, strict=True):
        left = left - flux * drawn
    found, residual = stars.flux_adu.copy(), light.fit.residual_adu.copy()
    found[is_piece], found[is_near] = 0.0, fluxes[1:]
    residual[window.rows, window.columns] = left
    fit = replace(light.fit, stars=replace(stars, flux_adu=found), residual_adu=residual)
    told = {
        "x": trail.x + float(shift[0]),
        "y": trail.y + float(shift[1]),
        "flux_adu": float(fluxes[0]),
        "flux_err_adu": error,
    }
    return replace(light, fit=fit), told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The part of a frame round a trail."""

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    def moved(self, stamps: Stamps) -> Stamps:
        """Return stamps whose pixels count from the window's corner."""
        return stamps._replace(
            first_x=stamps.first_x - self.columns.start, first_y=stamps.first_y - self.rows.start
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """A trail and its neighbours, and the light that is theirs together."""

    light: StarLight
    trail: Path
    window: _Window
    free: Image
    neighbours: list[Image]


def _window(light: StarLight, trail: Path) -> _Window:
    (ny, nx), (x, y) = light.psf.shape, trail.places(1.0)
    margin = 2 * int(_radii(light, 1)[0]) + 2
    return _Window(
        rows=slice(max(0, int(y.min()) - margin), min(ny, int(y.max()) + margin + 1)),
        columns=slice(max(0, int(x.min()) - margin), min(nx, int(x.max()) + margin + 1)),
    )


def _fitted(scene: _Scene, place_sigma_pix: float) -> tuple[Array, Array, float]:
    """Return where the trail lies from where it should, the light of it and of the neighbours, its error."""
    light, window, neighbours, (x, y) = (
        scene.light,
        scene.window,
        scene.neighbours,
        scene.trail.places(APART_PIX),
    )
    pixels = light.pixels.part(window.rows, window.columns)
    shift, fluxes, error = np.zeros(2), np.zeros(1 + len(neighbours)), 0.0
    for _ in range(STEPS):
        drawn = _drawn(light, window, x + shift[0], y + shift[1])
        inside = drawn[0] > 0
        model = sum(
            (flux * one for flux, one in zip(fluxes, (drawn[0], *neighbours), strict=True)), np.float32(0)
        )
        variance = pixels.noise_adu**2 + np.maximum(model, 0) / pixels.gain_e_adu
        weight = np.where(pixels.usable, 1 / variance, 0)[inside].astype(np.float64)
        even = np.ones(window.shape, dtype=np.float32)  # sky that the mesh missed: a trail covers much of it
        columns = [drawn[0], *neighbours, even, *(fluxes[0] * slope for slope in drawn[1:])]
        terms = np.stack([column[inside] for column in columns]).astype(np.float64)
        normal = (terms * weight) @ terms.T + np.diag(np.full(len(terms), 1e-12))
        sides = (terms * weight) @ scene.free[inside].astype(np.float64)
        for axis in (0, 1):  # what is known of the place; the shift so far counts
            normal[axis - 2, axis - 2] += place_sigma_pix**-2
            sides[axis - 2] -= shift[axis] / place_sigma_pix**2
        inverse = np.linalg.inv(normal)
        solution = inverse @ sides
        fluxes, error = solution[:-3], float(np.sqrt(inverse[0, 0]))
        shift = np.clip(shift + solution[-2:], -3 * place_sigma_pix, 3 * place_sigma_pix)
    return shift, fluxes, error


def _drawn(light: StarLight, window: _Window, x: Array, y: Array) -> tuple[Image, Image, Image]:
    """Return a window with light one spread evenly over places, and its slopes where these move."""
    stamps = window.moved(light.psf.drawn(x, y, _radii(light, len(x))))
    share = np.full(len(x), 1.0 / len(x))
    frames: list[Image] = []
    for part in range(3):
        image: Image = np.zeros(window.shape, dtype=np.float32)
        values = np.ascontiguousarray(stamps.values[part : part + 1])
        add_stars(image, share, stamps._replace(values=values))
        frames.append(image)
    return frames[0], frames[1], frames[2]


def _radii(light: StarLight, count: int) -> NDArray[np.int64]:
    reach = min(light.psf.radius_pix, max(3, int(np.ceil(REACH_FWHM * light.psf.fwhm_pix))))
    return np.full(count, reach, dtype=np.int64)
