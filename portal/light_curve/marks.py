"""The marks of a light curve: where each stands, its error bar, and the words of its tooltip."""

import polars as pl

from engine.bands import BANDS
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from engine.times import datetime_of
from portal.flags import flags_text
from portal.light_curve.charts import MAG_BANDS
from portal.words import _

_RELATIVE_PER_MAG = 1.0 / MAG_ERR_PER_RELATIVE_FLUX_ERR


def with_magnitude(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points that have a place on a chart of magnitudes."""
    foreign = pl.col("band").is_in(list(BANDS)) & ~pl.col("band").is_in(MAG_BANDS)
    return points.filter(~foreign, pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null()))


def drawn_points(points: pl.DataFrame) -> pl.DataFrame:
    """Return one row per mark: where it stands, its error bar and the words of its tooltip.

    Rows that have only a flux are left out: this chart is in magnitudes.
    """
    limit_only = pl.col("mag").is_null()
    rows = with_magnitude(points)
    fainter = _("fainter than {mag}")  # here: polars works in threads of its own, which know no reader
    return rows.select(
        "mjd",
        "band",
        level_mag=pl.coalesce("mag", "limit_mag"),
        is_limit=limit_only,
        bright_mag=pl.col("mag") - pl.col("mag_err"),
        faint_mag=pl.col("mag") + pl.col("mag_err"),
        when=pl.col("mjd").map_elements(_when, return_dtype=pl.String),
        mjd_text=pl.col("mjd").map_elements(lambda mjd: f"{mjd:.5f}", return_dtype=pl.String),
        reading=pl.struct("mag", "mag_err", "limit_mag").map_elements(
            lambda point: _reading(point, fainter), return_dtype=pl.String
        ),
        observer=_or_dash("observer"),
        facility=_or_dash("facility"),
        source=pl.col("source"),
        remark=_remark(rows),
    )


def flux_points(points: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Return one row per mark of the bands whose field writes fluxes in a unit, such as mJy."""
    per_unit = {name: band.ujy_per_unit for name, band in BANDS.items() if band.unit == unit}
    scale = pl.col("band").replace_strict(per_unit, return_dtype=pl.Float64, default=None)
    relative = 10.0 ** (-0.4 * pl.col("mag"))
    level = pl.coalesce(pl.col("flux_ujy") / scale, relative)
    error = pl.coalesce(pl.col("flux_err_ujy") / scale, relative * pl.col("mag_err") * _RELATIVE_PER_MAG)
    rows = points.filter(pl.col("band").is_in(list(per_unit)), level.is_not_null())
    return rows.select(
        "mjd",
        "band",
        level=level,
        low=level - error,
        high=level + error,
        when=pl.col("mjd").map_elements(_when, return_dtype=pl.String),
        mjd_text=pl.col("mjd").map_elements(lambda mjd: f"{mjd:.5f}", return_dtype=pl.String),
        reading=pl.struct(level=level, error=error).map_elements(
            lambda row: _flux_reading(row, unit), return_dtype=pl.String
        ),
        observer=_or_dash("observer"),
        facility=_or_dash("facility"),
        source=pl.col("source"),
        remark=_remark(rows),
    )


def _flux_reading(row: dict[str, float | None], unit: str) -> str:
    error = "" if row["error"] is None else f" ± {row['error']:.2g}"
    return f"{row['level']:.4g}{error} {unit}"


def _or_dash(column: str) -> pl.Expr:
    text = pl.col(column).fill_null("")
    return pl.when(text == "").then(pl.lit("–")).otherwise(text)


def _when(mjd: float) -> str:
    return datetime_of(mjd).strftime("%Y-%m-%d %H:%M:%S")


def _remark(rows: pl.DataFrame) -> pl.Expr:
    told = {flags: flags_text(flags) or "–" for flags in rows["flags"].unique()}
    return pl.col("flags").replace_strict(told, return_dtype=pl.String)


def _reading(point: dict[str, float | None], fainter: str) -> str:
    mag, mag_err, limit_mag = point["mag"], point["mag_err"], point["limit_mag"]
    if mag is None:
        return fainter.format(mag=f"{limit_mag:.2f}")
    return f"{mag:.3f} ± {mag_err:.3f}" if mag_err is not None else f"{mag:.3f}"
