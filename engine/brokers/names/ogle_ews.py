"""OGLE's Early Warning System: names of microlensing events towards the bulge, a small file for each year."""

import re
from collections.abc import Sequence
from datetime import datetime

from astropy.coordinates import SkyCoord

from engine.brokers.protocol import Http
from engine.brokers.reading.answers import drift, refuse_pages
from engine.errors import Rejected
from engine.target import parse_position, separation_arcsec
from engine.times import datetime_of, mjd_now

TITLE = "OGLE EWS"
_FIRST_YEAR = 2011
_BULGE_DEG = 15.0  # from the centre of the Galaxy: nearly all fields lie there
_CENTRE = SkyCoord(266.405, -28.936, unit="deg")
_EVENT = re.compile(
    r"\s*(?:OGLE-)?(\d{4}-[A-Z]+-\d+)\s+\S+\s+\S+\s+(\d+:\d+:\d+(?:\.\d*)?)\s+([+-]?\d+:\d+:\d+(?:\.\d*)?)\s"
)


def index_url(year: int) -> str:
    """Return where the events of a year are listed."""
    return f"https://www.astrouw.edu.pl/ogle/ogle4/ews/{year}/lenses.par"


def years(now: datetime | None = None) -> Sequence[int]:
    """Return the years that have a list."""
    return range(_FIRST_YEAR, (now or datetime_of(mjd_now())).year + 1)


def near(http: Http, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> tuple[str, ...]:
    """Return the names, such as ``OGLE-2023-BLG-0348``, of the events in a cone.

    Off the bulge nobody is asked.

    Raises
    ------
    Rejected
        ``schema-drift``
    Transient
        A list cannot be had now.
    """
    if SkyCoord(ra_deg, dec_deg, unit="deg").separation(_CENTRE).deg > _BULGE_DEG:
        return ()
    found = []
    for year in years():
        try:
            body = http.get(index_url(year), timeout_s=60.0)
        except Rejected as refusal:
            if refusal.code != "not-found":  # there were years without a season
                raise
            continue
        found += [
            name
            for name, event_ra_deg, event_dec_deg in events(body)
            if abs(event_dec_deg - dec_deg) <= radius_arcsec / 3600.0
            and separation_arcsec(ra_deg, dec_deg, event_ra_deg, event_dec_deg) <= radius_arcsec
        ]
    return tuple(found)


def events(body: bytes) -> list[tuple[str, float, float]]:
    """Return (name, ra_deg, dec_deg) of every event of a list; it raises ``schema-drift``."""
    lines = refuse_pages(body, title=TITLE).decode("ascii", "replace").splitlines()
    found = [match for match in map(_EVENT.match, lines) if match]
    if not found and any(re.search(r"\d{4}-[A-Z]+-\d+", line) for line in lines):
        raise drift(TITLE, "events without a position")
    return [(f"OGLE-{match[1]}", *parse_position(match[2], match[3])) for match in found]
