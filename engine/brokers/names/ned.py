"""NED: galaxies, active nuclei and supernovae by any of their names.

References
----------
https://ned.ipac.caltech.edu/Documents/Guides/Interface/ObjectLookup
"""

from engine.brokers.names.forms import unknown
from engine.brokers.names.json_answer import json_of, number_of, part_of, words_of
from engine.brokers.protocol import Http
from engine.target import Target, checked_name

TITLE = "NED"
URL = "https://ned.ipac.caltech.edu/srs/ObjectLookup"
_TIMEOUT_S = 30.0  # a person waits
_KNOWN = 3  # ResultCode; 0: no name of NED's, 1: ambiguous, 2: well written, but not in the database


def find(http: Http, name: str) -> Target:
    """Return the object that NED prefers for this name.

    Raises
    ------
    Rejected
        ``unknown-name``, ``schema-drift``
    Transient
        NED cannot be asked now.
    """
    clean = checked_name(name)
    return parse(http.post(URL, json={"name": {"v": clean}}, timeout_s=_TIMEOUT_S), clean)


def parse(body: bytes, name: str) -> Target:
    """Return NED's JSON answer as a target of that name; it raises what ``find`` raises."""
    answer = json_of(body, title=TITLE)
    if int(number_of(answer, "ResultCode", title=TITLE)) != _KNOWN:
        raise unknown(TITLE, name)
    preferred = part_of(answer, "Preferred")
    position = part_of(preferred, "Position")
    if position.get("RA") is None or position.get("Dec") is None:
        raise unknown(TITLE, name, "has no position of")
    kind = words_of(part_of(preferred, "ObjType"), "Value") or "unknown"
    return Target(
        name=name,
        ra_deg=number_of(position, "RA", title=TITLE),
        dec_deg=number_of(position, "Dec", title=TITLE),
        description=f"{TITLE}: {words_of(preferred, 'Name') or name}, type {kind}.",
    )
