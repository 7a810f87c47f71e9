"""Fermi LAT Light Curve Repository: photon fluxes of variable gamma-ray sources, 0.1 to 100 GeV.

References
----------
Abdollahi et al. 2023, ApJS 265, 31.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.bands import UJY_PER_PHOTON_CM2_S
from engine.brokers.fermi_met import MET_RANGE_S, mjd_utc_of_met
from engine.brokers.matching import nearest_name, place_at
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift, with_numbers
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.json_answers import json_list, json_object, json_of, table_of_objects
from engine.errors import Transient
from engine.lightcurve import empty

SITE = "https://fermi.gsfc.nasa.gov/ssc/data/access/lat/LightCurveRepository/queryDB.php"
INDEX_URL = f"{SITE}?typeOfRequest=SourceList&catalog=4FGL"
CUTS_VERSION = "fermi-lcr-cuts-1"
INDEX_BOUND = 5.0
TS_MIN = "4"

INFO = BrokerInfo(
    key="fermi_lcr",
    title="Fermi LAT Light Curve Repository",
    radius_arcsec=60.0,
    refresh_d=3.0,
    bands=("LAT-LCR(3-day)", "LAT-LCR(weekly)", "LAT-LCR(monthly)"),
    citation="2023ApJS..265...31A",
    acknowledgement=(
        "This work used data from the Fermi LAT Light Curve Repository, provided by the Fermi Science "
        "Support Center at NASA's Goddard Space Flight Center."
    ),
    homepage="https://fermi.gsfc.nasa.gov/ssc/data/access/lat/LightCurveRepository/",
    index_urls=(INDEX_URL,),
    coverage="about 1,500 variable sources of the 4FGL catalogue",
    time_scale="TT",
    latency_s=30.0,
    evidence=Evidence.RECORDED,
    canary=Canary(
        name="Mkn 421", names=("4FGL J1104.4+3812",), ra_deg=166.113808, dec_deg=38.208833, least_rows=500
    ),
    method=(
        "The source is found by its 4FGL name among the target's names, by its association, or as the "
        "nearest one of the source list within 60 arcsec; a 4FGL source without a light curve gives none.",
        "Photon fluxes (photons/cm2/s, 0.1 to 100 GeV, free photon index) are kept in flux_ujy, times "
        "662.607015: divided by it they are the archive's numbers again. No magnitude is made of them.",
        "Bins below TS = 4 have a 95 % upper limit in the archive in place of a flux. A light curve holds "
        "limits as magnitudes only, which this band does not have: they are left out, not made into fluxes.",
        "Bins are left out whose fit failed: an error interval without width (cut named interval), a photon "
        "index at its bound of 5 (index), or a fit that did not converge (convergence). calib_version names "
        "the cuts: fermi-lcr-cuts-1.",
        "The archive's error interval may be lopsided; half its width is the error.",
        "Times are the middle of the bin, mission elapsed time in TT brought to UTC; exptime_s is the length "
        "of the bin: 3, 7 or 30 days.",
    ),
    differs=(
        "The archive gives the edges of the error interval, not errors: half their distance is taken.",
        "The 64.184 s that mission elapsed time is ahead of UTC at its zero, and the leap seconds since, are "
        "taken away.",
    ),
)

_CADENCES = (  # as it is asked for, its band, days of a bin
    ("daily", "LAT-LCR(3-day)", 3.0),
    ("weekly", "LAT-LCR(weekly)", 7.0),
    ("monthly", "LAT-LCR(monthly)", 30.0),
)
_NAME = re.compile(r"(?:4FGL[ _]*)?(J\d{4}\.\d[+-]\d{4}[ce]?)", re.IGNORECASE)
_LIST = ("Source_Name", "RAJ2000", "DEJ2000", "ASSOC1")
_SECONDS_PER_DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FermiLcr:
    """The repository of LAT light curves."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return a bundle of answers for three cadences, empty bytes where no source is the target."""
        name = source_name((query.name, *query.names))
        if name is None:
            name = listed_source(without_notice(http.get(INDEX_URL, timeout_s=120.0)), query)
        if name is None:
            return b""
        parts = {}
        for cadence, _, _ in _CADENCES:
            words = {
                "typeOfRequest": "lightCurveData", "source_name": name, "cadence": cadence,
                "flux_type": "photon", "index_type": "free", "ts_min": TS_MIN,
            }  # fmt: skip
            parts[f"{cadence}.json"] = without_notice(http.get(SITE, params=words, timeout_s=120.0))
        return bundled(parts)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the bins of all cadences that have a flux.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        parts = parts_of(body, title=INFO.title)
        missing = [cadence for cadence, _, _ in _CADENCES if parts and f"{cadence}.json" not in parts]
        if missing:
            raise drift(INFO.title, f"no answer for {', '.join(missing)}")
        curves = [
            bins(parts[f"{cadence}.json"]).select(
                source_ref=pl.format("{}/{}", pl.lit(cadence), pl.col("met_s").cast(pl.Int64)),
                mjd="mjd",
                exptime_s=pl.lit(days * _SECONDS_PER_DAY),
                band=pl.lit(band),
                flux_ujy=pl.col("flux") * UJY_PER_PHOTON_CM2_S,
                flux_err_ujy=(pl.col("high") - pl.col("low")) / 2.0 * UJY_PER_PHOTON_CM2_S,
            )
            for cadence, band, days in _CADENCES
            if parts
        ]
        if not curves:
            return empty()
        return archive_points(
            pl.concat(curves), query, INFO, calib_version=CUTS_VERSION, facility="Fermi LAT"
        )


# Bins must pass all of these; each is named in the documentation of the archive.
CUTS: dict[str, pl.Expr] = {
    "interval": pl.col("high") > pl.col("low"),
    "index": pl.col("index").fill_null(0.0) < INDEX_BOUND,
    "convergence": pl.col("convergence").fill_null(0.0) == 0.0,
}


def bins(body: bytes) -> pl.DataFrame:
    """Return the bins with a flux that pass the cuts: ``met_s``, ``mjd``, ``flux``, ``low``, ``high``.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    title = INFO.title
    answer = json_object(json_of(_from_brace(body), title=title, keeps_nan=True), title=title)
    table = _series(answer, "flux", ("flux",))
    for key, names in (
        ("flux_error", ("low", "high")), ("photon_index", ("index",)), ("fit_convergence", ("convergence",)),
    ):  # fmt: skip
        table = table.join(_series(answer, key, names), on="met_s", how="left", maintain_order="left")
    if not table["met_s"].is_between(*MET_RANGE_S).all():
        raise drift(title, "a time outside the mission")
    sound = pl.all_horizontal(pl.col("flux", "low", "high").is_finite()) & (pl.col("flux") > 0)
    kept = table.filter(sound.fill_null(False), *CUTS.values())
    return kept.with_columns(pl.Series("mjd", mjd_utc_of_met(kept["met_s"].to_numpy())))


def without_notice(body: bytes) -> bytes:
    """Return an answer without what stands before its JSON.

    Raises
    ------
    Transient
        ``answer-is-a-page``: there is no JSON in it.
    """
    starts = [place for place in (body.find(b"{"), body.find(b"[")) if place >= 0]
    if not starts or b"<!DOCTYPE" in body[:200].upper() or b"<HTML" in body[:200].upper():
        raise Transient(
            f"{INFO.title} sent a page instead of data; it is asked again later.", code="answer-is-a-page"
        )
    return body[min(starts) :]


def source_name(names: Sequence[str]) -> str | None:
    """Return the first name that is one of the 4FGL catalogue, as the archive spells it."""
    matches = (_NAME.fullmatch(name.strip()) for name in names)
    return next((f"4FGL {match[1].replace('j', 'J')}" for match in matches if match), None)


def listed_source(index: bytes, query: Query) -> str | None:
    """Return the source of the list that is associated with a name of the target, else the nearest one."""
    rows = table_of_objects(json_of(index, title=INFO.title), title=INFO.title, required=_LIST)
    ours = {_plain(name) for name in (query.name, *query.names)}
    named = rows.filter(pl.col("ASSOC1").map_elements(_plain, return_dtype=pl.String()).is_in(list(ours)))
    if len(named):
        return str(named["Source_Name"][0])
    places = with_numbers(rows, ("RAJ2000", "DEJ2000"), title=INFO.title).drop_nulls(("RAJ2000", "DEJ2000"))
    columns = ("Source_Name", "RAJ2000", "DEJ2000")
    return nearest_name(places, place_at(query, 2016.0), columns, radius_arcsec=INFO.radius_arcsec)


def _series(answer: Mapping[str, object], key: str, names: tuple[str, ...]) -> pl.DataFrame:
    """Return one list of ``[time, value, ...]`` as a table of numbers."""
    if key not in answer:
        raise drift(INFO.title, f"no {key}")
    rows = []
    for each in json_list(answer[key], title=INFO.title):
        row = json_list(each, title=INFO.title)
        if len(row) != len(names) + 1 or not all(_is_number(value) for value in row):
            raise drift(INFO.title, f"the {key} {row!r:.60}")
        rows.append([float(value) for value in row if isinstance(value, int | float)])
    numbers = np.array(rows, dtype=np.float64).reshape(-1, len(names) + 1)
    table = pl.DataFrame(numbers, schema=["met_s", *names], orient="row")
    return table.unique("met_s", keep="first", maintain_order=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_brace(body: bytes) -> bytes:
    return body[max(body.find(b"{"), 0) :]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9+]", "", name.casefold()) or "?"
