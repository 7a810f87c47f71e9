"""The light-curve table: one polars schema that every archive, frame, page and file agrees on."""

import hashlib
from enum import IntFlag

import numpy as np
import polars as pl

from engine.bands import BANDS
from engine.errors import Rejected

_IDENTITY = ("target_id", "source", "source_ref", "calib_version")
MAG_ERR_PER_RELATIVE_FLUX_ERR = 1.0857362047581296  # 2.5 / ln 10
AB_ZERO_POINT_UJY_MAG = 23.9

SCHEMA: dict[str, pl.DataType] = {
    "point_id": pl.Int64(),
    "target_id": pl.Int64(),
    "source": pl.String(),  # archive key such as "gaia_alerts", or "upload"
    "source_ref": pl.String(),  # identity of the row at its source
    "mjd": pl.Float64(),  # UTC, mid-exposure, at the observer
    "bjd_tdb": pl.Float64(),
    "exptime_s": pl.Float64(),
    "band": pl.String(),  # BHTOM label such as "g(GaiaSP)"
    "mag": pl.Float64(),
    "mag_err": pl.Float64(),
    "flux_ujy": pl.Float64(),
    "flux_err_ujy": pl.Float64(),
    "limit_mag": pl.Float64(),  # 5 sigma
    "facility": pl.String(),
    "camera": pl.String(),
    "observer": pl.String(),  # several observers are joined by ", "
    "calib_version": pl.String(),
    "flags": pl.UInt32(),
    "batch_id": pl.String(),
}


class Flag(IntFlag):
    """What a reader should know about one point; zero is a clean point."""

    SIMULATED = 1 << 0
    SATURATED = 1 << 1
    BLENDED = 1 << 2
    NEAR_EDGE = 1 << 3
    BAD_PIXEL = 1 << 4
    FEW_REFERENCE_STARS = 1 << 5
    NON_STANDARD_BAND = 1 << 6
    POOR_QUALITY_AT_SOURCE = 1 << 7
    TIME_UNCERTAIN = 1 << 8
    APERTURE_ONLY = 1 << 9
    DIFFERENCE = 1 << 10
    HIDDEN = 1 << 11  # somebody found it wrong; kept, and left out of every light curve


FLAG_WORDS: dict[Flag, str] = {
    Flag.SIMULATED: "simulated",
    Flag.SATURATED: "saturated",
    Flag.BLENDED: "blended with a neighbour",
    Flag.NEAR_EDGE: "near the edge of the frame",
    Flag.BAD_PIXEL: "bad pixel in the aperture",
    Flag.FEW_REFERENCE_STARS: "few reference stars",
    Flag.NON_STANDARD_BAND: "camera's band is far from the standard one",
    Flag.POOR_QUALITY_AT_SOURCE: "marked as poor by the archive",
    Flag.TIME_UNCERTAIN: "time uncertain by more than a minute",
    Flag.APERTURE_ONLY: "aperture photometry",
    Flag.DIFFERENCE: "difference from a reference image",
    Flag.HIDDEN: "hidden",
}


def utc_time() -> pl.Expr:
    """Return the times of a table of points as dates and times, in UTC without saying so."""
    return pl.from_epoch(((pl.col("mjd") - 40587.0) * 86400e3).cast(pl.Int64), time_unit="ms")


def has_flag(flag: Flag) -> pl.Expr:
    """Return which points of a table have a flag, or one of several."""
    return (pl.col("flags") & int(flag)) != 0


def flag_words(flags: int) -> str:
    """Return the flags of one point in words, separated by semicolons."""
    return "; ".join(words for flag, words in FLAG_WORDS.items() if flags & flag)


def empty() -> pl.DataFrame:
    """Return a light curve without points: what an archive gives that never saw the target."""
    return pl.DataFrame(schema=SCHEMA)


def light_curve(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points with every column of the schema, sorted by time, after checking each row.

    See :func:`checked` for what is checked and filled in.

    Raises
    ------
    Rejected
        ``bad-columns``, ``bad-point``
    """
    return checked(points).sort("mjd", "point_id")


def checked(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points with every column of the schema, in the order they came, after checking each row.

    Missing columns become nulls; NaN becomes null; ``point_id`` is computed where it is null.

    Raises
    ------
    Rejected
        ``bad-columns``: a column is unknown; ``bad-point``: a row is neither a magnitude, a flux nor a
        limit, has no time or an unknown band, or has an error that is not positive.
    """
    unknown = set(points.columns) - set(SCHEMA)
    if unknown:
        raise Rejected(f"A light curve has no column {', '.join(sorted(unknown))}.", code="bad-columns")
    points = points.select(
        (pl.col(name) if name in points.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in SCHEMA.items()
    ).with_columns(pl.selectors.float().fill_nan(None), pl.col("flags").fill_null(0))
    _check(points)
    return _with_ids(points)


def _check(points: pl.DataFrame) -> None:
    brightness = pl.any_horizontal(pl.col("mag", "flux_ujy", "limit_mag").is_not_null())
    broken = points.filter(
        ~brightness
        | pl.any_horizontal(pl.col("target_id", "source", "source_ref", "mjd", "band").is_null())
        | ~pl.all_horizontal(pl.selectors.float().is_finite().fill_null(True))
        | (pl.col("mag_err") <= 0).fill_null(False)
        | (pl.col("flux_err_ujy") <= 0).fill_null(False)
        | ~pl.col("band").is_in(list(BANDS))
    )
    if len(broken):
        row = broken.row(0, named=True)
        raise Rejected(
            f"A point of {row['source']} is not a magnitude, flux or limit in a known band: "
            f"mjd={row['mjd']}, band={row['band']}, mag={row['mag']}, mag_err={row['mag_err']}.",
            code="bad-point",
        )


def _with_ids(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points with an id where they had none: a hash of what makes the row itself."""
    nameless = points.get_column("point_id").is_null()
    if not nameless.any():
        return points
    identity = [pl.col(name).cast(pl.String()).fill_null("") for name in _IDENTITY]
    texts = points.filter(nameless).select(pl.concat_str(identity, separator="\x1f")).to_series()
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return points.with_columns(_filled(points.get_column("point_id"), nameless, digests))


def _filled(ids: pl.Series, nameless: pl.Series, digests: bytes) -> pl.Series:
    made = pl.Series(np.frombuffer(digests, dtype=">i8").astype(np.int64))
    return ids.scatter(nameless.arg_true(), made)
