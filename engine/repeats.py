"""One exposure told by several archives: which of the points to show, so that no measurement counts twice.

Alert brokers all pass on the alerts of one survey, and the survey's own releases hold the same exposures.
"""

import polars as pl

# who is believed first: a survey's own release, then who keeps most of what the survey sends
PREFERENCE: tuple[str, ...] = (
    "ztf", "fink", "alerce", "lasair", "antares", "ztf_forced",
    "fink_lsst", "alerce_lsst", "lasair_lsst",
    "asassn", "asassn_v1", "gaia_alerts", "atlas", "tns",
)  # fmt: skip
SAME_EXPOSURE_S = 3.0
_DAY_S = 86400.0


def is_repeat(points: pl.DataFrame) -> pl.Series:
    """Return for each point whether another archive that is believed first tells of the same exposure.

    Two points are of one exposure where they are in the same band within three seconds; points of one archive
    are never each other's repeats, and points of observers never any.
    """
    rank = pl.col("source").replace_strict(
        {source: place for place, source in enumerate(PREFERENCE)}, default=None, return_dtype=pl.Int64
    )
    rows = points.select("band", "mjd", rank=rank).with_row_index("row")
    told = rows.filter(pl.col("rank").is_not_null()).sort("band", "mjd")
    gap_s = (pl.col("mjd") - pl.col("mjd").shift(1)).fill_null(float("inf")) * _DAY_S
    begins = (gap_s > SAME_EXPOSURE_S) | (pl.col("band") != pl.col("band").shift(1)).fill_null(True)
    repeated = (
        told.with_columns(exposure=begins.cum_sum())
        .filter(pl.col("rank") > pl.col("rank").min().over("exposure"))
        .get_column("row")
    )
    return points.select(pl.int_range(pl.len()).is_in(repeated.implode()).alias("is_repeat")).to_series()
