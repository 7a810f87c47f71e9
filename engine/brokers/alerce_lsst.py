"""ALeRCE: alerts of the Vera C. Rubin Observatory's LSST, with forced photometry.

References
----------
Foerster et al. 2021, AJ 161, 242.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.alerce import nearest_object
from engine.brokers.alerts import DETECTION, FORCED, Kind, light_curve_of
from engine.brokers.asking.found import whole_answer
from engine.brokers.lsst_rows import (
    FLAGS_TOLD,
    HOW_LSST,
    LSST_BANDS,
    LSST_THANKS,
    LSST_YEAR,
    TOTALS,
    lsst_rows,
)
from engine.brokers.matching import place_in
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import fetched_json, json_of, records
from engine.lightcurve import empty

SERVICE_URL = "https://api-lsst.alerce.online"
OBJECTS_URL = f"{SERVICE_URL}/object_api/list_objects"
DETECTIONS_URL = f"{SERVICE_URL}/lightcurve_api/detections"
FORCED_URL = f"{SERVICE_URL}/lightcurve_api/forced-photometry"

INFO = BrokerInfo(
    key="alerce_lsst",
    title="ALeRCE (LSST alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=LSST_BANDS,
    citation="2021AJ....161..242F",
    acknowledgement=f"This work uses the ALeRCE broker (Foerster et al. 2021). {LSST_THANKS}",
    homepage="https://alerce.science",
    release="live",
    method=(
        *HOW_LSST,
        FLAGS_TOLD,
        "Bands are numbers whose letters every row tells. The object nearest to the target within 1.5 arcsec "
        "is taken.",
    ),
    dec_range_deg=(-90.0, 35.0),
    coverage="south of declination +35, as LSST has observed it since 2025",
    time_scale="TAI, mid-exposure",
    evidence=Evidence.RECORDED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlerceLsst:
    """The LSST alerts of ALeRCE."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the alerts and the forced photometry of the nearest object, as a bundle."""
        words = {"survey": "lsst", "page_size": "100"}
        object_id = nearest_object(OBJECTS_URL, words, place_in(query, LSST_YEAR), http, INFO)
        if object_id is None:
            return b""
        asked = {"survey_id": "lsst", "oid": object_id}
        alerts = http.get(DETECTIONS_URL, params=asked)
        fetched_json(alerts, title=INFO.title)
        forced = whole_answer(http, FORCED_URL, asked, title=INFO.title)
        return bundled({"detections.json": alerts, "forced.json": forced or b"[]"})

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
        missing = {"detections.json", "forced.json"} - set(parts)
        if missing:
            raise drift(INFO.title, f"no {', '.join(sorted(missing))}")
        rows = [
            lsst_rows(_lettered(parts[name]), title=INFO.title, rank=rank, id_name="measurement_id")
            for name, rank in (("detections.json", DETECTION), ("forced.json", FORCED))
        ]
        return light_curve_of(pl.concat(rows), query, INFO, prefer=self.prefer, facility="Rubin")


def _lettered(body: bytes) -> list[dict[str, object]]:
    """Return the records with the letters of their bands and the name that LSST gives the time."""
    rows = records(json_of(body, title=INFO.title), title=INFO.title)
    for row in rows:
        missing = [name for name in ("mjd", "band", "band_map", *TOTALS) if name not in row]
        letters = row.get("band_map")
        if missing or not isinstance(letters, dict):
            raise drift(INFO.title, f"no column {', '.join(missing) or 'band_map'}")
    return [row | {"midpointMjdTai": row["mjd"], "band": _letter(row)} for row in rows]


def _letter(row: dict[str, object]) -> object:
    letters = row["band_map"]
    return letters.get(str(row["band"])) if isinstance(letters, dict) else None
