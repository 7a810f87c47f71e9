"""AAVSO International Database: observations of variable stars by amateurs, since the nineteenth century.

It is asked by a star's name; the Variable Star Index (VSX) tells the name at a position.

References
----------
Watson, Henden & Price 2006, SASS 25, 47 (VSX).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from engine.bands import BANDS
from engine.brokers.matching import nearest_first, place_at
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of, text_table, with_numbers, within
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import json_of, json_table, part, records
from engine.errors import Transient
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD, mjd_now

URL = "https://vsx.aavso.org/index.php"
DELIMITER = "@@@"  # comments hold every single character that could divide columns
CUTS_VERSION = "aavso-cuts-1"
BRIGHT_MAG = 12.0  # brighter variables have so many observations that a year is asked at a time
FIRST_JD = 2378496.5  # 1800
YEARLY_FROM_JD = 2415020.5  # 1900
DAYS_PER_YEAR = 365.25
LATE_D = 60.0  # observers report a month or two at once

INFO = BrokerInfo(
    key="aavso",
    title="AAVSO International Database",
    radius_arcsec=5.0,
    refresh_d=1.0,
    bands=tuple(label for label, band in BANDS.items() if band.survey == "AAVSO"),
    citation="2006SASS...25...47W",
    acknowledgement=(
        "We acknowledge with thanks the variable star observations from the AAVSO International Database "
        "contributed by observers worldwide and used in this research."
    ),
    homepage="https://www.aavso.org/",
    coverage="stars of the Variable Star Index",
    time_scale="JD, UTC",
    latency_s=30.0,
    is_incremental=True,
    evidence=Evidence.RECORDED,
    canary=Canary(name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.96770, least_rows=2),
    method=(
        "The nearest star of the Variable Star Index within 5 arcsec gives the name that is asked. Stars "
        "that reach 12 mag are asked year by year. Where points are known, the last 60 days are asked again, "
        "as observers report late.",
        "Only observations marked Z or V (val) are taken, and none that is differential (mtype DIFF or "
        "STEP), has a magnitude out of -5 to 30, an uncertainty above 1, or a band that has no label here. "
        "calib_version names the cuts: aavso-cuts-1.",
        "fainterThan = 1 makes the magnitude a limit. Visual estimates have no error.",
        "Observers are named by their codes only; their names are taken out before an answer is kept.",
        "Times are JD (UTC, middle of the exposure) as observers give them; those with fewer than three "
        "decimals are flagged as uncertain.",
    ),
    differs=(
        "BHTOM marks a limit with an error of -1; tomlake keeps it as a limit.",
        "BHTOM keeps the observers' names; tomlake only their codes.",
    ),
)
COLUMNS = ("JD", "mag", "uncert", "band", "by", "val", "mtype", "obsID", "fainterThan")
# Observations must pass all of these; each is named after its column.
CUTS: dict[str, pl.Expr] = {
    "val": pl.col("val").is_in(("Z", "V")),
    "mtype": ~pl.col("mtype").str.to_uppercase().is_in(("DIFF", "STEP")),
    "mag": pl.col("mag").is_between(-5.0, 30.0),
    "uncert": (pl.col("uncert") <= 1.0).fill_null(True),
    "band": pl.format("AAVSO({})", "band").is_in(INFO.bands),
}
_PRIVATE = "obsName"
_FIRST_COLUMN = b"JD"
_JD_RANGE = (FIRST_JD, 2500000.0)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """A star of the Variable Star Index."""

    name: str
    max_mag: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aavso:
    """The AAVSO International Database."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the bundle of the star's observations, by the first day of each span, without names."""
        around = {
            "view": "api.list",
            "ra": f"{query.ra_deg:.6f}",
            "dec": f"{query.dec_deg:.6f}",
            "radius": f"{_search_radius_deg(query):.6f}",
            "format": "json",
        }
        star = nearest_star(refuse_pages(http.get(URL, params=around), title=INFO.title), query)
        if star is None:
            return b""
        first_jd = FIRST_JD if query.since_mjd is None else query.since_mjd - LATE_D + JD_MINUS_MJD
        parts: dict[str, bytes] = {}
        for from_jd, to_jd in spans(first_jd, mjd_now() + JD_MINUS_MJD, is_bright=_is_bright(star)):
            asked = {
                "view": "api.delim",
                "ident": star.name,
                "fromjd": f"{from_jd:.5f}",
                "tojd": f"{to_jd:.5f}",
                "delimiter": DELIMITER,
            }
            body = http.get(URL, params=asked, timeout_s=120.0)
            if has_observations(body):
                parts[f"{from_jd:.5f}.txt"] = without_names(body)
        return bundled(parts)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the accepted observations as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        spans_read = [
            observations(part).filter(*CUTS.values()) for part in parts_of(body, title=INFO.title).values()
        ]
        if not spans_read:
            return empty()
        rows = pl.concat(spans_read)
        is_limit = pl.col("fainterThan") == "1"
        decimals = pl.col("JD").str.split(".").list.get(1, null_on_oob=True).str.len_chars().fill_null(0)
        points = rows.select(
            source_ref="obsID",
            mjd=pl.col("day") - JD_MINUS_MJD,
            band=pl.format("AAVSO({})", "band"),
            mag=pl.when(~is_limit).then("mag"),
            mag_err=pl.when(~is_limit & (pl.col("uncert") > 0)).then("uncert"),
            limit_mag=pl.when(is_limit).then("mag"),
            observer="by",
            flags=pl.when(decimals < 3).then(int(Flag.TIME_UNCERTAIN)).otherwise(0),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="AAVSO")


def nearest_star(body: bytes, query: Query) -> Star | None:
    """Return the star of a list of VSX that is nearest to the target within the radius.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    told = part(json_of(_CONTROL.sub(b"", body), title=INFO.title), "VSXObjects", title=INFO.title)
    listed = part(told, "VSXObject", title=INFO.title) if told else []  # an empty answer is an empty list
    ra, dec = "RA2000", "Declination2000"
    stars = json_table(
        records(listed if isinstance(listed, list) else [listed], title=INFO.title),
        title=INFO.title,
        numbers=(ra, dec),
        texts=("Name", "MaxMag"),
        optional=("MaxMag",),
    )
    within(stars, ra, 0.0, 360.0, title=INFO.title)
    within(stars, dec, -90.0, 90.0, title=INFO.title)
    near = nearest_first(stars, place_at(query, 2000.0), radius_arcsec=INFO.radius_arcsec, ra=ra, dec=dec)
    if near.is_empty():
        return None
    brightest = _NUMBER.search(near["MaxMag"][0] or "")
    return Star(name=str(near["Name"][0]), max_mag=float(brightest[0]) if brightest else None)


def spans(first_jd: float, last_jd: float, *, is_bright: bool) -> Iterator[tuple[float, float]]:
    """Yield the spans of time that are asked: all at once, or a year each since 1900."""
    start_jd = first_jd
    if is_bright and first_jd < YEARLY_FROM_JD < last_jd:
        yield first_jd, YEARLY_FROM_JD
        start_jd = YEARLY_FROM_JD
    number = max(1, math.ceil((last_jd - start_jd) / DAYS_PER_YEAR)) if is_bright else 1
    edges = [min(start_jd + each * DAYS_PER_YEAR, last_jd) for each in range(number)] + [last_jd]
    yield from pairwise(edges)


def has_observations(body: bytes) -> bool:
    """Return whether an answer has more than a header; of a time without observations it may be empty.

    Raises
    ------
    Transient
        ``answer-is-a-page``: a page, or a sentence where the header stood.
    """
    if not body.strip():
        return False
    if not refuse_pages(body, title=INFO.title).lstrip().startswith(_FIRST_COLUMN):
        raise Transient(
            f"{INFO.title} sent something else than observations; it is asked again later.",
            code="answer-is-a-page",
        )
    return b"\n" in body.strip()


def observations(part: bytes) -> pl.DataFrame:
    """Return every observation of an answer; ``day`` is its JD as a number.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    header, cells = _columns(part)
    table = text_table(header, cells, title=INFO.title, required=COLUMNS).select(COLUMNS)
    rows = with_numbers(table.with_columns(day=pl.col("JD")), ("day", "mag", "uncert"), title=INFO.title)
    if not rows["day"].is_between(*_JD_RANGE).fill_null(False).all() or (rows["obsID"] == "").any():
        raise drift(INFO.title, "an observation without a possible time or number")
    return rows


def without_names(part: bytes) -> bytes:
    """Return an answer without the column of the observers' names, which are nobody's business."""
    header, cells = _columns(part)
    kept = [place for place, name in enumerate(header) if name != _PRIVATE]
    if any(len(row) != len(header) for row in cells):
        raise Transient("The answer of the AAVSO was cut off; it is asked again later.", code="cut-off")
    return "".join(DELIMITER.join(row[place] for place in kept) + "\n" for row in [header, *cells]).encode()


def _columns(part: bytes) -> tuple[list[str], list[list[str]]]:
    lines = [line for line in text_of(part, title=INFO.title).split("\n") if line.strip()]
    if not lines:
        raise drift(INFO.title, "an answer without a header")
    delimiter = DELIMITER if DELIMITER in lines[0] else "~"
    header, *cells = ([cell.strip() for cell in line.split(delimiter)] for line in lines)
    return header, cells


def _is_bright(star: Star) -> bool:
    return star.max_mag is not None and star.max_mag < BRIGHT_MAG


def _search_radius_deg(query: Query) -> float:
    """Return a radius that holds the target at J2000 as well."""
    motion_arcsec_yr = math.hypot(query.pm_ra_mas_yr or 0.0, query.pm_dec_mas_yr or 0.0) / 1000.0
    return (INFO.radius_arcsec + motion_arcsec_yr * abs(query.epoch - 2000.0)) / 3600.0
