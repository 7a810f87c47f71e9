"""What is new in a light curve: how many points, and how far it brightened or faded since last told."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import polars as pl

from engine.lightcurve import Flag

SURE_SIGMA = 3.0  # a change is none that the errors explain
_NOT_COMPARED = int(Flag.DIFFERENCE | Flag.POOR_QUALITY_AT_SOURCE | Flag.SATURATED | Flag.HIDDEN)


class Known(TypedDict):
    """What somebody was told of a light curve."""

    points: int
    mags: Mapping[str, tuple[float, float]]  # by band: magnitude and its error


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How far a light curve went in one band."""

    band: str
    mag: float
    change_mag: float  # without sign
    is_brighter: bool
    source: str
    source_ref: str  # of the point that shows it


def known_of(points: pl.DataFrame) -> Known:
    """Return what is to be known of a light curve."""
    newest = _newest(points).select("band", "mag", "mag_err")
    return Known(points=len(points), mags={band: (mag, err) for band, mag, err in newest.iter_rows()})


def change_since(known: Known, points: pl.DataFrame, *, least_mag: float) -> Change | None:
    """Return the largest change of the newest magnitudes that is large and sure enough, None where none is.

    Bands are compared with themselves; one that is new changes nothing.
    """
    found = []
    for row in _newest(points).iter_rows(named=True):
        if row["band"] not in known["mags"]:
            continue
        mag, mag_err = known["mags"][row["band"]]
        rise_mag = mag - row["mag"]
        if abs(rise_mag) >= max(least_mag, SURE_SIGMA * math.hypot(mag_err, row["mag_err"])):
            found.append(
                Change(
                    band=row["band"],
                    mag=row["mag"],
                    change_mag=abs(rise_mag),
                    is_brighter=rise_mag > 0,
                    source=row["source"],
                    source_ref=row["source_ref"],
                )
            )
    return max(found, key=lambda each: each.change_mag, default=None)


def _newest(points: pl.DataFrame) -> pl.DataFrame:
    """Return the newest comparable magnitude of each band."""
    sound = pl.col("mag").is_not_null() & (pl.col("flags").fill_null(0) & _NOT_COMPARED == 0)
    measured = points.filter(sound).with_columns(pl.col("mag_err").fill_null(0.0))
    return measured.sort("mjd", "point_id").group_by("band", maintain_order=True).last().sort("band")
