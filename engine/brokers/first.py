"""FIRST: the radio sky at 1.4 GHz as the VLA saw it from 1993 to 2011, one flux for each source.

References
----------
Helfand, White & Becker 2015, ApJ 801, 26.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.tap import TIMEOUT_S, rows_in_cone
from engine.brokers.matching import cone_at
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.radio_flux import RadioColumns, radio_point
from engine.brokers.reading.answers import drift, with_numbers
from engine.brokers.reading.votable import refuse_failures, votable_rows

TAP_URL = "https://heasarc.gsfc.nasa.gov/xamin/vo/tap/sync"
CUTS_VERSION = "first-cuts-1"
SIDELOBE_MAX = 0.15

INFO = BrokerInfo(
    key="first",
    title="FIRST",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("FIRST(Flux 1.4GHz)",),
    citation="2015ApJ...801...26H",
    acknowledgement=(
        "The National Radio Astronomy Observatory is a facility of the National Science Foundation operated "
        "under cooperative agreement by Associated Universities, Inc. This research has made use of data "
        "provided by the High Energy Astrophysics Science Archive Research Center (HEASARC), which is a "
        "service of the Astrophysics Science Division at NASA/GSFC."
    ),
    homepage="http://sundog.stsci.edu",
    release="14Dec17, final",
    dec_range_deg=(-12.0, 66.0),
    coverage="10,575 square degrees: the northern and a strip of the southern Galactic cap",
    latency_s=5.0,
    evidence=Evidence.RECORDED,
    canary=Canary(name="3C 273", ra_deg=187.2779154, dec_deg=2.0523883, least_rows=1),
    method=(
        "The nearest source within 5 arcsec of the target, moved to its mean epoch, gives one point: its "
        "integrated flux.",
        "Sources are left out where sidelobe_prob > 0.15: they are probably sidelobes of a bright neighbour. "
        "calib_version names the cut: first-cuts-1.",
        "The error is the local noise with 5 % of the flux in quadrature; too small for resolved ones.",
        "The time is the archive's mean epoch (MJD, taken as UTC) of observations that may lie years apart: "
        "the point is flagged as uncertain in time.",
        "Fluxes stay fluxes: no magnitude is made of them, and the archive gives no limits.",
    ),
    differs=(
        "The mean epoch is read as MJD, as HEASARC gives it; the copy that BHTOM used held JD.",
        "Probable sidelobes are left out, and the error includes that of the flux scale.",
    ),
)

COLUMNS = (
    "name", "ra", "dec", "flux_20_cm", "int_flux_20_cm", "flux_20_cm_error", "sidelobe_prob", "mean_epoch",
)  # fmt: skip
_RADIO = RadioColumns(
    name="name", ra="ra", dec="dec", flux="int_flux_20_cm", flux_err="flux_20_cm_error", unit="mJy",
    scale_err=0.05,
)  # fmt: skip
_EPOCH_RANGE_MJD = (49000.0, 56000.0)  # 1993 to 2011
_MIDDLE_YEAR, _HALF_SPAN_YR = 1998.0, 13.0


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The catalogue of FIRST at HEASARC."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the VOTable of the sources round the target."""
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        form = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": rows_in_cone("first", COLUMNS, cone)}
        return refuse_failures(http.post(TAP_URL, form=form, timeout_s=TIMEOUT_S), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the nearest source as one point.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body:
            return radio_point(_no_rows(), _RADIO, query, INFO, calib_version=CUTS_VERSION)
        rows = votable_rows(body, title=INFO.title, required=COLUMNS)
        rows = with_numbers(rows, ("sidelobe_prob", "mean_epoch"), title=INFO.title)
        rows = rows.rename({"mean_epoch": "mjd"})
        if not rows["mjd"].is_between(*_EPOCH_RANGE_MJD).fill_null(False).all():
            raise drift(INFO.title, "an epoch that is not between 1993 and 2012")
        kept = rows.filter(pl.col("sidelobe_prob").fill_null(0.0) <= SIDELOBE_MAX)
        return radio_point(kept, _RADIO, query, INFO, calib_version=CUTS_VERSION)


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String()) | {"mjd": pl.Float64()})
