"""2MASS: one epoch in J, H and Ks of every star of the sky, June 1997 to February 2001.

References
----------
Skrutskie et al. 2006, AJ 131, 1163; Cutri et al. 2003, Explanatory Supplement to the 2MASS All Sky Data
Release, section II.2a.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.irsa import irsa_rows
from engine.brokers.matching import cone_at, nearest_first, places_at
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.reading.answers import csv_table, with_numbers, within
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD

CUTS_VERSION = "twomass-cuts-1"

INFO = BrokerInfo(
    key="twomass",
    title="2MASS Point Source Catalog",
    radius_arcsec=3.0,
    refresh_d=None,
    bands=("2MASS(J)", "2MASS(H)", "2MASS(K)"),
    citation="2006AJ....131.1163S",
    acknowledgement=(
        "This publication makes use of data products from the Two Micron All Sky Survey, which is a joint "
        "project of the University of Massachusetts and the Infrared Processing and Analysis "
        "Center/California Institute of Technology, funded by the National Aeronautics and Space "
        "Administration and the National Science Foundation."
    ),
    homepage="https://irsa.ipac.caltech.edu/Missions/2mass.html",
    release="All-Sky, March 2003, final",
    latency_s=30.0,
    method=(
        "The source nearest to the target is taken, within 3 arcsec of where the target was on the day.",
        "Magnitudes are the default ones (Vega) with the total errors, msigcom, which are those to compare "
        "with other catalogues.",
        "A band of ph_qual U or of rd_flg 0 or 6 is the archive's 95 % upper limit and becomes a limit; one "
        "of ph_qual X gives nothing. calib_version names these cuts: twomass-cuts-1.",
        "Bands of ph_qual E or F, and those with an artefact in cc_flg, are flagged as poor; F has no error. "
        "rd_flg 3 is flagged as saturated; bl_flg above 1 and cc_flg c as blended.",
        "The time is jdate (JD, UTC, when the source crossed the camera), good to 30 seconds.",
    ),
    differs=(
        "BHTOM writes 2000-01-01 as the time of every source; tomlake takes the time when it was seen.",
        "BHTOM takes every source of the cone; tomlake takes the nearest one, moved by its proper motion.",
        "BHTOM has upper limits as magnitudes; tomlake keeps them as limits.",
    ),
)

_BANDS = ("j", "h", "k")  # in the order of the digits of every flag
_NUMBERS = ("ra", "dec", "jdate", *(f"{band}_{name}" for band in _BANDS for name in ("m", "msigcom")))
_FLAGS = ("ph_qual", "rd_flg", "bl_flg", "cc_flg")
COLUMNS = ("designation", *_NUMBERS, *_FLAGS)
_JD_RANGE = (2450500.5, 2452000.5)
_MAG_RANGE = (-10.0, 25.0)
_MAG_ERR_MAX = 8.0  # larger "errors" are flags of ph_qual F
_MIDDLE_YEAR, _HALF_SPAN_YR = 1999.3, 1.9
_EXPTIME_S = 7.8  # six frames of 1.3 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Twomass:
    """The archive of 2MASS."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the sources round the target as CSV, asked of IRSA by TAP."""
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        return irsa_rows(http, cone, table="fp_psc", columns=COLUMNS, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the nearest source as at most three points, one for each band.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = sources(body)
        places = places_at(query, rows["mjd"].to_numpy())
        source = nearest_first(rows, places, radius_arcsec=INFO.radius_arcsec).head(1)
        points = pl.concat(_one_band(source, band) for band in _BANDS)
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="2MASS")


def sources(body: bytes) -> pl.DataFrame:
    """Return every source of an answer, with ``mjd``.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    table = csv_table(body, title=INFO.title, required=COLUMNS)
    rows = with_numbers(table, _NUMBERS, title=INFO.title)
    within(rows, "jdate", *_JD_RANGE, title=INFO.title)
    within(rows, "ra", 0.0, 360.0, title=INFO.title)
    within(rows, "dec", -90.0, 90.0, title=INFO.title)
    for name in _FLAGS:
        within(rows.select(pl.col(name).str.len_chars()), name, 3, 3, title=INFO.title)
    return rows.with_columns(mjd=pl.col("jdate") - JD_MINUS_MJD)


def _one_band(source: pl.DataFrame, band: str) -> pl.DataFrame:
    digit = _BANDS.index(band)
    quality, read, blend, artefact = (pl.col(name).str.slice(digit, 1) for name in _FLAGS)
    mag, given_err = pl.col(f"{band}_m"), pl.col(f"{band}_msigcom")
    is_limit = (quality == "U") | read.is_in(["0", "6"])
    mag_err = pl.when(~is_limit & (given_err > 0) & (given_err < _MAG_ERR_MAX)).then(given_err)
    is_poor = quality.is_in(["E", "F"]) | (artefact != "0")
    is_blended = (blend > "1") | (artefact == "c")
    flags = (
        pl.when(~is_limit & is_poor).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0)
        + pl.when(read == "3").then(int(Flag.SATURATED)).otherwise(0)
        + pl.when(~is_limit & is_blended).then(int(Flag.BLENDED)).otherwise(0)
    )
    return source.filter(mag.is_between(*_MAG_RANGE), quality != "X").select(
        source_ref=pl.format("{}/{}", "designation", pl.lit(band.upper())),
        mjd="mjd",
        exptime_s=pl.lit(_EXPTIME_S),
        band=pl.lit(f"2MASS({band.upper()})"),
        mag=pl.when(~is_limit).then(mag),
        mag_err=mag_err,
        limit_mag=pl.when(is_limit).then(mag),
        flags=flags,
    )
