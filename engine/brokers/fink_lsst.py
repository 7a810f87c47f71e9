"""Fink: alerts of the Vera C. Rubin Observatory's LSST, with forced photometry.

References
----------
Moeller et al. 2021, MNRAS 501, 3272.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.alerts import DETECTION, FORCED, Kind, light_curve_of
from engine.brokers.fink import THANKS, nearest_object
from engine.brokers.lsst_rows import (
    FLAG_COLUMNS,
    FLAGS_TOLD,
    HOW_LSST,
    LSST_BANDS,
    LSST_THANKS,
    LSST_YEAR,
    TOTALS,
    WITHDRAWN,
    lsst_rows,
)
from engine.brokers.matching import place_in
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import fetched_json, json_of, records
from engine.lightcurve import empty

SERVICE_URL = "https://api.lsst.fink-portal.org/api/v1"

INFO = BrokerInfo(
    key="fink_lsst",
    title="Fink (LSST alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=LSST_BANDS,
    citation="2021MNRAS.501.3272M",
    acknowledgement=f"{THANKS} {LSST_THANKS}",
    homepage="https://lsst.fink-portal.org",
    release="live",
    method=(
        *HOW_LSST,
        FLAGS_TOLD,
        "Forced photometry begins with the second detection. The object nearest to the target within 1.5 "
        "arcsec is taken.",
    ),
    dec_range_deg=(-90.0, 35.0),
    coverage="south of declination +35, as LSST has observed it since 2025",
    time_scale="TAI, mid-exposure",
    evidence=Evidence.RECORDED,
    differs=(
        "BHTOM keeps the times in TAI, 37 s late; tomlake gives UTC.",
        "BHTOM makes limits from flux times its signal to noise, which is no limit; tomlake takes 5 sigma of "
        "the error.",
        "BHTOM reads only the alerts' own measurements; tomlake adds the forced ones between them.",
    ),
)
_MEASURED = ("midpointMjdTai", "band", "psfFlux", "psfFluxErr", *TOTALS)
_PARTS = {  # part of the bundle, with its route and its identifier
    "fp.json": ("fp", "diaForcedSourceId"),
    "sources.json": ("sources", "diaSourceId"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FinkLsst:
    """The LSST alerts of Fink."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return alerts and forced photometry of the nearest object, as a bundle."""
        names = ("r:diaObjectId", "r:ra", "r:dec")
        object_id = nearest_object(f"{SERVICE_URL}/conesearch", names, place_in(query, LSST_YEAR), http, INFO)
        if object_id is None:
            return b""
        parts = {}
        for name, (route, identifier) in _PARTS.items():
            more = FLAG_COLUMNS if route == "sources" else ()
            columns = ",".join(f"r:{column}" for column in (identifier, *_MEASURED, WITHDRAWN, *more))
            asked = {"diaObjectId": object_id, "columns": columns, "output-format": "json"}
            parts[name] = http.post(f"{SERVICE_URL}/{route}", json=asked, timeout_s=120.0)
            fetched_json(parts[name], title=INFO.title)
        return bundled(parts)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return alerts and forced photometry as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        parts = parts_of(body, title=INFO.title)
        if not parts:
            return empty()
        if set(parts) != set(_PARTS):
            raise drift(INFO.title, f"not the answers {', '.join(_PARTS)}")
        rows = [_rows(parts[name], name) for name in _PARTS]
        return light_curve_of(pl.concat(rows), query, INFO, prefer=self.prefer, facility="Rubin")


def _rows(body: bytes, name: str) -> pl.DataFrame:
    route, identifier = _PARTS[name]
    rows = records(json_of(body, title=INFO.title), title=INFO.title)
    for row in rows:
        missing = [column for column in (identifier, *TOTALS) if f"r:{column}" not in row]
        if missing:
            raise drift(INFO.title, f"no column {', '.join(missing)}")
    rank = FORCED if route == "fp" else DETECTION
    return lsst_rows(rows, title=INFO.title, rank=rank, prefix="r:", id_name=identifier)
