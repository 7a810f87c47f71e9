"""Which targets are worth a telescope's time tonight: a score from 0 to 100, and its reasons in words.

The score is the target's importance, times how overdue it is, times what the night offers: hours, the Moon
and whether the telescope sees so faint. Each factor lies between 0 and 1.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from engine.times import datetime_of
from engine.visibility.depth import Depth
from engine.visibility.night import Night

WANTED_SCHEMA: dict[str, pl.DataType] = {
    "name": pl.String(),
    "importance": pl.Float64(),  # 0 to 10
    "cadence_d": pl.Float64(),  # 0: no more points are wanted
    "since_last_d": pl.Float64(),  # null: never observed
    "last_mag": pl.Float64(),
    "last_band": pl.String(),
}
_ENOUGH_HOURS = 1.0  # after so many a target has 63 % of what hours can give
_MOON_HARM, _MOON_REACH_DEG = 0.8, 30.0  # of a full Moon on a target beside it; how far its light goes
_DARK_MOON = 0.05  # lit less it harms nobody
_SEEN_MAG = 1.0  # so much brighter than the limit a target is measured well
_HOPELESS = 0.05
_NEVER_D = 1e6


def ranked(wanted: pl.DataFrame, night: Night, offers: pl.DataFrame, depth: Depth | None) -> pl.DataFrame:
    """Return the targets that can be observed with their ``score``, the best first.

    Parameters
    ----------
    wanted
        As ``WANTED_SCHEMA``, with any further columns, which stay.
    offers
        The table of the targets' windows, row by row.
    """
    together = pl.concat([wanted, offers], how="horizontal").filter(pl.col("hours_up") > 0)
    gap = pl.col("since_last_d").fill_null(_NEVER_D) / pl.col("cadence_d")
    overdue = pl.when(pl.col("cadence_d") > 0).then(1.0 - (-gap.clip(0.0)).exp()).otherwise(0.0)
    hours = 1.0 - (-pl.col("hours_up") / _ENOUGH_HOURS).exp()
    score = 10.0 * pl.col("importance") * overdue * hours * _moonless(night) * _reach(depth)
    return together.with_columns(score=score.round(1)).sort(
        "score", "hours_up", "name", descending=[True, True, False]
    )


def _moonless(night: Night) -> pl.Expr:
    glow = _MOON_HARM * night.moon_lit * (-pl.col("moon_separation_deg") / _MOON_REACH_DEG).exp()
    return pl.when(pl.col("moon_altitude_deg") > 0).then(1.0 - glow).otherwise(1.0)


def _reach(depth: Depth | None) -> pl.Expr:
    if depth is None:
        return pl.lit(1.0)
    above_mag = depth.limit_mag - pl.col("last_mag")
    return (0.5 + 0.5 * above_mag / _SEEN_MAG).clip(_HOPELESS, 1.0).fill_null(1.0)


def reasons(row: Mapping[str, object], night: Night, depth: Depth | None) -> str:
    """Return why a ranked target stands where it does, such as ``not seen for 12 nights; up for 5 h``."""
    last_mag, last_band = _number(row["last_mag"]), str(row["last_band"] or "")
    told = [
        _waiting(_number(row["since_last_d"]), _number(row["cadence_d"]) or 0.0),
        f"importance {round(_number(row['importance']) or 0.0, 1):g}",
        f"up for {_hours(_number(row['hours_up']) or 0.0)}",
        _moon(row, night),
        "" if last_mag is None else _brightness(last_mag, last_band, depth),
    ]
    return "; ".join(part for part in told if part)


def best_words(row: Mapping[str, object]) -> str:
    """Return the best moment of a target, such as ``23:40 UTC, 62 degrees high``."""
    best_mjd, best_deg = _number(row["best_mjd"]) or 0.0, _number(row["best_altitude_deg"]) or 0.0
    return f"{clock(best_mjd)} UTC, {best_deg:.0f} degrees high"


def clock(mjd: float) -> str:
    """Return the time of day to the nearest minute."""
    return f"{datetime_of(mjd + 0.5 / 1440.0):%H:%M}"


def _waiting(since_last_d: float | None, cadence_d: float) -> str:
    if cadence_d <= 0:
        return "no more points are wanted"
    every = "every night" if cadence_d == 1.0 else f"every {cadence_d:g} d"
    if since_last_d is None:
        return f"never observed, wanted {every}"
    if since_last_d >= 1.5:
        return f"not seen for {since_last_d:,.0f} nights, wanted {every}"
    return f"seen {_hours(24.0 * max(0.0, since_last_d))} ago, wanted {every}"


def _hours(hours: float) -> str:
    if hours < 1.0:
        return f"{60.0 * hours:.0f} min"
    return f"{hours:.0f} h" if hours >= 3.0 else f"{hours:.1f} h"


def _moon(row: Mapping[str, object], night: Night) -> str:
    if night.moon_lit < _DARK_MOON:
        return "no Moon to speak of"
    if (_number(row["moon_altitude_deg"]) or 0.0) <= 0:
        return "the Moon is down"
    return f"Moon {_number(row['moon_separation_deg']):.0f} degrees away, {night.moon_lit:.0%} lit"


def _brightness(last_mag: float, last_band: str, depth: Depth | None) -> str:
    last = f"last {last_mag:.1f} mag" + (f" in {last_band}" if last_band else "")
    if depth is None:
        return last
    above_mag = depth.limit_mag - last_mag
    word = (
        "well within reach" if above_mag >= _SEEN_MAG else "near the limit" if above_mag > 0 else "too faint"
    )
    return f"{last}, {word}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None
