"""VLASS epoch 1: the sky at 3 GHz as the VLA saw it from 2017 to 2019, from quick-look images.

References
----------
Bruzewski et al. 2021, ApJ 914, 42 (the catalogue); Lacy et al. 2020, PASP 132, 035001 (the survey).
"""

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.brokers.asking.tapvizier import DEC, RA, ask_tapvizier, catalogue_of
from engine.brokers.matching import cone_at
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.radio_flux import RadioColumns, radio_point
from engine.brokers.reading.answers import drift, with_numbers
from engine.lightcurve import Flag, empty
from engine.times import mjd_of, mjd_of_jd

TABLE = "J/ApJ/914/42/table5"
CUTS_VERSION = "vlass-cuts-1"
REPEATED_FLAG = 2.0

INFO = BrokerInfo(
    key="vlass",
    title="VLASS",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("VLASS(Flux 3GHz)",),
    citation="2021ApJ...914...42B",
    acknowledgement=(
        "The National Radio Astronomy Observatory is a facility of the National Science Foundation operated "
        "under cooperative agreement by Associated Universities, Inc. This research has made use of the "
        "VizieR catalogue access tool, CDS, Strasbourg, France (DOI: 10.26093/cds/vizier)."
    ),
    homepage="https://science.nrao.edu/vlass",
    release="epoch 1, quick look",
    dec_range_deg=(-40.5, 90.0),
    coverage="the sky north of -40 degrees",
    latency_s=5.0,
    method=(
        "The nearest source within 5 arcsec of the target, moved to its day, gives one point: its "
        "flux at 3 GHz.",
        "Sources with Flag = 2 are left out; any other flag marks the point as poor. calib_version names the "
        "cut: vlass-cuts-1.",
        "Quick-look fluxes are low by about 15 % (Gordon et al. 2021, ApJS 255, 30); they are kept as they "
        "are, and 15 % of the flux is added to the error in quadrature.",
        "The time is the day of the observation (UTC) at noon, so that the point is flagged as uncertain in "
        "time.",
        "Fluxes stay fluxes: no magnitude is made of them, and the archive gives no limits.",
    ),
)

COLUMNS = ("Name", RA, DEC, "Flux", "e_Flux", "Obs", "Flag")
_MIDDLE_YEAR, _HALF_SPAN_YR = 2018.5, 1.5
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)([T ].*)?")
_OBSERVED_MJD = (57900.0, 59000.0)  # June 2017 to May 2020: epoch 1 with a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Vlass:
    """The catalogue of VLASS epoch 1 at VizieR."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the sources round the target."""
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        return ask_tapvizier(http, TABLE, COLUMNS, cone, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the nearest source as one point.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body:
            return empty()
        answer = catalogue_of(body, title=INFO.title, required=COLUMNS)
        radio = RadioColumns(
            name="Name", ra=RA, dec=DEC, flux="Flux", flux_err="e_Flux", unit=answer.units["Flux"],
            scale_err=0.15,
        )  # fmt: skip
        rows = with_numbers(answer.rows, ("Flag",), title=INFO.title).with_columns(
            pl.Series("mjd", [mjd_of_day(text) for text in answer.rows["Obs"]], dtype=pl.Float64())
        )
        flag = pl.col("Flag").fill_null(0.0)
        kept = rows.filter(flag != REPEATED_FLAG).with_columns(
            flags=pl.when(flag != 0.0).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0)
        )
        return radio_point(kept, radio, query, INFO, calib_version=CUTS_VERSION)


def mjd_of_day(text: str) -> float:
    """Return noon (UTC) of a day of observation, written as a date or as a Julian date.

    Raises
    ------
    Rejected
        ``schema-drift``: neither, or not a day of epoch 1.
    """
    day = _DAY.fullmatch(text.strip())
    try:
        mjd = mjd_of(datetime.fromisoformat(day[1])) + 0.5 if day else mjd_of_jd(float(text))
    except ValueError as error:
        raise drift(INFO.title, f"the day of observation {text[:40]!r}") from error
    if not _OBSERVED_MJD[0] < mjd < _OBSERVED_MJD[1]:
        raise drift(INFO.title, f"the day of observation {text[:40]!r}")
    return mjd
