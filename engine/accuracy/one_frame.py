"""How errors grow with magnitude on one frame: what stars scatter by, beside what their errors promise."""

import polars as pl

from engine.lightcurve import Flag

STARS_A_BIN = 12
FEWEST_STARS = 6  # of a bin whose scatter is told: it is then good to 30 %
FEWEST_JUDGING = 20  # stars whose errors are judged in words
_SPOILT = int(Flag.SATURATED | Flag.BLENDED | Flag.NEAR_EDGE | Flag.BAD_PIXEL)
_SIGMA_PER_MEDIAN = 1.4826  # of the distance from zero

GROWTH_SCHEMA: dict[str, pl.DataType] = {
    "mag": pl.Float64(),
    "stars": pl.Int64(),
    "scatter_mag": pl.Float64(),
    "stated_mag": pl.Float64(),
}


def error_growth(stars: pl.DataFrame) -> pl.DataFrame:
    """Return scatter and stated error of stars of like brightness, the brightest first.

    Parameters
    ----------
    stars
        ``ref_mag``, ``residual_mag``, ``stated_err_mag`` and ``flags`` of each star; what spoils a star, such
        as saturation, keeps it out.
    """
    known = stars.drop_nulls(["ref_mag", "residual_mag", "stated_err_mag"]).filter(
        pl.col("residual_mag").is_finite(), pl.col("flags") & _SPOILT == 0
    )
    bins = max(1, round(len(known) / STARS_A_BIN))
    cut = known.sort("ref_mag").with_columns(bin=pl.int_range(pl.len()) * bins // max(len(known), 1))
    grown = cut.group_by("bin", maintain_order=True).agg(
        mag=pl.col("ref_mag").median(),
        stars=pl.len().cast(pl.Int64),
        scatter_mag=pl.col("residual_mag").abs().median() * _SIGMA_PER_MEDIAN,
        stated_mag=pl.col("stated_err_mag").median(),
    )
    told = grown.filter(pl.col("stars") >= FEWEST_STARS).select(list(GROWTH_SCHEMA))
    return told.cast(GROWTH_SCHEMA)  # type: ignore[arg-type]


def honesty(grown: pl.DataFrame) -> float | None:
    """Return scatter over stated error in the middle of a frame's bins: 1 is honest, None is not known."""
    if grown["stars"].sum() < FEWEST_JUDGING:
        return None
    ratio = grown.filter(pl.col("stated_mag") > 0).select(pl.col("scatter_mag") / pl.col("stated_mag"))
    found = ratio.to_series().median() if len(ratio) else None
    return float(found) if isinstance(found, int | float) else None
