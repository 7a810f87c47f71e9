"""VSX of the AAVSO: variable stars, also those that SIMBAD has not heard of.

References
----------
Watson, Henden & Price 2006, SASS 25, 47.
"""

import re
from xml.etree import ElementTree as ET

from engine.brokers.names.forms import unknown
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import drift
from engine.errors import Transient
from engine.target import Target, checked_name

TITLE = "VSX"
URL = "https://vsx.aavso.org/index.php"
_TIMEOUT_S = 30.0  # a person waits
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # the archive sends them inside comments


def find(http: Http, name: str) -> Target:
    """Return the variable star of this name.

    Raises
    ------
    Rejected
        ``unknown-name``, ``schema-drift``
    Transient
        VSX cannot be asked now.
    """
    clean = checked_name(name)
    words = {"view": "api.object", "ident": clean, "att": ""}
    return parse(http.get(URL, params=words, timeout_s=_TIMEOUT_S), clean)


def parse(body: bytes, name: str) -> Target:
    """Return the XML answer of VSX as a target of that name; it raises what ``find`` raises."""
    if body.lstrip()[:9].lower() == b"<!doctype" or body.lstrip()[:5].lower() == b"<html":
        raise Transient(
            f"{TITLE} sent a page instead of data; it is asked again later.", code="answer-is-a-page"
        )
    if b"<!ENTITY" in body:
        raise drift(TITLE, "XML with entities")
    try:
        star = ET.fromstring(_CONTROLS.sub(b"", body))  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        raise drift(TITLE, "no XML") from error
    if star.tag != "VSXObject":
        raise drift(TITLE, f"XML of another form, {star.tag[:40]}")
    if "RA2000" not in star.attrib:
        raise unknown(TITLE, name)
    try:
        ra_deg, dec_deg = float(star.attrib["RA2000"]), float(star.attrib["Declination2000"])
    except (KeyError, ValueError) as error:
        raise drift(TITLE, "no position") from error
    kind = star.get("VariabilityType") or "unknown"
    auid = star.get("AUID", "")
    return Target(
        name=name,
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        description=f"{TITLE}: {star.get('Name') or name}, type {kind}.",
        aliases=(("AAVSO", auid),) if auid else (),
    )
