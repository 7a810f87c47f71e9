"""LoTSS DR2: the sky at 144 MHz as LOFAR saw it from 2014 to 2020, one flux for each source.

References
----------
Shimwell et al. 2022, A&A 659, A1.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.tapvizier import DEC, RA, ask_tapvizier, catalogue_of
from engine.brokers.matching import cone_at
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.radio_flux import RadioColumns, radio_point
from engine.lightcurve import empty

TABLE = "J/A+A/659/A1/catalog"
CUTS_VERSION = "lotss-dr2-1"
MIDDLE_MJD = 57842.0  # between 2014-05-23 (56800) and 2020-02-05 (58884)

INFO = BrokerInfo(
    key="lotss",
    title="LoTSS",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("LOFAR2m(Flux 144MHz)",),
    citation="2022A&A...659A...1S",
    acknowledgement=(
        "LOFAR data products were provided by the LOFAR Surveys Key Science project (LSKSP; "
        "https://lofar-surveys.org/) and were derived from observations with the International LOFAR "
        "Telescope (ILT). LOFAR (van Haarlem et al. 2013) is the Low Frequency Array designed and "
        "constructed by ASTRON. This research has made use of the VizieR catalogue access tool, CDS, "
        "Strasbourg, France (DOI: 10.26093/cds/vizier)."
    ),
    homepage="https://lofar-surveys.org",
    release="DR2, 2022",
    dec_range_deg=(10.0, 75.0),
    coverage="5,634 square degrees: two northern fields about 13h +44 and 1h +28 degrees",
    time_scale="none: the catalogue gives no times",
    latency_s=5.0,
    evidence=Evidence.RECORDED,
    method=(
        "The nearest source within 5 arcsec of the target, moved to the year 2017, gives one point: its "
        "integrated flux, which the column SpeakTot holds in spite of its name.",
        "The error is the catalogue's with 10 % of the flux in quadrature, the accuracy of the flux scale.",
        "The catalogue gives no time: the point stands in the middle of the survey (May 2014 to February "
        "2020), flagged as uncertain in time; exptime_s is the usual 8 hours. calib_version: lotss-dr2-1.",
        "Fluxes stay fluxes: no magnitude is made of them, and the archive gives no limits.",
    ),
    differs=(
        "BHTOM gives every source the date JD 2457935.5 as if it were measured; here it is the middle of the "
        "survey, MJD 57842, and flagged.",
        "The error includes that of the flux scale, 10 %.",
    ),
)

COLUMNS = ("Source", RA, DEC, "SpeakTot", "e_SpeakTot", "SCode")
_MIDDLE_YEAR, _HALF_SPAN_YR = 2017.2, 2.9
_EXPTIME_S = 28800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lotss:
    """The catalogue of LoTSS DR2 at VizieR."""

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
            name="Source", ra=RA, dec=DEC, flux="SpeakTot", flux_err="e_SpeakTot",
            unit=answer.units["SpeakTot"], scale_err=0.1,
        )  # fmt: skip
        rows = answer.rows.with_columns(mjd=pl.lit(MIDDLE_MJD), exptime_s=pl.lit(_EXPTIME_S))
        return radio_point(rows, radio, query, INFO, calib_version=CUTS_VERSION)
