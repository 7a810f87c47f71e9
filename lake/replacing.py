"""What a replacement really changes: the lake writes only what it does not hold already."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from engine.lightcurve import Flag, has_flag, light_curve
from lake.readable import Readable
from lake.tables import PHOTOMETRY

PAIR = ("target_id", "source")
_CONTENT = [name for name in PHOTOMETRY.schema if name != "batch_id"]
_FEW = 4  # targets whose light curves are read one by one
_PRESENT = """
    SELECT DISTINCT target_id, source FROM lake.photometry
    WHERE target_id BETWEEN $low AND $high
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """All points that one source has of one target; they take the place of what was there."""

    target_id: int
    source: str
    points: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the lake does not hold yet."""

    pairs: pl.DataFrame  # target_id, source: whose points change
    outdated: pl.DataFrame  # those of the pairs that have points in the lake now
    points: pl.DataFrame  # all points of the pairs as they shall be


def checked_points(replacement: Replacement) -> pl.DataFrame:
    """Return the points of a replacement; those of another target or source are a mistake of the caller."""
    points = without_doubles(light_curve(replacement.points))
    strangers = (pl.col("target_id") != replacement.target_id) | (pl.col("source") != replacement.source)
    if not points.filter(strangers).is_empty():
        raise ValueError("a replacement holds points of another target or source")
    return points


def pairs_of(replacements: Sequence[Replacement]) -> pl.DataFrame:
    """Return whose points are replaced; each target and source may stand there once."""
    pairs = pl.DataFrame(
        [(each.target_id, each.source) for each in replacements],
        schema={"target_id": pl.Int64(), "source": pl.String()},
        orient="row",
    )
    if pairs.is_duplicated().any():
        raise ValueError("a target and source stand twice in one replacement")
    return pairs


def without_doubles(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points with the last one of each id."""
    if not points.get_column("point_id").is_duplicated().any():
        return points
    return points.unique("point_id", keep="last", maintain_order=True)


def news_of(lake: Readable, points: pl.DataFrame, pairs: pl.DataFrame) -> News:
    """Return what the lake does not hold of these points, which shall be all points of their pairs."""
    held = _held(lake, pairs)
    if held.is_empty():
        return News(pairs=pairs if len(points) else pairs.clear(), outdated=pairs.clear(), points=points)
    points = _still_hidden(points, held)
    if points.select(_CONTENT).equals(held.select(_CONTENT)):
        return News(pairs=pairs.clear(), outdated=pairs.clear(), points=points.clear())
    if len(pairs) == 1:
        return News(pairs=pairs, outdated=pairs, points=points)
    differing = pl.concat([_without(points, held), _without(held, points)]).select(PAIR)
    changed = pairs.join(differing, on=PAIR, how="semi")
    return News(
        pairs=changed,
        outdated=changed.join(held, on=PAIR, how="semi"),
        points=points.join(changed, on=PAIR, how="semi", maintain_order="left"),
    )


def _still_hidden(points: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return the points, hidden where the lake holds them so: an archive knows not what people hid."""
    hidden = held.filter(has_flag(Flag.HIDDEN)).select("target_id", "point_id")
    if hidden.is_empty():
        return points
    marked = points.join(
        hidden.with_columns(is_hidden=True), on=["target_id", "point_id"], how="left", maintain_order="left"
    )
    flags = pl.when("is_hidden").then(pl.col("flags") | int(Flag.HIDDEN)).otherwise("flags")
    return marked.with_columns(flags=flags.cast(PHOTOMETRY.schema["flags"])).drop("is_hidden")


def _held(lake: Readable, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the points that the lake holds of the pairs now."""
    targets = pairs["target_id"].unique().to_list()
    if len(targets) > _FEW:
        present = lake.read(_PRESENT, {"low": min(targets), "high": max(targets)})
        targets = present.join(pairs, on=PAIR, how="semi")["target_id"].unique().to_list()
    if not targets:
        return PHOTOMETRY.empty()
    held = lake.light_curve(targets[0]) if len(targets) == 1 else lake.light_curves(targets)
    return held.join(pairs, on=PAIR, how="semi")


def _without(these: pl.DataFrame, those: pl.DataFrame) -> pl.DataFrame:
    return these.join(those, on=_CONTENT, how="anti", nulls_equal=True)
