"""Answers of archives that can be asked for what is new: the pieces are kept together and read as one.

A piece covers the time from its ``since_mjd`` on, so that it replaces what earlier pieces say of that time:
an archive that takes a point back, or measures it again, is followed.
"""

import polars as pl

from engine.brokers.protocol import Broker, Query
from engine.brokers.reading.bundle import bundled, is_bundle, parts_of
from engine.lightcurve import empty

_START = "pieces-since/"
OVERLAP_D = 30.0  # archives measure recent exposures again
PIECES_MAX = 20  # then everything is asked for anew


def pieces_of(body: bytes, *, title: str) -> list[tuple[float, bytes]]:
    """Return (since_mjd, answer) of every piece; an answer that came at once is one piece since ever."""
    parts = parts_of(body, title=title) if is_bundle(body) else {}
    if not parts or not next(iter(parts)).startswith(_START):
        return [(float("-inf"), body)]
    return [(float(name.removeprefix(_START).split("/")[1]), part) for name, part in parts.items()]


def joined(earlier: bytes, since_mjd: float, answer: bytes, *, title: str) -> bytes:
    """Return one body of an earlier one and of what came since."""
    pieces = [*pieces_of(earlier, title=title), (since_mjd, answer)]
    return bundled({f"{_START}{number:04d}/{since:.6f}": part for number, (since, part) in enumerate(pieces)})


def parsed(archive: Broker, body: bytes, query: Query) -> pl.DataFrame:
    """Return an answer, of one piece or of several, as a light curve.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    points = empty()
    for since_mjd, piece in pieces_of(body, title=archive.info.title):
        points = pl.concat([points.filter(pl.col("mjd") < since_mjd), archive.parse(piece, query)])
    return points.unique("point_id", keep="last").sort("mjd", "point_id")
