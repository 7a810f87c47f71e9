"""OGLE Early Warning System: I band light curves of microlensing events since 2002.

References
----------
Udalski, Szymanski & Szymanski 2015, AcA 65, 1; Udalski 2003, AcA 53, 291.
"""

import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.found import found
from engine.brokers.asking.season_lists import season_of
from engine.brokers.matching import names_like, nearest_name, place_at
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import refuse_pages
from engine.brokers.reading.event_lists import EVENT
from engine.brokers.reading.plain_columns import hjd_magnitudes
from engine.lightcurve import empty
from engine.times import julian_year, mjd_now

SITE = "https://www.astrouw.edu.pl/ogle"
CUTS_VERSION = "ogle-ews-cuts-1"
_SEASONS = (*range(2002, 2010), *range(2011, 2020), *range(2022, 2026))  # that are over
_SEASONS_MAYBE = (2020, 2021)  # the telescope was closed; there may be no list


def list_url(year: int) -> str:
    """Return the address of a season's list of events."""
    return f"{_folder(year)}/lenses.par"


def _folder(year: int) -> str:
    return f"{SITE}/ogle{3 if year < 2010 else 4}/ews/{year}"


INFO = BrokerInfo(
    key="ogle_ews",
    title="OGLE Early Warning System",
    radius_arcsec=3.0,
    refresh_d=1.0,
    bands=("OGLE(I)",),
    citation="2015AcA....65....1U",
    acknowledgement=(
        "This work makes use of data from the OGLE Early Warning System. The OGLE project has received "
        "funding from the National Science Centre, Poland."
    ),
    homepage="https://ogle.astrouw.edu.pl/ogle4/ews/ews.html",
    index_urls=tuple(list_url(year) for year in _SEASONS),
    dec_range_deg=(-90.0, 30.0),
    coverage="events of the Galactic bulge and disk and the Magellanic Clouds, without 2010, 2020 and 2021",
    time_scale="HJD, UTC",
    latency_s=30.0,
    evidence=Evidence.RECORDED,
    canary=Canary(
        name="OGLE-2023-BLG-0363", ra_deg=270.771375, dec_deg=-29.738278, least_rows=100,
        names=("OGLE-2023-BLG-0363",),
    ),
    method=(
        "An event is found by its name among the target's names, else as the nearest one within 3 arcsec in "
        "the lists of all seasons, the latest first.",
        "Rows with an error of zero or above 1, or a magnitude out of 0 to 30, are left out. Magnitudes "
        "stand from 3 sigma on; below, the error gives the limit of 5 sigma. calib_version names the cuts: "
        "ogle-ews-cuts-1.",
        "The photometry is preliminary, and its errors are too small where the star is constant.",
        "Times are HJD (UTC, middle of the exposure) without the light's travel to the Sun.",
    ),
    differs=("BHTOM takes HJD as the time at the observer, up to 8.3 minutes wrong; tomlake corrects it.",),
)  # fmt: skip

_NAME = re.compile(r"OGLE[- ]?(\d{4})-([A-Z]{2,4})-(\d{1,4})", re.IGNORECASE)
_LISTED = re.compile(r"^\s*(\d{4}-[A-Z]{2,4}-\d{3,4})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class OgleEws:
    """The archive of the Early Warning System."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return ``phot.dat`` of the target's event, empty bytes where OGLE found none."""
        for match in names_like(query, _NAME):
            body = _light_curve_of(int(match[1]), match[2], int(match[3]), http)
            if body is not None:
                return body
        this_year, place = int(julian_year(mjd_now())), place_at(query, 2000.0)
        for year in sorted(
            {*_SEASONS, *_SEASONS_MAYBE, *range(_SEASONS[-1] + 1, this_year + 1)}, reverse=True
        ):
            events = _events(year, this_year, http)
            name = nearest_name(events, place, EVENT, radius_arcsec=INFO.radius_arcsec)
            if name is not None:
                _, field, number = name.split("-")
                return _light_curve_of(year, field, int(number), http) or b""
        return b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the event's light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = hjd_magnitudes(body, query, title=INFO.title)
        points = rows.select("mjd", "mag", "mag_err", "limit_mag", source_ref="hjd", band=pl.lit("OGLE(I)"))
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="OGLE")


def _events(year: int, this_year: int, http: Http) -> pl.DataFrame:
    """Return the events of a season; a season whose list may be missing has none then."""
    may_lack = year in (*_SEASONS_MAYBE, this_year)
    return season_of(http, list_url(year), _LISTED, title=INFO.title, may_lack=may_lack)


def _light_curve_of(year: int, field: str, number: int, http: Http) -> bytes | None:
    name = f"{field.lower()}-{number:0{3 if year < 2010 else 4}d}"
    body = found(http, f"{_folder(year)}/{name}/phot.dat")
    return None if body is None else refuse_pages(body, title=INFO.title)
