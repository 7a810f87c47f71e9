"""Gaia DR3 epoch photometry: every transit in G, BP and RP of the sources whose light curves were published.

References
----------
Gaia Collaboration, Vallenari et al. 2023, A&A 674, A1; Eyer et al. 2023, A&A 674, A13; Evans et al. 2023,
A&A 674, A4 (table 1: the columns).
"""

import io
import math
import re
import warnings
from dataclasses import dataclass
from enum import StrEnum
from xml.parsers.expat import ExpatError

import numpy as np
import polars as pl
from astropy.io.votable import parse_single_table

from engine.bands import BANDS
from engine.brokers.asking.tap import ask_tap, rows_in_cone
from engine.brokers.matching import cone_at, names_like, nearest_first, place_at
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, empty
from engine.times import mjd_utc_of_barycentric

TAP_URL = "https://gea.esac.esa.int/tap-server/tap"
DATALINK_URL = "https://gea.esac.esa.int/data-server/data"
CUTS_VERSION = "gaia-dr3-cuts-1"

INFO = BrokerInfo(
    key="gaia_dr3",
    title="Gaia DR3 epoch photometry",
    radius_arcsec=1.0,
    refresh_d=None,
    bands=("G(GaiaDR3)", "BP(GaiaDR3)", "RP(GaiaDR3)"),
    citation="2023A&A...674A...1G",
    acknowledgement=(
        "This work has made use of data from the European Space Agency (ESA) mission Gaia "
        "(https://www.cosmos.esa.int/gaia), processed by the Gaia Data Processing and Analysis Consortium "
        "(DPAC, https://www.cosmos.esa.int/web/gaia/dpac/consortium). Funding for the DPAC has been provided "
        "by national institutions, in particular the institutions participating in the Gaia Multilateral "
        "Agreement."
    ),
    homepage="https://gea.esac.esa.int/archive/",
    release="Gaia DR3",
    coverage="12 million variable sources of the whole sky, and every source within 5.5 degrees of M 31",
    time_scale="TCB at the barycentre",
    latency_s=20.0,
    evidence=Evidence.RECORDED,
    canary=Canary(name="CSS J132708.3+384442", ra_deg=201.7846706, dec_deg=38.7450683, least_rows=20),
    method=(
        "The source is the one that a name 'Gaia DR3 <number>' of the target tells, else the nearest of Gaia "
        "DR3 within the radius of the target moved to J2016.0.",
        "A band of a transit is left out where the archive rejected it by its photometry "
        "(rejected_by_photometry) or by its variability processing (variability_flag_*_reject, "
        "rejected_by_variability), and where its flux is missing or not positive.",
        "The error in G is the archive's with the expected scatter of DR3 in quadrature, "
        "sqrt(30) 10^(0.17 max(G, 13.5) - 5.1), as Wyrzykowski et al. 2023 (A&A 674, A23) published it "
        "(wyrzykowski-2023); errors in BP and RP, and all errors of fluxes, are the archive's. The archive's "
        "own errors in G can be chosen instead (as-published). calib_version names cuts and errors.",
        "Magnitudes are in the Vega system; fluxes in uJy come from the archive's electrons per second by "
        "the zero points of the band.",
        "Times are the middle of the transit at the barycentre (TCB), taken back to the observer (UTC, "
        "geocentre; Gaia is at most 6 light seconds away from it). BP and RP follow G by about half a "
        "minute.",
    ),
    differs=(
        "A magnitude's error is 1.0857 over the signal to noise, where BHTOM takes 0.921 over it, 15 % too "
        "small.",
        "Times are taken from the barycentre back to the observer, where BHTOM writes barycentric TCB as "
        "UTC, wrong by up to ten minutes.",
        "Transits that Gaia rejected are left out, also where only one band was rejected.",
        "Errors in BP and RP are not made ten times larger: the paper did so only to keep them out of a fit.",
    ),
)

_TIME_ZERO_MJD = 55197.0  # JD 2455197.5
_EPOCH_YEAR = 2016.0
_DAYS = (1000.0, 4000.0)  # of the mission, after the zero: 2012 to 2020
_ZERO_POINTS_MAG = {  # Riello et al. 2021, A&A 649, A3: Vega
    "G": 25.6873668671,
    "BP": 25.3385422158,
    "RP": 24.7478955012,
}
_FLUX_OVER_MAG_MAX = 0.01  # how far a magnitude may be from its flux
_NAME = re.compile(r"gaia[ _-]*dr3[ _-]*(\d{5,20})", re.IGNORECASE)
# XML may name files and addresses, which a parser would open: such an answer is not Gaia's
_REACHES_OUT = re.compile(
    rb"<!(?:DOCTYPE|ENTITY)|\x00|<(?:\w+:)?STREAM\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*\bhref", re.IGNORECASE
)
_SOURCE_COLUMNS = ("source_id", "ra", "dec", "has_epoch_photometry")
_OLD_COLUMNS = (
    "transit_id", "band", "time", "flux", "flux_error", "mag",
    "rejected_by_photometry", "rejected_by_variability",
)  # fmt: skip
_NEW_COLUMNS = {
    band: {
        f"{name}_time": "time", f"{start}_flux": "flux", f"{start}_flux_error": "flux_error",
        f"{start}_mag": "mag", f"variability_flag_{band.lower()}_reject": "rejected_by_variability",
    }
    for band, name, start in (("G", "g_transit", "g_transit"), ("BP", "bp_obs", "bp"), ("RP", "rp_obs", "rp"))
}  # fmt: skip
_MEASURED = ("time", "flux", "flux_error", "mag")
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class ErrorModel(StrEnum):
    """Which errors the magnitudes in G get; the value goes into ``calib_version``."""

    WYRZYKOWSKI_2023 = "wyrzykowski-2023"
    AS_PUBLISHED = "as-published"


@dataclass(frozen=True, slots=True, kw_only=True)
class GaiaDr3:
    """Gaia's archive, asked for epoch photometry."""

    error_model: ErrorModel = ErrorModel.WYRZYKOWSKI_2023

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the source's transits as the archive sends them; empty bytes where it published none."""
        name = _named(query)
        source_id = name or _nearest(query, http)
        if not source_id:
            return b""
        words = {
            "RETRIEVAL_TYPE": "EPOCH_PHOTOMETRY",
            "ID": f"Gaia DR3 {source_id}",
            "DATA_STRUCTURE": "INDIVIDUAL",
            "FORMAT": "votable",
            "RELEASE": "Gaia DR3",
            "VALID_DATA": "false",
        }
        body = http.get(DATALINK_URL, params=words, timeout_s=120.0)
        if name and not body.strip():  # so Gaia says that it published nothing of a source
            return b""
        return body if b"<VOTABLE" in body[:2000] else refuse_pages(body, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the transits that Gaia did not reject, as a light curve of three bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = measurements(body).filter(
            ~pl.col("rejected"), pl.all_horizontal(pl.col(*_MEASURED).is_finite()), pl.col("flux") > 0.0
        )
        if rows.is_empty():
            return empty()
        _check(rows)
        mjd_tcb = rows["time"].to_numpy() + _TIME_ZERO_MJD
        mjd = mjd_utc_of_barycentric(mjd_tcb, scale="tcb", ra_deg=query.ra_deg, dec_deg=query.dec_deg)
        relative_err = pl.col("flux_error") / pl.col("flux")
        ujy = pl.col("band").replace_strict(_UJY_PER_FLUX)
        points = rows.select(
            pl.Series("mjd", mjd),
            "mag",
            source_ref=pl.format("{}/{}", "transit_id", "band"),
            band=pl.format("{}(GaiaDR3)", "band"),
            mag_err=self._mag_err(MAG_ERR_PER_RELATIVE_FLUX_ERR * relative_err),
            flux_ujy=pl.col("flux") * ujy,
            flux_err_ujy=pl.col("flux_error") * ujy,
        )
        version = f"{CUTS_VERSION} {self.error_model}"
        return archive_points(points, query, INFO, calib_version=version, facility="Gaia")

    def _mag_err(self, published: pl.Expr) -> pl.Expr:
        if self.error_model is ErrorModel.AS_PUBLISHED:
            return published
        expected = math.sqrt(30.0) * 10.0 ** (0.17 * pl.max_horizontal("mag", pl.lit(13.5)) - 5.1)
        rescaled = (published**2 + expected**2).sqrt()
        return pl.when(pl.col("band") == "G").then(rescaled).otherwise(published)


def measurements(body: bytes) -> pl.DataFrame:
    """Return one row for each transit and band of an answer: VOTable or CSV, in the new or the old form.

    Columns: ``transit_id`` and ``band`` as text, the numbers of the archive, and ``rejected``.
    """
    table = _votable(body) if body.lstrip()[:1] == b"<" else csv_table(body, title=INFO.title, required=())
    if "g_transit_time" in table.columns:
        rows = pl.concat([_one_band(table, band) for band in _NEW_COLUMNS])
    else:
        _require(table, _OLD_COLUMNS)
        rows = table.select(_OLD_COLUMNS)
    rows = with_numbers(rows, _MEASURED, title=INFO.title)
    truths = [_truth(rows, name) for name in ("rejected_by_photometry", "rejected_by_variability")]
    if not set(rows["band"]) <= set(_ZERO_POINTS_MAG) or rows["transit_id"].str.contains(r"\D").any():
        raise drift(INFO.title, "another band, or another kind of transit_id")
    return rows.select("transit_id", "band", *_MEASURED, rejected=truths[0] | truths[1])


def _one_band(table: pl.DataFrame, band: str) -> pl.DataFrame:
    names = _NEW_COLUMNS[band]
    _require(table, ("transit_id", *names, "rejected_by_photometry"))
    rows = table.select(
        "transit_id",
        pl.lit(band).alias("band"),
        *(pl.col(theirs).alias(ours) for theirs, ours in names.items()),
        "rejected_by_photometry",
    )
    # where a band was not measured nothing is said of its flags either
    return rows.select(_OLD_COLUMNS)


def _votable(body: bytes) -> pl.DataFrame:
    """Return a VOTable as a table of text, as ``csv_table`` returns a CSV."""
    if _REACHES_OUT.search(body):
        raise drift(INFO.title, "a VOTable that points elsewhere")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # units that the VO does not know
            table = parse_single_table(io.BytesIO(body), verify="ignore").to_table(use_names_over_ids=True)
        columns = {name: [_text(value) for value in table[name]] for name in table.colnames}
    except (ExpatError, ValueError, SyntaxError, LookupError, TypeError, OSError, EOFError) as error:
        raise drift(INFO.title, "a VOTable that cannot be read") from error
    return pl.DataFrame(columns, schema={name: pl.String() for name in columns})


def _text(value: object) -> str:
    if np.ma.is_masked(value):
        return ""
    return repr(float(value)) if isinstance(value, float | np.floating) else str(value)


def _truth(rows: pl.DataFrame, name: str) -> pl.Series:
    texts = rows[name].str.strip_chars().str.to_lowercase().str.strip_chars('"')
    texts = texts.replace("", "false")  # a flag that is not given rejects nothing
    if not texts.is_in(list(_TRUTHS)).all():
        raise drift(INFO.title, f"another word than true or false in {name}")
    return texts.replace_strict(_TRUTHS, return_dtype=pl.Boolean()).alias(name)


def _require(table: pl.DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise drift(INFO.title, f"no column {', '.join(missing)}")


def _check(rows: pl.DataFrame) -> None:
    """Refuse times outside the mission, and magnitudes that are not those of their fluxes."""
    zero_mag = pl.col("band").replace_strict(_ZERO_POINTS_MAG)
    is_off = (pl.col("mag") - zero_mag + 2.5 * pl.col("flux").log10()).abs() > _FLUX_OVER_MAG_MAX
    broken = rows.filter(~pl.col("time").is_between(*_DAYS) | is_off | (pl.col("flux_error") <= 0.0))
    if len(broken):
        raise drift(INFO.title, f"an impossible transit {broken['transit_id'][0]}")


def _named(query: Query) -> str:
    return next((match[1] for match in names_like(query, _NAME)), "")


def _nearest(query: Query, http: Http) -> str:
    """Return the source_id of the nearest source, empty where there is none with epoch photometry."""
    cone = cone_at(query, year=_EPOCH_YEAR, half_span_yr=0.0, radius_arcsec=INFO.radius_arcsec)
    adql = rows_in_cone("gaiadr3.gaia_source", _SOURCE_COLUMNS, cone)
    answer = ask_tap(http, TAP_URL, adql, title=INFO.title)
    rows = csv_table(answer, title=INFO.title, required=_SOURCE_COLUMNS)
    rows = with_numbers(rows, ("ra", "dec"), title=INFO.title)
    rows = rows.with_columns(_truth(rows, "has_epoch_photometry"))
    near = nearest_first(rows, place_at(query, _EPOCH_YEAR), radius_arcsec=INFO.radius_arcsec)
    return str(near["source_id"][0]) if len(near) and near["has_epoch_photometry"][0] else ""


_UJY_PER_FLUX = {
    band: 1e6 * (BANDS[f"{band}(GaiaDR3)"].zero_flux_jy or 0.0) * 10.0 ** (-0.4 * zero_mag)
    for band, zero_mag in _ZERO_POINTS_MAG.items()
}
