"""Lasair: alerts of the Vera C. Rubin Observatory's LSST, with forced photometry.

References
----------
Williams et al. 2024, RASTI 3, 362.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.alerts import DETECTION, FORCED, Kind, light_curve_of
from engine.brokers.lasair import THANKS, ask, nearest_object
from engine.brokers.lsst_rows import FLAGS_TOLD, HOW_LSST, LSST_BANDS, LSST_THANKS, LSST_YEAR, lsst_rows
from engine.brokers.matching import place_in
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.json_answers import json_of, part, records
from engine.lightcurve import empty

SERVICE_URL = "https://api.lasair.lsst.ac.uk/api"

INFO = BrokerInfo(
    key="lasair_lsst",
    title="Lasair (LSST alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=LSST_BANDS,
    citation="2024RASTI...3..362W",
    acknowledgement=f"{THANKS} {LSST_THANKS}",
    homepage="https://lasair.lsst.ac.uk",
    release="live",
    method=(
        *HOW_LSST,
        FLAGS_TOLD,
        "Lasair's rows hold NaN where there is nothing; rows without an identifier are known by time and "
        "band. The object nearest to the target within 1.5 arcsec is taken.",
    ),
    dec_range_deg=(-90.0, 35.0),
    coverage="south of declination +35, as LSST has observed it since 2025",
    time_scale="TAI, mid-exposure",
    account="lasair_lsst_token",
    evidence=Evidence.RECORDED,
)
_LISTS = {  # of the answer, with rank and identifier
    "diaSourcesList": (DETECTION, "diaSourceId"),
    "diaForcedSourcesList": (FORCED, "diaForcedSourceId"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LasairLsst:
    """The LSST alerts of Lasair."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the nearest object with its alerts, empty bytes where there is none."""
        object_id = nearest_object(SERVICE_URL, place_in(query, LSST_YEAR), http, INFO)
        if object_id is None:
            return b""
        # the short form has no total fluxes
        form = {"objectId": object_id, "lite": "false", "lasair_added": "false"}
        return ask(f"{SERVICE_URL}/object/", form, http, INFO)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return alerts and forced photometry as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        answer = json_of(body, title=INFO.title)
        rows = [
            lsst_rows(
                records(part(answer, name, title=INFO.title), title=INFO.title),
                title=INFO.title,
                rank=rank,
                id_name=identifier,
            )
            for name, (rank, identifier) in _LISTS.items()
        ]
        return light_curve_of(pl.concat(rows), query, INFO, prefer=self.prefer, facility="Rubin")
