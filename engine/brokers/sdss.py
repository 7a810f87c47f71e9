"""SDSS imaging: every scan of a place in u, g, r, i, z from 1998 to 2009, repeat scans of Stripe 82 included.

References
----------
York et al. 2000, AJ 120, 1579; Lupton, Gunn & Szalay 1999, AJ 118, 1406 (asinh magnitudes).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.brokers.matching import cone_at, nearest_first, places_at
from engine.brokers.points import archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, with_numbers
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, Flag, empty
from engine.times import SECONDS_PER_DAY, mjd_utc_of

SQL_URL = "https://skyserver.sdss.org/dr18/en/tools/search/x_results.aspx"
CUTS_VERSION = "sdss-cuts-1"
FILTERS = "ugriz"

INFO = BrokerInfo(
    key="sdss",
    title="SDSS imaging",
    radius_arcsec=1.5,
    refresh_d=None,
    bands=tuple(f"SDSS({name})" for name in FILTERS),
    citation="2023ApJS..267...44A",
    acknowledgement=(
        "Funding for the Sloan Digital Sky Survey V has been provided by the Alfred P. Sloan Foundation, the "
        "Heising-Simons Foundation, the National Science Foundation, and the Participating Institutions. "
        "SDSS acknowledges support and resources from the Center for High-Performance Computing at the "
        "University of Utah. The SDSS web site is www.sdss.org."
    ),
    homepage="https://skyserver.sdss.org/dr18",
    release="DR18",
    coverage="a third of the sky, mostly north of the Galactic plane, and Stripe 82 many times over",
    dec_range_deg=(-26.0, 85.0),
    time_scale="TAI",
    method=(
        "All objects of PhotoObjAll with mode 1 (primary) or 2 (secondary: repeat scans) are taken that lie "
        "within the radius of the target moved to the time of the scan; of several in one run the nearest.",
        "psfMag is an asinh magnitude: it is turned back into a flux (Lupton et al. 1999); from 3 sigma on a "
        "point is an ordinary magnitude of that flux, else a 5 sigma limit. Both are in the system of SDSS, "
        "0.04 mag (u) and -0.02 mag (z) from AB.",
        "A band without a measurement (-9999, or an error that is not positive or above 1000) gives no "
        "point.",
        "Objects whose photometry the archive calls unclean (clean = 0) are kept and flagged as poor. "
        "calib_version names all this: sdss-cuts-1.",
        "Times are TAI_u to TAI_z, in which the bands follow each other by 72 s, turned from TAI into "
        "UTC; the archive does not say whether it is the middle or the end of the 54 s of exposure.",
    ),
    differs=(
        "Each band has its own time to the second, where BHTOM writes the whole day of the run for all "
        "bands.",
        "Point-spread-function magnitudes are taken, where BHTOM takes model magnitudes made for galaxies.",
        "Repeat scans are included, and missing values (-9999) never become points.",
    ),
)

# Softening of asinh magnitudes in maggies: Lupton et al. 1999, table of the SDSS documentation
_SOFTENING = {"u": 1.4e-10, "g": 0.9e-10, "r": 1.2e-10, "i": 1.8e-10, "z": 7.4e-10}
_UJY_PER_MAGGY = 10.0 ** (0.4 * AB_ZERO_POINT_UJY_MAG)
_POGSON = 2.5 / np.log(10.0)
_EXPTIME_S = 53.9
_MJD_RANGE = (50900.0, 55300.0)  # 1998 to 2010
_MAG_RANGE = (0.0, 40.0)
_ERR_MAX = 1000.0
_MIDDLE_YEAR, _HALF_SPAN_YR = 2004.0, 6.0
_TEXTS = ("objID", "run", "camcol")
_NUMBERS = (
    "ra", "dec", "mode", "clean",
    *(f"{name}_{band}" for name in ("psfMag", "psfMagErr", "TAI") for band in FILTERS),
)  # fmt: skip
COLUMNS = (*_TEXTS, *_NUMBERS)
_NOTHING = b"No objects have been found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdss:
    """SkyServer, asked in SQL."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every object round the target, secondaries included, as CSV."""
        cone = cone_at(query, year=_MIDDLE_YEAR, half_span_yr=_HALF_SPAN_YR, radius_arcsec=INFO.radius_arcsec)
        radius_arcmin = cone.radius_arcsec / 60.0
        sql = (
            f"SELECT {', '.join(f'p.{name}' for name in COLUMNS)} "  # noqa: S608 - numbers only
            f"FROM dbo.fGetNearbyObjAllEq({cone.ra_deg:.7f}, {cone.dec_deg:.7f}, {radius_arcmin:.6f}) AS n "
            "JOIN PhotoObjAll AS p ON p.objID = n.objID WHERE p.mode IN (1, 2)"
        )
        words = {"cmd": sql, "format": "csv", "searchtool": "SQL"}
        body = refuse_pages(http.get(SQL_URL, params=words, timeout_s=120.0), title=INFO.title)
        return b"" if _NOTHING in body[:1000] else body

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the scans of the target as a light curve of five bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = of_target(objects(body), query)
        points = pl.concat([_one_band(rows, band) for band in FILTERS])
        if points.is_empty():
            return empty()
        mjd = mjd_utc_of(points["mjd"].to_numpy(), scale="tai")
        points = points.with_columns(pl.Series("mjd", mjd))
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="SDSS")


def table_of(body: bytes, *, required: tuple[str, ...]) -> pl.DataFrame:
    """Return an answer of SkyServer as a table of text, without its line ``#Table1``."""
    first, _, rest = body.partition(b"\n")
    return csv_table(rest if first.strip() == b"#Table1" else body, title=INFO.title, required=required)


def objects(body: bytes) -> pl.DataFrame:
    """Return every object of an answer, checked, with ``mjd_tai`` of its r band."""
    rows = with_numbers(table_of(body, required=COLUMNS), _NUMBERS, title=INFO.title)
    rows = rows.with_columns(mjd_tai=pl.col("TAI_r") / SECONDS_PER_DAY)
    sound = (
        pl.col("ra").is_between(0.0, 360.0)
        & pl.col("dec").is_between(-90.0, 90.0)
        & pl.all_horizontal(
            (pl.col(f"TAI_{band}") / SECONDS_PER_DAY).is_between(*_MJD_RANGE) for band in FILTERS
        )
        & pl.col("objID").str.contains(r"^\d+$")
        & pl.col("clean").is_in([0.0, 1.0])
    )
    broken = rows.filter(~sound.fill_null(value=False))
    if len(broken):
        raise drift(INFO.title, f"an impossible object {broken['objID'][0]!r}")
    return rows


def of_target(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the rows that are the target: near it at the time of the scan, the nearest one in each run."""
    if rows.is_empty():
        return rows
    places = places_at(query, rows["mjd_tai"].to_numpy())
    near = nearest_first(rows, places, radius_arcsec=INFO.radius_arcsec)
    return near.filter(pl.col("mode").is_in([1.0, 2.0])).unique("run", keep="first", maintain_order=True)


def maggies_of(mag: pl.Expr, mag_err: pl.Expr, *, softening: float) -> tuple[pl.Expr, pl.Expr]:
    """Return flux and error in maggies of an asinh magnitude; faint ones may be negative."""
    flux = 2.0 * softening * (-mag / _POGSON - np.log(softening)).sinh()
    err = mag_err / _POGSON * (flux**2 + (2.0 * softening) ** 2).sqrt()
    return flux, err


def _one_band(rows: pl.DataFrame, band: str) -> pl.DataFrame:
    mag, err = pl.col(f"psfMag_{band}"), pl.col(f"psfMagErr_{band}")
    measured = rows.filter(mag.is_between(*_MAG_RANGE), err > 0.0, err < _ERR_MAX)
    maggies, maggies_err = maggies_of(mag, err, softening=_SOFTENING[band])
    fluxes = measured.with_columns(
        flux_ujy=maggies * _UJY_PER_MAGGY, flux_err_ujy=maggies_err * _UJY_PER_MAGGY
    )
    return fluxes.select(
        "flux_ujy",
        "flux_err_ujy",
        mjd=pl.col(f"TAI_{band}") / SECONDS_PER_DAY,
        source_ref=pl.format("{}/{}", "objID", pl.lit(band)),
        band=pl.lit(f"SDSS({band})"),
        camera=pl.format("camcol {}", "camcol"),
        exptime_s=pl.lit(_EXPTIME_S),
        flags=pl.when(pl.col("clean") < 1.0).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0),
        **brightness(pl.col("flux_ujy"), pl.col("flux_err_ujy"), zero_point_mag=AB_ZERO_POINT_UJY_MAG),
    )
