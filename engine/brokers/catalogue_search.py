"""Catalogue search: a name and a catalogue become a target that a person can then keep or change.

References
----------
Giorgini et al. 1996, BAAS 28, 1158, for JPL Horizons.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np

from engine.brokers.class_words import class_of
from engine.brokers.gaia_alerts import INDEX_URL, alert_names
from engine.brokers.names import simbad
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, text_of, with_numbers
from engine.brokers.reading.json_answers import json_of_no_page
from engine.brokers.streams.gaia_alerts import mjd_of_date
from engine.brokers.streams.reading import number, rows_of, words
from engine.brokers.streams.tns import OBJECT_URL, ask_tns, discovery_mjd, object_of, row_of
from engine.errors import Rejected
from engine.target import Target
from engine.times import JD_MINUS_MJD, datetime_of, mjd_now, mjd_of_jd, mjd_utc_of

ALERCE_URL = "https://api.alerce.online/ztf/v1/objects"
ALERCE_LSST_URL = "https://api-lsst.alerce.online/object_api/object"
FINK_LSST_URL = "https://api.lsst.fink-portal.org/api/v1/sources"
HORIZONS_URL = "https://ssd.jpl.nasa.gov/api/horizons.api"
TERM_MAX_CHARS = 100
_TIMEOUT_S = 30.0  # a person waits
_GAIA_COLUMNS = ("Name", "Date", "RaDeg", "DecDeg", "AlertMag", "Class", "TNSid")
_FINK_COLUMNS = "r:diaObjectId,r:ra,r:dec,r:midpointMjdTai"
_TNS_NAME = re.compile(r"(?:(?:SN|AT|TDE) ?)?((?:19|20)\d\d[A-Za-z]+)")
_ZTF_NAME = re.compile(r"ZTF ?(\d\d[a-z]{7})")
_LSST_NUMBER = re.compile(r"(?:LSST[_ ]?)?(\d{6,20})")
_BODY = re.compile(r"[A-Za-z0-9 /.\-]+")
_COMET = re.compile(r"\d+[PDI]|[CPDXAI]/.+", re.IGNORECASE)
_NUMBERED = re.compile(r"\d+[PDI]?(?=[ /]|$)")


class Catalogue(StrEnum):
    """Where a name can be looked up."""

    SIMBAD = "SIMBAD"
    GAIA_ALERTS = "Gaia Alerts"
    TNS = "TNS"
    ALERCE = "ALeRCE"
    FINK_LSST = "Fink LSST"
    JPL = "JPL"


def search(service: str, term: str, http: Http) -> Target:
    """Return the object that a catalogue knows by this name.

    Raises
    ------
    Rejected
        ``unknown-service``; ``unknown-name``: it knows none, or the term is no name of its kind;
        ``ambiguous-name``; ``needs-account``; ``schema-drift``.
    Transient
        It cannot be asked now.
    """
    if service not in _SEARCHES:
        raise Rejected(f"Look names up in one of: {', '.join(_SEARCHES)}.", code="unknown-service")
    clean = " ".join(term.split())
    if not clean or len(clean) > TERM_MAX_CHARS:
        raise Rejected(f"Give a name of 1 to {TERM_MAX_CHARS} characters to look up.", code="unknown-name")
    try:
        return _SEARCHES[service](clean, http)
    except Rejected as refusal:
        if refusal.code == "not-found":
            raise _unknown(service, clean) from refusal
        raise


def _gaia_alert(term: str, http: Http) -> Target:
    names = alert_names((term,))
    if not names:
        raise _unknown(Catalogue.GAIA_ALERTS, term, "its names look like Gaia22dkv")
    title = str(Catalogue.GAIA_ALERTS)
    body = refuse_pages(http.get(INDEX_URL, timeout_s=_TIMEOUT_S), title=title)
    table = csv_table(body, title=title, required=_GAIA_COLUMNS)
    found = with_numbers(table.filter(table["Name"] == names[0]), _GAIA_COLUMNS[2:5], title=title)
    if found.is_empty():
        raise _unknown(title, term)
    row = found.row(0, named=True)
    mag = "" if row["AlertMag"] is None else f", G = {row['AlertMag']:.2f}"
    return _target(
        names[0],
        row["RaDeg"],
        row["DecDeg"],
        classification=class_of(row["Class"]),
        description=f"Gaia alert of {row['Date'][:10]}{mag}, {row['Class']}.",
        discovery_mjd=mjd_of_date(row["Date"]),
        aliases=(("TNS", row["TNSid"].strip()),) if row["TNSid"].strip() else (),
    )


def _tns_object(term: str, http: Http) -> Target:
    name = _TNS_NAME.fullmatch(term)
    if name is None:
        raise _unknown(Catalogue.TNS, term, "its names look like SN 2011fe")
    found = object_of(ask_tns(http, OBJECT_URL, {"objname": name[1]}, timeout_s=_TIMEOUT_S))
    row = row_of(found)
    mag = number(found, "discoverymag")
    seen = "" if mag is None else f", {mag:.2f} mag {row['band']}".rstrip()
    others = [other.strip() for other in words(found, "internal_names").split(",")]
    return _target(
        str(row["name"]),
        number(found, "radeg"),
        number(found, "decdeg"),
        classification=class_of(str(row["classification"])),
        description=f"TNS: {row['classification'] or 'not classified'}{seen}.",
        discovery_mjd=discovery_mjd(found),
        aliases=tuple(("TNS internal", other) for other in dict.fromkeys(others) if other),
    )


def _alerce_object(term: str, http: Http) -> Target:
    ztf, lsst = _ZTF_NAME.fullmatch(term), _LSST_NUMBER.fullmatch(term)
    if ztf is None and lsst is None:
        raise _unknown(Catalogue.ALERCE, term, "its names look like ZTF18abcgqmz, or are numbers of LSST")
    if ztf is not None:
        name = f"ZTF{ztf[1]}"
        body = http.get(f"{ALERCE_URL}/{name}", timeout_s=_TIMEOUT_S)
    else:
        name = f"LSST_{lsst[1] if lsst else ''}"
        asked = {"survey_id": "lsst", "oid": name.removeprefix("LSST_")}
        body = http.get(ALERCE_LSST_URL, params=asked, timeout_s=_TIMEOUT_S)
    found = json_of_no_page(body, title=Catalogue.ALERCE)
    if not isinstance(found, Mapping) or number(found, "meanra") is None:
        raise drift(Catalogue.ALERCE, "an object without a place")
    first_mjd = number(found, "firstmjd")
    return _target(
        name,
        number(found, "meanra"),
        number(found, "meandec"),
        description=f"ALeRCE: {words(found, 'ndet') or words(found, 'n_det') or 'no'} detections.",
        discovery_mjd=first_mjd if ztf is not None else _utc(first_mjd),
    )


def _fink_lsst_object(term: str, http: Http) -> Target:
    known = _LSST_NUMBER.fullmatch(term)
    if known is None:
        raise _unknown(Catalogue.FINK_LSST, term, "its names are numbers of LSST, or LSST_ and the number")
    asked = {"diaObjectId": known[1], "columns": _FINK_COLUMNS, "output-format": "json"}
    body = http.post(FINK_LSST_URL, json=asked, timeout_s=_TIMEOUT_S)
    rows = [row for row in rows_of(body, title=Catalogue.FINK_LSST) if number(row, "r:ra") is not None]
    if not rows:
        raise _unknown(Catalogue.FINK_LSST, term)
    times = sorted(rows, key=lambda row: number(row, "r:midpointMjdTai") or 0.0)
    return _target(
        f"LSST_{known[1]}",
        number(times[-1], "r:ra"),
        number(times[-1], "r:dec"),
        description=f"Fink: {len(rows)} alerts of LSST.",
        discovery_mjd=_utc(number(times[0], "r:midpointMjdTai")),
    )


def _jpl_body(term: str, http: Http) -> Target:
    if not _BODY.fullmatch(term):
        raise _unknown(Catalogue.JPL, term, "its names look like Ceres, 2021 SO2, 67P or C/2025 N1")
    command = f"DES={term};CAP;NOFRAG" if _COMET.fullmatch(term) else f"{term};"
    asked = {
        "format": "text",
        "EPHEM_TYPE": "OBSERVER",
        "MAKE_EPHEM": "YES",
        "OBJ_DATA": "NO",
        "COMMAND": f"'{command}'",
        "CENTER": "'500@399'",
        "QUANTITIES": "'1,9'",
        "CSV_FORMAT": "YES",
        "ANG_FORMAT": "DEG",
        "CAL_FORMAT": "BOTH",
        "TLIST": f"'{mjd_now() + JD_MINUS_MJD:.6f}'",
    }
    return parse_horizons(http.get(HORIZONS_URL, params=asked, timeout_s=_TIMEOUT_S), term)


def parse_horizons(body: bytes, term: str) -> Target:
    """Return a body of the Solar System from a table of Horizons, where it stands at the first line.

    Raises
    ------
    Rejected
        ``unknown-name``, ``ambiguous-name``, ``schema-drift``.
    """
    text = text_of(body.rstrip() + b"\n", title=Catalogue.JPL)
    if "No matches found" in text:
        raise _unknown(Catalogue.JPL, term)
    if "Multiple major-bodies" in text or "Matching small-bodies" in text:
        raise Rejected(
            f"JPL knows several bodies by {term!r}: give a number or designation.", code="ambiguous-name"
        )
    head, started, table = text.partition("$$SOE")
    name = re.search(r"Target body name: *(.+?) *(?:\{|$)", head, re.MULTILINE)
    titles = next((line for line in reversed(head.splitlines()) if "R.A._(ICRF)" in line), "")
    columns = [title.strip() for title in titles.split(",")]
    first = table.strip().splitlines()[:1]
    if not started or name is None or not first or "DEC_(ICRF)" not in columns:
        raise drift(Catalogue.JPL, "no ephemeris")
    values = dict(zip(columns, (value.strip() for value in first[0].split(",")), strict=False))
    jd = number(values, next((title for title in columns if title.startswith("Date___")), ""))
    when = "" if jd is None else f" on {datetime_of(mjd_of_jd(jd)):%Y-%m-%d %H:%M} UTC"
    official, designation = _names_of_body(name[1])
    return _target(
        official,
        number(values, "R.A._(ICRF)"),
        number(values, "DEC_(ICRF)"),
        classification="SSO",
        description=f"{name[1]}, of the Solar System; the place is where it stood{when} (JPL Horizons).",
        designation=designation,
    )


def _names_of_body(said: str) -> tuple[str, str]:
    """Return how a body is called here, and its number or provisional designation.

    Horizons writes ``1 Ceres (A801 AA)``, ``(1935 UZ)``, ``67P/Churyumov``, ``C/2025 N1 (ATLAS)``.
    """
    outside, _, inside = said.partition("(")
    outside, inside = outside.strip(), inside.rstrip(") ")
    numbered, is_official = _NUMBERED.match(outside), _COMET.fullmatch(outside)
    own = outside if numbered or is_official else inside or outside
    plain = re.sub(r"[^A-Za-z0-9 _.+\-]", "", own.replace("/", " "))
    return plain, numbered[0] if numbered else own


def _target(name: str, ra_deg: float | None, dec_deg: float | None, **facts: object) -> Target:
    if ra_deg is None or dec_deg is None or not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90):
        raise Rejected(f"The catalogue has no position of {name}: give one.", code="unknown-name")
    return Target(name=name, ra_deg=ra_deg % 360.0, dec_deg=dec_deg, **facts)  # type: ignore[arg-type]


def _utc(tai_mjd: float | None) -> float | None:
    return None if tai_mjd is None else float(mjd_utc_of(np.array([tai_mjd]), scale="tai")[0])


def _unknown(service: str, term: str, why: str = "check the name") -> Rejected:
    return Rejected(f"{service} knows no {term!r}: {why}.", code="unknown-name")


_SEARCHES: Mapping[str, Callable[[str, Http], Target]] = {
    Catalogue.SIMBAD: lambda term, http: simbad.find(http, term),
    Catalogue.GAIA_ALERTS: _gaia_alert,
    Catalogue.TNS: _tns_object,
    Catalogue.ALERCE: _alerce_object,
    Catalogue.FINK_LSST: _fink_lsst_object,
    Catalogue.JPL: _jpl_body,
}
