"""KMTNet: I band difference photometry of microlensing events from three sites since 2015.

References
----------
Kim et al. 2016, JKAS 49, 37; Albrow et al. 2009, MNRAS 397, 2099 (pySIS).
"""

import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.found import found
from engine.brokers.asking.season_lists import season_of
from engine.brokers.matching import names_like, nearest_name, place_at
from engine.brokers.points import archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of, text_table, with_numbers
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.compressed import files_of_tar
from engine.brokers.reading.event_lists import EVENT
from engine.lightcurve import empty
from engine.times import JD_MINUS_MJD, full_jd, julian_year, mjd_now, mjd_utc_of_heliocentric

SITE = "https://kmtnet.kasi.re.kr/ulens/event/"
CUTS_VERSION = "kmtnet-cuts-1"
ZERO_POINT_MAG = 28.0  # of the archive's fluxes
_FIRST_SEASON, _LAST_CLOSED_SEASON = 2015, 2025


def list_url(year: int) -> str:
    """Return the address of a season's list of events."""
    return f"{SITE}{year}/listpage.dat"


INFO = BrokerInfo(
    key="kmtnet",
    title="KMTNet microlensing events",
    radius_arcsec=3.0,
    refresh_d=30.0,
    bands=("KMTNET(I)",),
    citation="2016JKAS...49...37K",
    acknowledgement=(
        "This research has made use of the KMTNet system operated by the Korea Astronomy and Space Science "
        "Institute (KASI) and the data were obtained at three host sites of CTIO in Chile, SAAO in South "
        "Africa, and SSO in Australia."
    ),
    homepage=SITE,
    index_urls=tuple(list_url(year) for year in range(_FIRST_SEASON, _LAST_CLOSED_SEASON + 1)),
    dec_range_deg=(-45.0, -10.0),
    coverage="events of the Galactic bulge; the running season is not public",
    time_scale="HJD, UTC",
    latency_s=60.0,
    evidence=Evidence.RECORDED,
    method=(
        "An event is found by its name among the target's names, else as the nearest one within 3 arcsec in "
        "the lists of all seasons, the latest first.",
        "Each site and field is a series of its own: KMTA12 is field 12 from Siding Spring, KMTC from Cerro "
        "Tololo, KMTS from Sutherland. Their zero points differ, and none is calibrated.",
        "The total flux is that of the archive's magnitude (28 is one unit). From 3 sigma of the flux's "
        "error on it stands as a magnitude, with that error; below, and where the archive has none, the "
        "error gives the limit of 5 sigma. The archive's own errors of magnitudes are those of the fainter "
        "side.",
        "Rows that the archive commented out, with an error that is not positive, or with a seeing (fwhm) "
        "of 7 pixels or more where it is given, are left out. calib_version names the cuts: kmtnet-cuts-1.",
        "Files of V and of 2015, which have fluxes but no magnitudes, give no points.",
        "Times are HJD (UTC, middle of the exposure), written whole or without 2450000, without the light's "
        "travel to the Sun.",
    ),
    differs=(
        "BHTOM takes HJD as the time at the observer and short dates as whole ones; tomlake corrects both.",
        "BHTOM joins the three sites into one series; tomlake keeps them apart.",
    ),
)
_SITES = {"A": "KMTNet SSO", "C": "KMTNet CTIO", "S": "KMTNet SAAO"}
_FILE = re.compile(r"(KMT([ACS])\d\d)_([IV])\.pysis")
_NAME = re.compile(r"KMT[- ]?(\d{4})-BLG-(\d{1,4})", re.IGNORECASE)
_LISTED = re.compile(r"\bKMT-\d{4}-BLG-\d{4}\b")
_HJD_RANGE = (2457000.0, 2500000.0)
_FWHM_MAX_PIX = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kmtnet:
    """The archive of KMTNet's events."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the bundle of the event's series, empty bytes where there is none or it is not public."""
        for match in names_like(query, _NAME):
            body = _series_of(int(match[1]), int(match[2]), http)
            if body:
                return body
        this_year, place = int(julian_year(mjd_now())), place_at(query, 2000.0)
        for year in range(max(this_year, _LAST_CLOSED_SEASON), _FIRST_SEASON - 1, -1):
            name = nearest_name(_events(year, http), place, EVENT, radius_arcsec=INFO.radius_arcsec)
            if name is not None:
                return _series_of(year, int(name.rpartition("-")[2]), http)
        return b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the I band series as one light curve; ``camera`` is site and field.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        series = [_series(name, part, query) for name, part in parts_of(body, title=INFO.title).items()]
        found = [points for points in series if points is not None]
        if not found:
            return empty()
        return archive_points(pl.concat(found), query, INFO, calib_version=CUTS_VERSION, facility="KMTNet")


def rows_of(part: bytes) -> pl.DataFrame:
    r"""Return the rows of a ``.pysis`` file under the names of its header, numbers but for ``HJD``.

    ``\Delta_flux`` is there as ``dflux``; ``day`` is the whole HJD.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    lines = [line for line in text_of(part, title=INFO.title).splitlines() if line.strip()]
    if not lines or lines[0].lstrip("# ").split()[0:1] != ["HJD"]:
        raise drift(INFO.title, "a series without its header")
    header = lines[0].lstrip("# ").replace("\\Delta_flux", "dflux").split()
    cells = [line.split() for line in lines[1:] if not line.lstrip().startswith("#")]
    table = text_table(header, cells, title=INFO.title, required=("HJD", "dflux", "flux_err"))
    rows = with_numbers(table.with_columns(day=pl.col("HJD")), [*header[1:], "day"], title=INFO.title)
    days = full_jd(rows["day"].to_numpy())
    if not ((days > _HJD_RANGE[0]) & (days < _HJD_RANGE[1])).all():
        raise drift(INFO.title, "a row without a possible time")
    return rows.with_columns(day=pl.Series(days, dtype=pl.Float64()))


def _series(name: str, part: bytes, query: Query) -> pl.DataFrame | None:
    match = _FILE.fullmatch(name)
    if match is None:
        raise drift(INFO.title, f"a file {name[:40]!r}")
    rows = rows_of(part)
    if match[3] == "V" or "mag" not in rows.columns:
        return None
    cuts = [pl.col("flux_err").is_finite() & (pl.col("flux_err") > 0)]
    if "fwhm" in rows.columns:
        cuts.append(pl.col("fwhm").is_between(0.0, _FWHM_MAX_PIX, closed="none"))
    rows = rows.filter(*cuts)
    if rows.is_empty():
        return None
    mjd = mjd_utc_of_heliocentric(
        rows["day"].to_numpy() - JD_MINUS_MJD, ra_deg=query.ra_deg, dec_deg=query.dec_deg
    )
    has_mag = pl.col("mag").is_between(0.0, 40.0).fill_null(False)
    total = pl.when(has_mag).then(10.0 ** ((ZERO_POINT_MAG - pl.col("mag")) / 2.5)).otherwise(0.0)
    parts = brightness(total, pl.col("flux_err"), zero_point_mag=ZERO_POINT_MAG)
    return rows.select(
        source_ref=pl.format("{}/{}", pl.lit(match[1]), "HJD"),
        mjd=pl.Series(mjd),
        band=pl.lit("KMTNET(I)"),
        mag=pl.when(parts["mag"].is_not_null()).then("mag"),  # its digits, not those of the flux
        mag_err=parts["mag_err"],
        limit_mag=parts["limit_mag"],
        facility=pl.lit(_SITES[match[2]]),
        observer=pl.lit(_SITES[match[2]]),
        camera=pl.lit(match[1]),
    )


def _events(year: int, http: Http) -> pl.DataFrame:
    """Return the events of a season; the running one may have no list yet."""
    may_lack = year > _LAST_CLOSED_SEASON
    return season_of(http, list_url(year), _LISTED, title=INFO.title, may_lack=may_lack)


def _series_of(year: int, number: int, http: Http) -> bytes:
    url = f"{SITE}{year}/data/KB{year % 100:02d}{number:04d}/pysis/pysis.tar.gz"
    body = found(http, url, timeout_s=120.0)
    if body is None:  # the running season's photometry is not public
        return b""
    files = files_of_tar(refuse_pages(body, title=INFO.title), title=INFO.title)
    return bundled({name: files[name] for name in sorted(files) if _FILE.fullmatch(name)})
