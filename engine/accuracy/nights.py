"""How a camera changes: zero point, depth and seeing night by night, and the line through the zero points."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy  # its statistics are imported when they are used

FEWEST_NIGHTS = 6
SHORTEST_SPAN_D = 20.0
MOST_STEPS = 400  # nights through which the line goes; more are put together
CONFIDENCE = 0.99
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A straight line through a camera's zero points, as robust as the median (Theil 1950, Sen 1968)."""

    from_mjd: float
    to_mjd: float
    change_mag: float  # over that time; negative: the camera sees less light
    low_mag: float  # with 99 % confidence
    high_mag: float
    nights: int

    @property
    def is_sure(self) -> bool:
        """Return whether there is a change at all."""
        return self.low_mag > 0.0 or self.high_mag < 0.0


def by_night(frames: pl.DataFrame) -> pl.DataFrame:
    """Return one row per night and band.

    Parameters
    ----------
    frames
        ``night`` (a whole number, from one local noon to the next), ``band``, ``mjd``,
        ``zero_point_mag``, ``limit_mag``, ``seeing_arcsec``.

    Returns
    -------
        ``band``, ``night``, ``mjd``, ``frames``, and medians ``zero_point_mag``, ``limit_mag``,
        ``seeing_arcsec``; ``deviation_mag``: the zero point against the band's own median.
    """
    nights = (
        frames.filter(pl.col("band").is_not_null(), pl.col("zero_point_mag").is_not_null())
        .group_by("band", "night")
        .agg(
            pl.col("mjd").median(),
            pl.len().alias("frames"),
            pl.col("zero_point_mag", "limit_mag", "seeing_arcsec").median(),
        )
        .sort("night", "band")
    )
    usual = pl.col("zero_point_mag").median().over("band")
    return nights.with_columns(deviation_mag=pl.col("zero_point_mag") - usual)


def zero_point_trend(nights: pl.DataFrame) -> Trend | None:
    """Return the line through the nights' zero points of all bands, None where there are too few nights."""
    per_night = _not_too_many(nights.group_by("night").agg(pl.col("mjd", "deviation_mag").median()))
    mjd, deviation = (per_night[name].to_numpy() for name in ("mjd", "deviation_mag"))
    if len(mjd) < FEWEST_NIGHTS or np.ptp(mjd) < SHORTEST_SPAN_D:
        return None
    slope, _, low, high = scipy.stats.theilslopes(deviation, mjd, alpha=CONFIDENCE)
    span_d = float(np.ptp(mjd))
    return Trend(
        from_mjd=float(mjd.min()),
        to_mjd=float(mjd.max()),
        change_mag=float(slope) * span_d,
        low_mag=float(low) * span_d,
        high_mag=float(high) * span_d,
        nights=nights["night"].n_unique(),
    )


def _not_too_many(per_night: pl.DataFrame) -> pl.DataFrame:
    if len(per_night) <= MOST_STEPS:
        return per_night
    step = pl.col("night").rank("ordinal") * MOST_STEPS // (len(per_night) + 1)
    return per_night.group_by(step.alias("step")).agg(pl.col("mjd", "deviation_mag").median())
