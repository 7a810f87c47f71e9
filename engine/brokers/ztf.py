"""ZTF: light curves of the public data releases in g, r and i, from March 2018 on.

References
----------
Masci et al. 2019, PASP 131, 018003.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.irsa import TAP_URL
from engine.brokers.asking.tap import TIMEOUT_S, ask_tap, rows_in_cone
from engine.brokers.matching import cone_at, places_at, separations
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers, within
from engine.brokers.reading.bundle import bundled, parts_of
from engine.lightcurve import Flag, empty
from engine.times import SECONDS_PER_DAY

LIGHT_CURVES_URL = "https://irsa.ipac.caltech.edu/cgi-bin/ZTF/nph_light_curves"
TABLES_ADQL = "SELECT table_name FROM TAP_SCHEMA.tables WHERE table_name LIKE 'ztf_objects_dr%'"
CUTS_VERSION = "ztf-cuts-1"
CHI_MAX_RATIO = 4.0
SATURATED_MAG = 12.5
ACKNOWLEDGEMENT = (
    "Based on observations obtained with the Samuel Oschin Telescope 48-inch and the 60-inch Telescope at "
    "the Palomar Observatory as part of the Zwicky Transient Facility project. ZTF is supported by the "
    "National Science Foundation under Grants No. AST-1440341 and AST-2034437 and a collaboration "
    "including current partners Caltech, IPAC, the Oskar Klein Center at Stockholm University, the "
    "University of Maryland, University of California, Berkeley, the University of Wisconsin at "
    "Milwaukee, University of Warwick, Ruhr University, Cornell University, Northwestern University and "
    "Drexel University. Operations are conducted by COO, IPAC, and UW."
)

INFO = BrokerInfo(
    key="ztf",
    title="ZTF data releases",
    radius_arcsec=1.5,
    refresh_d=30.0,  # a release comes every two months
    bands=("ZTF(zg)", "ZTF(zr)", "ZTF(zi)"),
    citation="2019PASP..131a8003M",
    acknowledgement=ACKNOWLEDGEMENT,
    homepage="https://irsa.ipac.caltech.edu/Missions/ztf.html",
    release="the newest data release; every answer names its own",
    dec_range_deg=(-32.0, 90.0),
    coverage="sky north of -32 deg",
    latency_s=60.0,
    evidence=Evidence.RECORDED,
    canary=Canary(
        name="Gaia DR3 1476301553808173824", ra_deg=201.7846706, dec_deg=38.7450683, least_rows=100
    ),
    method=(
        "The newest release is looked up first and the light curves of just that release are asked for; both "
        "answers are kept with them.",
        "A star has one light curve for each field, CCD quadrant and band; of those within 1.5 arcsec of the "
        "moving target the nearest one of each is taken.",
        "They differ by 5 to 30 mmag between fields: camera names field/CCD/quadrant, so that they can be "
        "told apart and aligned.",
        "Epochs with bit 32768 of catflags (clouds, moonlight) are left out, and rows without a magnitude "
        "between 5 and 25 and a positive error. calib_version names the cuts: ztf-cuts-1.",
        "Epochs with another bit of catflags, or whose PSF fit has a chi of more than 4 times the median of "
        "their light curve, are flagged as poor; those brighter than 12.5 mag as saturated.",
        "Magnitudes (AB, calibrated to Pan-STARRS1) and errors are the archive's. The releases have "
        "detections only: limitmag is the depth of the exposure, no limit of the target.",
        "Times are MJD (UTC) at the beginning of the exposure; half the exposure time is added.",
    ),
    differs=(
        "BHTOM takes the beginning of the exposure as its time; tomlake takes the middle.",
        "BHTOM merges neighbours within its radius and all fields without a label; tomlake takes the nearest "
        "light curve of each field and quadrant and names them.",
        "BHTOM does not say which release it asks; tomlake does.",
    ),
)

_OBJECT_COLUMNS = ("oid", "ra", "dec", "filtercode", "field", "ccdid", "qid", "ngoodobs")
_NUMBERS = ("mjd", "mag", "magerr", "catflags", "ra", "dec", "chi", "exptime")
_CAMERA = ("field", "ccdid", "qid")
COLUMNS = ("oid", "filtercode", *_NUMBERS, *_CAMERA)
_BAD_CATFLAGS = 32768
_CATFLAGS = pl.col("catflags").cast(pl.Int64)
CUTS: dict[str, pl.Expr] = {"catflags": _CATFLAGS & _BAD_CATFLAGS == 0}
_MJD_RANGE = (58000.0, 65000.0)
_MAG_RANGE = (5.0, 25.0)
_MIDDLE_YEAR, _HALF_SPAN_YR = 2019.0, 1.0  # of the reference images, on which the objects rest
_RELEASE = re.compile(r"ztf_objects_dr(\d+)")
_TABLES, _OBJECTS, _CURVES = "tables.csv", "objects_dr{}.csv", "light_curves_dr{}.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ztf:
    """The archive of ZTF's data releases."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the newest release's tables, the objects round the target and their light curves."""
        tables = ask_tap(http, TAP_URL, TABLES_ADQL, title=INFO.title)
        release = newest_release(tables)
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        adql = rows_in_cone(f"ztf_objects_dr{release}", _OBJECT_COLUMNS, cone)
        objects = ask_tap(http, TAP_URL, adql, title=INFO.title)
        ids = csv_table(objects, title=INFO.title, required=_OBJECT_COLUMNS)["oid"].to_list()
        if not ids:
            return b""
        asked = {"ID": ids, "COLLECTION": f"ztf_dr{release}", "FORMAT": "csv"}
        curves = http.get(LIGHT_CURVES_URL, params=asked, timeout_s=TIMEOUT_S)
        refuse_pages(curves, title=INFO.title)
        parts = {_TABLES: tables, _OBJECTS.format(release): objects, _CURVES.format(release): curves}
        return bundled(parts)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the good epochs of the target as a light curve of three bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        parts = parts_of(body, title=INFO.title)
        if not parts:
            return empty()
        release = newest_release(_part(parts, _TABLES))
        objects = csv_table(
            _part(parts, _OBJECTS.format(release)), title=INFO.title, required=_OBJECT_COLUMNS
        )
        rows = epochs(_part(parts, _CURVES.format(release)))
        if not set(rows["oid"]) <= set(objects["oid"]):
            raise drift(INFO.title, "a light curve that was not asked for")
        points = _points(of_the_target(rows, query))
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="ZTF")


def newest_release(tables: bytes) -> int:
    """Return the number of the newest data release in an answer that lists the tables of objects.

    Raises
    ------
    Rejected
        ``schema-drift``: it lists none.
    """
    names = csv_table(tables, title=INFO.title, required=("table_name",))["table_name"]
    numbers = [int(found[1]) for found in map(_RELEASE.fullmatch, names) if found]
    if not numbers:
        raise drift(INFO.title, "no table of objects")
    return max(numbers)


def epochs(body: bytes) -> pl.DataFrame:
    """Return every epoch of a light-curve answer, with ``camera``; identifiers stay text.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    if body.strip().lower().startswith(b"no rows returned"):
        return pl.DataFrame(schema={name: pl.String() for name in COLUMNS} | {"camera": pl.String()})
    rows = with_numbers(csv_table(body, title=INFO.title, required=COLUMNS), _NUMBERS, title=INFO.title)
    if not set(rows["filtercode"]) <= {"zg", "zr", "zi"}:
        raise drift(INFO.title, "an unknown filter")
    within(rows, "mjd", *_MJD_RANGE, title=INFO.title)
    within(rows, "ra", 0.0, 360.0, title=INFO.title)
    within(rows, "dec", -90.0, 90.0, title=INFO.title)
    within(rows, "catflags", 0.0, 2.0**31, title=INFO.title)
    within(rows, "exptime", 1.0, 3600.0, title=INFO.title)
    cameras = {cells: _camera(cells) for cells in rows.select(_CAMERA).unique().rows()}
    return rows.with_columns(
        pl.Series("camera", [cameras[cells] for cells in rows.select(_CAMERA).rows()], dtype=pl.String)
    )


def of_the_target(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the epochs of the light curve nearest to the moving target in every camera and band."""
    if rows.is_empty():
        return rows
    places = places_at(query, rows["mjd"].to_numpy())
    rows = rows.with_columns(separations(rows, places)).with_columns(
        separation_arcsec=pl.col("separation_arcsec").median().over("oid")
    )
    near = rows.filter(pl.col("separation_arcsec") <= INFO.radius_arcsec)
    nearest = pl.col("oid").sort_by("separation_arcsec", "oid").first().over("camera", "filtercode")
    return near.filter(pl.col("oid") == nearest)


def _points(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return rows
    mag, mag_err = pl.col("mag"), pl.col("magerr")
    is_sound = mag.is_between(*_MAG_RANGE) & mag_err.is_finite() & (mag_err > 0)
    is_poor = (_CATFLAGS != 0) | (pl.col("chi") > CHI_MAX_RATIO * pl.col("median_chi")).fill_null(False)
    good = rows.filter(*CUTS.values()).filter(is_sound)
    return good.with_columns(median_chi=pl.col("chi").median().over("oid")).select(
        source_ref=pl.format("{}/{}/{}", pl.col("mjd").round(5), "filtercode", "camera"),
        mjd=pl.col("mjd") + pl.col("exptime") / (2.0 * SECONDS_PER_DAY),
        exptime_s="exptime",
        band=pl.format("ZTF({})", "filtercode"),
        mag=mag,
        mag_err=mag_err,
        camera="camera",
        flags=pl.when(is_poor).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0)
        + pl.when(mag < SATURATED_MAG).then(int(Flag.SATURATED)).otherwise(0),
    )


def _camera(cells: tuple[str, ...]) -> str:
    """Return field/CCD/quadrant; the archive writes some of them like ``0x2``."""
    try:
        return "/".join(str(int(cell, 0)) for cell in cells)
    except ValueError as error:
        raise drift(INFO.title, f"the camera {'/'.join(cells)!r}") from error


def _part(parts: Mapping[str, bytes], name: str) -> bytes:
    if name not in parts:
        raise drift(INFO.title, f"no part {name}")
    return parts[name]
