"""Lists of events or stars: one on each line, with its name and a sexagesimal position somewhere in it.

OGLE's ``lenses.par``, KMTNet's ``listpage.dat`` and MOA's pages of alerts have this form and no search by
position.
"""

import html
import re

import polars as pl

from engine.brokers.reading.answers import drift

_POSITION = re.compile(
    r"(?<![\d.:])(\d{1,2}):(\d\d):(\d\d(?:\.\d*)?)[\s,|]+([+-]?)(\d{1,2}):(\d\d):(\d\d(?:\.\d*)?)"
)
_ROW_END = re.compile(r"</tr\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
EVENT = ("name", "ra", "dec")  # columns of a list
_SCHEMA = dict(zip(EVENT, (pl.String(), pl.Float64(), pl.Float64()), strict=True))


def events_of(text: str, name: re.Pattern[str], *, title: str) -> pl.DataFrame:
    """Return ``name``, ``ra`` and ``dec`` (J2000) of the events of a list, the lines that hold such a name.

    Raises
    ------
    Rejected
        ``schema-drift``: an event without a position, or lines but no event.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    found = [(match[0], line) for line in lines if (match := name.search(line))]
    if not found and len(lines) > 1:
        raise drift(title, "a list without events")
    rows = [(event, *_position(line, title)) for event, line in found]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def lines_of_page(page: str) -> str:
    """Return the rows of a page's tables as lines of plain text."""
    return "\n".join(" ".join(html.unescape(_TAG.sub(" ", row)).split()) for row in _ROW_END.split(page))


def _position(line: str, title: str) -> tuple[float, float]:
    place = _POSITION.search(line)
    if place is None:
        raise drift(title, f"an event without a position: {line[:60]!r}")
    hours, minutes, seconds = float(place[1]), float(place[2]), float(place[3])
    degrees = float(place[5]) + float(place[6]) / 60.0 + float(place[7]) / 3600.0
    if hours >= 24.0 or degrees > 90.0:
        raise drift(title, f"an impossible position: {line[:60]!r}")
    sign = -1.0 if place[4] == "-" else 1.0  # it counts for -00 as well
    return 15.0 * (hours + minutes / 60.0 + seconds / 3600.0), sign * degrees
