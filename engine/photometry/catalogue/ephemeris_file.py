"""Read the ephemeris of a moving target: ECSV, CSV or any other table with its places."""

import re
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.catalogue.table_files import read_table
from engine.target import parse_position
from engine.times import JD_MINUS_MJD
from engine.track import Track, track_of

# as letters and digits only; apparent places (RA_app) are of another equinox and never taken
MJD_NAMES = ("mjd", "mjdutc", "datetimemjd")
JD_NAMES = ("jd", "jdutc", "datetimejd", "datejdut", "jdut")
RA_NAMES = ("radeg", "ra", "raicrf", "raicrs", "astrometricra")
DEC_NAMES = ("decdeg", "dec", "decicrf", "decicrs", "astrometricdec")


def read_track(path: Path) -> Track:
    """Return the way of a target from a table of mjd or jd [UTC], ra and dec, as Horizons names them too.

    Raises
    ------
    Rejected
        ``bad-ephemeris``: a column is missing, or there are fewer than two moments; ``not-a-table``.
    """
    table = read_table(path)
    names = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in table.columns}
    ra, dec = _column(table, names, RA_NAMES), _column(table, names, DEC_NAMES)
    mjd, jd = _column(table, names, MJD_NAMES), _column(table, names, JD_NAMES)
    if ra is None or dec is None or (mjd is None and jd is None):
        raise Rejected(
            f"{path.name} is no ephemeris: it needs the columns mjd (or jd), ra and dec.",
            code="bad-ephemeris",
        )
    when = _floats(mjd) if mjd is not None else _floats(jd) - JD_MINUS_MJD
    if pl.String in {ra.dtype, dec.dtype}:
        places = np.array([parse_position(*each) for each in zip(ra, dec, strict=True)])
        return track_of(when, places[:, 0], places[:, 1])
    return track_of(when, _floats(ra), _floats(dec))


def _column(table: pl.DataFrame, names: dict[str, str], wanted: tuple[str, ...]) -> pl.Series | None:
    found = next((names[name] for name in wanted if name in names), None)
    return None if found is None else table[found]


def _floats(column: pl.Series | None) -> NDArray[np.float64]:
    values = pl.Series([], dtype=pl.Float64) if column is None else column
    return np.asarray(values.cast(pl.Float64, strict=False).to_numpy(), dtype=np.float64)
