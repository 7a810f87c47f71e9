"""ANTARES: alerts of the Zwicky Transient Facility and of LSST at one place, with ZTF's upper limits.

References
----------
Matheson et al. 2021, AJ 161, 107.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from astropy.coordinates import SkyCoord

from engine.brokers.alerts import (
    DETECTION,
    HOW_ZTF,
    LIMIT,
    ZTF_BANDS,
    ZTF_THANKS,
    ZTF_YEAR,
    Kind,
    asteroid_flag,
    light_curve_of,
    nearest,
    refuse_if,
    ztf_measured,
    ztf_reference_ujy,
)
from engine.brokers.lsst_rows import FLAGS_TOLD, HOW_LSST, LSST_BANDS, lsst_rows
from engine.brokers.matching import place_in
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import fetched_json, json_of, json_table, part, records
from engine.errors import Rejected, Transient

SERVICE_URL = "https://api.antares.noirlab.edu"
PAGES_MAX = 50
LIMIT_SURVEY = 2  # as ANTARES numbers what its rows are; 1 is a detection of ZTF

INFO = BrokerInfo(
    key="antares",
    title="ANTARES (ZTF and LSST alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=(*ZTF_BANDS, *LSST_BANDS),
    citation="2021AJ....161..107M",
    acknowledgement=(
        "This work uses the ANTARES event broker (Matheson et al. 2021), a service of NSF NOIRLab, which is "
        f"operated by AURA under a cooperative agreement with the National Science Foundation. {ZTF_THANKS}"
    ),
    homepage="https://antares.noirlab.edu",
    release="live, API v2 (v1 where v2 does not answer)",
    method=(
        *HOW_ZTF,
        "ANTARES gives the magnitude of the difference (ant_mag). It becomes total only by the alert's own "
        "facts: its sign (ztf_isdiffpos) and the distance and magnitude of the nearest source in the "
        "reference (ztf_distnr, ztf_magnr).",
        "ANTARES writes R for ZTF's r. Alerts within 5 arcsec of a known asteroid are flagged as blended. "
        "The locus nearest to the target within 1.5 arcsec is taken.",
        "Of LSST the alerts' own measurements are taken, not rows of another kind.",
        *(f"Of LSST: {sentence[0].lower()}{sentence[1:]}" for sentence in (*HOW_LSST[:3], FLAGS_TOLD)),
    ),
    coverage="ZTF north of declination -31, LSST south of +35",
    time_scale="UTC, start of exposure (ZTF); TAI, mid-exposure (LSST)",
    evidence=Evidence.RECORDED,
    differs=(
        "BHTOM shows the magnitude of the difference as if it were the star's; tomlake shows the total where "
        "the alerts allow it, and says which it is.",
        "BHTOM takes the start of the exposure for its time; tomlake takes the middle.",
    ),
)
_FIDS = {"g": 1.0, "R": 2.0, "r": 2.0, "i": 3.0}
_LSST = "lsst_diaSource_"
_LOCUS = ("locus_id", "ra", "dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Antares:
    """The alerts of ANTARES."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the alerts of the nearest locus as a bundle of pages, by v2 or else by v1."""
        there = place_in(query, ZTF_YEAR)
        try:
            return _ask_v2(there, http)
        except (Transient, Rejected) as failure:
            try:
                return _ask_v1(there, http)
            except (Transient, Rejected):
                raise failure from None

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return alerts and limits as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        alerts = [_alert(one) for page in parts_of(body, title=INFO.title).values() for one in _data(page)]
        ztf = [alert for alert in alerts if not _is_lsst(alert)]
        sources = [alert for alert in alerts if f"{_LSST}psfFlux" in alert]
        limits = [alert for alert in ztf if alert.get("ant_survey") == LIMIT_SURVEY]
        detections = [alert for alert in ztf if alert.get("ant_survey") != LIMIT_SURVEY]
        ztf_rows = pl.concat([_detections(detections), _limits(limits)], how="diagonal")
        curves = {
            "ZTF": ztf_measured(ztf_rows, title=INFO.title),
            "Rubin": lsst_rows(
                sources, title=INFO.title, rank=DETECTION, prefix=_LSST, id_name="diaSourceId"
            ),
        }
        points = [
            light_curve_of(rows, query, INFO, prefer=self.prefer, facility=facility)
            for facility, rows in curves.items()
        ]
        return pl.concat(points).sort("mjd", "point_id")


def _ask_v2(there: tuple[float, float], http: Http) -> bytes:
    asked = {"limit": "100", "elasticsearch_query": json.dumps(_cone(there))}
    answer = fetched_json(http.get(f"{SERVICE_URL}/v2/loci", params=asked), title=INFO.title)
    loci = [part(one, "locus", title=INFO.title) for one in _list(answer)]
    locus_id = nearest(loci, _LOCUS, there, INFO)
    return _pages(f"{SERVICE_URL}/v2/loci/{locus_id}/alerts", http) if locus_id else b""


def _ask_v1(there: tuple[float, float], http: Http) -> bytes:
    asked = {"elasticsearch_query[locus_listing]": json.dumps(_cone(there))}
    answer = fetched_json(http.get(f"{SERVICE_URL}/v1/loci", params=asked), title=INFO.title)
    loci = []
    for one in _list(answer):
        facts = part(one, "attributes", title=INFO.title)
        here = {name: part(facts, name, title=INFO.title) for name in ("ra", "dec")}
        loci.append(here | {"locus_id": part(one, "id", title=INFO.title)})
    locus_id = nearest(loci, _LOCUS, there, INFO)
    return _pages(f"{SERVICE_URL}/v1/loci/{locus_id}/alerts", http) if locus_id else b""


def _cone(there: tuple[float, float]) -> dict[str, object]:
    distance = {
        "radius": f"{INFO.radius_arcsec / 3600.0:.8f} degree",
        "location": SkyCoord(*there, unit="deg").to_string("hmsdms", precision=5),
    }
    return {"query": {"bool": {"filter": {"sky_distance": distance}}}}


def _pages(url: str | None, http: Http) -> bytes:
    """Return all pages of an answer; each names the next one, without the s of https."""
    pages: dict[str, bytes] = {}
    while url and len(pages) < PAGES_MAX:
        body = http.get(url)
        answer = fetched_json(body, title=INFO.title)
        pages[f"alerts-{len(pages) + 1:02}.json"] = body
        links = answer.get("links") if isinstance(answer, dict) else None
        following = links.get("next") if isinstance(links, dict) else None
        url = following.replace("http://", "https://", 1) if isinstance(following, str) else None
        if url and not url.startswith(f"{SERVICE_URL}/"):
            raise drift(INFO.title, "a next page elsewhere")
    return bundled(pages)


def _list(answer: object) -> list[dict[str, object]]:
    return records(part(answer, "data", title=INFO.title), title=INFO.title)


def _data(page: bytes) -> list[dict[str, object]]:
    return _list(json_of(page, title=INFO.title))


def _alert(one: Mapping[str, object]) -> dict[str, object]:
    """Return the properties of an alert of v1 or v2, with its identifier."""
    properties = part(one.get("attributes", one), "properties", title=INFO.title)
    (facts,) = records([properties], title=INFO.title)
    return facts | {"id": part(one, "id", title=INFO.title)}


def _is_lsst(alert: Mapping[str, object]) -> bool:
    return any(name.startswith("lsst_") for name in alert)


def _detections(alerts: list[dict[str, object]]) -> pl.DataFrame:
    names = {"ztf_distnr": "distnr", "ztf_magnr": "magnr", "ztf_ssdistnr": "ssdistnr"}
    table = json_table(
        alerts,
        title=INFO.title,
        numbers=("ant_mjd", "ant_survey", "ant_mag", "ant_magerr", "ztf_exptime", *names),
        texts=("id", "ant_passband", "ztf_isdiffpos"),
        optional=("ztf_exptime", "ztf_ssdistnr"),
    ).rename(names)
    refuse_if(table, pl.col("ant_survey") != 1.0, title=INFO.title, what="an alert of an unknown kind")
    return table.select(
        source_ref="id",
        start_mjd="ant_mjd",
        fid=_fid(),
        magpsf="ant_mag",
        sigmapsf="ant_magerr",
        isdiffpos="ztf_isdiffpos",
        reference_ujy=ztf_reference_ujy(),
        exptime_s="ztf_exptime",
        rank=pl.lit(DETECTION),
        flags=asteroid_flag(),
    )


def _limits(alerts: list[dict[str, object]]) -> pl.DataFrame:
    table = json_table(
        alerts, title=INFO.title, numbers=("ant_mjd", "ant_maglim"), texts=("id", "ant_passband")
    )
    return table.select(
        source_ref="id",
        start_mjd="ant_mjd",
        fid=_fid(),
        diffmaglim="ant_maglim",
        rank=pl.lit(LIMIT),
        flags=pl.lit(0),
    )


def _fid() -> pl.Expr:
    return pl.col("ant_passband").replace_strict(_FIDS, default=None, return_dtype=pl.Float64())
