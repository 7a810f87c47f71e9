"""The shape of a star all over a frame: an effective PSF on a fine grid, a polynomial in field position.

The grid holds what a pixel at an offset from a star's centre receives of the star's light, the pixel's own
extent included (Anderson & King 2000, PASP 112, 1360).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.photometry.psf.stamps import Grid, Stamps, stamps_of

Array = NDArray[np.float64]

TERMS = (1, 3, 6)  # of the polynomial, by its order


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Psf:
    """An effective PSF.

    Attributes
    ----------
    tables
        Shape (terms, nodes, nodes), the star's centre at the middle node. The first sums up to one per pixel,
        the others to zero, so that a flux means the same all over the frame.
    oversampling
        Nodes per pixel.
    radius_pix
        Beyond which the star has no light.
    mismatch
        Rms of what real stars differ from the model, as a fraction of the model.
    """

    tables: NDArray[np.float32]
    oversampling: int
    radius_pix: int
    fwhm_pix: float
    shape: tuple[int, int]
    stars: int
    mismatch: float

    @property
    def order(self) -> int:
        """Return the order of the polynomial in field position."""
        return TERMS.index(len(self.tables))

    @property
    def noise_area_pix(self) -> float:
        """Return the pixels over which a fit adds up the sky's noise: one over the sum of the squares."""
        squares = np.sum(self.tables[0].astype(np.float64) ** 2) / self.oversampling**2
        return float(1.0 / squares)

    def at(self, x: float, y: float) -> NDArray[np.float32]:
        """Return a star of light one at a whole pixel near a place, in the middle of a square of pixels."""
        size = 2 * self.radius_pix + 1
        drawn = self.drawn(np.rint([x]), np.rint([y]), np.array([self.radius_pix]))
        return np.asarray(drawn.values[0].reshape(size, size))

    def drawn(self, x: Array, y: Array, radius: NDArray[np.int64]) -> Stamps:
        """Return stars of light one at these places, each drawn as far as its radius."""
        terms = field_terms(x, y, shape=self.shape, order=self.order).astype(np.float32)
        return stamps_of(Grid(self.tables, self.oversampling), terms, x, y, radius)


def field_terms(x: Array, y: Array, *, shape: tuple[int, int], order: int) -> Array:
    """Return 1; u, v; u², uv, v² of positions on a frame, where u and v run from -1 to 1."""
    ny, nx = shape
    u = np.clip(2.0 * x / max(nx - 1, 1) - 1.0, -1.0, 1.0)
    v = np.clip(2.0 * y / max(ny - 1, 1) - 1.0, -1.0, 1.0)
    every = [np.ones_like(u), u, v, u * u, u * v, v * v]
    return np.stack(every[: TERMS[order]], axis=-1)


def oversampling_for(fwhm_pix: float) -> int:
    """Return the nodes per pixel with which a cubic between them is wrong by less than a thousandth."""
    return int(np.clip(np.ceil(9.0 / fwhm_pix), 1, 6))


def nodes_of(radius_pix: int, oversampling: int) -> int:
    """Return how many nodes a table has along each side; there are some more than a stamp can need."""
    return 2 * (oversampling * (radius_pix + 1) + 3) + 1


def normalised(tables: Array, *, oversampling: int) -> Array:
    """Return tables that sum up to one per pixel and to zero, as :class:`Psf` has them."""
    whole = tables / (tables[0].sum() / oversampling**2)
    surplus = whole.sum(axis=(1, 2)) / oversampling**2
    surplus[0] = 0.0
    return np.asarray(whole - surplus[:, None, None] * whole[0])
