"""The marks of a light curve: where each stands, its error, and who measured it."""

import polars as pl

from engine.bands import BANDS
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from portal.flags import flags_text
from portal.light_curve.charts import MAG_BANDS
from portal.light_curve.readings import coded

_RELATIVE_PER_MAG = 1.0 / MAG_ERR_PER_RELATIVE_FLUX_ERR


def with_magnitude(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points that have a place on a chart of magnitudes."""
    foreign = pl.col("band").is_in(list(BANDS)) & ~pl.col("band").is_in(MAG_BANDS)
    return points.filter(~foreign, pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null()))


def drawn_points(points: pl.DataFrame) -> pl.DataFrame:
    """Return one row per mark: where it stands, its error, and who measured it.

    Rows that have only a flux are left out: this chart is in magnitudes.
    """
    return _with_words(
        with_magnitude(points),
        level_mag=pl.coalesce("mag", "limit_mag"),
        is_limit=pl.col("mag").is_null(),
        error_mag=pl.when(pl.col("mag").is_not_null()).then("mag_err"),
    )


def flux_points(points: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Return one row per mark of the bands whose field writes fluxes in a unit, such as mJy."""
    per_unit = {name: band.ujy_per_unit for name, band in BANDS.items() if band.unit == unit}
    scale = pl.col("band").replace_strict(per_unit, return_dtype=pl.Float64, default=None)
    relative = 10.0 ** (-0.4 * pl.col("mag"))
    level = pl.coalesce(pl.col("flux_ujy") / scale, relative)
    error = pl.coalesce(pl.col("flux_err_ujy") / scale, relative * pl.col("mag_err") * _RELATIVE_PER_MAG)
    rows = points.filter(pl.col("band").is_in(list(per_unit)), level.is_not_null())
    return _with_words(rows, level=level, error=error)


def _with_words(rows: pl.DataFrame, **numbers: pl.Expr) -> pl.DataFrame:
    """Return when and in which band each point is, its numbers, and who measured it."""
    drawn = rows.select(
        "mjd",
        "band",
        **numbers,
        observer=_or_dash("observer"),
        facility=_or_dash("facility"),
        source=pl.col("source"),
        remark=pl.col("flags").replace_strict(_remarks(rows), return_dtype=pl.String),
    )
    return coded(drawn, ("band", "observer", "facility", "source", "remark"))


def _remarks(points: pl.DataFrame) -> dict[int, str]:
    return {flags: flags_text(flags) or "–" for flags in points["flags"].unique().to_list()}


def _or_dash(column: str) -> pl.Expr:
    text = pl.col(column).fill_null("")
    return pl.when(text == "").then(pl.lit("–")).otherwise(text)
