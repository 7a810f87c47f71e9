"""SuperWASP DR1: wide-field light curves of bright stars, 2004 to 2008, at the NASA Exoplanet Archive.

References
----------
Butters et al. 2010, A&A 520, L10; Pollacco et al. 2006, PASP 118, 1407.
"""

import math
import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.tap import adql_text
from engine.brokers.matching import names_like, nearest_first, place_at, place_in
from engine.brokers.points import archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import csv_table, drift, ipac_table, refuse_pages, text_of, with_numbers
from engine.errors import Rejected
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD, mjd_utc_of_heliocentric

TAP_URL = "https://exoplanetarchive.ipac.caltech.edu/TAP/sync"
FILES_URL = "https://exoplanetarchive.ipac.caltech.edu/data/ETSS/SuperWASP/TBL/DR1"
CUTS_VERSION = "superwasp-cuts-1"

INFO = BrokerInfo(
    key="superwasp",
    title="SuperWASP DR1",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("SuperWASP(CL)",),
    citation="2010A&A...520L..10B",
    acknowledgement=(
        "This paper makes use of data from the first public release of the WASP data (Butters et al. "
        "2010) as provided by the WASP consortium and services at the NASA Exoplanet Archive, which is "
        "operated by the California Institute of Technology, under contract with the National Aeronautics "
        "and Space Administration under the Exoplanet Exploration Program. DOI 10.26133/NEA9."
    ),
    homepage="https://exoplanetarchive.ipac.caltech.edu/docs/SuperWASPMission.html",
    release="DR1",
    coverage="both hemispheres away from the Galactic plane, stars of 8 to 15 mag",
    time_scale="HJD (UTC)",
    latency_s=60.0,
    canary=Canary(name="1SWASP J150658.93-313838.9", ra_deg=226.745544, dec_deg=-31.644161, least_rows=100),
    method=(
        "The star is the one that a name '1SWASP J...' of the target tells, else the only one within the "
        "radius of the target moved to 2006; where several lie there nothing is taken, because SuperWASP's "
        "pixels are 14 arcsec wide and their light is mixed.",
        "The flux is TAMFLUX2, corrected for the systematic trends that many stars share (Tamuz et al. "
        "2005); the band is unfiltered white light with magnitude 15 at one micro-Vega.",
        "From 3 sigma on a point is a magnitude, else a 5 sigma limit from the flux's error; fluxes "
        "without a positive error give no point. calib_version names this: superwasp-cuts-1.",
        "Points to which the archive gives a quality flag (FLAG) other than 0 are flagged as poor.",
        "Times are the heliocentric middle of the exposure (HJD, UTC), taken back to the observer.",
    ),
    differs=(
        "Heliocentric times are taken back to the observer, up to eight minutes, where BHTOM writes them as "
        "UTC.",
        "Only the corrected flux is taken, where BHTOM shows the uncorrected one as a second band.",
    ),
)

ZERO_POINT_MAG = 15.0  # of a flux in micro-Vega
_EXPTIME_S = 30.0
_EPOCH_YEAR = 2006.0
_JD_RANGE = (2453000.0, 2455000.0)
_NAME = re.compile(r"1swasp[ _]*(j\d{6}\.\d{2}[+-]\d{6}\.\d)", re.IGNORECASE)
_TILE = re.compile(r"tile\d{6}")
_SOURCE_COLUMNS = ("sourceid", "ra", "dec", "tile")
_TEXTS = ("TMID", "IMAGEID")
_NUMBERS = ("TAMFLUX2", "TAMFLUX2_ERR", "FLAG", "HJD")
COLUMNS = (*_TEXTS, *_NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperWasp:
    """SuperWASP's tables at the NASA Exoplanet Archive."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the star's table as the archive keeps it, empty bytes where it has none.

        Raises
        ------
        Rejected
            ``ambiguous``: several stars lie in the cone.
        """
        name = next((f"1SWASP {match[1].upper()}" for match in names_like(query, _NAME)), "")
        where = f"sourceid = {adql_text(name)}" if name else _box(query)
        adql = f"SELECT {','.join(_SOURCE_COLUMNS)} FROM superwasptimeseries WHERE {where}"  # noqa: S608 - checked
        answer = http.get(TAP_URL, params={"query": adql, "format": "csv"}, timeout_s=240.0)
        sources = sources_of(refuse_pages(answer, title=INFO.title))
        if not name:
            sources = nearest_first(sources, place_at(query, _EPOCH_YEAR), radius_arcsec=INFO.radius_arcsec)
        if sources.is_empty():
            return b""
        if sources["sourceid"].n_unique() > 1:
            raise Rejected(
                f"{INFO.title} has several stars here: {', '.join(sources['sourceid'])}; give the target the "
                "name of the right one.",
                code="ambiguous",
            )
        file = f"{sources['tile'][0]}/{sources['sourceid'][0].replace(' ', '_')}_lc.tbl"
        return refuse_pages(http.get(f"{FILES_URL}/{file}", timeout_s=240.0), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the star's table as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = exposures(body).filter(
            pl.col("TAMFLUX2").is_finite(),
            pl.col("TAMFLUX2_ERR").is_finite() & (pl.col("TAMFLUX2_ERR") > 0.0),
        )
        if rows.is_empty():
            return empty()
        mjd = mjd_utc_of_heliocentric(
            rows["HJD"].to_numpy() - JD_MINUS_MJD, ra_deg=query.ra_deg, dec_deg=query.dec_deg
        )
        points = rows.select(
            pl.Series("mjd", mjd),
            source_ref=pl.format("{}/{}", "IMAGEID", "TMID"),
            band=pl.lit("SuperWASP(CL)"),
            camera=pl.format("camera {}", pl.col("IMAGEID").str.head(3)),
            exptime_s=pl.lit(_EXPTIME_S),
            flags=pl.when(pl.col("FLAG") != 0.0).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0),
            **brightness(pl.col("TAMFLUX2"), pl.col("TAMFLUX2_ERR"), zero_point_mag=ZERO_POINT_MAG),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="SuperWASP")


def sources_of(body: bytes) -> pl.DataFrame:
    """Return the stars of a TAP answer, checked: their names and tiles make up an address."""
    table = csv_table(body, title=INFO.title, required=_SOURCE_COLUMNS)
    rows = with_numbers(table, ("ra", "dec"), title=INFO.title)
    for name, tile in rows.select("sourceid", "tile").iter_rows():
        if not (_NAME.fullmatch(name) and _TILE.fullmatch(tile)):
            raise drift(INFO.title, f"a star {name!r} in {tile!r}")
    return rows


def exposures(body: bytes) -> pl.DataFrame:
    """Return every exposure of a star's table, checked."""
    table = ipac_table(body, title=INFO.title, required=COLUMNS)
    promised = re.search(r"^\\NUMRECORDS\s*=\s*(\d+)", text_of(body, title=INFO.title), re.MULTILINE)
    if promised and int(promised[1]) != len(table):
        raise drift(INFO.title, f"{len(table)} rows where {promised[1]} were promised")
    rows = with_numbers(table, _NUMBERS, title=INFO.title)
    sound = pl.col("HJD").is_between(*_JD_RANGE) & pl.col("IMAGEID").str.contains(r"^\d+$")
    broken = rows.filter(~(sound & pl.col("FLAG").is_not_null()).fill_null(value=False))
    if len(broken):
        raise drift(INFO.title, f"an impossible exposure {broken['IMAGEID'][0]!r}")
    return rows


def _box(query: Query) -> str:
    """Return the condition of a box round the target; the archive cannot search this table by cones."""
    ra_deg, dec_deg = place_in(query, _EPOCH_YEAR)
    half_deg = INFO.radius_arcsec / 3600.0
    wide_deg = min(180.0, half_deg / max(math.cos(math.radians(dec_deg)), 1e-6))
    low, high = ra_deg - wide_deg, ra_deg + wide_deg
    ra = f"ra BETWEEN {low:.8f} AND {high:.8f}"
    if wide_deg >= 180.0:
        ra = "ra BETWEEN 0 AND 360"
    elif low < 0.0 or high >= 360.0:
        ra = f"(ra >= {low % 360.0:.8f} OR ra <= {high % 360.0:.8f})"
    return f"dec BETWEEN {dec_deg - half_deg:.8f} AND {dec_deg + half_deg:.8f} AND {ra}"
