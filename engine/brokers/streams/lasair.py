"""Lasair's newest objects of Rubin's LSST, chosen by the conditions of a filter.

References
----------
Smith et al. 2019, RNAAS 3, 26.
"""

import math
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import polars as pl

from engine.brokers.asking.tap import adql_text
from engine.brokers.protocol import Evidence, Http
from engine.brokers.streams.protocol import MOST_ROWS, Rule, Span, StreamInfo, candidates
from engine.brokers.streams.reading import Row, mag_of_njy, number, require, rows_of, words
from engine.marking import marked
from engine.times import mjd_utc_of

URL = "https://api.lasair.lsst.ac.uk/api/query/"
_BANDS = "ugrizy"
_COLUMNS = ("diaObjectId", "ra", "decl", "firstDiaSourceMjdTai", "lastDiaSourceMjdTai", "latest_psfFlux")
_FLUXES = tuple(f"{band}_psfFlux" for band in _BANDS)
_CLASS = "sherlock_classifications.classification"
_TAI_MARGIN_D = 0.01  # its times are TAI; a little more is asked than needed
_TIMEOUT_S = 120.0

INFO = StreamInfo(
    key="lasair",
    title="Lasair LSST",
    homepage="https://lasair.lsst.ac.uk",
    evidence=Evidence.RECORDED,
    basis=marked(
        "The columns are those of a recorded object; the question and the form of its answer are as "
        "documented."
    ),
    accounts=("lasair_token",),
    class_words="Sherlock class",
    classes=("SN", "NT", "CV", "AGN", "VS", "ORPHAN"),
    takes_conditions=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasair:
    """Objects that fulfil the WHERE of a Lasair filter."""

    info = INFO

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the objects that fulfil the conditions and were seen since."""
        selected = ", ".join([*(f"objects.{name}" for name in (*_COLUMNS, *_FLUXES)), _CLASS])
        return http.post(
            URL,
            form={
                "selected": selected,
                "tables": "objects, sherlock_classifications",
                "conditions": _conditions(rule, span),
                "limit": str(MOST_ROWS),
                "offset": "0",
            },
            headers={"Authorization": f"Token {http.secret('lasair_token')}"},
            timeout_s=_TIMEOUT_S,
        )

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the objects.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = rows_of(body, title=INFO.title)
        require(rows, _COLUMNS, title=INFO.title)
        return candidates(_row(row) for row in rows)


def _conditions(rule: Rule, span: Span) -> str:
    asked = [
        f"objects.lastDiaSourceMjdTai > {span.since_mjd - _TAI_MARGIN_D:.5f}",
        f"objects.firstDiaSourceMjdTai > {span.first_seen_mjd - _TAI_MARGIN_D:.5f}",
    ]
    if rule.classification:
        asked.append(f"{_CLASS} = {adql_text(rule.classification)}")
    if rule.conditions:
        asked.append(f"({rule.conditions})")
    return " AND ".join(asked) + " ORDER BY objects.lastDiaSourceMjdTai DESC"


def _row(row: Row) -> dict[str, object]:
    number_of, flux_njy = words(row, "diaObjectId"), number(row, "latest_psfFlux")
    return {
        "name": f"LSST_{number_of}" if number_of else "",
        "ra_deg": number(row, "ra"),
        "dec_deg": number(row, "decl"),
        "mjd": _utc(number(row, "lastDiaSourceMjdTai")),
        "first_mjd": _utc(number(row, "firstDiaSourceMjdTai")),
        "mag": mag_of_njy(flux_njy),
        "band": _band(row, flux_njy),
        "classification": words(row, "classification"),
        "link": f"{INFO.homepage}/objects/{quote(number_of, safe='')}/",
    }


def _band(row: Row, flux_njy: float | None) -> str:
    """Return the band of the latest flux: the one whose own latest flux it is."""
    for band, name in zip(_BANDS, _FLUXES, strict=True):
        own = number(row, name)
        if own is not None and flux_njy is not None and math.isclose(own, flux_njy, rel_tol=1e-6):
            return f"LSST({band})"
    return ""


def _utc(tai_mjd: float | None) -> float | None:
    return None if tai_mjd is None else float(mjd_utc_of(np.array([tai_mjd]), scale="tai")[0])
