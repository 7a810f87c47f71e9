"""NEOWISE-R: single exposures of the WISE satellite in W1 and W2, December 2013 to August 2024.

The multi-epoch table of AllWISE (2010) has the same columns with ``_ep`` behind the magnitudes; ``exposures``
reads both.

References
----------
Mainzer et al. 2014, ApJ 792, 30; Cutri et al. 2015, Explanatory Supplement to the NEOWISE Data Release
Products, section II.3.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.irsa import ask_irsa
from engine.brokers.matching import SEPARATION, Cone, cone_at, nearest_first, places_at
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, ipac_table, with_numbers
from engine.lightcurve import Flag, empty, light_curve
from engine.times import bjd_tdb

CUTS_VERSION = "neowise-cuts-1"
ACCEPT_ARCSEC = 3.0
RCHI2_MAX = 5.0

INFO = BrokerInfo(
    key="neowise",
    title="NEOWISE-R single exposures",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("WISE(W1)", "WISE(W2)"),
    citation="2014ApJ...792...30M",
    acknowledgement=(
        "This publication makes use of data products from the Near-Earth Object Wide-field Infrared Survey "
        "Explorer (NEOWISE), which is a joint project of the Jet Propulsion Laboratory/California Institute "
        "of Technology and the University of Arizona. NEOWISE is funded by the National Aeronautics and "
        "Space Administration."
    ),
    homepage="https://irsa.ipac.caltech.edu/Missions/wise.html",
    release="2024, final",
    coverage="whole sky, twice a year from December 2013 to August 2024",
    time_scale="UTC, mid-exposure",
    latency_s=90.0,
    canary=Canary(name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.9677, least_rows=100),
    differs=(
        "BHTOM keeps every row with a magnitude; here exposures must pass the archive's quality flags.",
        "BHTOM drops rows without an error; here they are the limits that the archive means.",
    ),
    evidence=Evidence.RECORDED,
    method=(
        "A detection is accepted within 3 arcsec of the target moved to the time of the exposure; of two in "
        "one exposure the nearer one.",
        "Exposures are left out unless qual_frame > 0, qi_fact > 0, saa_sep >= 5, moon_masked and cc_flags "
        "begin with 00, nb <= 2 and na = 0; a band also where its reduced chi squared is 5 or more. "
        "calib_version names the cuts: neowise-cuts-1.",
        "A magnitude without an error is the archive's 95 % upper limit and becomes a limit.",
        "Points brighter than W1 = 8 or W2 = 7, or with saturated pixels, are flagged as saturated.",
        "Times are the archive's MJD (UTC, mid-exposure) as they are; the spacecraft clock was late by 1.6 s "
        "until June 2015 and by 0.6 s after.",
    ),
)

# Exposures must pass all of these; each is named in the documentation of the archive.
CUTS: dict[str, pl.Expr] = {
    "qual_frame": pl.col("qual_frame") > 0,
    "qi_fact": pl.col("qi_fact") > 0,
    "saa_sep": pl.col("saa_sep") >= 5,
    "moon_masked": pl.col("moon_masked").str.starts_with("00"),
    "cc_flags": pl.col("cc_flags").str.starts_with("00"),
    "nb": pl.col("nb") <= 2,
    "na": pl.col("na") == 0,
}
_MEASURED = ("ra", "dec", "mjd", "w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro")
_QUALITY_NUMBERS = ("qual_frame", "qi_fact", "saa_sep", "nb", "na", "w1rchi2", "w2rchi2", "w1sat", "w2sat")
_QUALITY_TEXT = ("moon_masked", "cc_flags")
COLUMNS = (*_MEASURED, *_QUALITY_NUMBERS, *_QUALITY_TEXT)
_LONG_WAVES = ("w3mpro", "w3sigmpro", "w4mpro", "w4sigmpro")  # of AllWISE only
_ALLWISE_NAMES = {f"{name}_ep": name for name in (*_MEASURED[3:], *_LONG_WAVES)}
_SATURATED_MAG = {"W1": 8.0, "W2": 7.0}
_EXPTIME_S = 7.7
_MIDDLE_YEAR, _HALF_SPAN_YR = 2019.3, 5.4  # of the mission, for the cone that is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Neowise:
    """The archive of NEOWISE-R."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every detection round the target: CSV by TAP, or an IPAC table by Gator where TAP fails."""
        return ask_irsa(http, cone(query), table="neowiser_p1bs_psd", columns=COLUMNS, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the accepted detections as a light curve of two bands.

        Raises
        ------
        Rejected
            ``schema-drift``, also when a column of a quality cut is missing.
        """
        if not body.strip():
            return empty()
        rows = accepted(exposures(body, required=COLUMNS), query).filter(*CUTS.values())
        bands = [_one_band(rows, number) for number in ("1", "2")]
        points = pl.concat(bands).with_columns(
            target_id=pl.lit(query.target_id),
            source=pl.lit(INFO.key),
            exptime_s=pl.lit(_EXPTIME_S),
            facility=pl.lit("NEOWISE"),
            observer=pl.lit("NEOWISE"),
            calib_version=pl.lit(CUTS_VERSION),
        )
        if points.is_empty():
            return empty()
        mjd = points["mjd"].to_numpy()
        times = pl.Series("bjd_tdb", bjd_tdb(mjd, ra_deg=query.ra_deg, dec_deg=query.dec_deg))
        return light_curve(points.with_columns(times))


def exposures(body: bytes, *, required: tuple[str, ...] = _MEASURED, title: str = INFO.title) -> pl.DataFrame:
    """Return every row of a TAP answer (CSV) or a Gator answer (IPAC table), NEOWISE-R or AllWISE.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    read = ipac_table if body.lstrip()[:1] in (b"\\", b"|") else csv_table
    table = read(body, title=title, required=())
    table = table.rename({name: ours for name, ours in _ALLWISE_NAMES.items() if name in table.columns})
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise drift(title, f"no column {', '.join(missing)}")
    numbers = [name for name in (*_MEASURED, *_LONG_WAVES, *_QUALITY_NUMBERS) if name in table.columns]
    rows = with_numbers(table, numbers, title=title)
    if rows.select(pl.col("ra", "dec", "mjd").is_null().any()).row(0) != (False, False, False) and len(rows):
        raise drift(title, "a row without position or time")
    return rows


def accepted(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the rows that are the target: near it at their time, and one for each exposure."""
    near = nearest_first(rows, places_at(query, rows["mjd"].to_numpy()), radius_arcsec=ACCEPT_ARCSEC)
    return near.sort("mjd", SEPARATION).unique("mjd", keep="first", maintain_order=True)


def cone(query: Query) -> Cone:
    """Return the cone that holds the target during the whole mission."""
    return cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)


def _one_band(rows: pl.DataFrame, number: str) -> pl.DataFrame:
    name = f"W{number}"
    mag, mag_err = pl.col(f"w{number}mpro"), pl.col(f"w{number}sigmpro")
    is_limit = mag_err.is_null()
    is_saturated = (mag < _SATURATED_MAG[name]) | (pl.col(f"w{number}sat").fill_null(0.0) > 0.0)
    return rows.filter(mag.is_not_null(), pl.col(f"w{number}rchi2").fill_null(0.0) < RCHI2_MAX).select(
        # the exposure is the row's identity: its mid-time is the same, to the millisecond, in both answers
        source_ref=pl.format("{}/{}", pl.col("mjd").round(6), pl.lit(name)),
        mjd="mjd",
        band=pl.lit(f"WISE({name})"),
        mag=pl.when(~is_limit).then(mag),
        mag_err=mag_err,
        limit_mag=pl.when(is_limit).then(mag),
        flags=pl.when(is_saturated).then(int(Flag.SATURATED)).otherwise(0),
    )
