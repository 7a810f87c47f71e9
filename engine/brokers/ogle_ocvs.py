"""OGLE Collection of Variable Stars: I and V light curves of a million classified variables.

References
----------
Udalski, Szymanski & Szymanski 2015, AcA 65, 1; the paper of each collection, such as Soszynski et al. 2014,
AcA 64, 177, for the RR Lyrae stars of the bulge.
"""

import html
import re
from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import nearest_name, place_at
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.reading.plain_columns import hjd_magnitudes
from engine.errors import Rejected, Transient
from engine.lightcurve import empty

HOST = "https://ogledb.astrouw.edu.pl/~ogle/"
SITE = f"{HOST}OCVS/"
CUTS_VERSION = "ogle-ocvs-cuts-1"

INFO = BrokerInfo(
    key="ogle_ocvs",
    title="OGLE Collection of Variable Stars",
    radius_arcsec=2.0,
    refresh_d=180.0,
    bands=("OGLE(I)", "OGLE(V)"),
    citation="2015AcA....65....1U",
    acknowledgement=(
        "This work makes use of data from the OGLE Collection of Variable Stars; cite the paper of the "
        "star's collection as well."
    ),
    homepage=SITE,
    dec_range_deg=(-90.0, 30.0),
    coverage="classified variable stars of the Galactic bulge and disk and the Magellanic Clouds",
    time_scale="HJD, UTC",
    latency_s=20.0,
    canary=Canary(name="OGLE-LMC-CEP-0227", ra_deg=73.06537, dec_deg=-70.24203, least_rows=200),
    method=(
        "The nearest star within 2 arcsec is taken, with all its files: OGLE-IV and, where its page names "
        "them, those of OGLE-III.",
        "Rows with an error of zero or above 1, or a magnitude out of 0 to 30, are left out. Magnitudes "
        "stand from 3 sigma on; below, the error gives the limit of 5 sigma. calib_version names the cuts: "
        "ogle-ocvs-cuts-1.",
        "Times are HJD (UTC, middle of the exposure), written whole or without 2450000, without the light's "
        "travel to the Sun. Few collections, such as that of blue pulsators, write BJD (TDB), which is about "
        "a minute later.",
    ),
    differs=(
        "BHTOM adds 2450000 to every date, also to those that are whole; tomlake only to short ones.",
        "BHTOM takes HJD as the time at the observer, up to 8.3 minutes wrong; tomlake corrects it.",
    ),
)
_STAR = re.compile(r"OGLE-[A-Z0-9]+-[A-Z0-9]+(?:-[A-Z0-9]+)*")
_LINK = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_DATA = re.compile(r"(?:\.\./)*((?:OCVS|CVS)/)?((?:\./)?data/([IV])/[\w./-]*\.dat)")
_OLD_PAGE = re.compile(r"\.\./(CVS/o\.php\?[\w&=;.-]+)")
_PART = re.compile(r"(?:OGLE-IV|OGLE-III)_([IV])\.dat")


@dataclass(frozen=True, slots=True, kw_only=True)
class OgleOcvs:
    """The archive of the Collection of Variable Stars."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the bundle of the star's files, empty bytes where no star of the collection is near."""
        star = _star_near(query, http)
        if star is None:
            return b""
        page = _text(f"{SITE}?{star}", http, is_page=True)
        files = _files("OCVS/", page, star)
        old = next((match for link in _LINK.findall(page) if (match := _OLD_PAGE.fullmatch(link))), None)
        if old is not None:
            files |= _files("CVS/", _text(HOST + old[1], http, is_page=True), star)
        if not files:
            raise drift(INFO.title, f"the page of {star} names no light curve")
        return bundled(
            {part: refuse_pages(_body(HOST + path, http), title=INFO.title) for part, path in files.items()}
        )

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the star's light curve of all files.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        bands = [_band(part, file, query) for part, file in parts_of(body, title=INFO.title).items()]
        if not bands:
            return empty()
        return archive_points(pl.concat(bands), query, INFO, calib_version=CUTS_VERSION, facility="OGLE")


def _band(part: str, file: bytes, query: Query) -> pl.DataFrame:
    match = _PART.fullmatch(part)
    if match is None:
        raise drift(INFO.title, f"a file {part[:40]!r}")
    return hjd_magnitudes(file, query, title=INFO.title).select(
        "mjd",
        "mag",
        "mag_err",
        "limit_mag",
        source_ref=pl.format("{}/{}", pl.lit(match[1]), "hjd"),
        band=pl.lit(f"OGLE({match[1]})"),
    )


def _star_near(query: Query, http: Http) -> str | None:
    """Return the name of the nearest star within the radius."""
    target = place_at(query, 2000.0)
    sexagesimal = {
        "ra": target.ra.to_string(unit="hour", sep=":", precision=3, pad=True),
        "dec": target.dec.to_string(unit="deg", sep=":", precision=2, pad=True, alwayssign=True),
        "arcsec": f"{INFO.radius_arcsec:g}",
    }
    answer = _body(f"{SITE}nearby.php", http, params=sexagesimal)
    listed = _lines(answer) if answer.strip() else ""  # nothing may be how it says that no star is near
    names = dict.fromkeys(line.split()[0] for line in listed.splitlines() if line.strip())
    places = {name: place for name in names if (place := _place(name, http)) is not None}
    stars = pl.DataFrame(
        [(name, *place) for name, place in places.items()],
        schema={"name": pl.String(), "ra": pl.Float64(), "dec": pl.Float64()},
        orient="row",
    )
    return nearest_name(stars, target, ("name", "ra", "dec"), radius_arcsec=INFO.radius_arcsec)


def _place(name: str, http: Http) -> tuple[float, float] | None:
    if not _STAR.fullmatch(name):
        return None  # a header or a sentence that nothing was found
    words = _text(f"{SITE}radec.php?{name}&decimal=1", http).split()
    try:
        return float(words[1]), float(words[2])
    except (IndexError, ValueError) as error:
        raise drift(INFO.title, f"no position of {name}") from error


def _files(folder: str, page: str, star: str) -> dict[str, str]:
    """Return the paths of the star's files that a page links, by the names of the bundle's parts."""
    phase = "OGLE-IV" if folder == "OCVS/" else "OGLE-III"
    found = (
        _DATA.fullmatch(html.unescape(link)) for link in _LINK.findall(page) if link.endswith(f"{star}.dat")
    )
    return {
        f"{phase}_{match[3]}.dat": (match[1] or folder) + match[2].removeprefix("./")
        for match in found
        if match and ".." not in match[2]
    }


def _text(url: str, http: Http, *, is_page: bool = False) -> str:
    body = _body(url, http)
    return _whole_page(body.decode("utf-8", "replace")) if is_page else _lines(body)


def _lines(body: bytes) -> str:
    return text_of(refuse_pages(body, title=INFO.title).rstrip() + b"\n", title=INFO.title)


def _whole_page(page: str) -> str:
    """Return a page that has its end: one that is cut off names a part of the star's files only."""
    if "<html" in page.lower() and "</html" not in page.lower():
        raise Transient("The page of a star of OGLE was cut off; it is asked again later.", code="cut-off")
    return page


def _body(url: str, http: Http, *, params: dict[str, str] | None = None) -> bytes:
    try:
        return http.get(url, params=params)
    except Rejected as error:
        raise drift(INFO.title, f"no {url}") if error.code == "not-found" else error from error
