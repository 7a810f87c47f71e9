"""DASCH DR7: a century of Harvard's photographic plates, 1880 to 1990, scanned and calibrated in B.

References
----------
Grindlay et al. 2012, IAU Symp. 285, 29; https://dasch.cfa.harvard.edu/dr7/web-apis/
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import nearest_first, place_at, place_in
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_of
from engine.errors import Transient
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD, mjd_utc_of_heliocentric

API_URL = "https://api.starglass.cfa.harvard.edu/public/dasch/dr7"
CUTS_VERSION = "dasch-cuts-1"

INFO = BrokerInfo(
    key="dasch",
    title="DASCH DR7",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("DASCH(B)",),
    citation="2012IAUS..285...29G",
    acknowledgement=(
        "This work has made use of data provided by Digital Access to a Sky Century @ Harvard (DASCH), which "
        "has been partially supported by NSF grants AST-0407380, AST-0909073, and AST-1313370. Work on DASCH "
        "Data Release 7 received support from the Smithsonian American Women's History Initiative Pool."
    ),
    homepage="https://dasch.cfa.harvard.edu/dr7/",
    release="DR7",
    time_scale="HJD (UTC)",
    latency_s=60.0,
    canary=Canary(name="SS Cyg", ra_deg=325.67834, dec_deg=43.58607, least_rows=50),
    method=(
        "The object is the nearest one of the catalogue behind DASCH (APASS DR8, Johnson B) within the "
        "radius of the target moved to 2000.",
        "Detections are left out where AFLAGS says high background (bit 7), large isophotal or local RMS "
        "(12, 13), close to the limiting magnitude (14), unknown astrometric scatter (16) or an uncertain "
        "date (10), and where the scatter of the local calibration is unknown. calib_version names the cuts: "
        "dasch-cuts-1.",
        "The magnitude is magcal_magdep, its error magcal_local_rms. Plates that cover the target without "
        "showing it give the archive's own limit, limiting_mag_local.",
        "Blends (AFLAGS 11, 21 to 23, 27, 28), the plate's edge (15), saturation (AFLAGS 30, BFLAGS 3, "
        "11, 21) and other warnings (AFLAGS 8, 9, 24 to 26, 29, 31) are flagged.",
        "Times are the heliocentric middle of the exposure, taken back to the observer; a point is "
        "flagged as uncertain in time unless the archive knows its time to a minute. Before 1960 UTC "
        "stands for universal time.",
    ),
    differs=(
        "Heliocentric times are taken back to the observer, up to eight minutes, where BHTOM writes them as "
        "UTC.",
    ),
)

_CUT_BITS = sum(1 << (bit - 1) for bit in (7, 10, 12, 13, 14, 16))  # counted from 1, as the archive does
_FLAGS: tuple[tuple[str, tuple[int, ...], Flag], ...] = (
    ("aflags", (11, 21, 22, 23, 27, 28), Flag.BLENDED),
    ("aflags", (15,), Flag.NEAR_EDGE),
    ("aflags", (30,), Flag.SATURATED),
    ("bflags", (3, 11, 21), Flag.SATURATED),
    ("aflags", (8, 9, 24, 25, 26, 29, 31), Flag.POOR_QUALITY_AT_SOURCE),
)
_REFCAT = "apass"
_EPOCH_YEAR = 2000.0
_JD_RANGE = (2404000.0, 2450000.0)  # 1869 to 1995
_MAG_RANGE = (-2.0, 25.0)
_NO_RMS = 99.0
_MINUTE_D = 1.0 / 1440.0
_SOURCE_COLUMNS = ("ref_number", "gsc_bin_index", "ra_deg", "dec_deg")
_IDENTITY = ("series", "plate_number", "mosaic_number", "solution_number", "exposure_number")
_NUMBERS = (
    "date_jd", "magcal_magdep", "magcal_local_rms", "limiting_mag_local", "aflags", "bflags",
    "sextractor_number", "gsc_bin_index", "time_accuracy_days",
)  # fmt: skip
COLUMNS = (*_IDENTITY, *_NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dasch:
    """Starglass, Harvard's service for its plates."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return one row for each plate of the nearest object, as JSON; empty bytes where there is none."""
        ra_deg, dec_deg = place_in(query, _EPOCH_YEAR)
        cone = {
            "refcat": _REFCAT,
            "ra_deg": round(ra_deg, 7),
            "dec_deg": round(dec_deg, 7),
            "radius_arcsec": INFO.radius_arcsec,
        }
        answer = http.post(f"{API_URL}/querycat", json=cone, timeout_s=120.0)
        sources = table_of(_data(answer), required=_SOURCE_COLUMNS).rename({"ra_deg": "ra", "dec_deg": "dec"})
        sources = with_numbers(sources, ("ra", "dec"), title=INFO.title)
        near = nearest_first(sources, place_at(query, _EPOCH_YEAR), radius_arcsec=INFO.radius_arcsec)
        if near.is_empty():
            return b""
        names = [near[name][0].strip() for name in ("gsc_bin_index", "ref_number")]
        if not all(name.isdigit() for name in names):
            raise drift(INFO.title, "an object without a number")
        words = {"refcat": _REFCAT, "gsc_bin_index": int(names[0]), "ref_number": int(names[1])}
        return _data(http.post(f"{API_URL}/lightcurve", json=words, timeout_s=300.0))

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the plates as a light curve of detections and limits.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = plates(body)
        kept = pl.concat([_detections(rows), _limits(rows)])
        if kept.is_empty():
            return empty()
        mjd = mjd_utc_of_heliocentric(
            kept["date_jd"].to_numpy() - JD_MINUS_MJD, ra_deg=query.ra_deg, dec_deg=query.dec_deg
        )
        is_exact = (pl.col("time_accuracy_days") <= _MINUTE_D).fill_null(value=False)
        points = kept.select(
            pl.Series("mjd", mjd),
            "mag",
            "mag_err",
            "limit_mag",
            source_ref=pl.format("{}{}/{}/{}/{}", *_IDENTITY),
            band=pl.lit("DASCH(B)"),
            camera="series",
            flags=pl.col("flags") | pl.when(is_exact).then(0).otherwise(int(Flag.TIME_UNCERTAIN)),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="DASCH")


def table_of(body: bytes, *, required: tuple[str, ...]) -> pl.DataFrame:
    """Return an answer, a JSON list of lines of CSV, as a table of text; no lines are an empty table."""
    lines = json_of(body, title=INFO.title)
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise drift(INFO.title, "no list of lines")
    if not lines:
        return pl.DataFrame(schema={name: pl.String() for name in required})
    return csv_table("".join(f"{line}\n" for line in lines).encode(), title=INFO.title, required=required)


def plates(body: bytes) -> pl.DataFrame:
    """Return every plate of an answer, checked; flags as integers, 0 where none are given."""
    rows = with_numbers(table_of(body, required=COLUMNS), _NUMBERS, title=INFO.title)
    counts = ("aflags", "bflags", "sextractor_number", "gsc_bin_index")
    rows = rows.with_columns(pl.col(*counts).fill_null(0.0).cast(pl.Int64))
    sound = pl.col("date_jd").is_between(*_JD_RANGE) & pl.all_horizontal(
        pl.col(name).str.contains(r"^[a-z0-9]+$|^-1$") for name in _IDENTITY
    )
    broken = rows.filter(~sound.fill_null(value=False))
    if len(broken):
        raise drift(INFO.title, f"an impossible plate {broken['series'][0]}{broken['plate_number'][0]}")
    return rows


def _detections(rows: pl.DataFrame) -> pl.DataFrame:
    flags = pl.lit(0)
    for name, bits, flag in _FLAGS:
        mask = sum(1 << (bit - 1) for bit in bits)
        flags = flags | pl.when(pl.col(name) & mask != 0).then(int(flag)).otherwise(0)
    rms = pl.col("magcal_local_rms")
    return rows.filter(
        _is_seen(), pl.col("aflags") & _CUT_BITS == 0, pl.col("magcal_magdep").is_between(*_MAG_RANGE),
        rms > 0.0, rms < _NO_RMS,
    ).with_columns(
        mag="magcal_magdep", mag_err="magcal_local_rms", limit_mag=pl.lit(None, pl.Float64()), flags=flags
    )  # fmt: skip


def _limits(rows: pl.DataFrame) -> pl.DataFrame:
    limit = pl.col("limiting_mag_local")
    nothing = pl.lit(None, pl.Float64())
    return rows.filter(~_is_seen(), limit.is_between(0.0, _MAG_RANGE[1], closed="right")).with_columns(
        mag=nothing, mag_err=nothing, limit_mag=limit, flags=pl.lit(0)
    )


def _is_seen() -> pl.Expr:
    """Return whether the plate shows the object: a plate that does not names neither image nor object."""
    return (pl.col("sextractor_number") != 0) | (pl.col("gsc_bin_index") != 0)


def _data(body: bytes) -> bytes:
    """Return an answer unless it tells of a failure, which the service does with an object or a page."""
    if refuse_pages(body, title=INFO.title).lstrip()[:1] == b"{":
        raise Transient(f"{INFO.title} could not answer; it is asked again later.", code="archive-down")
    return body
