"""JPL: asteroids, comets and visitors from other stars, with the place where they stand now.

References
----------
https://ssd-api.jpl.nasa.gov/doc/sbdb.html and https://ssd-api.jpl.nasa.gov/doc/horizons.html
"""

import csv
from collections.abc import Mapping

from engine.brokers.names.forms import name_of_body, unknown
from engine.brokers.names.json_answer import json_of, part_of, words_of
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import drift, text_of
from engine.errors import Rejected
from engine.target import Target
from engine.times import JD_MINUS_MJD, datetime_of, mjd_now

TITLE = "JPL"
LOOKUP_URL = "https://ssd-api.jpl.nasa.gov/sbdb.api"
HORIZONS_URL = "https://ssd.jpl.nasa.gov/api/horizons.api"
_TIMEOUT_S = 30.0  # a person waits
_PLACE = ("R.A._(ICRF)", "DEC_(ICRF)")


def find(http: Http, name: str) -> Target:
    """Return the body of this name with its designation, where the centre of the Earth sees it now.

    Raises
    ------
    Rejected
        ``unknown-name``; ``ambiguous-name``: several bodies have it; ``schema-drift``.
    Transient
        JPL cannot be asked now.
    """
    try:
        body = http.get(LOOKUP_URL, params={"sstr": name, "alt-des": "1"}, timeout_s=_TIMEOUT_S)
    except Rejected as refusal:
        if refusal.code == "not-found":
            raise unknown(TITLE, name) from refusal
        if "status 300" in refusal.reason:  # with a list of all that may be meant
            raise Rejected(
                f"{TITLE} knows several bodies by {name!r}: give the designation of one.",
                code="ambiguous-name",
            ) from refusal
        raise
    found = parse_body(body, name)
    mjd = mjd_now()
    words = _ephemeris_of(found.designation, mjd)
    ra_deg, dec_deg = parse_place(http.get(HORIZONS_URL, params=words, timeout_s=_TIMEOUT_S))
    moment = f"{datetime_of(mjd):%Y-%m-%d %H:%M}"
    return Target(
        name=found.name,
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        classification="SSO",
        description=f"{found.description} Its place is that of {moment} UTC.",
        aliases=found.aliases,
        designation=found.designation,
    )


def parse_body(body: bytes, name: str) -> Target:
    """Return the answer of the lookup as a target that has no place yet.

    Raises
    ------
    Rejected
        ``unknown-name``, ``ambiguous-name``, ``schema-drift``
    """
    answer = json_of(body, title=TITLE)
    found = part_of(answer, "object")
    if answer.get("list"):
        raise Rejected(
            f"{TITLE} knows several bodies by {name!r}: give the designation of one.", code="ambiguous-name"
        )
    if not found and "message" in answer:
        raise unknown(TITLE, name)
    designation, full = words_of(found, "des"), words_of(found, "fullname")
    if not designation:
        raise drift(TITLE, "a body without a designation")
    kind = words_of(part_of(found, "orbit_class"), "name") or "body"
    clean = name_of_body(name)
    return Target(
        name=clean,
        ra_deg=0.0,
        dec_deg=0.0,
        classification="SSO",
        description=f"{TITLE}: {full or designation}, {kind}.",
        designation=designation,
        aliases=tuple((TITLE, each) for each in _other_names(found) if each.casefold() != clean.casefold()),
    )


def parse_place(body: bytes) -> tuple[float, float]:
    """Return (ra_deg, dec_deg), astrometric ICRF, of the first line of a table of Horizons.

    Raises
    ------
    Rejected
        ``schema-drift``: there is no table, because the body was not found among others, or a column went.
    """
    lines = text_of(body, title=TITLE).splitlines()
    starts = [number for number, line in enumerate(lines) if line.strip() == "$$SOE"]
    if not starts or starts[0] < 2 or len(lines) <= starts[0] + 1:
        last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        raise drift(TITLE, f"no ephemeris, but {last[:80]!r}")
    names, values = (
        [cell.strip() for cell in row] for row in csv.reader([lines[starts[0] - 2], lines[starts[0] + 1]])
    )
    row = dict(zip(names, values, strict=False))
    try:
        ra_deg, dec_deg = (float(row[name]) for name in _PLACE)
    except (KeyError, ValueError) as error:
        raise drift(TITLE, "an ephemeris without a place") from error
    return ra_deg, dec_deg


def _ephemeris_of(designation: str, mjd: float) -> dict[str, str]:
    is_comet = not designation.isdigit() and ("/" in designation or designation[-1:].isalpha())
    which = f"{designation};" if designation.isdigit() else f"DES={designation};"
    return {
        "format": "text",
        "EPHEM_TYPE": "'OBSERVER'",
        "OBJ_DATA": "'NO'",
        "COMMAND": f"'{which}{'CAP;NOFRAG' if is_comet else ''}'",
        "CENTER": "'500@399'",
        "TLIST": f"'{mjd + JD_MINUS_MJD:.6f}'",
        "QUANTITIES": "'1'",
        "ANG_FORMAT": "'DEG'",
        "EXTRA_PREC": "'YES'",
        "CSV_FORMAT": "'YES'",
    }


def _other_names(found: Mapping[str, object]) -> list[str]:
    """Return the whole name and the provisional designations, without bare numbers."""
    alternates = found.get("des_alt")
    listed = [each for each in alternates if isinstance(each, dict)] if isinstance(alternates, list) else []
    names = [words_of(found, "fullname"), words_of(found, "des")]
    names += [words_of(each, key) for each in listed for key in ("pri", "des")]
    return [name for name in dict.fromkeys(names) if name and not name.isdigit()]
