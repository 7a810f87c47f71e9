"""The pixels that stars are fitted to: a frame without its sky, whole or in parts."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.detect import SATURATED_FRACTION
from engine.photometry.mesh import Mesh

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Marks = NDArray[np.bool_]

SPARSE = 16  # every so many pixels tell the usual noise
EVERYTHING = slice(None)


class Picture(Protocol):
    """Anything that can be asked for its pixels part by part."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""

    @property
    def gain_e_adu(self) -> float:
        """Return the gain."""

    @property
    def usual_noise_adu(self) -> float:
        """Return the median of the pixels' noise."""

    def part(self, rows: slice, columns: slice) -> "Pixels":
        """Return some rows and columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """Images of the light without the sky, and what each pixel's noise is.

    Attributes
    ----------
    light_adu, noise_adu
        Shape (ny, nx); the noise without that of the stars' own light.
    usable
        False where a pixel tells nothing.
    """

    light_adu: Image
    noise_adu: Image
    usable: Marks
    gain_e_adu: float

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return (self.light_adu.shape[0], self.light_adu.shape[1])

    @property
    def usual_noise_adu(self) -> float:
        """Return the median of the pixels' noise."""
        return float(np.median(self.noise_adu[::SPARSE, ::SPARSE]))

    def part(self, rows: slice, columns: slice) -> "Pixels":
        """Return some rows and columns."""
        return Pixels(
            light_adu=self.light_adu[rows, columns],
            noise_adu=self.noise_adu[rows, columns],
            usable=self.usable[rows, columns],
            gain_e_adu=self.gain_e_adu,
        )

    def sky_weight(self) -> Image:
        """Return one over the variance of each pixel's sky, zero where a pixel tells nothing."""
        weight = self.noise_adu**-2
        weight[~self.usable] = 0.0
        return weight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plate:
    """A frame whose parts are freed of the sky when they are asked for: it holds no image of its own.

    Attributes
    ----------
    sky, noise
        Of each pixel [ADU]; the noise without that of the stars' own light.
    """

    frame: Frame
    sky: Mesh
    noise: Mesh

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self.frame.shape

    @property
    def gain_e_adu(self) -> float:
        """Return the gain."""
        return self.frame.gain_e_adu

    @property
    def usual_noise_adu(self) -> float:
        """Return the median of the pixels' noise."""
        return self.noise.usual

    @property
    def light_adu(self) -> Image:
        """Return all of the frame without its sky."""
        return self.part(EVERYTHING, EVERYTHING).light_adu

    def part(self, rows: slice, columns: slice) -> Pixels:
        """Return some rows and columns."""
        light_adu = self.sky.part(rows, columns)
        np.subtract(self.frame.data[rows, columns], light_adu, out=light_adu)
        light_adu[~np.isfinite(light_adu)] = 0.0
        return Pixels(
            light_adu=light_adu,
            noise_adu=self.noise.part(rows, columns),
            usable=self.usable(rows, columns),
            gain_e_adu=self.gain_e_adu,
        )

    def usable(self, rows: slice = EVERYTHING, columns: slice = EVERYTHING) -> Marks:
        """Return False where a pixel tells nothing."""
        full_adu = SATURATED_FRACTION * self.frame.saturation_adu
        data = self.frame.data[rows, columns]
        usable = np.isfinite(data)
        usable &= data < full_adu
        usable &= ~self.frame.mask[rows, columns]
        return usable

    def sky_weight(self) -> Image:
        """Return one over the variance of each pixel's sky, zero where a pixel tells nothing."""
        weight = self.noise.part()
        np.power(weight, np.float32(-2), out=weight)
        weight[~self.usable()] = 0.0
        return weight


def cuts(picture: Picture, x: Array, y: Array, radius_pix: int) -> Pixels:
    """Return the squares round some places, shape (places, size, size); off the frame they tell nothing."""
    size = 2 * radius_pix + 1
    shape = (len(x), size, size)
    light_adu, noise_adu = np.zeros(shape, dtype=np.float32), np.ones(shape, dtype=np.float32)
    usable = np.zeros(shape, dtype=np.bool_)
    for number, (rows, columns, into) in enumerate(_squares(picture.shape, x, y, radius_pix)):
        part = picture.part(rows, columns)
        light_adu[number][into], noise_adu[number][into] = part.light_adu, part.noise_adu
        usable[number][into] = part.usable
    return Pixels(light_adu=light_adu, noise_adu=noise_adu, usable=usable, gain_e_adu=picture.gain_e_adu)


def cut_out(image: Image, x: Array, y: Array, radius_pix: int) -> Image:
    """Return the squares of an image round some places, shape (places, size, size); zero beyond it."""
    size = 2 * radius_pix + 1
    squares = np.zeros((len(x), size, size), dtype=np.float32)
    shape = (image.shape[0], image.shape[1])
    for square, (rows, columns, into) in zip(squares, _squares(shape, x, y, radius_pix), strict=True):
        square[into] = image[rows, columns]
    return squares


def _squares(
    shape: tuple[int, int], x: Array, y: Array, radius_pix: int
) -> list[tuple[slice, slice, tuple[slice, slice]]]:
    """Return rows and columns round each place, and where they lie in the square that is whole."""
    squares = []
    for at_x, at_y in zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True):
        sides = []
        for at, length in ((at_y, shape[0]), (at_x, shape[1])):
            first = int(np.clip(at - radius_pix, 0, length))
            last = int(np.clip(at + radius_pix + 1, first, length))
            sides.append((slice(first, last), slice(first - at + radius_pix, last - at + radius_pix)))
        squares.append((sides[0][0], sides[1][0], (sides[0][1], sides[1][1])))
    return squares
