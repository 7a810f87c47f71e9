"""ALeRCE: alerts of the Zwicky Transient Facility, with non-detections and forced photometry.

References
----------
Foerster et al. 2021, AJ 161, 242.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.alerts import (
    DETECTION,
    FORCED,
    HOW_ZTF,
    LIMIT,
    REPEATED,
    ZTF_BANDS,
    ZTF_THANKS,
    ZTF_YEAR,
    Kind,
    flux_ujy,
    light_curve_of,
    nearest,
    ztf_measured,
)
from engine.brokers.asking.found import whole_answer
from engine.brokers.matching import place_in
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import (
    fetched_json,
    is_true,
    json_of,
    json_table,
    part,
    records,
)
from engine.lightcurve import Flag, empty

OBJECTS_URL = "https://api.alerce.online/ztf/v1/objects"
FORCED_URL = "https://api.alerce.online/v2/lightcurve/forced-photometry"

INFO = BrokerInfo(
    key="alerce",
    title="ALeRCE (ZTF alerts)",
    radius_arcsec=1.5,
    refresh_d=1.0,
    bands=ZTF_BANDS,
    citation="2021AJ....161..242F",
    acknowledgement=f"This work uses the ALeRCE broker (Foerster et al. 2021). {ZTF_THANKS}",
    homepage="https://alerce.science",
    release="live",
    method=(
        *HOW_ZTF,
        "ALeRCE's corrected magnitude (magpsf_corr) gives the total flux of an alert marked as corrected. "
        "Its error sigmapsf_corr is 100 in a sixth of the rows; all errors are those of sigmapsf_corr_ext.",
        "Forced photometry carries the reference magnitude of one alert in the rows of all bands, so that "
        "its corrected magnitudes are wrong in the others: its differences are added to the median reference "
        "flux that the band's own alerts imply.",
        "Of one exposure one row is kept: the alert with a stamp before copies of it from later alerts, then "
        "the nearest to the reference source, then forced photometry, then a non-detection.",
        "Alerts that ALeRCE calls dubious are flagged. The object nearest to the target within 1.5 arcsec is "
        "taken.",
    ),
    dec_range_deg=(-32.0, 90.0),
    coverage="north of declination -31",
    time_scale="UTC, start of exposure",
    evidence=Evidence.RECORDED,
    canary=Canary(name="ZTF18abbuive", ra_deg=318.5279, dec_deg=13.0154, least_rows=500),
    differs=(
        "BHTOM takes the start of the exposure for its time; tomlake takes the middle.",
        "BHTOM reads corrected magnitudes only, so that it loses transients that the reference lacks; "
        "tomlake shows their difference, and says so.",
        "BHTOM drops errors above 2 mag, among them the 100 of a sixth of the rows; tomlake gives those rows "
        "their error.",
        "BHTOM leaves non-detections and forced photometry out; tomlake keeps them where they say something.",
    ),
)
_SIGN = "isdiffpos"
_FORCED_NAMES = {"pid": "source_ref", "mjd": "start_mjd", "mag": "magpsf", "e_mag": "sigmapsf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerce:
    """The ZTF alerts of ALeRCE."""

    prefer: Kind = Kind.TOTAL

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the light curve and the forced photometry of the nearest object, as a bundle."""
        there = place_in(query, ZTF_YEAR)
        object_id = nearest_object(OBJECTS_URL, {"page_size": "100"}, there, http, INFO)
        if object_id is None:
            return b""
        light = http.get(f"{OBJECTS_URL}/{object_id}/lightcurve")
        fetched_json(light, title=INFO.title)
        forced = whole_answer(http, f"{FORCED_URL}/{object_id}", title=INFO.title)
        return bundled({"forced.json": forced or b"[]", "lightcurve.json": light})

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return alerts, forced photometry and limits as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        parts = parts_of(body, title=INFO.title)
        if not parts:
            return empty()
        missing = {"forced.json", "lightcurve.json"} - set(parts)
        if missing:
            raise drift(INFO.title, f"no {', '.join(sorted(missing))}")
        light = json_of(parts["lightcurve.json"], title=INFO.title)
        forced = json_of(parts["forced.json"], title=INFO.title)
        alerts = _alerts(part(light, "detections", title=INFO.title))
        rows = [
            alerts,
            _with_reference(_forced(forced), alerts),
            _limits(part(light, "non_detections", title=INFO.title)),
        ]
        measured = ztf_measured(pl.concat(rows, how="diagonal_relaxed"), title=INFO.title)
        return light_curve_of(measured, query, INFO, prefer=self.prefer, facility="ZTF")


def nearest_object(
    url: str, words: dict[str, str], there: tuple[float, float], http: Http, info: BrokerInfo
) -> str | None:
    """Return the id of the object of ALeRCE nearest to a place, None where none is within the radius."""
    cone = {"ra": f"{there[0]:.7f}", "dec": f"{there[1]:.7f}", "radius": f"{info.radius_arcsec:g}"}
    answer = whole_answer(http, url, words | cone, title=info.title)
    if answer is None:
        return None
    items = part(json_of(answer, title=info.title), "items", title=info.title)
    return nearest(items, ("oid", "meanra", "meandec"), there, info)


def _alerts(answer: object) -> pl.DataFrame:
    table = json_table(
        records(answer, title=INFO.title),
        title=INFO.title,
        numbers=("mjd", "fid", "distnr", "magpsf", "sigmapsf", "magpsf_corr"),
        texts=("candid", _SIGN, "corrected", "dubious", "has_stamp"),
        optional=("dubious", "distnr"),
    )
    size, total = flux_ujy("magpsf"), flux_ujy("magpsf_corr")
    signed = pl.when(pl.col(_SIGN).is_in(["1", "1.0"])).then(size).otherwise(-size)
    return table.sort("distnr", nulls_last=True, maintain_order=True).select(
        "fid",
        "magpsf",
        "sigmapsf",
        _SIGN,
        source_ref="candid",
        start_mjd="mjd",
        reference_ujy=pl.when(is_true("corrected")).then(total - signed),
        rank=pl.when(is_true("has_stamp")).then(DETECTION).otherwise(REPEATED),
        flags=pl.when(is_true("dubious")).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0),
    )


def _forced(answer: object) -> pl.DataFrame:
    rows = answer if isinstance(answer, list) else part(answer, "forced_photometry", title=INFO.title)
    table = json_table(
        records(rows, title=INFO.title),
        title=INFO.title,
        numbers=("mjd", "fid", "mag", "e_mag"),
        texts=("pid", _SIGN, "dubious"),
        optional=("dubious",),
    )
    return table.rename(_FORCED_NAMES).select(
        "start_mjd",
        "fid",
        "magpsf",
        "sigmapsf",
        _SIGN,
        source_ref=pl.format("forced/{}", "source_ref"),
        rank=pl.lit(FORCED),
        flags=pl.when(is_true("dubious")).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0),
    )


def _with_reference(forced: pl.DataFrame, alerts: pl.DataFrame) -> pl.DataFrame:
    """Return forced rows with the reference flux of their band, which only the band's alerts tell."""
    known = pl.col("reference_ujy").is_not_null().mean() > 0.5
    reference = alerts.group_by("fid").agg(pl.when(known).then(pl.col("reference_ujy").median()))
    return forced.join(reference, on="fid", how="left", maintain_order="left")


def _limits(answer: object) -> pl.DataFrame:
    table = json_table(
        records(answer, title=INFO.title), title=INFO.title, numbers=("mjd", "fid", "diffmaglim")
    )
    return table.select(
        "fid",
        "diffmaglim",
        start_mjd="mjd",
        source_ref=pl.format("limit/{}/{}", pl.col("mjd").round(6), pl.col("fid").cast(pl.Int64())),
        rank=pl.lit(LIMIT),
        flags=pl.lit(0),
    )
