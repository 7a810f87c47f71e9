"""Tables of blank-separated columns without a header, and OGLE's magnitudes with errors in them."""

from collections.abc import Sequence

import polars as pl

from engine.brokers.points import DETECTED_SNR, LIMIT_SIGMAS
from engine.brokers.protocol import Query
from engine.brokers.reading.answers import drift, text_of, text_table, with_numbers
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from engine.times import JD_MINUS_MJD, full_jd, mjd_utc_of_heliocentric

_HJD_RANGE = (2440000.0, 2500000.0)  # 1968 to 2132
_MAG_RANGE = (0.0, 30.0)
MAG_ERR_MAX = 1.0


def plain_columns(body: bytes, names: Sequence[str], *, title: str) -> pl.DataFrame:
    """Return the first columns under these names, as text; lines that begin with ``#`` are left out.

    Raises
    ------
    Rejected
        ``schema-drift``: not text, too few columns, or rows of different lengths.
    """
    lines = (line.strip() for line in text_of(body, title=title).splitlines())
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    width = max((len(row) for row in rows), default=len(names))
    if width < len(names):
        raise drift(title, f"{width} columns where {len(names)} stood")
    extra = [f"column {number}" for number in range(len(names), width)]
    return text_table([*names, *extra], rows, title=title, required=names).select(names)


def hjd_magnitudes(body: bytes, query: Query, *, title: str) -> pl.DataFrame:
    """Return rows ``HJD mag error ...`` with ``mjd``, ``mag``, ``mag_err`` and ``limit_mag``.

    Magnitudes stand from 3 sigma on; below, the error gives the 5 sigma limit. Rows with a magnitude out of
    0 to 30, or an error of zero or above 1, were not measured and are left out. ``hjd`` keeps its digits.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    rows = plain_columns(body, ("hjd", "mag", "mag_err"), title=title)
    rows = rows.with_columns(day=pl.col("hjd"))
    rows = with_numbers(rows, ("day", "mag", "mag_err"), title=title)
    days = full_jd(rows["day"].to_numpy())
    if len(rows) and not ((days > _HJD_RANGE[0]) & (days < _HJD_RANGE[1])).all():
        raise drift(title, "an impossible date")
    measured = pl.col("mag").is_between(*_MAG_RANGE, closed="none") & (
        (pl.col("mag_err") > 0) & (pl.col("mag_err") <= MAG_ERR_MAX)
    )
    rows = rows.with_columns(day=pl.Series(days)).filter(measured)
    if rows.is_empty():
        return rows.select("hjd", "mag", "mag_err", mjd=pl.col("day"), limit_mag=pl.col("mag"))
    mjd = mjd_utc_of_heliocentric(
        rows["day"].to_numpy() - JD_MINUS_MJD, ra_deg=query.ra_deg, dec_deg=query.dec_deg
    )
    relative_err = pl.col("mag_err") / MAG_ERR_PER_RELATIVE_FLUX_ERR
    seen = relative_err * DETECTED_SNR <= 1.0
    return rows.select(
        "hjd",
        mjd=pl.Series(mjd),
        mag=pl.when(seen).then("mag"),
        mag_err=pl.when(seen).then("mag_err"),
        limit_mag=pl.when(~seen).then(pl.col("mag") - 2.5 * (LIMIT_SIGMAS * relative_err).log10()),
    )
