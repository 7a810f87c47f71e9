"""AllWISE: single exposures of the WISE satellite in four bands, January 2010 to February 2011.

References
----------
Wright et al. 2010, AJ 140, 1868; Cutri et al. 2013, Explanatory Supplement to the AllWISE Data Release
Products, section III.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.irsa import ask_irsa
from engine.brokers.matching import cone_at
from engine.brokers.neowise import CUTS, accepted, exposures
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.lightcurve import Flag, empty

CUTS_VERSION = "allwise-cuts-1"

INFO = BrokerInfo(
    key="allwise",
    title="AllWISE multi-epoch photometry",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("WISE(W1)", "WISE(W2)", "WISE(W3)", "WISE(W4)"),
    citation="2010AJ....140.1868W",
    acknowledgement=(
        "This publication makes use of data products from the Wide-field Infrared Survey Explorer, which is "
        "a joint project of the University of California, Los Angeles, and the Jet Propulsion "
        "Laboratory/California Institute of Technology, and NEOWISE, which is a project of the Jet "
        "Propulsion Laboratory/California Institute of Technology. WISE and NEOWISE are funded by the "
        "National Aeronautics and Space Administration."
    ),
    homepage="https://wise2.ipac.caltech.edu/docs/release/allwise/",
    release="November 2013, final",
    latency_s=90.0,
    evidence=Evidence.RECORDED,
    canary=Canary(name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.96770, least_rows=20),
    method=(
        "The table gives the position of the AllWISE source, of mid-2010, with every exposure; it is "
        "accepted within 3 arcsec of the target moved to the time of the exposure, of two in one exposure "
        "the nearer one.",
        "Exposures are left out unless qual_frame > 0, qi_fact > 0, saa_sep >= 5, moon_masked and cc_flags "
        "begin with 00, nb <= 2 and na = 0; W3 and W4 also where their own digit of moon_masked or cc_flags "
        "is not 0. calib_version names the cuts: allwise-cuts-1.",
        "A magnitude without an error is the archive's 95 % upper limit and becomes a limit.",
        "Points brighter than W1 = 8, W2 = 7, W3 = 3.8 or W4 = -0.4 are flagged as saturated.",
        "Times are the archive's MJD (UTC, mid-exposure) as they are.",
    ),
    differs=(
        "BHTOM takes every exposure; tomlake leaves out those that the archive marks as poor.",
        "BHTOM drops magnitudes without an error; they are upper limits, which tomlake keeps as limits.",
        "BHTOM reads W1 and W2 only; the exposures of 2010 have W3 and W4 as well.",
    ),
)

_PLACE = ("ra", "dec", "mjd")
_BRIGHTNESS = tuple(f"w{number}{name}" for number in "1234" for name in ("mpro", "sigmpro"))
_QUALITY = tuple(CUTS)
COLUMNS = (*_PLACE, *(f"{name}_ep" for name in _BRIGHTNESS), *_QUALITY)
_REQUIRED = (*_PLACE, *_BRIGHTNESS, *_QUALITY)
_SATURATED_MAG = {"1": 8.0, "2": 7.0, "3": 3.8, "4": -0.4}
_EXPTIME_S = {"1": 7.7, "2": 7.7, "3": 8.8, "4": 8.8}
_MAG_RANGE = (-10.0, 25.0)
_MIDDLE_YEAR, _HALF_SPAN_YR = 2010.6, 0.6  # of the mission, for the cone that is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Allwise:
    """The multi-epoch archive of AllWISE."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every detection round the target: CSV by TAP, or an IPAC table by Gator where TAP fails."""
        around = cone_at(
            query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec
        )
        return ask_irsa(http, around, table="allwise_p3as_mep", columns=COLUMNS, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the accepted detections as a light curve of four bands.

        Raises
        ------
        Rejected
            ``schema-drift``, also when a column of a quality cut is missing.
        """
        if not body.strip():
            return empty()
        read = exposures(body, required=_REQUIRED, title=INFO.title)
        rows = accepted(read, query).filter(*CUTS.values())
        points = pl.concat(_one_band(rows, number) for number in "1234")
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="AllWISE")


def _one_band(rows: pl.DataFrame, number: str) -> pl.DataFrame:
    """Return the points of one band; the flags of a row have one digit for each band."""
    digit = int(number) - 1
    mag, mag_err = pl.col(f"w{number}mpro"), pl.col(f"w{number}sigmpro")
    is_limit = mag_err.is_null()
    is_clean = [pl.col(name).str.slice(digit, 1) == "0" for name in ("moon_masked", "cc_flags")]
    is_sound = mag.is_between(*_MAG_RANGE) & (is_limit | (mag_err.is_finite() & (mag_err > 0)))
    return rows.filter(is_sound, *is_clean).select(
        # the exposure is the row's identity, as for NEOWISE
        source_ref=pl.format("{}/W{}", pl.col("mjd").round(6), pl.lit(number)),
        mjd="mjd",
        exptime_s=pl.lit(_EXPTIME_S[number]),
        band=pl.lit(f"WISE(W{number})"),
        mag=pl.when(~is_limit).then(mag),
        mag_err=mag_err,
        limit_mag=pl.when(is_limit).then(mag),
        flags=pl.when(mag < _SATURATED_MAG[number]).then(int(Flag.SATURATED)).otherwise(0),
    )
