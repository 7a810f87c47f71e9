"""Fink's newest alerts: of ZTF by class, of Rubin's LSST by tag.

References
----------
Möller et al. 2021, MNRAS 501, 3272.
"""

from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import polars as pl

from engine.brokers.protocol import Evidence, Http
from engine.brokers.streams.protocol import MOST_ROWS, Rule, Span, StreamInfo, candidates
from engine.brokers.streams.reading import Row, mag_of_njy, number, require, rows_of, words
from engine.marking import marked
from engine.times import datetime_of, mjd_of_jd, mjd_utc_of

ZTF_URL = "https://api.ztf.fink-portal.org/api/v1/latests"
LSST_URL = "https://api.lsst.fink-portal.org/api/v1/tags"
_ZTF_COLUMNS = "i:objectId,i:ra,i:dec,i:jd,i:jdstarthist,i:magpsf,i:fid,i:isdiffpos,v:classification"
_LSST_COLUMNS = "r:diaObjectId,r:ra,r:dec,r:midpointMjdTai,r:psfFlux,r:band"
_ZTF_BANDS = {1: "ZTF(zg)", 2: "ZTF(zr)", 3: "ZTF(zi)"}
_NEGATIVE = frozenset({"f", "0", "false"})
_TIMEOUT_S = 120.0

ZTF = StreamInfo(
    key="fink_ztf",
    title="Fink ZTF",
    homepage="https://ztf.fink-portal.org",
    evidence=Evidence.RECORDED,
    basis=marked(
        "The columns are those of recorded answers for single objects; the list by class is as documented."
    ),
    classes=("Early SN Ia candidate", "SN candidate", "Kilonova candidate", "Microlensing candidate"),
    needs_class=True,
)
LSST = StreamInfo(
    key="fink_lsst",
    title="Fink LSST",
    homepage="https://lsst.fink-portal.org",
    evidence=Evidence.DOCUMENTED,
    basis=marked("The columns' names are recorded; the list by tag rests on documentation only."),
    class_words="tag",
    classes=("extragalactic_new_candidate", "extragalactic_lt20mag_candidate", "hostless_candidate",
             "most_likely_sn", "sn_near_galaxy_candidate", "in_tns"),
    needs_class=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FinkZtf:
    """ZTF alerts that Fink put into a class."""

    info = ZTF

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the newest alerts of a class."""
        asked = _asked(span) | {"class": rule.classification, "columns": _ZTF_COLUMNS}
        return http.post(ZTF_URL, json=asked, timeout_s=_TIMEOUT_S)

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the objects of the alerts.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = rows_of(body, title=ZTF.title)
        require(rows, ("i:objectId", "i:ra", "i:dec", "i:jd", "i:magpsf", "i:fid"), title=ZTF.title)
        return candidates(_ztf_row(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinkLsst:
    """LSST alerts that Fink gave a tag."""

    info = LSST

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the newest alerts of a tag."""
        asked = _asked(span) | {"tag": rule.classification, "columns": _LSST_COLUMNS}
        return http.post(LSST_URL, json=asked, timeout_s=_TIMEOUT_S)

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the objects of the alerts.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = rows_of(body, title=LSST.title)
        require(rows, _LSST_COLUMNS.split(","), title=LSST.title)
        return candidates(_lsst_row(row) for row in rows)


def _asked(span: Span) -> dict[str, str]:
    return {
        "n": str(MOST_ROWS),
        "startdate": f"{datetime_of(span.since_mjd):%Y-%m-%d %H:%M:%S}",
        "stopdate": f"{datetime_of(span.until_mjd):%Y-%m-%d %H:%M:%S}",
        "output-format": "json",
    }


def _ztf_row(row: Row) -> dict[str, object]:
    jd, first_jd, name = number(row, "i:jd"), number(row, "i:jdstarthist"), words(row, "i:objectId")
    is_fading = str(row.get("i:isdiffpos")).lower() in _NEGATIVE  # fainter than the reference: no magnitude
    return {
        "name": name,
        "ra_deg": number(row, "i:ra"),
        "dec_deg": number(row, "i:dec"),
        "mjd": None if jd is None else mjd_of_jd(jd),
        "first_mjd": None if first_jd is None else mjd_of_jd(first_jd),
        "mag": None if is_fading else number(row, "i:magpsf"),
        "band": _ZTF_BANDS.get(int(number(row, "i:fid") or 0), ""),
        "classification": words(row, "v:classification"),
        "link": f"{ZTF.homepage}/{quote(name, safe='')}",
    }


def _lsst_row(row: Row) -> dict[str, object]:
    tai_mjd, number_of = number(row, "r:midpointMjdTai"), words(row, "r:diaObjectId")
    return {
        "name": f"LSST_{number_of}" if number_of else "",
        "ra_deg": number(row, "r:ra"),
        "dec_deg": number(row, "r:dec"),
        "mjd": None if tai_mjd is None else float(mjd_utc_of(np.array([tai_mjd]), scale="tai")[0]),
        "mag": mag_of_njy(number(row, "r:psfFlux")),
        "band": f"LSST({band})" if (band := words(row, "r:band")) else "",
        "link": f"{LSST.homepage}/{quote(number_of, safe='')}",
    }
