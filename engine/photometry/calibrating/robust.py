"""Linear fits that survive wrong matches: a search for the densest line, then an outlier mixture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_START_STARS = 400
_START_SHARE = 0.45  # of the stars must lie on the line; the rest may be anything
_SLOPES = np.linspace(-2.0, 2.0, 81)
_OUTLIER_SCALE_MAG = 3.0
_MAX_OUTLIERS = 0.7
_MIN_INTRINSIC_MAG = 1e-3
_USUAL_INTRINSIC_MAG, _USUAL_POINTS = 0.015, 2.0  # of ground-based frames, weighing as two stars do
_ROUNDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureFit:
    """A line through the good points of a mixture of good and wrong ones."""

    coefficients: Array
    covariance: Array
    residuals: Array
    good: Array  # probability of each point to be good
    log_density: Array  # of each point, under the mixture
    intrinsic: float  # scatter that the points' own errors do not explain
    outlier_fraction: float

    @property
    def scatter(self) -> float:
        """Return the rms residual of the good points."""
        return float(np.sqrt(np.sum(self.good * self.residuals**2) / max(np.sum(self.good), 1e-9)))

    @property
    def errors(self) -> Array:
        """Return the standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))


def densest_line(values: Array, slopes_of: Array | None, variances: Array) -> tuple[float, float, float]:
    """Return (offset, slope, half width) of the narrowest strip that holds nearly half of the points.

    Every slope of a grid is tried, so the answer depends on no chance; it stands up to 50 % wrong points.

    Parameters
    ----------
    slopes_of
        The abscissa of each point, or None for a constant.

    References
    ----------
    Rousseeuw 1984, J. Am. Stat. Assoc. 79, 871.
    """
    best = np.argsort(variances, kind="stable")[:_START_STARS]
    slopes = np.zeros(1) if slopes_of is None else _SLOPES
    abscissa = np.zeros(len(best)) if slopes_of is None else slopes_of[best]
    ordered = np.sort(values[best] - slopes[:, None] * abscissa, axis=1)
    inside = min(len(best), max(3, int(np.ceil(_START_SHARE * len(best)))))
    widths = ordered[:, inside - 1 :] - ordered[:, : len(best) - inside + 1]
    row, column = np.unravel_index(int(np.argmin(widths)), widths.shape)
    strip = ordered[row, column : column + inside]
    return float(np.median(strip)), float(slopes[row]), float(widths[row, column] / 2)


def fit_mixture(
    design: Array, values: Array, variances: Array, *, start: Array, start_width: float, precision: Array
) -> MixtureFit:
    """Return the fit of ``values = design @ coefficients`` with a share of wrong points.

    Each point is drawn from a normal distribution of its own variance plus an intrinsic one, or, with the
    outlier fraction, from a two-sided exponential of 3 mag. Shapes: (n, p), (n,), (n,).

    Parameters
    ----------
    precision
        Per coefficient one over the variance round zero that is known beforehand; 0 where nothing is.

    References
    ----------
    Hogg, Bovy & Lang 2010, arXiv:1008.4686, section 3.
    """
    coefficients, outliers = start.astype(np.float64), 0.2
    intrinsic2 = max(start_width, _MIN_INTRINSIC_MAG) ** 2
    for _ in range(_ROUNDS):
        residuals = values - design @ coefficients
        good = _good_probability(residuals, variances + intrinsic2, outliers)
        weights = good / (variances + intrinsic2)
        updated = _solve(design, values, weights, precision)
        moved = np.max(np.abs(updated - coefficients))
        coefficients = updated
        residuals = values - design @ coefficients
        intrinsic2_new = _intrinsic_variance(
            residuals, variances, good, intrinsic2, _told(design, weights, precision)
        )
        moved = max(moved, abs(np.sqrt(intrinsic2_new) - np.sqrt(intrinsic2)))
        intrinsic2 = intrinsic2_new
        outliers = float(np.clip(1.0 - np.mean(good), 1e-3, _MAX_OUTLIERS))
        if moved < 1e-8:
            break
    right, wrong = _densities(residuals, variances + intrinsic2, outliers)
    good = right / (right + wrong)
    return MixtureFit(
        coefficients=coefficients,
        covariance=_covariance(design, residuals, variances + intrinsic2, good, precision),
        residuals=residuals,
        good=good,
        log_density=np.log(right + wrong),
        intrinsic=float(np.sqrt(intrinsic2)),
        outlier_fraction=float(1.0 - np.mean(good)),
    )


def _good_probability(residuals: Array, variances: Array, outliers: float) -> Array:
    right, wrong = _densities(residuals, variances, outliers)
    return np.asarray(right / (right + wrong), dtype=np.float64)


def _densities(residuals: Array, variances: Array, outliers: float) -> tuple[Array, Array]:
    right = (1 - outliers) * np.exp(-0.5 * residuals**2 / variances) / np.sqrt(2 * np.pi * variances)
    wrong = outliers * np.exp(-np.abs(residuals) / _OUTLIER_SCALE_MAG) / (2 * _OUTLIER_SCALE_MAG)
    return right, wrong + 1e-300


def _solve(design: Array, values: Array, weights: Array, precision: Array) -> Array:
    root = np.concatenate((np.sqrt(weights), np.sqrt(precision)))
    rows = np.vstack((design, np.eye(len(precision))))
    right = np.concatenate((values, np.zeros(len(precision))))
    return np.asarray(np.linalg.lstsq(rows * root[:, None], right * root, rcond=None)[0])


def _told(design: Array, weights: Array, precision: Array) -> float:
    """Return how many coefficients the points tell, rather than what was known beforehand."""
    information = design.T @ (design * weights[:, None])
    return float(np.trace(np.linalg.pinv(information + np.diag(precision)) @ information))


def _intrinsic_variance(
    residuals: Array, variances: Array, good: Array, intrinsic2: float, parameters: float
) -> float:
    """Return the variance that makes the residuals as large as they are; few points lean on what is usual."""
    weights = good / (variances + intrinsic2) ** 2
    points = max(float(np.sum(good)), 1e-9)
    freedom = points / max(points - parameters, 1.0)
    usual = _USUAL_POINTS * float(np.sum(weights)) / points
    excess = float(np.sum(weights * (freedom * residuals**2 - variances))) + usual * _USUAL_INTRINSIC_MAG**2
    return max(excess / max(float(np.sum(weights)) + usual, 1e-300), _MIN_INTRINSIC_MAG**2)


def _covariance(design: Array, residuals: Array, variances: Array, good: Array, precision: Array) -> Array:
    """Return the inverse of the observed information, widened as Student's t for few points."""
    curvature = good / variances - good * (1 - good) * (residuals / variances) ** 2
    information = design.T @ (design * curvature[:, None]) + np.diag(precision)
    complete = design.T @ (design * (good / variances)[:, None]) + np.diag(precision)
    if np.linalg.eigvalsh(information)[0] < 0.3 * np.linalg.eigvalsh(complete)[0]:
        information = complete * 0.3 + np.eye(len(complete)) * 1e-12
    freedom = float(np.sum(good)) - _told(design, good / variances, precision)
    widening = freedom / (freedom - 2.0) if freedom > 2.5 else 5.0
    return np.asarray(np.linalg.pinv(information) * widening)
