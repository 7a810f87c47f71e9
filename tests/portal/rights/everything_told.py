"""Everything that a value tells, as one text: what is written in it, and numbers as tables hold them."""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import polars as pl


def told_by(value: object) -> str:
    """Return all text and all numbers in a value and in whatever it holds."""
    return "\n".join(_parts(value))


def _parts(value: object) -> Iterable[str]:
    if isinstance(value, bytes):
        yield from (body.decode("latin-1") for body in (value, *_unpacked(value)))
    elif isinstance(value, pl.DataFrame):
        yield repr((value.columns, value.rows()))
    elif isinstance(value, np.ndarray):
        yield repr(value.tolist())
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from (part for pair in value.items() for each in pair for part in _parts(each))
    elif isinstance(value, Iterable) and not isinstance(value, str):
        yield from (part for each in value for part in _parts(each))
    else:
        yield str(value)


def _unpacked(body: bytes) -> Iterable[bytes]:
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            yield unpack(body)
        except (OSError, zlib.error, EOFError):
            continue
