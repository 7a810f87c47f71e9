"""Gaia Science Alerts by their index; the stream ended in January 2025, so a watch on it looks back.

References
----------
Hodgkin et al. 2021, A&A 652, A76.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import polars as pl

from engine.brokers.gaia_alerts import INDEX_URL
from engine.brokers.protocol import Evidence, Http
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.brokers.streams.protocol import Rule, Span, StreamInfo, candidates
from engine.marking import marked
from engine.times import mjd_of

_COLUMNS = ("Name", "Date", "RaDeg", "DecDeg", "AlertMag", "Class")
_TIMEOUT_S = 120.0

INFO = StreamInfo(
    key="gaia_alerts",
    title="Gaia Science Alerts",
    homepage="https://gsaweb.ast.cam.ac.uk/alerts",
    evidence=Evidence.RECORDED,
    basis=marked(
        "The index is recorded. Gaia ended in January 2025: only a rule that looks far back finds any."
    ),
    least_every_h=24.0,  # the index has 3.6 MB
    classes=("unknown", "SN", "SN Ia", "CV", "QSO", "ULENS"),
    class_is_asked=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GaiaAlertsIndex:
    """The list of all alerts of Gaia."""

    info = INFO

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:  # noqa: ARG002 - it has one list for all
        """Return the whole index."""
        return refuse_pages(http.get(INDEX_URL, timeout_s=_TIMEOUT_S), title=INFO.title)

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return all alerts.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        table = csv_table(body, title=INFO.title, required=_COLUMNS)
        table = with_numbers(table, ("RaDeg", "DecDeg", "AlertMag"), title=INFO.title)
        return candidates(
            {
                "name": row["Name"],
                "ra_deg": row["RaDeg"],
                "dec_deg": row["DecDeg"],
                "mjd": (seen_mjd := mjd_of_date(row["Date"])),
                "first_mjd": seen_mjd,
                "mag": row["AlertMag"],
                "band": "GSA(G)",
                "classification": row["Class"],
                "link": f"{INFO.homepage}/alert/{quote(row['Name'], safe='')}/",
            }
            for row in table.iter_rows(named=True)
        )


def mjd_of_date(text: str) -> float:
    """Return a date of the index, such as 2024-02-01 09:34:15, as MJD (UTC).

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    try:
        return mjd_of(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        raise drift(INFO.title, f"the date {text[:40]!r}") from error
