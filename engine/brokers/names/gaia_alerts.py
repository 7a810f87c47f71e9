"""Gaia Science Alerts: names and positions of all alerts stand in one file, with the TNS's names."""

import polars as pl

from engine.brokers.gaia_alerts import INDEX_URL, INFO
from engine.brokers.names.forms import alert_of, kept_aliases, transient_of, unknown
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import csv_table, refuse_pages, with_numbers
from engine.target import Target, checked_name

TITLE = INFO.title
_COLUMNS = ("Name", "RaDeg", "DecDeg", "Class", "TNSid")


def find(http: Http, name: str) -> Target:
    """Return the alert of this name, or of this name at the TNS.

    Raises
    ------
    Rejected
        ``unknown-name``: Gaia alerted on nothing of this name; ``schema-drift``.
    Transient
        The index of the alerts cannot be had now.
    """
    clean = checked_name(name)
    rows = alerts(http)
    alert, transient = alert_of(clean) or "no alert", transient_of(clean) or "no transient"
    found = rows.filter(
        (pl.col("Name") == alert) | (pl.col("TNSid").str.replace(r"^[A-Z]+", "") == transient)
    )
    if found.is_empty():
        raise unknown(TITLE, clean)
    row = found.row(0, named=True)
    return Target(
        name=clean,
        ra_deg=row["RaDeg"],
        dec_deg=row["DecDeg"],
        description=f"{TITLE}: {row['Name']}, class {row['Class'] or 'unknown'}.",
        aliases=kept_aliases([row["Name"], row["TNSid"]], but=clean),
    )


def alerts(http: Http) -> pl.DataFrame:
    """Return all alerts that have a position: Name, RaDeg, DecDeg, Class, TNSid (empty where it has none)."""
    body = refuse_pages(http.get(INDEX_URL, timeout_s=120.0), title=TITLE)
    table = csv_table(body, title=TITLE, required=_COLUMNS).select(_COLUMNS)
    return with_numbers(table, ("RaDeg", "DecDeg"), title=TITLE).drop_nulls(("RaDeg", "DecDeg"))
