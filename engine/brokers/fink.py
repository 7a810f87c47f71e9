"""Fink: alerts of the Zwicky Transient Facility, with upper limits.

References
----------
Moeller et al. 2021, MNRAS 501, 3272.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.alerts import (
    DETECTION,
    HOW_ZTF,
    LIMIT,
    REPEATED,
    ZTF_BANDS,
    ZTF_THANKS,
    ZTF_YEAR,
    Kind,
    asteroid_flag,
    light_curve_of,
    nearest,
    ztf_measured,
    ztf_reference_ujy,
)
from engine.brokers.matching import place_in
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import fetched_json, json_of, json_table, records
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD

CONE_URL = "https://api.ztf.fink-portal.org/api/v1/conesearch"
OBJECTS_URL = "https://api.ztf.fink-portal.org/api/v1/objects"
THANKS = "This work uses the Fink broker (Moeller et al. 2021)."

INFO = BrokerInfo(
    key="fink",
    title="Fink (ZTF alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=ZTF_BANDS,
    citation="2021MNRAS.501.3272M",
    acknowledgement=f"{THANKS} {ZTF_THANKS}",
    homepage="https://fink-portal.org",
    release="live",
    method=(
        *HOW_ZTF,
        "Of Fink's rows the valid ones decide which kind of light curve a band has; those that Fink calls "
        "bad quality are flagged, and left out where they do not tell brighter from fainter.",
        "Alerts within 5 arcsec of a known asteroid are flagged as blended. The object nearest to the target "
        "within 1.5 arcsec is taken.",
    ),
    dec_range_deg=(-32.0, 90.0),
    coverage="north of declination -31",
    time_scale="UTC, start of exposure",
    evidence=Evidence.RECORDED,
    canary=Canary(name="ZTF19aaosfcb", ra_deg=284.65065, dec_deg=29.0912, least_rows=3),
)
_NUMBERS = ("jd", "fid", "magpsf", "sigmapsf", "diffmaglim", "distnr", "magnr", "ssdistnr", "exptime")
_COLUMNS = (
    *(f"i:{name}" for name in ("candid", "isdiffpos", *_NUMBERS)),
    "d:tag",
)
_RANKS = {"valid": DETECTION, "badquality": REPEATED, "upperlim": LIMIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fink:
    """The ZTF alerts of Fink."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return alerts and upper limits of the nearest object, empty bytes where there is none."""
        object_id = nearest_object(
            CONE_URL, ("i:objectId", "i:ra", "i:dec"), place_in(query, ZTF_YEAR), http, INFO
        )
        if object_id is None:
            return b""
        asked = {"objectId": object_id, "withupperlim": "True", "columns": ",".join(_COLUMNS)}
        body = http.post(OBJECTS_URL, json=asked | {"output-format": "json"}, timeout_s=120.0)
        fetched_json(body, title=INFO.title)
        return body

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return alerts and limits as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = records(json_of(body, title=INFO.title), title=INFO.title)
        measured = ztf_measured(_rows(rows), title=INFO.title)
        return light_curve_of(measured, query, INFO, prefer=self.prefer, facility="ZTF")


def nearest_object(
    url: str, names: tuple[str, str, str], there: tuple[float, float], http: Http, info: BrokerInfo
) -> str | None:
    """Return the id of the object of Fink nearest to a place, None where none is within the radius."""
    asked = {
        "ra": f"{there[0]:.7f}",
        "dec": f"{there[1]:.7f}",
        "radius": f"{info.radius_arcsec:g}",
        "columns": ",".join(names),
        "output-format": "json",
    }
    answer = fetched_json(http.post(url, json=asked, timeout_s=120.0), title=info.title)
    return nearest(answer, names, there, info)


def _rows(rows: list[dict[str, object]]) -> pl.DataFrame:
    plain = [{name.removeprefix("i:"): value for name, value in row.items()} for row in rows]
    table = json_table(
        plain,
        title=INFO.title,
        numbers=_NUMBERS,
        texts=("candid", "isdiffpos", "d:tag"),
        optional=("ssdistnr", "exptime"),
    )
    if not table.select(pl.col("d:tag").is_in(list(_RANKS)).fill_null(False).all()).item():
        raise drift(INFO.title, "a row that is neither valid, nor of bad quality, nor a limit")
    is_bad, is_limit = pl.col("d:tag") == "badquality", pl.col("d:tag") == "upperlim"
    is_left_out = is_limit | (is_bad & pl.col("isdiffpos").is_null())
    poor = pl.when(is_bad).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0)
    place_in_time = pl.format("{}/{}", pl.col("jd").round(7), pl.col("fid").cast(pl.Int64(), strict=False))
    return table.select(
        "fid",
        "sigmapsf",
        "isdiffpos",
        "diffmaglim",
        source_ref=pl.when(pl.col("d:tag") == "valid")
        .then("candid")
        .otherwise(pl.format("{}/{}", "d:tag", place_in_time)),
        start_mjd=pl.col("jd") - JD_MINUS_MJD,
        magpsf=pl.when(~is_left_out).then("magpsf"),
        reference_ujy=ztf_reference_ujy(),
        exptime_s="exptime",
        rank=pl.col("d:tag").replace_strict(_RANKS, return_dtype=pl.Int64()),
        flags=poor + asteroid_flag(),
    )
