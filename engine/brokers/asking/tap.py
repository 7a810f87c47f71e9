"""Table Access Protocol: one synchronous question in ADQL, answered in CSV.

References
----------
Dowler et al. 2019, IVOA Recommendation TAP 1.1.
"""

from engine.brokers.protocol import Http
from engine.brokers.reading.answers import refuse_pages

TIMEOUT_S = 240.0


def ask_tap(
    http: Http,
    service_url: str,
    adql: str,
    *,
    title: str,
    max_rows: int | None = None,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """Return the CSV answer of a TAP service.

    Raises
    ------
    Transient
        ``answer-is-a-page``: the service sent an error document in place of a table.
    """
    form = {"REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "csv", "QUERY": adql}
    if max_rows is not None:
        form["MAXREC"] = str(max_rows)
    return refuse_pages(http.post(f"{service_url}/sync", form=form, timeout_s=timeout_s), title=title)


def adql_text(text: str) -> str:
    """Return text as an ADQL literal: quoted, with quotes inside doubled."""
    return "'" + text.replace("'", "''") + "'"


def adql_cone(ra: str, dec: str, *, ra_deg: float, dec_deg: float, radius_deg: float) -> str:
    """Return the ADQL condition that two columns lie in a cone."""
    return (
        f"CONTAINS(POINT('ICRS', {ra}, {dec}), "
        f"CIRCLE('ICRS', {ra_deg:.8f}, {dec_deg:.8f}, {radius_deg:.8f})) = 1"
    )
