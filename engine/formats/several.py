"""Light curves of several targets in one answer, in the formats that can say which row is whose."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from engine.formats.comma_separated import csv_pieces, header
from engine.formats.curve import AnyCurve
from engine.formats.json_records import json_pieces
from engine.formats.parquet import parquet_of

Curves = Iterable[AnyCurve]


def _json(curves: Curves, version: int) -> Iterator[bytes]:
    yield f'{{"snapshot": {version}, "light_curves": ['.encode()
    for number, curve in enumerate(curves):
        yield b"," if number else b""
        yield from json_pieces(curve)
    yield b"]}\n"


def _csv(curves: Curves, _version: int) -> Iterator[bytes]:
    yield header()
    for curve in curves:
        yield from islice(csv_pieces(curve), 1, None)  # one header for all


def _parquet(curves: Curves, _version: int) -> Iterator[bytes]:
    return parquet_of(curves)


SEVERAL: dict[str, Callable[[Curves, int], Iterator[bytes]]] = {  # by the key of the format
    "json": _json,
    "csv": _csv,
    "parquet": _parquet,
}
