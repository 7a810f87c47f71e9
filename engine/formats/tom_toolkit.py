"""TOM Toolkit's photometry: its CSV processor reads these columns; limits stand in a column of their own."""

from collections.abc import Iterator

import polars as pl

from engine.bands import BANDS, MagSystem
from engine.formats.curve import AnyCurve

HEADER = "time,magnitude,error,filter,telescope,instrument,limit,unit\n"
_UNITS = {key: "mag(AB)" if band.system == MagSystem.AB else "mag" for key, band in BANDS.items()}


def tom_pieces(curve: AnyCurve) -> Iterator[bytes]:
    """Give the file piece by piece; the time is an MJD, and points with a flux only are left out."""
    yield HEADER.encode()
    for points in curve.slices():
        rows = points.filter(pl.col("mag").is_not_null() | pl.col("limit_mag").is_not_null()).select(
            "mjd",
            "mag",
            pl.when(pl.col("mag").is_not_null()).then("mag_err"),
            "band",
            "facility",
            "camera",
            pl.when(pl.col("mag").is_null()).then("limit_mag"),
            pl.col("band").replace_strict(_UNITS, default="mag", return_dtype=pl.String()).alias("unit"),
        )
        if len(rows):
            yield rows.write_csv(include_header=False).encode()
