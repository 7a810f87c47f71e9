"""What became public lately at the Transient Name Server; it needs the account of a bot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import polars as pl

from engine.brokers.protocol import Evidence, Http
from engine.brokers.reading.answers import drift
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import json_of_no_page
from engine.brokers.streams.protocol import Rule, Span, StreamInfo, candidates
from engine.brokers.streams.reading import Row, inner, number, words
from engine.errors import Rejected
from engine.marking import marked
from engine.times import datetime_of, mjd_of

SEARCH_URL = "https://www.wis-tns.org/api/get/search"
OBJECT_URL = "https://www.wis-tns.org/api/get/object"
MOST_OBJECTS = 25  # each costs a question, and TNS counts them
_TIMEOUT_S = 60.0

INFO = StreamInfo(
    key="tns",
    title="Transient Name Server",
    homepage="https://www.wis-tns.org",
    evidence=Evidence.DOCUMENTED,
    basis=marked("No answer was recorded: it rests on documentation only."),
    accounts=("tns_key", "tns_bot_id", "tns_bot_name"),
    least_every_h=3.0,
    classes=("SN", "SN Ia", "TDE", "Nova", "CV"),
    class_is_asked=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tns:
    """Objects that became public lately."""

    info = INFO

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the newest objects that became public since, a bundle of one answer for each."""
        asked: dict[str, str] = {"public_timestamp": f"{datetime_of(span.since_mjd):%Y-%m-%d %H:%M:%S}"}
        if rule.cone_radius_deg is not None:
            place = {"ra": rule.cone_ra_deg, "dec": rule.cone_dec_deg, "radius": rule.cone_radius_deg}
            asked |= {name: str(value) for name, value in place.items()} | {"units": "degrees"}
        found = reply_of(ask_tns(http, SEARCH_URL, asked))
        rows = found if isinstance(found, list) else []
        names = [words(row, "objname") for row in rows if isinstance(row, Mapping)]
        newest = sorted(filter(None, names), key=lambda name: (name[:4], len(name), name), reverse=True)
        return bundled({name: ask_tns(http, OBJECT_URL, {"objname": name}) for name in newest[:MOST_OBJECTS]})

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the objects.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        return candidates(row_of(object_of(part)) for part in parts_of(body, title=INFO.title).values())


def ask_tns(http: Http, url: str, asked: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> bytes:
    """Return the server's answer to a question in the name of the installation's bot.

    Raises
    ------
    Rejected
        ``needs-account``
    """
    marker = json.dumps(
        {"tns_id": http.secret("tns_bot_id"), "type": "bot", "name": http.secret("tns_bot_name")}
    )
    return http.post(
        url,
        form={"api_key": http.secret("tns_key"), "data": json.dumps(dict(asked))},
        headers={"User-Agent": f"tns_marker{marker}"},
        timeout_s=timeout_s,
    )


def reply_of(body: bytes) -> object:
    """Return what an answer is about: its ``data``, or, as it was formerly sent, the ``reply`` in it."""
    answer = json_of_no_page(body, title=INFO.title)
    if not isinstance(answer, Mapping) or "data" not in answer:
        raise drift(INFO.title, "an answer without data")
    data = answer["data"]
    return data["reply"] if isinstance(data, Mapping) and "reply" in data else data


def object_of(body: bytes) -> Row:
    """Return an object with its facts.

    Raises
    ------
    Rejected
        ``unknown-name``: the server has no such object; ``schema-drift``.
    """
    found = reply_of(body)
    if not isinstance(found, Mapping) or number(found, "radeg") is None:
        raise Rejected("The Transient Name Server knows no object of this name.", code="unknown-name")
    return found


def row_of(found: Row) -> dict[str, object]:
    """Return an object as a candidate."""
    prefix = words(found, "name_prefix") or words(found, "prefix") or "AT"
    seen_mjd = discovery_mjd(found)
    return {
        "name": f"{prefix} {words(found, 'objname')}" if words(found, "objname") else "",
        "ra_deg": number(found, "radeg"),
        "dec_deg": number(found, "decdeg"),
        "mjd": seen_mjd,
        "first_mjd": seen_mjd,
        "mag": number(found, "discoverymag"),
        "band": words(inner(found, "discmagfilter"), "name"),
        "classification": words(inner(found, "object_type"), "name"),
        "link": f"{INFO.homepage}/object/{quote(words(found, 'objname'), safe='')}",
    }


def discovery_mjd(found: Row) -> float | None:
    """Return when an object was discovered, as MJD (UTC)."""
    try:
        return mjd_of(datetime.fromisoformat(words(found, "discoverydate")))
    except ValueError:
        return None
