"""A zero point from fewer stars than can vouch for each other: better than none, and honest about it."""

import numpy as np
import polars as pl

from engine.bands import BANDS
from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.calibration import BandFit, Calibration

# Camera bands differ from standard ones by some hundredths of a magnitude per star, and one star may vary.
USUAL_SCATTER_MAG = 0.10
MEDIAN_EFFICIENCY = 1.2533  # error of a median in units of that of a mean


def calibrate_with_few(usable: pl.DataFrame, table: pl.DataFrame, band: str) -> Calibration:
    """Return the calibration that the median of one to four stars gives in a band that is known already.

    Parameters
    ----------
    usable
        Pairs that may be used, at least one in the band; columns as in ``calibrate``.
    table
        All matched pairs, of which the residuals are told.
    """
    stars = usable.filter(pl.col("band") == band)
    offsets_mag = (stars["ref_mag"] - stars["inst_mag"]).to_numpy()
    zero_point_mag = float(np.median(offsets_mag))
    seen_mag = float(np.std(offsets_mag, ddof=1)) if len(offsets_mag) > 1 else 0.0
    scatter_mag = max(seen_mag, USUAL_SCATTER_MAG)
    fit = BandFit(
        band=band,
        catalogue=str(stars["catalogue"].drop_nulls().mode().sort().first() or BANDS[band].survey),
        zero_point_mag=zero_point_mag,
        zero_point_err_mag=MEDIAN_EFFICIENCY * scatter_mag / float(np.sqrt(len(offsets_mag))),
        colour_term=None,
        colour_term_err=None,
        scatter_mag=scatter_mag,
        intrinsic_mag=scatter_mag,
        stars=len(offsets_mag),
        outlier_fraction=0.0,
        is_good=True,
        probability=1.0,
    )
    return Calibration(
        band=band,
        catalogue=fit.catalogue,
        zero_point_mag=zero_point_mag,
        zero_point_err_mag=fit.zero_point_err_mag,
        colour_name=None,
        colour_zero_mag=0.0,
        colour_spread_mag=0.0,
        colour_term=None,
        colour_term_err=None,
        spatial=None,
        scatter_mag=scatter_mag,
        intrinsic_mag=scatter_mag,
        stars=fit.stars,
        outlier_fraction=0.0,
        probability=1.0,
        runner_up=None,
        runner_up_probability=0.0,
        fits=(fit,),
        residuals=_residuals(table, stars, band, zero_point_mag),
        notes=(
            "So few reference stars cannot vouch for each other: the error assumes that they scatter by "
            f"{scatter_mag:.2f} mag.",
        ),
    )


def too_few_stars(table: pl.DataFrame, *, usable: int, needed: int) -> Rejected:
    """Return the refusal that says whether the stars are missing or burnt out."""
    stars = table.unique("ref_id")
    saturated = stars.filter((pl.col("flags").fill_null(0) & int(Flag.SATURATED)) > 0).height
    if saturated >= needed - usable:
        reason = (
            f"Only {usable} of {len(stars)} matched reference stars can be used, {needed} are needed, and "
            f"{saturated} are saturated: expose shorter, or give a catalogue with fainter stars."
        )
    else:
        reason = (
            f"Only {usable} of {len(stars)} matched reference stars can be used, and {needed} are needed: "
            "expose longer, or give a catalogue that reaches this field's stars."
        )
    return Rejected(reason, code="few-reference-stars")


def _residuals(table: pl.DataFrame, used: pl.DataFrame, band: str, zero_point_mag: float) -> pl.DataFrame:
    return table.filter(pl.col("band") == band).with_columns(
        colour_mag=pl.lit(None, dtype=pl.Float64),
        residual_mag=pl.col("ref_mag") - pl.col("inst_mag") - zero_point_mag,
        used=pl.col("ref_id").is_in(used["ref_id"].implode()),
    )
