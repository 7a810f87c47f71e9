"""ANTARES's newest loci that carry a tag.

References
----------
Matheson et al. 2021, AJ 161, 107.
"""

import json
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from engine.brokers.protocol import Evidence, Http
from engine.brokers.streams.protocol import MOST_ROWS, Rule, Span, StreamInfo, candidates
from engine.brokers.streams.reading import Row, inner, number, require, rows_of, words
from engine.marking import marked

URL = "https://api.antares.noirlab.edu/v1/loci"
_TIMEOUT_S = 120.0

INFO = StreamInfo(
    key="antares",
    title="ANTARES",
    homepage="https://antares.noirlab.edu",
    evidence=Evidence.RECORDED,
    basis=marked("The answer is recorded; the choice by tag and time is as documented."),
    class_words="tag",
    classes=("extragalactic", "nuclear_transient", "high_snr", "refitt_newsources_snrcut"),
    needs_class=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Antares:
    """Loci that one of ANTARES's filters tagged."""

    info = INFO

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the loci with a tag that are new and were seen since."""
        query = {
            "query": {
                "bool": {
                    "filter": [
                        {"term": {"tags": rule.classification}},
                        _from("newest_alert_observation_time", span.since_mjd),
                        _from("oldest_alert_observation_time", span.first_seen_mjd),
                    ]
                }
            }
        }
        asked = {
            "sort": "-properties.newest_alert_observation_time",
            "elasticsearch_query[locus_listing]": json.dumps(query),
            "page[limit]": str(MOST_ROWS),
        }
        return http.get(URL, params=asked, timeout_s=_TIMEOUT_S)

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the loci, without known bodies of the Solar System.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = rows_of(body, title=INFO.title, within="data")
        require(rows, ("id", "attributes"), title=INFO.title)
        require([inner(row, "attributes") for row in rows], ("ra", "dec", "properties"), title=INFO.title)
        return candidates(_row(row) for row in rows if not _moves(row))


def _from(name: str, mjd: float) -> dict[str, object]:
    return {"range": {f"properties.{name}": {"gte": round(mjd, 5)}}}


def _moves(row: Row) -> bool:
    properties = inner(row, "attributes", "properties")
    known = words(properties, "ztf_ssnamenr").lower()
    return known not in ("", "null", "none") or bool(inner(properties, "survey", "lsst").get("ss_object_id"))


def _row(row: Row) -> dict[str, object]:
    place, facts = inner(row, "attributes"), inner(row, "attributes", "properties")
    return {
        "name": words(facts, "ztf_object_id") or words(row, "id"),
        "ra_deg": number(place, "ra"),
        "dec_deg": number(place, "dec"),
        "mjd": number(facts, "newest_alert_observation_time"),
        "first_mjd": number(facts, "oldest_alert_observation_time"),
        "mag": number(facts, "newest_alert_magnitude"),
        "link": f"{INFO.homepage}/loci/{quote(words(row, 'id'), safe='')}",
    }
