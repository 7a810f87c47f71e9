"""Brings a frame to a standard system: all bands are fitted to the same stars, the likeliest is taken."""

from dataclasses import replace

import numpy as np
import polars as pl

from engine.bands import BANDS
from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.calibrating.all_bands import FittedBand, fit_all_bands, ranked
from engine.photometry.calibrating.candidates import candidate_bands
from engine.photometry.calibrating.few_stars import calibrate_with_few, too_few_stars
from engine.photometry.calibrating.star_colours import StarColours, star_colours
from engine.photometry.calibrating.zero_point import bend_of
from engine.photometry.calibration import MIN_STARS, BandFit, Calibration, SpatialTerm

__all__ = ["MIN_STARS", "BandFit", "Calibration", "calibrate"]

MAX_REFERENCE_ERR_MAG = 0.3
MAX_INSTRUMENTAL_ERR_MAG = 0.5
# flags that keep a star out, and the stars that must remain for that; fewer, and the next line is tried
_STRICTNESS = (
    (Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE | Flag.BLENDED, 20),
    (Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE, 8),
    (Flag.SATURATED, 0),
)
_PAIR_SCHEMA: dict[str, pl.DataType] = {
    "ref_id": pl.String(),
    "x": pl.Float64(),
    "y": pl.Float64(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "inst_mag": pl.Float64(),
    "inst_mag_err": pl.Float64(),
    "flags": pl.UInt32(),
    "bp_rp_mag": pl.Float64(),
    "variable": pl.Boolean(),
    "catalogue": pl.String(),
    "band": pl.String(),
    "ref_mag": pl.Float64(),
    "ref_mag_err": pl.Float64(),
}


def calibrate(pairs: pl.DataFrame, *, requested: str = "any", meant: str | None = None) -> Calibration:
    """Return the zero point of a frame in the likeliest of the bands that were asked for.

    All bands are fitted to the same cross-match whatever was asked for, so a request only chooses among
    results that do not depend on it. Fewer than five stars cannot tell the band; one is enough where a single
    band was asked for, at the price of a large error. Without chance: the order of the rows does not matter.

    Parameters
    ----------
    pairs
        One row per matched star and band, as ``match`` gives: at least ``ref_id``, ``band``, ``inst_mag``,
        ``ref_mag``; used as well are ``inst_mag_err``, ``ref_mag_err``, ``bp_rp_mag``, ``x``, ``y``,
        ``flags`` and ``variable``.
    meant
        The band that the frame's header means, if any: it counts beside what the stars say.

    Raises
    ------
    Rejected
        ``few-reference-stars``, ``bad-zero-point``, ``unknown-band``.
    """
    table = _complete(pairs)
    usable = _usable(table)
    allowed = candidate_bands(requested, _star_counts(table))
    counts = _star_counts(usable)
    most = max(counts.get(band, 0) for band in allowed)
    if 0 < most < MIN_STARS and len(allowed) == 1:
        return calibrate_with_few(usable, table, allowed[0])
    if most < MIN_STARS:
        raise too_few_stars(table, usable=most, needed=MIN_STARS)
    colours = star_colours(usable)
    fitted = fit_all_bands(usable, colours, counts, meant=meant)
    fits = ranked(fitted.bands, allowed, meant=meant)
    best = _best_good(fits)
    chosen = fitted.of(best.band)
    return _calibration(fits, chosen, colours, fitted.spatial(chosen), table)


def _star_counts(table: pl.DataFrame) -> dict[str, int]:
    return {str(band): int(count) for band, count in table.group_by("band").len().iter_rows()}


def _complete(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return every column, rows in one fixed order, without rows that cannot be placed on a line."""
    table = pairs.select(
        (pl.col(name) if name in pairs.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _PAIR_SCHEMA.items()
    ).with_columns(pl.selectors.float().fill_nan(None))
    known = pl.all_horizontal(pl.col("ref_id", "band", "inst_mag", "ref_mag").is_not_null())
    finite = pl.col("inst_mag").is_finite() & pl.col("ref_mag").is_finite()
    return table.filter(known & finite & pl.col("band").is_in(list(BANDS))).sort(
        "band", "ref_id", "inst_mag", "ref_mag", "x", "y"
    )


def _usable(table: pl.DataFrame) -> pl.DataFrame:
    clean = table.filter(
        ~pl.col("variable").fill_null(False)
        & (pl.col("ref_mag_err").fill_null(0.0) < MAX_REFERENCE_ERR_MAG)
        & (pl.col("inst_mag_err").fill_null(0.0) < MAX_INSTRUMENTAL_ERR_MAG)
    )
    for flags, needed in _STRICTNESS:
        unflagged = clean.filter((pl.col("flags").fill_null(0) & int(flags)) == 0)
        if unflagged["ref_id"].n_unique() >= needed:
            break
    return unflagged


def _best_good(fits: tuple[BandFit, ...]) -> BandFit:
    best = fits[0]
    if not best.is_good:
        raise Rejected(
            f"The stars do not agree on a zero point: in {best.band}, the best band, they scatter by "
            f"{best.scatter_mag:.2f} mag with {best.outlier_fraction:.0%} outliers; check focus, filter and "
            "plate solution.",
            code="bad-zero-point",
        )
    return best


def _calibration(
    fits: tuple[BandFit, ...],
    chosen: FittedBand,
    colours: StarColours | None,
    spatial: SpatialTerm | None,
    table: pl.DataFrame,
) -> Calibration:
    best = fits[0]
    has_colour = best.colour_term is not None and colours is not None
    runner_up = next((fit for fit in fits[1:] if fit.probability > 0), None)
    colour = chosen.stars.colour_mag
    unfinished = Calibration(
        band=best.band,
        catalogue=best.catalogue,
        zero_point_mag=best.zero_point_mag,
        zero_point_err_mag=best.zero_point_err_mag,
        colour_name=colours.name if has_colour and colours else None,
        colour_zero_mag=colours.zero_mag if has_colour and colours else 0.0,
        colour_spread_mag=float(np.sqrt(np.mean(colour**2))) if colour is not None else 0.0,
        colour_term=best.colour_term,
        colour_term_err=best.colour_term_err,
        colour_bend=best.colour_bend,
        colour_bend_err=best.colour_bend_err,
        spatial=spatial,
        scatter_mag=best.scatter_mag,
        intrinsic_mag=best.intrinsic_mag,
        stars=best.stars,
        outlier_fraction=best.outlier_fraction,
        probability=best.probability,
        runner_up=runner_up.band if runner_up else None,
        runner_up_probability=runner_up.probability if runner_up else 0.0,
        fits=fits,
        residuals=pl.DataFrame(),
    )
    return replace(unfinished, residuals=_residuals(unfinished, chosen, colours, table))


def _residuals(
    calibration: Calibration, chosen: FittedBand, colours: StarColours | None, table: pl.DataFrame
) -> pl.DataFrame:
    """Return all matched stars of the band with reference minus standardised magnitude."""
    rows = table.filter(pl.col("band") == calibration.band)
    if colours is not None:
        rows = rows.join(colours.of_star, on="ref_id", how="left", maintain_order="left")
    else:
        rows = rows.with_columns(colour_mag=pl.lit(None, dtype=pl.Float64))
    residual = rows["ref_mag"].to_numpy() - rows["inst_mag"].to_numpy() - calibration.zero_point_mag
    if calibration.colour_term is not None:
        colour = rows["colour_mag"].fill_null(calibration.colour_zero_mag).to_numpy()
        lever = colour - calibration.colour_zero_mag
        residual = residual - calibration.colour_term * lever - calibration.colour_bend * bend_of(lever)
    if calibration.spatial is not None:
        places = [rows[name].fill_null(float("nan")).to_numpy() for name in ("x", "y")]
        residual = residual - np.nan_to_num(calibration.spatial.at_many(*places))
    used = chosen.rows.filter(pl.Series(chosen.fit.good > 0.5))["ref_id"]
    return rows.with_columns(
        residual_mag=pl.Series(residual),
        used=pl.col("ref_id").is_in(used.implode()),
    )
