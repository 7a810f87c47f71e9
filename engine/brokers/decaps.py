"""DECaPS DR1: every exposure of the southern Galactic plane by DECam in g, r, i, z, Y, 2016 and 2017.

DR2 published means only; the table of single exposures is DR1's.

References
----------
Schlafly et al. 2018, ApJS 234, 39.
"""

import math
from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import nearest_name, place_at, place_in
from engine.brokers.points import archive_points, brightness, flux_and_error
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, empty
from engine.times import mid_exposure

QUERY_URL = "https://datalab.noirlab.edu/query/query"
ANYBODY = "anonymous.0.0.anon_access"  # what the service calls everybody who has no account
CUTS_VERSION = "decaps-cuts-1"
QF_MIN = 0.85
FILTERS = "grizY"

INFO = BrokerInfo(
    key="decaps",
    title="DECaPS DR1 single exposures",
    radius_arcsec=1.0,
    refresh_d=None,
    bands=tuple(f"DECAPS({name})" for name in FILTERS),
    citation="2018ApJS..234...39S",
    acknowledgement=(
        "This research uses services or data provided by the Astro Data Lab, which is part of the Community "
        "Science and Data Center (CSDC) Program of NSF NOIRLab, and data of the DECam Plane Survey (Schlafly "
        "et al. 2018), obtained with the Dark Energy Camera (DECam), which was constructed by the Dark "
        "Energy Survey (DES) collaboration."
    ),
    homepage="https://datalab.noirlab.edu/data/decaps",
    release="DR1",
    coverage="the Galactic plane south of declination -20, within 4 degrees of it",
    dec_range_deg=(-75.0, -15.0),
    latency_s=30.0,
    method=(
        "All measurements within the radius of the target moved to 2016.8 are asked for; those of the object "
        "(obj_id) are taken whose mean position is nearest.",
        "Measurements are left out unless flags = 1 (a good pixel at the centre) and qf >= 0.85 (so much of "
        "the profile fell on good pixels), and where the exposure has no zero point. calib_version names the "
        "cuts: decaps-cuts-1.",
        "Magnitudes are AB within 0.03 mag, as the archive gives them; from 3 sigma on they are kept, else "
        "they become 5 sigma limits from their errors.",
        "The archive gives the beginning of the exposure (UTC); half of exptime is added where the answer "
        "has that column, else half of what the survey exposed: 96 s in g, 30 s in the other bands.",
    ),
    differs=(
        "Single exposures are taken, each at its own time, where BHTOM's old harvester has one mean.",
        "Times are the middle of the exposure, where BHTOM takes its beginning.",
    ),
)

_EPOCH_YEAR = 2016.8
_MJD_RANGE = (57000.0, 58500.0)
_GOOD_PIXEL = 1.0
_MAG_RANGE = (0.0, 30.0)
_EXPTIME_S = {"g": 96.0, "r": 30.0, "i": 30.0, "z": 30.0, "Y": 30.0}
_TEXTS = ("decapsid", "obj_id", "filterid", "chip_id")
_NUMBERS = ("ra", "dec", "mjd_obs", "mag", "mag_err", "flags", "qf")
COLUMNS = (*_TEXTS, *_NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decaps:
    """Astro Data Lab, asked for the measurements of DECaPS."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every measurement round the target as CSV."""
        ra_deg, dec_deg = place_in(query, _EPOCH_YEAR)
        sql = (
            "SELECT m.* FROM decaps_dr1.meas AS m WHERE "  # noqa: S608 - numbers only
            f"q3c_radial_query(m.ra, m.dec, {ra_deg:.8f}, {dec_deg:.8f}, {INFO.radius_arcsec / 3600.0:.8f})"
        )
        words = {"sql": sql, "ofmt": "csv", "out": "None", "async": "False", "profile": "default"}
        headers = {"X-DL-AuthToken": ANYBODY}
        body = http.get(QUERY_URL, params=words, headers=headers, timeout_s=240.0)
        return refuse_pages(body, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the measurements of the nearest object as a light curve of five bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = of_target(measurements(body), query).filter(
            pl.col("flags") == _GOOD_PIXEL,
            pl.col("qf") >= QF_MIN,
            pl.col("mag").is_between(*_MAG_RANGE),
            pl.col("mag_err").is_between(0.0, 10.0, closed="right"),
        )
        if rows.is_empty():
            return empty()
        zero_point_mag = AB_ZERO_POINT_UJY_MAG
        flux, flux_err = flux_and_error(pl.col("mag"), pl.col("mag_err"), zero_point_mag=zero_point_mag)
        mjd = mid_exposure(rows["mjd_obs"].to_numpy(), rows["exptime"].to_numpy())
        points = rows.with_columns(pl.Series("mjd", mjd)).select(
            "mjd",
            source_ref="decapsid",
            band=pl.format("DECAPS({})", "filterid"),
            exptime_s="exptime",
            camera=pl.format("ccd {}", "chip_id"),
            **brightness(flux, flux_err, zero_point_mag=zero_point_mag),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="DECaPS")


def measurements(body: bytes) -> pl.DataFrame:
    """Return every measurement of an answer, checked, with its ``exptime`` in seconds."""
    table = csv_table(body, title=INFO.title, required=COLUMNS)
    if "exptime" not in table.columns:
        table = table.with_columns(exptime=pl.lit(""))
    rows = with_numbers(table, (*_NUMBERS, "exptime"), title=INFO.title).with_columns(
        pl.col("filterid").str.strip_chars()
    )
    sound = (
        pl.col("mjd_obs").is_between(*_MJD_RANGE)
        & pl.col("ra").is_between(0.0, 360.0)
        & pl.col("dec").is_between(-90.0, 90.0)
        & pl.col("filterid").is_in(list(FILTERS))
        & pl.col("decapsid").str.contains(r"^-?\d+$")
    )
    broken = rows.filter(~sound.fill_null(value=False))
    if len(broken):
        raise drift(INFO.title, f"an impossible measurement {broken['decapsid'][0]!r}")
    usual_s = pl.col("filterid").replace_strict(_EXPTIME_S, return_dtype=pl.Float64())
    return rows.with_columns(exptime=pl.coalesce("exptime", usual_s))


def of_target(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the measurements of the object whose mean position is nearest to the target."""
    if rows.is_empty():
        return rows
    means = rows.group_by("obj_id", maintain_order=True).agg(pl.col("ra").first(), pl.col("dec").first())
    place = place_at(query, _EPOCH_YEAR)
    nearest = nearest_name(means, place, ("obj_id", "ra", "dec"), radius_arcsec=math.inf)
    return rows.filter(pl.col("obj_id") == nearest)
