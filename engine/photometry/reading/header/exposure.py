"""How long the shutter was open, and of how many exposures the frame is made."""

import re

from engine.errors import Rejected
from engine.photometry.reading.header.cards import Header

_KEYWORDS = ("EXPTIME", "EXPOSURE", "EXP_TIME", "EXP-TIME", "EXPOSTIM", "EXPO-TIM", "EXPOSE", "AEXPTIME",
             "TEXPTIME", "ITIME", "INTTIME")  # fmt: skip
_STACK_KEYWORDS = ("NCOMBINE", "STACKCNT", "NSTACK", "SNAPSHOT", "NIMAGES", "NUMFRAME", "NCOADD", "NFRAMES")
_LONGEST_S = 86400.0
_SHORTEST_S = 1e-6
_MOST_STACKED = 100_000
_MILLISECONDS = re.compile(r"\bms(ec)?\b|milli-?sec")
_MINUTES = re.compile(r"\bminutes\b|\[min\]")


def read_exptime(header: Header, *, keyword: str | None = None) -> float | None:
    """Return the exposure time in seconds, None when the header has no keyword for it.

    Raises
    ------
    Rejected
        ``no-exptime``: there is a keyword but its value cannot be an exposure time.
    """
    for name, text in header.filled(*((keyword,) if keyword else ()), *_KEYWORDS):
        value = header.number(name)
        if value is None:
            continue
        exptime_s = value * _unit_s(header.comment(name))
        if _SHORTEST_S <= exptime_s <= _LONGEST_S:
            return exptime_s
        raise Rejected(
            f"The header says {name} = {text[:30]}: write the exposure time in seconds, above zero.",
            code="no-exptime",
        )
    return None


def _unit_s(comment: str) -> float:
    if _MILLISECONDS.search(comment):
        return 1e-3
    return 60.0 if _MINUTES.search(comment) else 1.0


def read_stacked(header: Header) -> int:
    """Return the number of exposures in the frame, 1 when the header says nothing."""
    number = header.number(*_STACK_KEYWORDS)
    return int(number) if number is not None and 1 <= number <= _MOST_STACKED else 1
