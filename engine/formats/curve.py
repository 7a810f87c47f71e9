"""A light curve ready to be written: its points, its target, and what the frames add to each point."""

from collections.abc import Iterator
from dataclasses import dataclass, field

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

    def slices(self) -> Iterator[pl.DataFrame]:
        """Give the points a part at a time, in their order; an empty light curve gives none."""
        for start in range(0, len(self.points), SLICE_ROWS):
            yield self.points.slice(start, SLICE_ROWS).select(list(SCHEMA))
