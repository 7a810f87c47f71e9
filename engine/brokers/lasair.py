"""Lasair: alerts of the Zwicky Transient Facility, with non-detections and forced photometry.

References
----------
Smith et al. 2019, RNAAS 3, 26; Williams et al. 2024, RASTI 3, 362.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.alerts import (
    DETECTION,
    FORCED,
    HOW_ZTF,
    LIMIT,
    REFERENCE_ARCSEC,
    ZTF_BANDS,
    ZTF_THANKS,
    ZTF_YEAR,
    Kind,
    asteroid_flag,
    flux_ujy,
    light_curve_of,
    ztf_measured,
    ztf_reference_ujy,
)
from engine.brokers.matching import place_in
from engine.brokers.points import flux_of
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import fetched_json, json_of, json_table, part, records
from engine.errors import Transient
from engine.lightcurve import empty
from engine.target import separation_arcsec
from engine.times import JD_MINUS_MJD

SERVICE_URL = "https://lasair-ztf.lsst.ac.uk/api"
THANKS = (
    "Lasair is supported by the UKRI Science and Technology Facilities Council as part of the LSST:UK "
    "Science Centre and is a collaboration between the University of Edinburgh and Queen's University "
    "Belfast, funded by grants ST/X001334/1 and ST/X001253/1, respectively, plus earlier grants."
)

INFO = BrokerInfo(
    key="lasair",
    title="Lasair (ZTF alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=ZTF_BANDS,
    citation="2019RNAAS...3...26S",
    acknowledgement=f"{THANKS} {ZTF_THANKS}",
    homepage="https://lasair-ztf.lsst.ac.uk",
    release="live",
    method=(
        *HOW_ZTF,
        "Where alerts do not tell how far the source of the reference is, its place in the rows of forced "
        "photometry does: within 1.4 arcsec of the target the median reference magnitude of the band's "
        "alerts is its own. Forced photometry, which holds the flux of the difference (forcediffimflux, with "
        "the zero point magzpsci), is added to the same.",
        "Lasair writes the limit of a non-detection in the place of its magnitude; rows without candid are "
        "limits. Alerts within 5 arcsec of a known asteroid are flagged as blended. The object nearest to "
        "the target within 1.5 arcsec is taken.",
    ),
    dec_range_deg=(-32.0, 90.0),
    coverage="north of declination -31",
    time_scale="UTC, start of exposure",
    account="lasair_token",
    evidence=Evidence.DOCUMENTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasair:
    """The ZTF alerts of Lasair."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the nearest object with its alerts, empty bytes where there is none."""
        object_id = nearest_object(SERVICE_URL, place_in(query, ZTF_YEAR), http, INFO)
        return ask(f"{SERVICE_URL}/object/", {"objectId": object_id}, http, INFO) if object_id else b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return alerts, forced photometry and limits as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        answer = json_of(body, title=INFO.title)
        candidates = records(part(answer, "candidates", title=INFO.title), title=INFO.title)
        forced = _forced(answer.get("forcedphot") if isinstance(answer, dict) else None)
        alerts = _alerts([row for row in candidates if row.get("candid") is not None])
        reference = _reference(alerts, forced, query)
        rows = pl.concat(
            [alerts, forced, _limits([row for row in candidates if row.get("candid") is None])],
            how="diagonal_relaxed",
        ).join(reference, on="fid", how="left", maintain_order="left")
        is_untold = pl.any_horizontal(pl.col("ranr", "nearest_ujy").is_not_null())
        own = pl.coalesce("reference_ujy", pl.when(is_untold).then("band_reference_ujy"))
        measured = ztf_measured(rows.with_columns(reference_ujy=own), title=INFO.title)
        return light_curve_of(measured, query, INFO, prefer=self.prefer, facility="ZTF")


def nearest_object(service_url: str, there: tuple[float, float], http: Http, info: BrokerInfo) -> str | None:
    """Return the id of the object of Lasair nearest to a place, None where none is within the radius.

    Lasair for ZTF sends a list, or an error where it found nothing; Lasair for LSST a record with a list.
    """
    form = {"ra": f"{there[0]:.7f}", "dec": f"{there[1]:.7f}", "radius": f"{info.radius_arcsec:g}"}
    body = ask(f"{service_url}/cone/", form | {"requestType": "all"}, http, info)
    answer = json_of(body, title=info.title) if body else []
    if isinstance(answer, dict):
        answer = answer.get("objects") or [answer[name] for name in ("nearest",) if answer.get(name)]
    table = json_table(
        records(answer, title=info.title), title=info.title, numbers=("separation",), texts=("object",)
    )
    near = table.filter(pl.col("separation") <= info.radius_arcsec).sort("separation")
    return str(near["object"][0]) if len(near) else None


def ask(url: str, form: dict[str, str], http: Http, info: BrokerInfo) -> bytes:
    """Return a whole answer of Lasair, empty bytes where it says that it found no object.

    Raises
    ------
    Transient
        ``archive-down``: it tells of an error of its own, with status 200.
    """
    headers = {"Authorization": f"Token {http.secret(info.account)}"}
    body = http.post(url, form=form, headers=headers, timeout_s=120.0)
    answer = fetched_json(body, title=info.title)
    told = answer.get("error") if isinstance(answer, dict) else None
    if told is None:
        return body
    if str(told).startswith("No object found"):
        return b""
    raise Transient(f"{info.title} could not answer: {str(told)[:200]}", code="archive-down")


def _alerts(rows: list[dict[str, object]]) -> pl.DataFrame:
    table = json_table(
        rows,
        title=INFO.title,
        numbers=("jd", "fid", "magpsf", "sigmapsf", "magnr", "distnr", "ssdistnr"),
        texts=("candid", "isdiffpos"),
        optional=("distnr", "ssdistnr"),
    )
    return table.select(
        "fid",
        "magpsf",
        "sigmapsf",
        "isdiffpos",
        source_ref="candid",
        start_mjd=pl.col("jd") - JD_MINUS_MJD,
        reference_ujy=ztf_reference_ujy(),
        nearest_ujy=pl.when(pl.col("distnr").is_null()).then(flux_ujy("magnr")),
        rank=pl.lit(DETECTION),
        flags=asteroid_flag(),
    )


def _forced(rows: object) -> pl.DataFrame:
    table = json_table(
        records(rows or [], title=INFO.title),
        title=INFO.title,
        numbers=("jd", "fid", "forcediffimflux", "forcediffimfluxunc", "magzpsci", "ranr", "decnr"),
    )
    sound = pl.col("magzpsci").is_between(10.0, 40.0) & (pl.col("forcediffimfluxunc") > 0)
    ujy_per_unit = pl.when(sound).then(flux_of(pl.col("magzpsci")))
    return table.select(
        "fid",
        "ranr",
        "decnr",
        source_ref=_by_time("forced"),
        start_mjd=pl.col("jd") - JD_MINUS_MJD,
        difference_ujy=pl.col("forcediffimflux") * ujy_per_unit,
        difference_err_ujy=pl.col("forcediffimfluxunc") * ujy_per_unit,
        rank=pl.lit(FORCED),
        flags=pl.lit(0),
    )


def _limits(rows: list[dict[str, object]]) -> pl.DataFrame:
    table = json_table(rows, title=INFO.title, numbers=("jd", "fid", "diffmaglim"))
    return table.select(
        "fid",
        "diffmaglim",
        source_ref=_by_time("limit"),
        start_mjd=pl.col("jd") - JD_MINUS_MJD,
        rank=pl.lit(LIMIT),
        flags=pl.lit(0),
    )


def _by_time(kind: str) -> pl.Expr:
    return pl.format(f"{kind}/{{}}/{{}}", pl.col("jd").round(7), pl.col("fid").cast(pl.Int64(), strict=False))


def _reference(alerts: pl.DataFrame, forced: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the flux of the target in the reference of each band, null where it is not in it."""
    told = pl.coalesce("reference_ujy", "nearest_ujy").median()
    by_band = alerts.group_by("fid").agg(band_reference_ujy=told)
    where = forced.select(pl.col("ranr", "decnr").median()).row(0)
    if where[0] is None or where[1] is None:
        return by_band.with_columns(band_reference_ujy=pl.lit(None, pl.Float64()))
    if not (0.0 <= where[0] < 360.0 and -90.0 <= where[1] <= 90.0):
        raise drift(INFO.title, "an impossible place of the reference")
    away_arcsec = separation_arcsec(*place_in(query, ZTF_YEAR), where[0], where[1])
    is_target = away_arcsec <= REFERENCE_ARCSEC
    return by_band if is_target else by_band.with_columns(band_reference_ujy=pl.lit(None, pl.Float64()))
