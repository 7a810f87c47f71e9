"""The ``Range`` header: which bytes of a file are asked for (RFC 9110, section 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})", re.IGNORECASE)


class Unsatisfiable(Exception):  # noqa: N818 - the answer is 416
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Bytes from ``start`` up to and without ``end``."""

    start: int
    end: int


def byte_range(headers: Mapping[str, str], *, size_bytes: int, etag: str) -> ByteRange | None:
    """Return the bytes that are asked for, or None for the whole file.

    What is no range, several ranges at once, and a range of another state of the file (``If-Range``) are
    answered with the whole file, as the standard allows.

    Raises
    ------
    Unsatisfiable
    """
    match = _ONE_RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or headers.get("if-range", etag).strip() != etag:
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1 if last else size_bytes, size_bytes)
        if last and int(last) < start:
            return None
    elif last:
        start, end = max(size_bytes - int(last), 0), size_bytes
    else:
        return None
    if start >= end:
        raise Unsatisfiable
    return ByteRange(start=start, end=end)
