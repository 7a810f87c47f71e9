"""MOA alerts: difference photometry of microlensing events from Mount John, New Zealand.

References
----------
Bond et al. 2001, MNRAS 327, 868.
"""

import html
import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.found import found
from engine.brokers.matching import names_like, nearest_name, place_at
from engine.brokers.points import archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of, with_numbers
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.compressed import gunzipped
from engine.brokers.reading.event_lists import EVENT, events_of, lines_of_page
from engine.brokers.reading.plain_columns import plain_columns
from engine.errors import Transient
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD, julian_year, mjd_now

SITE = "https://moaprime.massey.ac.nz/"
ARCHIVE = f"{SITE}moaarchive/event/"
DIFFERENCE_VERSION = "moa-difference-1"
CALIBRATED_VERSION = "moa-calibrated-1"
_FIRST_LISTED_SEASON = 2025  # earlier seasons have no list on the archive's new host

INFO = BrokerInfo(
    key="moa",
    title="MOA microlensing alerts",
    radius_arcsec=3.0,
    refresh_d=1.0,
    bands=("MOA(Red)", "MOA(Blue)"),
    citation="2001MNRAS.327..868B",
    acknowledgement=(
        "This work makes use of data from the alert archive of the Microlensing Observations in Astrophysics "
        "(MOA) collaboration."
    ),
    homepage="https://moaprime.massey.ac.nz/moaarchive",
    dec_range_deg=(-90.0, 10.0),
    coverage="events of the Galactic bulge and the Magellanic Clouds",
    time_scale="JD, UTC",
    latency_s=20.0,
    canary=Canary(
        name="MOA-2019-BLG-397", ra_deg=272.724625, dec_deg=-25.746111, least_rows=100,
        names=("MOA-2019-BLG-397",),
    ),
    method=(
        "An event is found by its name among the target's names, else, from 2025 on, as the nearest one "
        "within 3 arcsec in the season's list of alerts.",
        "The page of an event gives the equation from flux to magnitude. Where its reference flux is zero, "
        "magnitudes are those of the difference flux alone, fainter than the star: calib_version is then "
        "moa-difference-1 and the points are flagged as of a non-standard band; else moa-calibrated-1.",
        "From 3 sigma on a flux is a magnitude, else its error gives the limit of 5 sigma. Rows with a "
        "date of zero or an error that is not positive are left out.",
        "Times are JD (UTC) as they are, taken as the middle of the exposure, which the archive does not "
        "say.",
    ),
    differs=(
        "BHTOM does not check the archive's certificate and finds positions in a list of a third party; "
        "tomlake does neither.",
        "BHTOM does not tell magnitudes of the difference flux from calibrated ones.",
    ),
)  # fmt: skip
_NAME = re.compile(r"MOA[- ]?(\d{4})-BLG-(\d{1,4})", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:MOA-)?\d{4}-BLG-\d{3,4}\b")
_EQUATION = re.compile(
    r"\b([IVBR])\s*=\s*([\d.]+)\s*-\s*2\.5\s*log\s*10\s*\(\s*\S*\s*Flux\s*\+\s*(-?[\d.]+)\s*\)"
)
_TAG = re.compile(r"<[^<>]*>")
_BANDS = {"I": "MOA(Red)", "R": "MOA(Red)", "V": "MOA(Blue)", "B": "MOA(Blue)"}
_JD_RANGE = (2450000.0, 2500000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How an event's flux becomes a magnitude."""

    band: str
    zero_point_mag: float
    reference_flux: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moa:
    """The archive of MOA's alerts."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the event's page and photometry as a bundle, empty bytes where MOA found none."""
        for match in names_like(query, _NAME):
            body = _event(match[1], int(match[2]), http)
            if body:
                return body
        this_year, place = int(julian_year(mjd_now())), place_at(query, 2000.0)
        for year in range(this_year, _FIRST_LISTED_SEASON - 1, -1):
            page = _answer(f"{SITE}alerts/index/moa/{year}", http)
            if page is None and year < this_year:  # this year's list may not have begun
                raise drift(INFO.title, f"no list of the alerts of {year}")
            text = "" if page is None else lines_of_page(_whole_table(page).decode("utf-8", "replace"))
            events = events_of(text, _LISTED, title=INFO.title)
            near = nearest_name(events, place, EVENT, radius_arcsec=INFO.radius_arcsec)
            if near is not None:
                return _event(str(year), int(near.rpartition("-")[2]), http)
        return b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the event's light curve.

        Raises
        ------
        Rejected
            ``schema-drift``: also where the page has no equation.
        """
        parts = parts_of(body, title=INFO.title)
        if not parts:
            return empty()
        if set(parts) != {"page.html", "phot.txt"}:
            raise drift(INFO.title, "another bundle than page and photometry")
        how = calibration_of(parts["page.html"])
        rows = exposures(parts["phot.txt"])
        flux = pl.col("dflux") + how.reference_flux
        is_calibrated = how.reference_flux > 0
        points = rows.select(
            source_ref="frame",
            mjd=pl.col("day") - JD_MINUS_MJD,
            band=pl.lit(how.band),
            flags=pl.lit(0 if is_calibrated else int(Flag.DIFFERENCE)),
            **brightness(flux, pl.col("dflux_err"), zero_point_mag=how.zero_point_mag),
        )
        version = CALIBRATED_VERSION if is_calibrated else DIFFERENCE_VERSION
        return archive_points(points, query, INFO, calib_version=version, facility="MOA")


def calibration_of(page: bytes) -> Calibration:
    """Return the equation of an event's page, such as ``I = 27.6026 - 2.5 log10(Flux + 0.0000)``."""
    text = " ".join(html.unescape(_TAG.sub(" ", page.decode("utf-8", "replace"))).split())
    match = _EQUATION.search(text)
    if match is None:
        raise drift(INFO.title, "a page without the equation of its magnitudes")
    try:
        zero_point_mag, reference_flux = float(match[2]), float(match[3])
    except ValueError as error:
        raise drift(INFO.title, "an equation without numbers") from error
    return Calibration(band=_BANDS[match[1]], zero_point_mag=zero_point_mag, reference_flux=reference_flux)


def exposures(body: bytes) -> pl.DataFrame:
    """Return the exposures with ``day``, ``dflux``, ``dflux_err`` and ``frame``, placeholders left out."""
    table = plain_columns(body, ("day", "dflux", "dflux_err", "frame"), title=INFO.title)
    rows = with_numbers(table, ("day", "dflux", "dflux_err"), title=INFO.title)
    rows = rows.filter(pl.col("day") != 0.0)
    if not rows["day"].is_between(*_JD_RANGE).fill_null(False).all():
        raise drift(INFO.title, "a row without a possible time")
    return rows.filter(
        pl.col("dflux").is_finite() & pl.col("dflux_err").is_finite() & (pl.col("dflux_err") > 0)
    )


def _whole_table(page: bytes) -> bytes:
    """Return the page of a list; one without a whole table tells of an illness, not of a season's events."""
    if b"</table" not in page.lower():
        raise Transient(
            f"{INFO.title} sent another page than a list of alerts; it is asked again later.",
            code="answer-is-a-page",
        )
    return page


def _event(year: str, number: int, http: Http) -> bytes:
    """Return the bundle of an event, whose number has three digits on most pages and four on others."""
    for digits in (3, 4) if int(year) < _FIRST_LISTED_SEASON else (4, 3):
        name = f"{year}-BLG-{number:0{digits}d}"
        page = _answer(ARCHIVE + name, http)
        packed = None if page is None else _answer(f"{ARCHIVE}phot/{name}", http)
        if page is not None and packed is not None:
            phot = refuse_pages(gunzipped(packed, title=INFO.title), title=INFO.title)
            text_of(phot, title=INFO.title)
            return bundled({"page.html": page, "phot.txt": phot})
    return b""


def _answer(url: str, http: Http) -> bytes | None:
    body = found(http, url)
    if body is not None and not body.strip():
        raise Transient("MOA sent an empty answer; it is asked again later.", code="cut-off")
    return body
