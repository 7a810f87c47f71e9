"""A light curve as text: BHTOM's six columns byte for byte, and our own columns that hide nothing."""

import csv
import io

import polars as pl

from engine.bands import BANDS
from engine.lightcurve import Flag, flag_words
from engine.target import Target

BHTOM_HEADER = ("MJD", "Magnitude", "Error", "Facility", "Filter", "Observer")
LIMIT_ERROR = -1.0  # BHTOM's clients read a negative error as a limit


def bhtom_csv(points: pl.DataFrame) -> str:
    """Return magnitudes and limits as BHTOM writes them: ``;``, ``\\n``, Python's floats, limits with -1.0.

    Rows that have a flux only are left out, as BHTOM leaves them out of this file. The format has no flags,
    so the facility of a simulated point says that it is one.
    """
    is_magnitude = pl.col("mag").is_not_null()
    is_simulated = (pl.col("flags") & int(Flag.SIMULATED)) != 0
    facility = pl.col("facility").fill_null("")
    says_so = facility.str.to_lowercase().str.contains("simulated", literal=True)
    marked = (
        pl.when(says_so).then(facility).otherwise(pl.format("{} (simulated)", facility).str.strip_chars())
    )
    rows = (
        points.filter(is_magnitude | pl.col("limit_mag").is_not_null())
        .sort("mjd", maintain_order=True)
        .select(
            "mjd",
            pl.coalesce("mag", "limit_mag"),
            pl.when(is_magnitude).then("mag_err").otherwise(pl.lit(LIMIT_ERROR)),
            pl.when(is_simulated).then(marked).otherwise("facility"),
            "band",
            "observer",
        )
    )
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(BHTOM_HEADER)
    writer.writerows(rows.iter_rows())
    return text.getvalue()


def tomlake_csv(points: pl.DataFrame, *, target: Target, version: int) -> str:
    """Return every point with all that is known of it; commas, one header, no comment lines."""
    systems = {band_id: str(band.system) for band_id, band in BANDS.items()}
    surveys = {band_id: band.survey for band_id, band in BANDS.items()}
    return points.select(
        "point_id",
        pl.lit(target.name).alias("target"),
        pl.lit(target.ra_deg).alias("ra_deg"),
        pl.lit(target.dec_deg).alias("dec_deg"),
        pl.col("mjd").alias("mjd_utc"),
        "bjd_tdb",
        "exptime_s",
        "mag",
        "mag_err",
        "limit_mag",
        pl.col("band").replace_strict(systems, default=None, return_dtype=pl.String()).alias("mag_system"),
        pl.col("flux_ujy").alias("flux_uJy"),
        pl.col("flux_err_ujy").alias("flux_err_uJy"),
        pl.col("band").alias("filter"),
        pl.col("band").replace_strict(surveys, default=None, return_dtype=pl.String()).alias("survey"),
        "facility",
        "camera",
        "observer",
        "calib_version",
        pl.col("flags").alias("quality_flags"),
        pl.col("flags").map_elements(flag_words, return_dtype=pl.String()).alias("quality_text"),
        "source",
        "source_ref",
        "batch_id",
        pl.lit(version).alias("snapshot"),
    ).write_csv()
