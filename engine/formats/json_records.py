"""JSON: the target, the version of the lake, and one object for a point."""

import json
from collections.abc import Iterator, Mapping

import polars as pl

from engine.formats.columns import rows_of
from engine.formats.curve import AnyCurve

_CONSTANT = ("target", "ra_deg", "dec_deg", "snapshot")  # told once, before the points


def json_pieces(curve: AnyCurve, more: Mapping[str, object] | None = None) -> Iterator[bytes]:
    """Give the document piece by piece, with ``more`` told before the points.

    ``point_id`` is text: JavaScript and many other readers of JSON round numbers above 2**53.
    """
    target = curve.target
    head = {
        "target": target.name,
        "ra_deg": target.ra_deg,
        "dec_deg": target.dec_deg,
        "snapshot": curve.version,
        "points_total": curve.total,
        **(more or {}),
    }
    yield (json.dumps(head)[:-1] + ', "points": [').encode()
    separator = b""
    for points in curve.slices():
        rows = rows_of(curve, points).drop(_CONSTANT)
        text = rows.with_columns(pl.col("point_id").cast(pl.String())).write_json()
        yield separator + text[1:-1].encode()
        separator = b",\n"
    yield b"]}\n"
