"""A light curve ready to be written: its points, its target, and what the frames add to each point."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from engine.lightcurve import SCHEMA
from engine.target import Target

SLICE_ROWS = 20_000  # made into text at once: memory stays flat however long the light curve is

FRAME_SCHEMA: dict[str, pl.DataType] = {  # what a frame knows of the point that it gave
    "source_ref": pl.String(),
    "airmass": pl.Float64(),
    "fwhm_arcsec": pl.Float64(),
    "zp": pl.Float64(),
    "zp_err": pl.Float64(),
    "n_ref_stars": pl.Int64(),
    "ref_catalogue": pl.String(),
    "image_sha256": pl.String(),
}


def no_frames() -> pl.DataFrame:
    """Return the facts of no frames."""
    return pl.DataFrame(schema=FRAME_SCHEMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One light curve and where it stands."""

    target: Target
    points: pl.DataFrame  # as engine.lightcurve.SCHEMA
    version: int  # of the lake
    frames: pl.DataFrame = field(default_factory=no_frames)

    @property
    def total(self) -> int:
        """Return how many points there are."""
        return len(self.points)

    def bands(self) -> set[str]:
        """Return the bands of the points."""
        return set(self.points["band"])

    def slices(self) -> Iterator[pl.DataFrame]:
        """Give the points a part at a time, in their order; an empty light curve gives none."""
        return _slices(self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class LongCurve:
    """A light curve that memory need not hold: its points are read while they are written."""

    target: Target
    version: int
    frames: pl.DataFrame
    read: Callable[[Sequence[str]], Iterator[pl.DataFrame]]  # some columns, a part at a time

    @property
    def total(self) -> int:
        """Return how many points there are, which takes a look at all of them."""
        return sum(len(points) for points in self.read(["band"]))

    def bands(self) -> set[str]:
        """Return the bands of the points, which takes a look at all of them."""
        return set().union(*(points["band"].unique() for points in self.read(["band"])))

    def slices(self) -> Iterator[pl.DataFrame]:
        """Give the points a part at a time, in their order, cut as those of a light curve in memory."""
        waiting = pl.DataFrame(schema=SCHEMA)
        for points in self.read(list(SCHEMA)):
            waiting = pl.concat([waiting, points])
            whole = len(waiting) // SLICE_ROWS * SLICE_ROWS
            yield from _slices(waiting.head(whole))
            waiting = waiting.slice(whole)
        yield from _slices(waiting)


class AnyCurve(Protocol):
    """What the formats write."""

    @property
    def target(self) -> Target:
        """Return whose light curve it is."""
        ...

    @property
    def version(self) -> int:
        """Return the version of the lake."""
        ...

    @property
    def frames(self) -> pl.DataFrame:
        """Return what frames add to the points."""
        ...

    @property
    def total(self) -> int:
        """Return how many points there are."""
        ...

    def bands(self) -> set[str]:
        """Return the bands of the points."""
        ...

    def slices(self) -> Iterator[pl.DataFrame]:
        """Give the points a part at a time, in their order."""
        ...


def _slices(points: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for start in range(0, len(points), SLICE_ROWS):
        yield points.slice(start, SLICE_ROWS).select(list(SCHEMA))
