"""transients.fyi: what ZTF, Rubin, TNS and CBAT reported lately, in one list without an account."""

from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from engine.brokers.protocol import Evidence, Http
from engine.brokers.streams.protocol import Rule, Span, StreamInfo, candidates
from engine.brokers.streams.reading import Row, number, require, rows_of, words
from engine.marking import marked

URL = "https://transients.fyi/api/objects"
_PAGE_ROWS = 100  # as many as it gives at once
_WINDOWS = ((1.0, "1d"), (7.0, "7d"), (30.0, "1M"), (90.0, "3M"), (180.0, "6M"))
_TIMEOUT_S = 60.0

INFO = StreamInfo(
    key="transients_fyi",
    title="transients.fyi",
    homepage="https://transients.fyi",
    evidence=Evidence.RECORDED,
    basis=marked(
        "The answer is recorded; the address is that of the present client, newer than the recording."
    ),
    classes=("SN Ia", "SN II", "SN candidate", "Nova", "CV"),
    class_is_asked=False,
    tells_probability=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransientsFyi:
    """Objects of several surveys, each under its name at TNS where it has one."""

    info = INFO

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the objects that were seen in the window that holds the time asked about."""
        asked_d = span.until_mjd - span.since_mjd
        window = next((name for length_d, name in _WINDOWS if asked_d <= length_d), "1Y")
        bounds = {
            "mag_max": rule.brighter_than_mag,
            "dec_min": rule.dec_min_deg,
            "dec_max": rule.dec_max_deg,
        }
        asked = {"window": window, "source": "all", "limit": str(_PAGE_ROWS), "offset": "0"}
        asked |= {name: f"{value:g}" for name, value in bounds.items() if value is not None}
        return http.get(URL, params=asked, timeout_s=_TIMEOUT_S)

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the objects, without those of the Solar System.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = rows_of(body, title=INFO.title, within="rows")
        require(rows, ("survey", "object_id", "ra", "dec", "first_mjd", "last_mjd"), title=INFO.title)
        return candidates(_row(row) for row in rows if not row.get("is_sso"))


def _row(row: Row) -> dict[str, object]:
    own = words(row, "object_id")
    return {
        "name": words(row, "tns_name") or words(row, "cbat_name") or own,
        "ra_deg": number(row, "ra"),
        "dec_deg": number(row, "dec"),
        "mjd": number(row, "last_mjd"),
        "first_mjd": number(row, "first_mjd"),
        "mag": number(row, "last_mag"),
        "band": words(row, "last_band"),
        "classification": words(row, "tns_type") or words(row, "class_label"),
        "probability": number(row, "class_score"),
        "link": f"{INFO.homepage}/objects/{quote(words(row, 'survey'), safe='')}/{quote(own, safe='')}",
    }
