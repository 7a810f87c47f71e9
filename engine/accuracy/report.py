"""The live accuracy of one camera: every number and table that its page shows, and the sentences on top."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.accuracy.failures import failures
from engine.accuracy.nights import Trend, by_night, zero_point_trend
from engine.accuracy.stars import StarAccuracy, StarTallies, star_accuracy

LONGEST_WORK_D = 7.0  # a verdict that came later is one of a later reduction
FRAME_COLUMNS: dict[str, pl.DataType] = {
    "mjd": pl.Float64(),  # mid-exposure
    "exptime_s": pl.Float64(),
    "status": pl.String(),
    "code": pl.String(),
    "reason": pl.String(),
    "band": pl.String(),
    "zero_point_mag": pl.Float64(),
    "limit_mag": pl.Float64(),
    "seeing_arcsec": pl.Float64(),
    "received_mjd": pl.Float64(),
    "made_mjd": pl.Float64(),  # when the verdict was in
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """The best tenth, the middle and the worst tenth of a number."""

    low: float
    middle: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What the frames of a camera, and the stars on them, say of it."""

    frames: int
    measured: int
    limits: int
    rejected: int
    stars: int  # measurements of field stars
    from_mjd: float | None
    to_mjd: float | None
    field: StarAccuracy
    nights: pl.DataFrame  # as of engine.accuracy.nights.by_night
    trend: Trend | None
    limit_mag: dict[str, Quantiles]  # by band
    seeing_arcsec: Quantiles | None
    sending_h: Quantiles | None  # from the end of an exposure until its file was here
    working_h: Quantiles | None  # from then until its verdict
    failures: pl.DataFrame


def accuracy(frames: pl.DataFrame, tallies: StarTallies, *, longitude_deg: float) -> Accuracy:
    """Return the live accuracy of a camera.

    Parameters
    ----------
    frames
        ``FRAME_COLUMNS`` of every frame.
    tallies
        All field stars on those that have a zero point.
    longitude_deg
        Of the telescope, East positive: it says where a night ends.
    """
    noon = pl.col("mjd") + longitude_deg / 360.0 - 0.5  # nights are cut at local noon
    nights = by_night(frames.with_columns(night=noon.floor().cast(pl.Int32, strict=False)))
    counts = dict(frames["status"].value_counts().iter_rows())
    arrival_d = pl.col("received_mjd") - pl.col("mjd") - pl.col("exptime_s").fill_null(0.0) / 2 / 86400.0
    work_d = pl.col("made_mjd") - pl.col("received_mjd")
    times = frames.select(arrival_d=arrival_d, work_d=work_d)
    return Accuracy(
        frames=len(frames),
        measured=counts.get("measured", 0),
        limits=counts.get("limit", 0),
        rejected=counts.get("rejected", 0),
        stars=int(tallies.residuals["count"].sum()),
        from_mjd=_number(frames["mjd"].min()),
        to_mjd=_number(frames["mjd"].max()),
        field=star_accuracy(tallies),
        nights=nights,
        trend=zero_point_trend(nights),
        limit_mag=_by_band(frames, "limit_mag"),
        seeing_arcsec=quantiles(frames["seeing_arcsec"]),
        sending_h=quantiles(times.filter(pl.col("arrival_d") >= 0.0)["arrival_d"] * 24.0),
        working_h=quantiles(times.filter(pl.col("work_d").is_between(0.0, LONGEST_WORK_D))["work_d"] * 24.0),
        failures=failures(frames),
    )


def quantiles(values: pl.Series) -> Quantiles | None:
    """Return the tenth, the middle and the ninetieth part of numbers, None where there are none."""
    known = values.drop_nulls().to_numpy()
    known = known[np.isfinite(known)]
    if known.size == 0:
        return None
    low, middle, high = (float(value) for value in np.quantile(known, [0.1, 0.5, 0.9]))
    return Quantiles(low=low, middle=middle, high=high, count=known.size)


def _by_band(frames: pl.DataFrame, column: str) -> dict[str, Quantiles]:
    told = {
        str(band): quantiles(rows[column])
        for (band,), rows in frames.drop_nulls("band").group_by("band", maintain_order=True)
    }
    return {band: found for band, found in sorted(told.items()) if found is not None}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
