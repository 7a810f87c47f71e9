"""ASAS-SN Sky Patrol v2: light curves of a hundred million catalogued sources.

The service answers Parquet; the body that is kept is CSV, the form in which its own client saves a light
curve.

References
----------
Hart et al. 2023, arXiv:2304.03791; Shappee et al. 2014, ApJ 788, 48.
"""

import base64
import io
import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.asassn_flux import ACKNOWLEDGEMENT, METHOD, asassn_points
from engine.brokers.matching import nearest_name, place_at
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_list, json_of
from engine.errors import Transient
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD, julian_year

SERVICE = "http://asassn-lb01.ifa.hawaii.edu:9006"
CUTS_VERSION = "asassn-v2-1"
_CATALOGUE = "master_list"
_CATALOGUE_MJD = 57205.9  # 2015.5, of Gaia DR2, from which most positions come

INFO = BrokerInfo(
    key="asassn",
    title="ASAS-SN Sky Patrol v2",
    radius_arcsec=7.0,
    refresh_d=1.0,
    bands=("ASASSN(V)", "ASASSN(g)"),
    citation="2023arXiv230403791H",
    acknowledgement=ACKNOWLEDGEMENT,
    homepage="http://asas-sn.ifa.hawaii.edu/skypatrol/",
    release="Sky Patrol v2",
    coverage="whole sky, catalogued sources only",
    time_scale="JD, UTC",
    latency_s=60.0,
    evidence=Evidence.RECORDED,
    canary=Canary(name="OJ 287", ra_deg=133.70364, dec_deg=20.10851, least_rows=300),
    method=(
        "The nearest source of the archive's list within 7 arcsec is taken, the target moved to 2015.5.",
        *METHOD,
        "Images of another quality than G are flagged as poor. Where the archive gives no filter, cameras ba "
        "to bh are V and all others g.",
        "Times are the archive's JD (UTC, middle of the exposure) as they are. As it is not certain that "
        "they are not heliocentric, every point is flagged as uncertain in time.",
        "calib_version is asassn-v2-1.",
    ),
    differs=(
        "BHTOM takes a negative error as the sign of a limit, which the archive never sends; tomlake takes "
        "limits from the flux.",
        "BHTOM does not keep the flux; tomlake does.",
    ),
)
COLUMNS = ("jd", "flux", "flux_err", "mag", "mag_err", "limit", "asas_sn_id", "camera")
_NUMBERS = ("flux", "flux_err", "mag", "mag_err", "limit")
_INDEX_COLUMNS = ("asas_sn_id", "ra_deg", "dec_deg", "catalog_sources")
_V_CAMERAS = tuple(f"b{letter}" for letter in "abcdefgh")
_JD_RANGE = (2455000.0, 2500000.0)
_SERVER = re.compile(r"[a-z0-9-]+\.ifa\.hawaii\.edu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asassn:
    """The archive of Sky Patrol v2."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the light curve of the nearest source as CSV, empty bytes where none is near."""
        target = place_at(query, julian_year(_CATALOGUE_MJD))
        where = (f"{INFO.radius_arcsec / 3600.0:.7f}", f"{target.ra.deg:.7f}", f"{target.dec.deg:.7f}")
        asked = {"catalog": _CATALOGUE, "cols": list(_INDEX_COLUMNS), "format": "arrow", "download": True}
        url = f"{SERVICE}/lookup_cone/radius{where[0]}_ra{where[1]}_dec{where[2]}"
        found = _parquet(http.post(url, json=asked, timeout_s=120.0), required=_INDEX_COLUMNS[:3])
        star = nearest_name(
            found, target, ("asas_sn_id", "ra_deg", "dec_deg"), radius_arcsec=INFO.radius_arcsec
        )
        if star is None:
            return b""
        block = _parquet(_block(where, http), required=("asas_sn_id", "jd"))
        rows = block.with_columns(pl.col("asas_sn_id").cast(pl.String())).filter(pl.col("asas_sn_id") == star)
        return rows.write_csv().encode() if len(rows) else b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the rows of one source as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``, also where a file holds several sources.
        """
        if not body.strip():
            return empty()
        rows = exposures(body).select(
            "source_ref",
            "mag",
            "mag_err",
            "limit",
            "camera",
            "filter",
            mjd=pl.col("day") - JD_MINUS_MJD,
            flux_mjy="flux",
            flux_err_mjy="flux_err",
            flags=pl.when(pl.col("quality") == "G").then(0).otherwise(int(Flag.POOR_QUALITY_AT_SOURCE))
            | int(Flag.TIME_UNCERTAIN),
        )
        return asassn_points(rows, query, INFO, calib_version=CUTS_VERSION)


def exposures(body: bytes) -> pl.DataFrame:
    """Return every row of a light curve with ``filter``, ``quality`` and ``day``, old columns or new.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    if body.startswith(b"#"):  # the archive's client writes what it knows of the star above the header
        body = body.partition(b"\n")[2]
    table = csv_table(body, title=INFO.title, required=())
    if "cam" in table.columns and "camera" not in table.columns:
        table = table.rename({"cam": "camera"})
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise drift(INFO.title, f"no column {', '.join(missing)}")
    by_camera = pl.when(pl.col("camera").is_in(_V_CAMERAS)).then(pl.lit("V")).otherwise(pl.lit("g"))
    exposure = pl.format("{}/{}", "camera", "jd")
    image = pl.when(pl.col("image_id") != "").then("image_id").otherwise(exposure)
    table = table.with_columns(
        filter=pl.col("phot_filter") if "phot_filter" in table.columns else by_camera,
        quality=pl.col("quality") if "quality" in table.columns else pl.lit("G"),
        source_ref=image if "image_id" in table.columns else exposure,
        day=pl.col("jd"),
    )
    rows = with_numbers(table, (*_NUMBERS, "day"), title=INFO.title)
    if not rows["day"].is_between(*_JD_RANGE).fill_null(False).all():
        raise drift(INFO.title, "a row without a possible time")
    if rows["asas_sn_id"].n_unique() > 1 or not rows["filter"].is_in(("g", "V")).all():
        raise drift(INFO.title, "several sources, or a filter other than g and V")
    return rows


def _block(where: tuple[str, str, str], http: Http) -> bytes:
    """Return the light curves of the cone that was just asked, from the first server that has them."""
    radius, ra, dec = where
    asked = f"conectr-{radius}_conera-{ra}_conedec-{dec}|catalog-{_CATALOGUE}|cols-{'/'.join(_INDEX_COLUMNS)}"
    # the service knows the question by its base64 in lines, as its own client sends it
    code = base64.encodebytes(asked.encode()).decode().replace("\n", "%0A")
    failure = Transient("ASAS-SN names no server of light curves.", code="archive-down")
    for server in _servers(refuse_pages(http.get(f"{SERVICE}/get_block_servers"), title=INFO.title)):
        url = f"http://{server}:9006/get_block/query_hash-{code}-block_idx-0-catalog-{_CATALOGUE}"
        try:
            return http.get(url, timeout_s=120.0)
        except Transient as error:
            failure = error
    raise failure


def _servers(body: bytes) -> list[str]:
    told = [str(each) for each in json_list(json_of(body, title=INFO.title), title=INFO.title)]
    if not all(_SERVER.fullmatch(each) for each in told):
        raise drift(INFO.title, "a server that is not its own")
    return told


def _parquet(body: bytes, *, required: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = pl.read_parquet(io.BytesIO(refuse_pages(body, title=INFO.title)))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise drift(INFO.title, "an answer that is not Parquet") from error
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise drift(INFO.title, f"no column {', '.join(missing)}")
    return table
