"""CSV: commas, one header, no comment lines, so that every reader of CSV works."""

from collections.abc import Iterator

from engine.formats.columns import NAMES, rows_of
from engine.formats.curve import AnyCurve


def header() -> bytes:
    """Return the first line."""
    return (",".join(NAMES) + "\n").encode()


def csv_pieces(curve: AnyCurve) -> Iterator[bytes]:
    """Give the file piece by piece."""
    yield header()
    for points in curve.slices():
        yield rows_of(curve, points).write_csv(include_header=False).encode()
