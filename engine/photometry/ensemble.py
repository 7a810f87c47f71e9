"""Relative photometry of one star over many frames against all others, none of which need be constant.

References
----------
Honeycutt 1992, PASP 104, 435.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.lightcurve import Flag

Array = NDArray[np.float64]

ENSEMBLE_SCHEMA: dict[str, pl.DataType] = {
    "frame": pl.Int64(),  # place in the list given
    "mjd": pl.Float64(),
    "mag_rel": pl.Float64(),  # zero is the target's median
    "mag_rel_err": pl.Float64(),
    "stars": pl.Int64(),  # comparison stars on the frame
}
MIN_COMPARISON_STARS = 3
MIN_FRAMES = 3
_BAD = int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE)
_ROUNDS = 30
_OUTLIER_SIGMAS = 4.0
_FLOOR_MAG = 1e-4
_UNKNOWN_ERR_MAG = 0.02  # where a table gives no error, until the stars' own scatter is known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    """Magnitudes of shape (frames, stars), NaN where a star was not measured."""

    mag: Array
    err: Array
    target_mag: Array
    target_err: Array


def ensemble_light_curve(
    stars_tables: Sequence[pl.DataFrame], *, target_ref_id: str, mjds: Sequence[float]
) -> pl.DataFrame:
    """Return the target's relative light curve in ``ENSEMBLE_SCHEMA``, one row per frame that shows it.

    Every frame has an offset and every comparison star a mean magnitude; all are solved for together. A star
    that varies gets the weight of its own scatter, single wild points get none.

    Parameters
    ----------
    stars_tables
        One table per frame: ``ref_id``, ``inst_mag``, and if known ``inst_mag_err`` and ``flags``; stars may
        be missing from any frame.
    mjds
        Mid-exposure of each frame.

    Raises
    ------
    Rejected
        ``no-target``: no frame shows it; ``few-frames``; ``few-stars``: too few comparison stars.
    """
    night = _night(_long_table(stars_tables), target_ref_id, frames=len(stars_tables))
    offsets, offset_errs = _solve_offsets(night)
    shown = np.isfinite(night.target_mag) & np.isfinite(offsets)
    relative = night.target_mag - offsets
    relative -= np.median(relative[shown])
    table = pl.DataFrame(
        {
            "frame": np.arange(len(stars_tables)),
            "mjd": np.asarray(mjds, dtype=np.float64),
            "mag_rel": relative,
            "mag_rel_err": np.hypot(night.target_err, offset_errs),
            "stars": np.sum(np.isfinite(night.mag), axis=1),
        },
        schema=ENSEMBLE_SCHEMA,
    )
    return table.filter(pl.Series(shown)).sort("mjd", "frame")


def _long_table(stars_tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    columns = {
        "ref_id": pl.String(), "inst_mag": pl.Float64(), "inst_mag_err": pl.Float64(), "flags": pl.UInt32()
    }  # fmt: skip
    tables = [
        table.select(
            (pl.col(name) if name in table.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in columns.items()
        ).with_columns(frame=pl.lit(number, dtype=pl.Int64))
        for number, table in enumerate(stars_tables)
    ]
    if len(tables) < MIN_FRAMES:
        raise Rejected(
            f"A relative light curve needs {MIN_FRAMES} frames; there are {len(tables)}.", code="few-frames"
        )
    table = pl.concat(tables).with_columns(pl.selectors.float().fill_nan(None))
    usable = pl.col("ref_id").is_not_null() & pl.col("inst_mag").is_finite()
    clean = (pl.col("flags").fill_null(0) & _BAD) == 0
    return table.filter(usable & clean).unique(["frame", "ref_id"], keep="first", maintain_order=True)


def _night(table: pl.DataFrame, target_ref_id: str, *, frames: int) -> _Night:
    target = table.filter(pl.col("ref_id") == target_ref_id)
    if not len(target):
        raise Rejected("The target is measured on none of these frames.", code="no-target")
    others = table.filter(pl.col("ref_id") != target_ref_id)
    seen = others.group_by("ref_id").len().filter(pl.col("len") >= max(2, 0.3 * frames)).sort("ref_id")
    if len(seen) < MIN_COMPARISON_STARS:
        raise Rejected(
            f"Only {len(seen)} comparison stars are on enough of the frames; "
            f"{MIN_COMPARISON_STARS} are needed.",
            code="few-stars",
        )
    column = {name: place for place, name in enumerate(seen["ref_id"])}
    chosen = others.filter(pl.col("ref_id").is_in(seen["ref_id"].implode()))
    rows = chosen["frame"].to_numpy()
    places = np.array([column[name] for name in chosen["ref_id"]])
    mag, err = np.full((frames, len(seen)), np.nan), np.full((frames, len(seen)), np.nan)
    mag[rows, places] = chosen["inst_mag"].to_numpy()
    err[rows, places] = _errors(chosen)
    target_mag, target_err = np.full(frames, np.nan), np.full(frames, np.nan)
    target_mag[target["frame"].to_numpy()] = target["inst_mag"].to_numpy()
    target_err[target["frame"].to_numpy()] = _errors(target)
    return _Night(mag=mag, err=err, target_mag=target_mag, target_err=target_err)


def _errors(table: pl.DataFrame) -> Array:
    err = table["inst_mag_err"].fill_null(_UNKNOWN_ERR_MAG).to_numpy()
    return np.asarray(np.maximum(err, _FLOOR_MAG), dtype=np.float64)


def _solve_offsets(night: _Night) -> tuple[Array, Array]:
    """Return each frame's offset and its error; NaN for a frame with too few comparison stars."""
    measured = np.isfinite(night.mag)
    enough = np.sum(measured, axis=1) >= MIN_COMPARISON_STARS
    if np.sum(enough) < MIN_FRAMES:
        raise Rejected(
            f"Only {np.sum(enough)} frames show {MIN_COMPARISON_STARS} comparison stars.", code="few-stars"
        )
    mag = np.where(measured, night.mag, 0.0)[enough]
    own_variance = np.where(measured, night.err, 1.0)[enough] ** 2
    measured = measured[enough]
    varying = np.full(mag.shape[1], 0.01**2)  # variance of each star that its errors do not explain
    trusted = measured.copy()
    for _ in range(_ROUNDS):
        weights = np.where(trusted, 1.0 / (own_variance + varying), 0.0)
        offsets, means, covariance = _least_squares(mag, weights)
        residuals = mag - offsets[:, None] - means[None, :]
        updated = _star_variances(residuals, own_variance, trusted)
        trusted = measured & (np.abs(residuals) < _OUTLIER_SIGMAS * np.sqrt(own_variance + updated) + 1e-12)
        settled = np.allclose(updated, varying, rtol=1e-3, atol=1e-8)
        varying = updated
        if settled:
            break
    all_offsets, all_errs = np.full(len(enough), np.nan), np.full(len(enough), np.nan)
    all_offsets[enough] = offsets
    all_errs[enough] = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return all_offsets, all_errs


def _least_squares(mag: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Return frame offsets, star means, and the offsets' covariance; the stars are eliminated first.

    The common zero of offsets and means is free: the offsets' mean is set to zero.
    """
    of_star = np.maximum(np.sum(weights, axis=0), 1e-12)
    share = weights / of_star
    normal = np.diag(np.sum(weights, axis=1)) - weights @ share.T
    star_means = np.sum(share * mag, axis=0)
    right = np.sum(weights * (mag - star_means), axis=1)
    frames = len(mag)
    ridge = 1e-12 * np.trace(normal) * np.eye(frames)  # for frames that share no star with the others
    covariance = np.linalg.inv(normal + np.ones((frames, frames)) / frames + ridge)
    offsets = covariance @ right
    offsets = offsets - np.mean(offsets)
    means = np.sum(share * (mag - offsets[:, None]), axis=0)
    return offsets, means, covariance - np.ones((frames, frames)) / frames


def _star_variances(residuals: Array, own_variance: Array, trusted: NDArray[np.bool_]) -> Array:
    """Return how much each star varies beyond its errors, from its own residuals, robustly."""
    visible = np.where(trusted, residuals, np.nan)
    counts = np.maximum(np.sum(trusted, axis=0), 1)
    spread = np.nansum(visible**2, axis=0) / np.maximum(counts - 1, 1)
    expected = np.sum(np.where(trusted, own_variance, 0.0), axis=0) / counts
    return np.asarray(np.maximum(spread - expected, _FLOOR_MAG**2), dtype=np.float64)
