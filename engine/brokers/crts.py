"""CRTS: unfiltered light curves of the Catalina surveys, 2003 to 2013, from a page for people.

References
----------
Drake et al. 2009, ApJ 696, 870.
"""

import math
from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import SEPARATION, nearest_first, place_at, place_in
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift, text_table, with_numbers, within
from engine.brokers.reading.html_table import html_rows
from engine.errors import Transient
from engine.lightcurve import Flag, empty

URL = "http://nunuku.caltech.edu/cgi-bin/getcssconedb_release_img.cgi"
CUTS_VERSION = "crts-cuts-1"

INFO = BrokerInfo(
    key="crts",
    title="Catalina Real-time Transient Survey",
    radius_arcsec=6.0,
    refresh_d=None,
    bands=("CRTS(CL)",),
    citation="2009ApJ...696..870D",
    acknowledgement=(
        "The CSS survey is funded by the National Aeronautics and Space Administration under Grant No. "
        "NNG05GF22G issued through the Science Mission Directorate Near-Earth Objects Observations Program. "
        "The CRTS survey is supported by the U.S. National Science Foundation under grants AST-0909182 and "
        "AST-1313422."
    ),
    homepage="http://nesssi.cacr.caltech.edu/DataRelease/",
    release="CSDR2, final",
    dec_range_deg=(-75.0, 70.0),
    coverage="33,000 square degrees away from the Milky Way",
    latency_s=30.0,
    evidence=Evidence.RECORDED,
    canary=Canary(name="CSS 1138040035002", ra_deg=137.97214, dec_deg=38.29239, least_rows=100),
    method=(
        "Of the catalogue's objects within 6 arcsec the one nearest to the target is taken; of two of its "
        "detections in one exposure the one nearer to the target.",
        "Rows without a magnitude between 5 and 25 and a positive error are left out. calib_version names "
        "these cuts: crts-cuts-1.",
        "Magnitudes are unfiltered, calibrated to V (V_CSS); the errors are the archive's, which are known "
        "to be too large for bright stars.",
        "Where the page has a column Blend, its rows of 1 are flagged as blended.",
        "The page has detections only; there are no limits.",
        "Times are the archive's MJD (UTC) as they are; exposures are 30 s long.",
    ),
    differs=("BHTOM merges every object of the cone into one light curve; tomlake takes the nearest one.",),
)

_MARK, _END = "Photcat DB query", "</HTML>"
_NOT_COVERED = "This area is not covered by CSS data"
_OBJECTS, _PHOTOMETRY = "Master Objs in Region", "Photometry of Objs"
_OBJECT_COLUMNS = ("OBJ ID", "RA", "Dec")
_COLUMNS = ("OBJ ID", "Mag", "Magerr", "RA", "Dec", "MJD")
_BLEND = "Blend"
_MJD_RANGE = (52000.0, 60000.0)
_MAG_RANGE = (5.0, 25.0)
_MIDDLE_YEAR = 2009.0  # the catalogue has one position for each object
_EXPTIME_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crts:
    """The archive of the Catalina surveys."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the page of a search by position, empty bytes where the survey has not looked.

        Raises
        ------
        Transient
            ``answer-is-a-page``: another page than that of a search.
        """
        ra_deg, dec_deg = place_in(query, _MIDDLE_YEAR)
        asked = {
            "RADec": f"{ra_deg:.6f} {dec_deg:+.6f}",
            "Rad": f"{INFO.radius_arcsec / 60.0:g}",  # arcmin
            "DB": "photcat",
            "OUT": "web",
            "SHORT": "short",
        }
        # the server turns clients away that do not speak like browsers
        headers = {"User-Agent": "Mozilla/5.0 (compatible; tomlake)"}
        body = http.get(URL, params=asked, headers=headers, timeout_s=180.0)
        if _MARK.encode() not in body:
            raise Transient(
                f"{INFO.title} sent another page than that of a search; it is asked again later.",
                code="answer-is-a-page",
            )
        return b"" if _NOT_COVERED.encode() in body else body

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the detections of the nearest object as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        page = _page(body)
        if _PHOTOMETRY not in page and _OBJECTS not in page:
            return empty()
        object_id = nearest_object(page, query)
        rows = detections(page)
        unknown = object_id not in set(rows["OBJ ID"])
        if unknown:
            raise drift(INFO.title, f"no photometry of the object {object_id}")
        return archive_points(
            _points(rows.filter(pl.col("OBJ ID") == object_id), query),
            query,
            INFO,
            calib_version=CUTS_VERSION,
            facility="CRTS",
        )


def nearest_object(page: str, query: Query) -> str:
    """Return the identifier of the catalogue's object that is nearest to the target."""
    objects = _table(page, _OBJECTS, required=_OBJECT_COLUMNS)
    return str(_nearest_first(objects, query)["OBJ ID"][0])


def detections(page: str) -> pl.DataFrame:
    """Return every row of the page's photometry.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    rows = _table(page, _PHOTOMETRY, required=_COLUMNS)
    return within(rows, "MJD", *_MJD_RANGE, title=INFO.title)


def _points(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    is_sound = pl.col("Mag").is_between(*_MAG_RANGE) & (pl.col("Magerr") > 0) & pl.col("Magerr").is_finite()
    is_blended = pl.col(_BLEND) == "1" if _BLEND in rows.columns else pl.lit(False)
    good = _nearest_first(rows, query).filter(is_sound).sort(SEPARATION, "Mag")
    return good.select(
        source_ref=pl.format("{}/{}", "OBJ ID", pl.col("MJD").round(5)),
        mjd="MJD",
        exptime_s=pl.lit(_EXPTIME_S),
        band=pl.lit("CRTS(CL)"),
        mag="Mag",
        mag_err="Magerr",
        flags=pl.when(is_blended).then(int(Flag.BLENDED)).otherwise(0),
    )


def _page(body: bytes) -> str:
    """Return the page of a search that came whole, nothing where the survey has not looked."""
    if not body.strip():
        return ""
    try:
        page = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise drift(INFO.title, "the answer is not text") from error
    if _MARK not in page:
        raise drift(INFO.title, "another page than that of a search")
    if _NOT_COVERED in page:
        return ""
    if not page.rstrip().endswith(_END):  # without this a page cut in two would be an empty sky
        raise drift(INFO.title, "the page is cut off")
    return page


def _table(page: str, caption: str, *, required: tuple[str, ...]) -> pl.DataFrame:
    """Return the table under a caption, its numbers read; the identifiers stay text."""
    _, found, rest = page.partition(caption)
    rows = html_rows(rest.partition("</table>")[0])
    if not found or len(rows) < 2:
        raise drift(INFO.title, f"no table {caption!r}")
    table = text_table(rows[0], rows[1:], title=INFO.title, required=required)
    read = with_numbers(table, required[1:], title=INFO.title)
    within(read, "RA", 0.0, 360.0, title=INFO.title)
    return within(read, "Dec", -90.0, 90.0, title=INFO.title)


def _nearest_first(rows: pl.DataFrame, query: Query) -> pl.DataFrame:
    place = place_at(query, _MIDDLE_YEAR)
    return nearest_first(rows, place, radius_arcsec=math.inf, ra="RA", dec="Dec")
