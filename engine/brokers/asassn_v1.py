"""ASAS-SN Sky Patrol v1: aperture photometry at any position, computed on demand by a web form.

There is no service to ask for new positions: a person fills in the form and brings its CSV file, or the
address of the answer.

References
----------
Kochanek et al. 2017, PASP 129, 104502.
"""

import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.asassn_flux import ACKNOWLEDGEMENT, METHOD, asassn_points
from engine.brokers.protocol import Asks, BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.lightcurve import empty
from engine.times import JD_MINUS_MJD, mjd_utc_of_heliocentric

SITE = "https://asas-sn.osu.edu/sky-patrol/coordinate/"
CUTS_VERSION = "asassn-v1-1"

INFO = BrokerInfo(
    key="asassn_v1",
    title="ASAS-SN Sky Patrol v1",
    radius_arcsec=16.0,
    refresh_d=None,
    bands=("ASASSN(V)", "ASASSN(g)"),
    citation="2017PASP..129j4502K",
    acknowledgement=ACKNOWLEDGEMENT,
    homepage="https://asas-sn.osu.edu/",
    asks=Asks.FILE,
    time_scale="HJD, UTC",
    evidence=Evidence.RECORDED,
    method=(
        "The file of the web form is read, or its address is among the target's names: "
        "https://asas-sn.osu.edu/sky-patrol/coordinate/ with the job's number.",
        *METHOD,
        "Times are the column HJD (UTC, middle of the exposure) without the light's travel to the Sun, which "
        "gives back the column UT Date to about a second. Files with three decimals are good to 43 s.",
        "calib_version is asassn-v1-1.",
    ),
    differs=(
        "BHTOM takes HJD as the time at the observer, up to 8.3 minutes wrong; tomlake corrects it.",
        "BHTOM drops rows with a magnitude such as >14.5; tomlake reads their flux, which gives a limit.",
    ),
)
COLUMNS = ("HJD", "Limit", "mag", "mag_err", "Filter")
_OPTIONAL = {"Camera": "", "flux(mJy)": "", "flux_err": ""}
_FILTERS = ("g", "V")
_HJD_RANGE = (2455000.0, 2500000.0)
_ADDRESS = re.compile(re.escape(SITE) + r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/export\.csv)?/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsassnV1:
    """The files of Sky Patrol v1."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the file whose address is among the target's names, empty bytes where none is."""
        for name in (query.ticket, query.name, *query.names):
            match = _ADDRESS.fullmatch(name.strip())
            if match:
                return refuse_pages(http.get(f"{SITE}{match[1]}/export.csv"), title=INFO.title)
        return b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the file's rows as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = exposures(body)
        if rows.is_empty():
            return empty()
        mjd = mjd_utc_of_heliocentric(
            rows["day"].to_numpy() - JD_MINUS_MJD, ra_deg=query.ra_deg, dec_deg=query.dec_deg
        )
        rows = rows.select(
            "mag",
            "mag_err",
            source_ref=pl.format("{}/{}/{}", "HJD", "Camera", "Filter"),
            mjd=pl.Series(mjd),
            filter="Filter",
            camera="Camera",
            flags=pl.lit(0),
            limit=pl.coalesce("over", "Limit"),
            flux_mjy="flux(mJy)",
            flux_err_mjy="flux_err",
        )
        return asassn_points(rows, query, INFO, calib_version=CUTS_VERSION)


def exposures(body: bytes) -> pl.DataFrame:
    """Return every row; ``over`` is the number of a magnitude such as ``>14.513``, ``day`` that of HJD.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    whole = body if body.endswith(b"\n") else body + b"\n"  # the archive ends without one
    table = csv_table(whole, title=INFO.title, required=COLUMNS)
    table = table.with_columns(
        pl.lit(value).alias(name) for name, value in _OPTIONAL.items() if name not in table.columns
    )
    is_over = pl.col("mag").str.starts_with(">")
    table = table.with_columns(
        day=pl.col("HJD"),
        over=pl.when(is_over).then(pl.col("mag").str.slice(1)),
        mag=pl.when(~is_over).then("mag"),
    )
    numbers = ("day", "over", "mag", "mag_err", "Limit", "flux(mJy)", "flux_err")
    rows = with_numbers(table, numbers, title=INFO.title)
    if not rows["day"].is_between(*_HJD_RANGE).fill_null(False).all():
        raise drift(INFO.title, "a row without a possible time")
    if not rows["Filter"].is_in(_FILTERS).all():
        raise drift(INFO.title, "a filter other than g and V")
    return rows
