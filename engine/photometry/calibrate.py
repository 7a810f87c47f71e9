"""Brings a frame to a standard system: all bands are fitted to the same stars, the likeliest is taken."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.bands import BANDS
from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.calibrating.candidates import BandEvidence, band_probabilities, candidate_bands
from engine.photometry.calibrating.few_stars import calibrate_with_few, too_few_stars
from engine.photometry.calibrating.robust import MixtureFit
from engine.photometry.calibrating.star_colours import MIN_COLOURED_STARS, StarColours, star_colours
from engine.photometry.calibrating.zero_point import (
    FieldBox,
    StarMagnitudes,
    choose_spatial_order,
    field_box,
    fit_zero_point,
)
from engine.photometry.calibration import MIN_STARS, BandFit, Calibration, SpatialTerm

__all__ = ["MIN_STARS", "BandFit", "Calibration", "calibrate"]

MAX_OUTLIER_FRACTION = 0.5
MAX_SCATTER_MAG = 0.5
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    band: str
    rows: pl.DataFrame
    stars: StarMagnitudes
    fit: MixtureFit


def calibrate(pairs: pl.DataFrame, *, requested: str = "any") -> Calibration:
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
    fitted, box, order = _fit_all(usable, colours, counts)
    fits = _ranked([_band_fit(one) for one in fitted], allowed)
    best = _best_good(fits)
    chosen = next(one for one in fitted if one.band == best.band)
    return _calibration(best, fits, chosen, colours, _spatial(chosen, box, order), table)


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


def _fit_all(
    usable: pl.DataFrame, colours: StarColours | None, counts: dict[str, int]
) -> tuple[list[_Fitted], FieldBox | None, int]:
    prepared = [
        (band, *_prepared(usable.filter(pl.col("band") == band), colours))
        for band in sorted(counts)
        if counts[band] >= MIN_STARS
    ]
    first = [
        _Fitted(band=band, rows=rows, stars=stars, fit=fit_zero_point(stars))
        for band, rows, stars in prepared
    ]
    best = _ranked([_band_fit(one) for one in first], tuple(one.band for one in first))[0].band
    leader = next(one for one in first if one.band == best)
    box = field_box(leader.stars.x, leader.stars.y)
    order = choose_spatial_order(leader.stars, leader.fit, box)
    if order == 0:
        return first, box, 0
    return (
        [
            replace(one, fit=fit_zero_point(one.stars, box=box, order=order))
            if np.all(np.isfinite(one.stars.x))
            else one
            for one in first
        ],
        box,
        order,
    )


def _prepared(rows: pl.DataFrame, colours: StarColours | None) -> tuple[pl.DataFrame, StarMagnitudes]:
    colour = None
    if colours is not None:
        coloured = rows.join(colours.of_star, on="ref_id", maintain_order="left")
        if len(coloured) >= MIN_COLOURED_STARS:
            rows = coloured
            colour = coloured["colour_mag"].to_numpy() - colours.zero_mag
    errors = [rows[name].fill_null(0.0).to_numpy() for name in ("inst_mag_err", "ref_mag_err")]
    return rows, StarMagnitudes(
        offset_mag=(rows["ref_mag"] - rows["inst_mag"]).to_numpy(),
        variance_mag2=errors[0] ** 2 + errors[1] ** 2,
        colour_mag=colour,
        x=rows["x"].fill_null(float("nan")).to_numpy(),
        y=rows["y"].fill_null(float("nan")).to_numpy(),
    )


def _band_fit(one: _Fitted) -> BandFit:
    fit, has_colour = one.fit, one.stars.colour_mag is not None
    good_stars = round(float(np.sum(fit.good)))
    return BandFit(
        band=one.band,
        catalogue=str(one.rows["catalogue"].drop_nulls().mode().sort().first() or BANDS[one.band].survey),
        zero_point_mag=float(fit.coefficients[0]),
        zero_point_err_mag=float(fit.errors[0]),
        colour_term=float(fit.coefficients[1]) if has_colour else None,
        colour_term_err=float(fit.errors[1]) if has_colour else None,
        scatter_mag=max(fit.scatter, 1e-6),
        intrinsic_mag=fit.intrinsic,
        stars=good_stars,
        outlier_fraction=fit.outlier_fraction,
        is_good=fit.outlier_fraction <= MAX_OUTLIER_FRACTION
        and fit.scatter <= MAX_SCATTER_MAG
        and good_stars >= MIN_STARS - 1,
    )


def _ranked(fits: list[BandFit], allowed: tuple[str, ...]) -> tuple[BandFit, ...]:
    """Return all fits with the probability of each allowed band, the likeliest first."""
    candidates = [fit for fit in fits if fit.band in allowed]
    judged = [fit for fit in candidates if fit.is_good] or candidates
    probabilities = band_probabilities(
        [
            BandEvidence(
                band=fit.band,
                colour_term=fit.colour_term,
                colour_term_err=fit.colour_term_err,
                scatter_mag=fit.scatter_mag,
            )
            for fit in judged
        ]
    )
    told = [replace(fit, probability=probabilities.get(fit.band, 0.0)) for fit in fits]
    return tuple(sorted(told, key=lambda fit: (fit.band not in probabilities, -fit.probability, fit.band)))


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


def _spatial(chosen: _Fitted, box: FieldBox | None, order: int) -> SpatialTerm | None:
    first = 1 if chosen.stars.colour_mag is None else 2
    coefficients = tuple(float(value) for value in chosen.fit.coefficients[first:])
    return SpatialTerm(box=box, order=order, coefficients=coefficients) if box and coefficients else None


def _calibration(
    best: BandFit,
    fits: tuple[BandFit, ...],
    chosen: _Fitted,
    colours: StarColours | None,
    spatial: SpatialTerm | None,
    table: pl.DataFrame,
) -> Calibration:
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
        colour_spread_mag=float(np.std(colour)) if colour is not None else 0.0,
        colour_term=best.colour_term,
        colour_term_err=best.colour_term_err,
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
    calibration: Calibration, chosen: _Fitted, colours: StarColours | None, table: pl.DataFrame
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
        residual = residual - calibration.colour_term * (colour - calibration.colour_zero_mag)
    if calibration.spatial is not None:
        places = [rows[name].fill_null(float("nan")).to_numpy() for name in ("x", "y")]
        residual = residual - np.nan_to_num(calibration.spatial.at_many(*places))
    used = chosen.rows.filter(pl.Series(chosen.fit.good > 0.5))["ref_id"]
    return rows.with_columns(
        residual_mag=pl.Series(residual),
        used=pl.col("ref_id").is_in(used.implode()),
    )
