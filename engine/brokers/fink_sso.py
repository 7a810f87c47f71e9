"""Fink: ZTF's alerts of known Solar System bodies, by designation.

References
----------
Moeller et al. 2021, MNRAS 501, 3272; Carry et al. 2024, A&A 687, A38 (Solar System bodies in Fink).
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.designation import needed_designation
from engine.brokers.moving_points import moving_points
from engine.brokers.points import DETECTED_SNR
from engine.brokers.protocol import Asks, BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_of, table_of_objects
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, empty
from engine.times import JD_MINUS_MJD, SECONDS_PER_DAY

URL = "https://api.ztf.fink-portal.org/api/v1/sso"
CUTS_VERSION = "fink-sso-cuts-1"
EXPTIME_S = 30.0

INFO = BrokerInfo(
    key="fink_sso",
    title="Fink, Solar System bodies",
    radius_arcsec=5.0,
    refresh_d=1.0,
    bands=("ZTF(zg)", "ZTF(zr)", "ZTF(zi)"),
    citation="2021MNRAS.501.3272M",
    acknowledgement=(
        "This work was developed within the Fink community and made use of the Fink community broker "
        "resources. Fink is supported by LSST-France and CNRS/IN2P3. Based on observations obtained with the "
        "Samuel Oschin Telescope 48-inch and the 60-inch Telescope at the Palomar Observatory as part of the "
        "Zwicky Transient Facility project."
    ),
    homepage="https://fink-portal.org",
    asks=Asks.MOVING,
    coverage="what ZTF sees from Palomar: north of -30 degrees, since November 2019",
    latency_s=10.0,
    canary=Canary(name="8467", ra_deg=0.0, dec_deg=0.0, least_rows=10),
    method=(
        "The body is asked for by the first designation among the target's names; Fink holds the alerts that "
        "ZTF ascribes to a known body within 5 arcsec.",
        "Magnitudes are PSF magnitudes (AB) of the difference image: a moving body is not in the reference, "
        "so that this is its whole light. Alerts where the body left a hole are left out (cut named "
        "isdiffpos), as are those below 3 sigma (sigmapsf). calib_version names the cuts: fink-sso-cuts-1.",
        "Magnitudes are as observed; divide distance and phase out with engine.reduced_magnitude.",
        "Times are the archive's JD (UTC) of the beginning of the exposure, plus 15 s to its middle. The "
        "barycentric time is that of the place of each alert.",
        "Alerts exist only where the body was seen: there are no limits.",
    ),
    differs=("BHTOM does not harvest photometry of Solar System bodies.",),
)

COLUMNS = ("i:candid", "i:jd", "i:fid", "i:magpsf", "i:sigmapsf", "i:ra", "i:dec", "i:isdiffpos")
_NUMBERS = COLUMNS[1:-1]
_FILTERS = {1.0: "ZTF(zg)", 2.0: "ZTF(zr)", 3.0: "ZTF(zi)"}
_POSITIVE = ("t", "1", "true")
_JD_RANGE = (2458000.0, 2475000.0)  # from September 2017


@dataclass(frozen=True, slots=True, kw_only=True)
class FinkSso:
    """The Solar System bodies of Fink."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every alert of the body.

        Raises
        ------
        Rejected
            ``no-designation``
        """
        body = needed_designation((query.name, *query.names), title=INFO.title)
        question = {"n_or_d": body.text, "columns": ",".join(COLUMNS), "output-format": "json"}
        return refuse_pages(http.post(URL, json=question, timeout_s=120.0), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the alerts as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        table = table_of_objects(json_of(body, title=INFO.title), title=INFO.title, required=COLUMNS)
        rows = with_numbers(table, _NUMBERS, title=INFO.title)
        if not rows["i:jd"].is_between(*_JD_RANGE).fill_null(False).all():
            raise drift(INFO.title, "a time outside the survey")
        if not rows["i:fid"].is_in(list(_FILTERS)).all():
            raise drift(INFO.title, "a filter that ZTF does not have")
        if not rows.select(
            pl.all_horizontal(pl.col("i:ra", "i:dec").is_finite().fill_null(False)).all()
        ).item():
            raise drift(INFO.title, "an alert without a place")
        mag, err = pl.col("i:magpsf"), pl.col("i:sigmapsf")
        points = rows.filter(*cuts().values()).select(
            source_ref="i:candid",
            mjd=pl.col("i:jd") - JD_MINUS_MJD + EXPTIME_S / 2.0 / SECONDS_PER_DAY,
            exptime_s=pl.lit(EXPTIME_S),
            ra_deg="i:ra",
            dec_deg="i:dec",
            band=pl.col("i:fid").replace_strict(_FILTERS, return_dtype=pl.String()),
            mag=mag,
            mag_err=err,
        )
        return moving_points(points, query, INFO, calib_version=CUTS_VERSION, facility="ZTF")


def cuts() -> dict[str, pl.Expr]:
    """Return the conditions that an alert must meet, by the name of the column."""
    mag, err = pl.col("i:magpsf"), pl.col("i:sigmapsf")
    faintest_err = MAG_ERR_PER_RELATIVE_FLUX_ERR / DETECTED_SNR
    return {
        "isdiffpos": pl.col("i:isdiffpos").str.to_lowercase().is_in(_POSITIVE),
        "sigmapsf": (mag.is_between(0.0, 40.0) & (err > 0) & (err <= faintest_err)).fill_null(False),
    }
