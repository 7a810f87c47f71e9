"""Transient Name Server: supernovae and other transients; it answers only programs with an account.

References
----------
https://www.wis-tns.org/content/tns-getting-started
"""

import json
from collections.abc import Mapping
from typing import cast

from engine.brokers.names.forms import is_survey_name, kept_aliases, transient_of, unknown
from engine.brokers.names.json_answer import json_of, number_of, part_of, words_of
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import drift
from engine.errors import Rejected
from engine.target import Target, checked_name

TITLE = "TNS"
URL = "https://www.wis-tns.org/api/get"
_TIMEOUT_S = 30.0  # a person waits


def find(http: Http, name: str) -> Target:
    """Return the transient of this name, which may be one that a survey gave it.

    Raises
    ------
    Rejected
        ``unknown-name``; ``needs-account``: none is set here; ``schema-drift``.
    Transient
        The TNS cannot be asked now.
    """
    clean = checked_name(name)
    transient = transient_of(clean)
    if transient is None and is_survey_name(clean):
        known = _listed(_asked(http, "search", {"internal_name": clean.replace(" ", "")}))
        transient = words_of(known[0], "objname") if known else None
    if transient is None:
        raise unknown(TITLE, clean)
    return parse(_asked(http, "object", {"objname": transient}), clean)


def near(http: Http, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> tuple[str, ...]:
    """Return the names, such as ``AT2024den``, of the transients in a cone; raises what ``find`` raises."""
    cone = {"ra": f"{ra_deg:.7f}", "dec": f"{dec_deg:.7f}", "radius": f"{radius_arcsec:g}", "units": "arcsec"}
    found = _listed(_asked(http, "search", cone))
    names = [f"{words_of(each, 'prefix')}{words_of(each, 'objname')}" for each in found]
    return tuple(name for name in names if name)


def parse(body: bytes, name: str) -> Target:
    """Return the TNS's JSON answer as a target of that name.

    Raises
    ------
    Rejected
        ``unknown-name``, ``schema-drift``
    """
    found = part_of(json_of(body or b"{}", title=TITLE), "data")
    found = part_of(found, "reply") or found  # where it stood until 2024
    if "radeg" not in found:
        raise unknown(TITLE, name)
    prefix, objname = words_of(found, "name_prefix"), words_of(found, "objname")
    kind = words_of(part_of(found, "object_type"), "name") or "not classified"
    others = [each.strip() for each in words_of(found, "internal_names").split(",")]
    return Target(
        name=name,
        ra_deg=number_of(found, "radeg", title=TITLE),
        dec_deg=number_of(found, "decdeg", title=TITLE),
        description=f"{TITLE}: {prefix} {objname}, type {kind}.",
        aliases=kept_aliases([f"{prefix}{objname}", *others], but=name),
    )


def _asked(http: Http, service: str, words: Mapping[str, str]) -> bytes:
    """Return the answer of a service, empty where the TNS says that it has nothing."""
    key, number, bot = (http.secret(name) for name in ("tns_key", "tns_bot_id", "tns_bot_name"))
    marker = json.dumps({"tns_id": number, "type": "bot", "name": bot})
    try:
        return http.post(
            f"{URL}/{service}",
            form={"api_key": key, "data": json.dumps(dict(words))},
            headers={"User-Agent": f"tns_marker{marker}"},
            timeout_s=_TIMEOUT_S,
        )
    except Rejected as refusal:
        if refusal.code != "not-found":
            raise
        return b""


def _listed(body: bytes) -> list[Mapping[str, object]]:
    if not body:
        return []
    answer = json_of(body, title=TITLE)
    found = answer.get("data")
    if isinstance(found, dict):
        found = found.get("reply", [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise drift(TITLE, "no list of transients")
    return cast("list[Mapping[str, object]]", found)
