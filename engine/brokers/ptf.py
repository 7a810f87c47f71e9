"""PTF: light curves of the Palomar Transient Factory in g and Mould R, March 2009 to January 2015.

References
----------
Law et al. 2009, PASP 121, 1395.
"""

from dataclasses import dataclass

import polars as pl
from astropy.coordinates import SkyCoord

from engine.brokers.asking.irsa import irsa_rows
from engine.brokers.matching import SEPARATION, cone_at, nearest_first, places_at, separations
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.reading.answers import csv_table, drift, with_numbers, within
from engine.lightcurve import empty
from engine.times import SECONDS_PER_DAY

CUTS_VERSION = "ptf-cuts-1"
SAME_STAR_ARCSEC = 1.0

INFO = BrokerInfo(
    key="ptf",
    title="Palomar Transient Factory",
    radius_arcsec=3.0,
    refresh_d=None,
    bands=("PTF(g)", "PTF(R)"),
    citation="2009PASP..121.1395L",
    acknowledgement=(
        "This publication makes use of data of the Palomar Transient Factory, obtained with the Samuel "
        "Oschin Telescope at Palomar Observatory, from the NASA/IPAC Infrared Science Archive, which is "
        "funded by the National Aeronautics and Space Administration and operated by the California "
        "Institute of Technology."
    ),
    homepage="https://irsa.ipac.caltech.edu/Missions/ptf.html",
    release="DR3, final",
    dec_range_deg=(-35.0, 90.0),
    coverage="fields north of -35 deg, unevenly",
    latency_s=60.0,
    method=(
        "The object nearest to the target within 3 arcsec is taken, with the objects within 1 arcsec of it: "
        "the same star in overlapping fields.",
        "Rows are left out unless goodflag = 1 and fid is 1 (g) or 2 (R). calib_version names these cuts: "
        "ptf-cuts-1.",
        "Magnitudes are mag_autocorr, corrected relative to the other epochs, with magerr_auto, in PTF's own "
        "system near AB.",
        "The table has detections only; there are no limits.",
        "obsmjd is MJD (UTC) at the beginning of an exposure of 60 s, so that 30 s are added.",
    ),
    differs=(
        "BHTOM takes hmjd, the time at the Sun, as if it were UTC at the observer: up to 8 minutes wrong; "
        "tomlake takes obsmjd.",
        "BHTOM takes all objects within 3 arcsec as one star; tomlake takes the nearest one.",
    ),
)

COLUMNS = ("oid", "ra", "dec", "fid", "obsmjd", "mag_autocorr", "magerr_auto", "goodflag")
_NUMBERS = COLUMNS[1:]
CUTS: dict[str, pl.Expr] = {
    "goodflag": pl.col("goodflag") == 1,
    "fid": pl.col("fid").is_in([1.0, 2.0]),  # others are narrow bands
}
_BAND = pl.when(pl.col("fid") == 1).then(pl.lit("PTF(g)")).otherwise(pl.lit("PTF(R)"))
_MJD_RANGE = (54700.0, 58000.0)
_MAG_RANGE = (5.0, 26.0)
_MIDDLE_YEAR, _HALF_SPAN_YR = 2012.1, 3.0
_EXPTIME_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ptf:
    """The archive of PTF."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every epoch round the target as CSV, asked of IRSA by TAP."""
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        return irsa_rows(http, cone, table="ptf_lightcurves", columns=COLUMNS, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the good epochs of the target's object as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        mag, mag_err = pl.col("mag_autocorr"), pl.col("magerr_auto")
        is_sound = mag.is_between(*_MAG_RANGE) & mag_err.is_finite() & (mag_err > 0)
        rows = of_the_target(epochs(body), query).filter(*CUTS.values()).filter(is_sound)
        points = rows.select(
            source_ref=pl.format("{}/{}", pl.col("obsmjd").round(6), _BAND),
            mjd=pl.col("obsmjd") + _EXPTIME_S / (2.0 * SECONDS_PER_DAY),
            exptime_s=pl.lit(_EXPTIME_S),
            band=_BAND,
            mag=mag,
            mag_err=mag_err,
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="PTF")


def epochs(body: bytes) -> pl.DataFrame:
    """Return every row of an answer.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    table = csv_table(body, title=INFO.title, required=COLUMNS)
    rows = with_numbers(table, _NUMBERS, title=INFO.title)
    if rows["oid"].str.contains(r"\D|^$").any():
        raise drift(INFO.title, "an oid that is not a number")
    within(rows, "obsmjd", *_MJD_RANGE, title=INFO.title)
    within(rows, "ra", 0.0, 360.0, title=INFO.title)
    return within(rows, "dec", -90.0, 90.0, title=INFO.title)


def of_the_target(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the rows of the object nearest to the target, and of those that are the same star."""
    places = places_at(query, rows["obsmjd"].to_numpy())
    near = nearest_first(rows, places, radius_arcsec=INFO.radius_arcsec)
    if near.is_empty():
        return near
    nearest = SkyCoord(near["ra"][0], near["dec"][0], unit="deg")
    # an exposure that two objects share gives one point: the nearer object's
    return near.filter(separations(near, nearest) <= SAME_STAR_ARCSEC).sort(SEPARATION, "obsmjd")
