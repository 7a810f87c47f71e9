"""ALeRCE's newest objects of ZTF, chosen by class, probability and time.

References
----------
Förster et al. 2021, AJ 161, 242.
"""

from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from engine.brokers.protocol import Evidence, Http
from engine.brokers.streams.protocol import MOST_ROWS, Rule, Span, StreamInfo, candidates
from engine.brokers.streams.reading import Row, number, require, rows_of, words
from engine.marking import marked

URL = "https://api.alerce.online/ztf/v1/objects"
_STAMP_CLASSES = frozenset({"SN", "AGN", "VS", "asteroid", "bogus"})  # the classifier of first images has
_TIMEOUT_S = 120.0

INFO = StreamInfo(
    key="alerce",
    title="ALeRCE",
    homepage="https://alerce.online",
    evidence=Evidence.RECORDED,
    basis=marked(
        "The columns of an object are recorded; the list and its columns class and probability are as "
        "documented."
    ),
    class_words="class, or classifier:class",
    classes=("SN", "AGN", "VS", "lc_classifier:SNIa", "lc_classifier:Microlensing"),
    needs_class=True,
    tells_mag=False,
    tells_probability=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerce:
    """Objects that ALeRCE put into a class."""

    info = INFO

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the objects of a class that are new and were seen since."""
        classifier, _, name = rule.classification.rpartition(":")
        asked = {
            "classifier": classifier or ("stamp_classifier" if name in _STAMP_CLASSES else "lc_classifier"),
            "class": name,
            "firstmjd": f"{span.first_seen_mjd:.5f}",
            "lastmjd": f"{span.since_mjd:.5f}",
            "order_by": "lastmjd",
            "order_mode": "DESC",
            "page_size": str(MOST_ROWS),
            "count": "false",
        }
        if rule.probability_min is not None:
            asked["probability"] = f"{rule.probability_min:g}"
        if rule.cone_radius_deg is not None:
            asked["ra"], asked["dec"] = f"{rule.cone_ra_deg:.6f}", f"{rule.cone_dec_deg:.6f}"
            asked["radius"] = f"{3600.0 * rule.cone_radius_deg:g}"
        return http.get(URL, params=asked, timeout_s=_TIMEOUT_S)

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the objects.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = rows_of(body, title=INFO.title, within="items")
        require(rows, ("oid", "meanra", "meandec", "firstmjd", "lastmjd"), title=INFO.title)
        return candidates(_row(row) for row in rows)


def _row(row: Row) -> dict[str, object]:
    return {
        "name": words(row, "oid"),
        "ra_deg": number(row, "meanra"),
        "dec_deg": number(row, "meandec"),
        "mjd": number(row, "lastmjd"),
        "first_mjd": number(row, "firstmjd"),
        "classification": words(row, "class"),
        "probability": number(row, "probability"),
        "link": f"{INFO.homepage}/object/{quote(words(row, 'oid'), safe='')}",
    }
