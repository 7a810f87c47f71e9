"""Lists of events or stars: one on each line, with its name and a sexagesimal position somewhere in it.

OGLE's ``lenses.par``, KMTNet's ``listpage.dat`` and MOA's pages of alerts have this form and no search by
position.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import SkyCoord

from engine.brokers.neowise import positions
from engine.brokers.protocol import Query
from engine.brokers.reading.answers import drift
from engine.times import J2000_MJD

_POSITION = re.compile(
    r"(?<![\d.:])(\d{1,2}):(\d\d):(\d\d(?:\.\d*)?)[\s,|]+([+-]?)(\d{1,2}):(\d\d):(\d\d(?:\.\d*)?)"
)
_ROW_END = re.compile(r"</tr\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a list."""

    name: str
    ra_deg: float
    dec_deg: float


def events_of(text: str, name: re.Pattern[str], *, title: str) -> list[Event]:
    """Return the events of a list, every line that holds a name of this form; other lines are headers.

    Raises
    ------
    Rejected
        ``schema-drift``: an event without a position, or lines but no event.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    found = [(match[0], line) for line in lines if (match := name.search(line))]
    if not found and len(lines) > 1:
        raise drift(title, "a list without events")
    return [_event(event, line, title) for event, line in found]


def nearest(events: Sequence[Event], query: Query, *, radius_arcsec: float) -> Event | None:
    """Return the event nearest to the target within the radius; positions are of J2000."""
    if not events:
        return None
    target = positions(query, np.array([J2000_MJD]))[0]
    places = SkyCoord([each.ra_deg for each in events], [each.dec_deg for each in events], unit="deg")
    away_arcsec = target.separation(places).arcsec
    first = int(np.argmin(away_arcsec))
    return events[first] if away_arcsec[first] <= radius_arcsec else None


def lines_of_page(page: str) -> str:
    """Return the rows of a page's tables as lines of plain text."""
    return "\n".join(" ".join(html.unescape(_TAG.sub(" ", row)).split()) for row in _ROW_END.split(page))


def _event(name: str, line: str, title: str) -> Event:
    place = _POSITION.search(line)
    if place is None:
        raise drift(title, f"an event without a position: {line[:60]!r}")
    hours, minutes, seconds = float(place[1]), float(place[2]), float(place[3])
    degrees = float(place[5]) + float(place[6]) / 60.0 + float(place[7]) / 3600.0
    if hours >= 24.0 or degrees > 90.0:
        raise drift(title, f"an impossible position: {line[:60]!r}")
    return Event(
        name=name,
        ra_deg=15.0 * (hours + minutes / 60.0 + seconds / 3600.0),
        dec_deg=-degrees if place[4] == "-" else degrees,  # the sign counts for -00 as well
    )
