"""One band's zero point from matched stars: offset, colour term and its bend, a slope over wide fields."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.photometry.calibrating.robust import MixtureFit, densest_line, fit_mixture

Array = NDArray[np.float64]
_FOLDS = 5
_MIN_GAIN = 0.02  # of the cross-validated rms, for a spatial term to be worth its risk
_STARS_FOR_ORDER = {1: 60, 2: 150}
COLOUR_COLUMNS = 2  # a line and a square
# How much the colour term of an ordinary camera bends, mag per mag of colour squared: an LCO 1 m in i against
# 2500 stars of Refcat2 has 0.008. A straight line would move the zero point by 5 mmag there.
USUAL_BEND_MAG = 0.01
USUAL_SLOPE_MAG = 0.1  # of the zero point from the centre to a border: flat fields are not worse


@dataclass(frozen=True, slots=True, kw_only=True)
class StarMagnitudes:
    """The stars of one band that may define its zero point; arrays of one length."""

    offset_mag: Array  # reference minus instrumental
    variance_mag2: Array
    colour_mag: Array | None  # minus the reference colour
    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.offset_mag)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldBox:
    """The part of the frame that the stars cover, to scale positions to -1..1."""

    x_centre: float
    y_centre: float
    half_width: float

    def terms(self, x: Array, y: Array, *, order: int) -> Array:
        """Return polynomial terms of shape (n, 0 | 2 | 5), each of mean zero over the square."""
        u = (x - self.x_centre) / self.half_width
        v = (y - self.y_centre) / self.half_width
        terms = ([u, v], [u * v, u**2 - 1 / 3, v**2 - 1 / 3])
        chosen = [term for group in terms[:order] for term in group]
        return np.column_stack(chosen) if chosen else np.empty((len(u), 0))


def field_box(x: Array, y: Array) -> FieldBox | None:
    """Return the square round the stars, or None where positions are missing."""
    known = np.isfinite(x) & np.isfinite(y)
    if not np.all(known) or len(x) == 0 or max(np.ptp(x), np.ptp(y)) <= 0:
        return None
    return FieldBox(
        x_centre=float(np.max(x) + np.min(x)) / 2,
        y_centre=float(np.max(y) + np.min(y)) / 2,
        half_width=float(max(np.ptp(x), np.ptp(y))) / 2,
    )


def fit_zero_point(stars: StarMagnitudes, *, box: FieldBox | None = None, order: int = 0) -> MixtureFit:
    """Return the fit: zero point, colour term and its bend where colours are known, spatial terms."""
    offset, slope, width = densest_line(stars.offset_mag, stars.colour_mag, stars.variance_mag2)
    design = _design(stars, box, order)
    start = np.zeros(design.shape[1])
    start[0] = offset
    if stars.colour_mag is not None:
        start[1] = slope
    precision = np.full(design.shape[1], USUAL_SLOPE_MAG**-2)
    precision[0] = 0.0
    if stars.colour_mag is not None:
        precision[1 : 1 + COLOUR_COLUMNS] = 0.0, USUAL_BEND_MAG**-2
    return fit_mixture(
        design, stars.offset_mag, stars.variance_mag2, start=start, start_width=width, precision=precision
    )


def bend_of(lever_mag: Array) -> Array:
    """Return the shape of the bend, none at the zero colour and a magnitude beyond.

    So the colour term is what a star a magnitude redder differs by, whatever the bend.
    """
    return np.asarray(lever_mag * (lever_mag - 1.0), dtype=np.float64)


def choose_spatial_order(stars: StarMagnitudes, fit: MixtureFit, box: FieldBox | None) -> int:
    """Return the order of the spatial term that predicts left-out stars best: 0, 1 or 2."""
    good_stars = float(np.sum(fit.good))
    orders = [0] + [order for order, needed in _STARS_FOR_ORDER.items() if good_stars >= needed]
    if box is None or len(orders) == 1:
        return 0
    weights = fit.good / (stars.variance_mag2 + fit.intrinsic**2)
    losses = {order: _left_out_rms(_design(stars, box, order), stars.offset_mag, weights) for order in orders}
    best = 0
    for order in orders[1:]:
        if losses[order] < losses[best] * (1 - _MIN_GAIN):
            best = order
    return best


def _design(stars: StarMagnitudes, box: FieldBox | None, order: int) -> Array:
    columns = [np.ones((len(stars), 1))]
    if stars.colour_mag is not None:
        columns.append(np.column_stack((stars.colour_mag, bend_of(stars.colour_mag))))
    if box is not None and order:
        columns.append(box.terms(stars.x, stars.y, order=order))
    return np.hstack(columns)


def _left_out_rms(design: Array, values: Array, weights: Array) -> float:
    folds = np.arange(len(values)) % _FOLDS
    loss = 0.0
    for fold in range(_FOLDS):
        root = np.sqrt(np.where(folds == fold, 0.0, weights))
        coefficients = np.linalg.lstsq(design * root[:, None], values * root, rcond=None)[0]
        left_out = folds == fold
        loss += float(np.sum(weights[left_out] * (values[left_out] - design[left_out] @ coefficients) ** 2))
    return float(np.sqrt(loss / max(np.sum(weights), 1e-300)))
