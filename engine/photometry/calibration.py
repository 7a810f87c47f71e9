"""What the calibration of one frame says: its band, its zero point, and every band that was tried."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.photometry.calibrating.zero_point import FieldBox

MIN_STARS = 5  # that can vouch for each other, and tell the band


@dataclass(frozen=True, slots=True, kw_only=True)
class BandFit:
    """The zero point of one candidate band.

    ``scatter_mag`` is the rms residual of the stars used; ``intrinsic_mag`` the part of it that the stars'
    own errors do not explain. The zero point is quoted at the zero colour and at the centre of the field.
    """

    band: str
    catalogue: str
    zero_point_mag: float
    zero_point_err_mag: float
    colour_term: float | None
    colour_term_err: float | None
    scatter_mag: float
    intrinsic_mag: float
    stars: int
    outlier_fraction: float
    is_good: bool
    colour_bend: float = 0.0
    colour_bend_err: float = 0.0
    probability: float = 0.0  # among the bands that the request allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class SpatialTerm:
    """How the zero point changes over the frame, for lack of flatness or of a constant aperture loss."""

    box: FieldBox
    order: int
    coefficients: tuple[float, ...]

    def at(self, x: float, y: float) -> float:
        """Return the correction at one pixel position, clipped to the part of the frame that has stars."""
        return float(self.at_many(np.array([x]), np.array([y]))[0])

    def at_many(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the corrections at many positions, NaN where a position is."""
        half = self.box.half_width
        x = np.clip(x, self.box.x_centre - half, self.box.x_centre + half)
        y = np.clip(y, self.box.y_centre - half, self.box.y_centre + half)
        corrections = self.box.terms(x, y, order=self.order) @ np.array(self.coefficients)
        return np.asarray(corrections, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The way from instrumental to standard magnitudes of one frame.

    ``mag = inst_mag + zero_point_mag + colour_term * c + colour_bend * c * (c - 1) + spatial``, where ``c``
    is the star's colour minus ``colour_zero_mag``.
    """

    band: str
    catalogue: str
    zero_point_mag: float
    zero_point_err_mag: float
    colour_name: str | None  # "BP-RP", "g-i"; None where no colour term was fitted
    colour_zero_mag: float
    colour_spread_mag: float  # rms distance of the calibrators' colours from the zero colour
    colour_term: float | None
    colour_term_err: float | None
    spatial: SpatialTerm | None
    scatter_mag: float
    intrinsic_mag: float
    stars: int
    outlier_fraction: float
    probability: float
    runner_up: str | None
    runner_up_probability: float
    fits: tuple[BandFit, ...]  # every band tried, the chosen one first, then by probability
    residuals: pl.DataFrame  # one row per matched star of the band, with residual_mag and used
    notes: tuple[str, ...] = ()
    colour_bend: float = 0.0  # mag per mag of colour squared
    colour_bend_err: float = 0.0

    def standard_mag(
        self,
        inst_mag: float,
        *,
        colour_mag: float | None = None,
        x: float | None = None,
        y: float | None = None,
    ) -> float:
        """Return the standard magnitude; without a colour, that of a star of the zero colour."""
        mag = inst_mag + self.zero_point_mag
        if self.colour_term is not None and colour_mag is not None:
            lever_mag = colour_mag - self.colour_zero_mag
            mag += self.colour_term * lever_mag + self.colour_bend * lever_mag * (lever_mag - 1.0)
        if self.spatial is not None and x is not None and y is not None:
            mag += self.spatial.at(x, y)
        return mag

    def standard_err_mag(self, *, colour_mag: float | None = None) -> float:
        """Return the systematic error: of the zero point and of the colour term; larger without a colour."""
        if self.colour_term is None or self.colour_term_err is None:
            return self.zero_point_err_mag
        if colour_mag is None:
            return float(np.hypot(self.zero_point_err_mag, self.colour_term * self.colour_spread_mag))
        lever_mag = colour_mag - self.colour_zero_mag
        of_colour_mag = (
            self.colour_term_err * lever_mag,
            self.colour_bend_err * lever_mag * (lever_mag - 1.0),
        )
        return float(np.linalg.norm((self.zero_point_err_mag, *of_colour_mag)))
