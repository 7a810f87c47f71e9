"""Table Access Protocol: one synchronous question in ADQL, answered in CSV.

References
----------
Dowler et al. 2019, IVOA Recommendation TAP 1.1.
"""

from collections.abc import Sequence

from engine.brokers.matching import Cone
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


def rows_in_cone(table: str, columns: Sequence[str], cone: Cone, *, ra: str = "ra", dec: str = "dec") -> str:
    """Return the ADQL that asks for these columns of a table in a cone; no word is a person's."""
    radius_deg = cone.radius_arcsec / 3600.0
    where = adql_cone(ra, dec, ra_deg=cone.ra_deg, dec_deg=cone.dec_deg, radius_deg=radius_deg)
    return f"SELECT {', '.join(columns)} FROM {table} WHERE {where}"  # noqa: S608


def adql_cone(ra: str, dec: str, *, ra_deg: float, dec_deg: float, radius_deg: float) -> str:
    """Return the ADQL condition that two columns lie in a cone."""
    return (
        f"CONTAINS(POINT('ICRS', {ra}, {dec}), "
        f"CIRCLE('ICRS', {ra_deg:.8f}, {dec_deg:.8f}, {radius_deg:.8f})) = 1"
    )
