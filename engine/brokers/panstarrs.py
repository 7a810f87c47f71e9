"""Pan-STARRS1 DR2: every detection of the 3pi survey in g, r, i, z, y from 2009 to 2015.

References
----------
Chambers et al. 2016, arXiv:1612.05560; Flewelling et al. 2020, ApJS 251, 7 (the database); Magnier et al.
2020, ApJS 251, 6 (photometry).
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import nearest_first, place_at, place_in
from engine.brokers.points import UJY_PER, archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_of
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, Flag, empty
from engine.times import mjd_utc_of

API_URL = "https://catalogs.mast.stsci.edu/api/v0.1/panstarrs/dr2"
CUTS_VERSION = "panstarrs-cuts-1"
PSF_QF_PERFECT_MIN = 0.9
FILTERS = {"1": "g", "2": "r", "3": "i", "4": "z", "5": "y"}

INFO = BrokerInfo(
    key="panstarrs",
    title="Pan-STARRS1 DR2 detections",
    radius_arcsec=1.2,
    refresh_d=None,
    bands=tuple(f"PS1({name})" for name in FILTERS.values()),
    citation="2016arXiv161205560C",
    acknowledgement=(
        "The Pan-STARRS1 Surveys (PS1) and the PS1 public science archive have been made possible through "
        "contributions by the Institute for Astronomy, the University of Hawaii, the Pan-STARRS Project "
        "Office, the Max-Planck Society and its participating institutes, the Max Planck Institute for "
        "Astronomy, Heidelberg and the Max Planck Institute for Extraterrestrial Physics, Garching, The "
        "Johns Hopkins University, Durham University, the University of Edinburgh, the Queen's University "
        "Belfast, the Harvard-Smithsonian Center for Astrophysics, the Las Cumbres Observatory Global "
        "Telescope Network Incorporated, the National Central University of Taiwan, the Space Telescope "
        "Science Institute, the National Aeronautics and Space Administration under Grant No. NNX08AR22G "
        "issued through the Planetary Science Division of the NASA Science Mission Directorate, the "
        "National Science Foundation Grant No. AST-1238877, the University of Maryland, Eotvos Lorand "
        "University (ELTE), the Los Alamos National Laboratory, and the Gordon and Betty Moore Foundation."
    ),
    homepage="https://catalogs.mast.stsci.edu/panstarrs/",
    release="DR2",
    coverage="north of declination -30",
    dec_range_deg=(-30.5, 90.0),
    time_scale="TAI",
    latency_s=15.0,
    canary=Canary(name="CSS J132708.3+384442", ra_deg=201.7846706, dec_deg=38.7450683, least_rows=10),
    method=(
        "The object is the nearest one, of at least two detections, within the radius of the target moved to "
        "2012; all its detections are asked for.",
        "Detections are left out unless psfQfPerfect >= 0.9, and where infoFlag says that the fit failed "
        "(8), the point-spread function is bad (1024), or it is a defect (2048). calib_version names the "
        "cuts: panstarrs-cuts-1.",
        "Detections with saturated pixels (infoFlag 128, 4096) are flagged as saturated, those with a "
        "poor fit or near the limit of a cosmic ray (16, 8192) as poor.",
        "psfFlux (Jy) is kept as a flux; from 3 sigma on it is an AB magnitude, else a 5 sigma limit from "
        "its error. Missing values (-999) never become points.",
        "Times are the middle of the exposure, turned from TAI into UTC.",
    ),
    differs=(
        "A detection below 3 sigma becomes a 5 sigma limit from the error of its flux, where BHTOM "
        "multiplies the flux by its signal to noise.",
        "Times are turned from TAI into UTC, where BHTOM writes TAI as UTC, 34 or 35 s off.",
        "Masked and defective detections are left out, and one object is taken, where BHTOM mixes all "
        "objects of the cone.",
    ),
)

_FAIL, _POOR, _SATSTAR, _BAD_PSF = 0x8, 0x10, 0x80, 0x400
_DEFECT, _SATURATED, _CR_LIMIT = 0x800, 0x1000, 0x2000
_EPOCH_YEAR = 2012.0
_MJD_RANGE = (54500.0, 57500.0)
_MISSING = -990.0  # values below are the archive's -999
_MEAN_COLUMNS = ("objID", "raMean", "decMean", "nDetections")
_TEXTS = ("objID", "detectID", "filterID")
_NUMBERS = ("obsTime", "ra", "dec", "psfFlux", "psfFluxErr", "psfQfPerfect", "infoFlag")
COLUMNS = (*_TEXTS, *_NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PanStarrs:
    """MAST's catalogue of Pan-STARRS1."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return all detections of the nearest object as CSV, empty bytes where there is none."""
        ra_deg, dec_deg = place_in(query, _EPOCH_YEAR)
        cone = {
            "ra": f"{ra_deg:.8f}",
            "dec": f"{dec_deg:.8f}",
            "radius": f"{INFO.radius_arcsec / 3600.0:.8f}",
            "nDetections.gt": "1",
            "columns": f"[{','.join(_MEAN_COLUMNS)}]",
        }
        answer = refuse_pages(
            http.get(f"{API_URL}/mean.json", params=cone, timeout_s=120.0), title=INFO.title
        )
        place = place_at(query, _EPOCH_YEAR)
        near = nearest_first(mean_objects(answer), place, radius_arcsec=INFO.radius_arcsec)
        if near.is_empty():
            return b""
        words = {"objID": str(near["objID"][0]), "columns": f"[{','.join(COLUMNS)}]", "pagesize": "50000"}
        body = http.get(f"{API_URL}/detection.csv", params=words, timeout_s=120.0)
        return refuse_pages(body, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the detections as a light curve of five bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = detections(body).filter(
            pl.col("psfQfPerfect") >= PSF_QF_PERFECT_MIN,
            pl.col("infoFlag") & (_FAIL | _BAD_PSF | _DEFECT) == 0,
            pl.col("psfFlux") > _MISSING,
            pl.col("psfFlux").is_finite(),
            pl.col("psfFluxErr").is_finite() & (pl.col("psfFluxErr") > 0.0),
        )
        if rows.is_empty():
            return empty()
        points = rows.with_columns(
            pl.Series("mjd", mjd_utc_of(rows["obsTime"].to_numpy(), scale="tai")),
            flux_ujy=pl.col("psfFlux") * UJY_PER["Jy"],
            flux_err_ujy=pl.col("psfFluxErr") * UJY_PER["Jy"],
        ).select(
            "mjd",
            "flux_ujy",
            "flux_err_ujy",
            source_ref="detectID",
            band=pl.format("PS1({})", pl.col("filterID").replace_strict(FILTERS)),
            flags=_flagged(_SATSTAR | _SATURATED, Flag.SATURATED)
            | _flagged(_POOR | _CR_LIMIT, Flag.POOR_QUALITY_AT_SOURCE),
            **brightness(pl.col("flux_ujy"), pl.col("flux_err_ujy"), zero_point_mag=AB_ZERO_POINT_UJY_MAG),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="Pan-STARRS1")


def mean_objects(body: bytes) -> pl.DataFrame:
    """Return ``objID`` (text), ``ra``, ``dec`` and ``nDetections`` of the objects of a JSON answer."""
    answer = json_of(body, title=INFO.title, keeps_nan=True)
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise drift(INFO.title, "no list of objects")
    try:
        names = [str(column["name"]) for column in answer["info"]]
        columns = [names.index(name) for name in _MEAN_COLUMNS]
        rows = [
            (str(row[columns[0]]), *(float(row[place]) for place in columns[1:])) for row in answer["data"]
        ]
    except (LookupError, TypeError, ValueError) as error:
        raise drift(INFO.title, "objects without identity or position") from error
    schema = {"objID": pl.String(), "ra": pl.Float64(), "dec": pl.Float64(), "nDetections": pl.Float64()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def detections(body: bytes) -> pl.DataFrame:
    """Return every detection of a CSV answer, checked; ``infoFlag`` as an integer."""
    table = csv_table(body, title=INFO.title, required=COLUMNS)
    rows = with_numbers(table, _NUMBERS, title=INFO.title).with_columns(
        pl.col("infoFlag").fill_null(0.0).clip(lower_bound=0.0).cast(pl.Int64)
    )
    sound = (
        pl.col("obsTime").is_between(*_MJD_RANGE)
        & pl.col("filterID").is_in(list(FILTERS))
        & pl.col("detectID").str.contains(r"^\d+$")
    )
    broken = rows.filter(~sound.fill_null(value=False))
    if len(broken):
        raise drift(INFO.title, f"an impossible detection {broken['detectID'][0]!r}")
    if rows["objID"].n_unique() > 1:
        raise drift(INFO.title, "detections of several objects")
    return rows


def _flagged(bits: int, flag: Flag) -> pl.Expr:
    return pl.when(pl.col("infoFlag") & bits != 0).then(int(flag)).otherwise(0)
