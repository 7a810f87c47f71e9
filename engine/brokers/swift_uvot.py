"""Swift UVOT: light curves of supernovae in six bands, from the archive SOUSA.

Swift has no public service for photometry. SOUSA publishes reduced light curves of supernovae as files, found
by the name of the supernova.

References
----------
Brown et al. 2014, Ap&SS 354, 89; Breeveld et al. 2011, AIP Conf. Proc. 1358, 373 (zero points).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from engine.brokers.points import DETECTED_SNR, archive_points
from engine.brokers.protocol import Asks, BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of, text_table, with_numbers
from engine.brokers.reading.json_answers import json_list, json_object, json_of
from engine.errors import Transient
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, Flag, empty

INDEX_URL = "https://api.github.com/repos/pbrown801/SOUSA/git/trees/master?recursive=1"
FILES_URL = "https://raw.githubusercontent.com/pbrown801/SOUSA/master"
CUTS_VERSION = "sousa-cuts-1"
FILTERS = ("V", "B", "U", "UVW1", "UVM2", "UVW2")
# A rate of nothing with a huge error is what SOUSA writes where the star saturated; true rates scatter.
LEAST_RATE_PER_ERROR = 0.002

INFO = BrokerInfo(
    key="swift_uvot",
    title="Swift UVOT (SOUSA)",
    radius_arcsec=5.0,
    refresh_d=30.0,
    bands=tuple(f"UVOT({name})" for name in FILTERS),
    citation="2014Ap&SS.354...89B",
    acknowledgement=(
        "This work made use of Swift/UVOT data reduced by P. J. Brown and released in the Swift "
        "Optical/Ultraviolet Supernova Archive (SOUSA). SOUSA is supported by NASA's Astrophysics Data "
        "Analysis Program through grant NNX13AF35G."
    ),
    homepage="https://github.com/pbrown801/SOUSA",
    index_urls=(INDEX_URL,),
    asks=Asks.NAME,
    coverage="a few hundred supernovae and other transients since 2005",
    latency_s=3.0,
    evidence=Evidence.RECORDED,
    canary=Canary(
        name="SN 2023ixf", names=("SN2023ixf",), ra_deg=210.910674, dec_deg=54.311650, least_rows=50
    ),
    method=(
        "The file is found by the target's names (AT and SN are the same); of several the newest version, "
        "and only files with the host galaxy subtracted or without need of it.",
        "Magnitudes are Vega, as the file gives them, from 3 sigma on. A magnitude brighter than the "
        "saturation limit of its row is flagged as saturated.",
        "A row without a magnitude is a limit only where the count rate was measured (cut named rate): "
        "where it is missing, or nothing with a huge error, the star saturated, and the row is left out.",
        "The file's 3 sigma limits are brought to 5 sigma: 0.555 mag brighter. calib_version names the cut: "
        "sousa-cuts-1.",
        "Times are the file's MJD as they are: the middle of the exposure (read as the beginning, a quarter "
        "of the exposures would overlap), taken as UTC.",
    ),
    differs=(
        "BHTOM measures UVOT images on a machine of its own; these are the light curves that were published.",
        "NULL is not read as a non-detection: near maximum, SN 2011fe has 198 of them because it saturated.",
    ),
)

_LIMIT_STEP_MAG = 0.5546218740890933  # 2.5 log10 (5 / 3)
_HEADER = ("Filter", "MJD", "Mag", "MagErr", "3SigMagLim", "0.98SatLim", "Rate", "RateErr", "Ap",
           "Frametime", "Exp")  # fmt: skip
_WITH_ELAPSED = (*_HEADER, "Telapse")
_FILE = re.compile(r"data/(?P<name>[^/]+)_uvotB(?P<version>\d+(\.\d+)?)\.dat")
_MISSION_MJD = (53300.0, 70000.0)  # from November 2004


@dataclass(frozen=True, slots=True, kw_only=True)
class SwiftUvot:
    """The archive SOUSA of Swift light curves."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the newest file of the target, empty bytes where SOUSA has none of its names."""
        index = refuse_pages(http.get(INDEX_URL, timeout_s=60.0), title=INFO.title)
        path = newest_file(index, (query.name, *query.names))
        if path is None:
            return b""
        return refuse_pages(http.get(f"{FILES_URL}/{path}", timeout_s=60.0), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the magnitudes and limits of a file.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = exposures(body)
        rate, rate_err = pl.col("Rate"), pl.col("RateErr")
        mag_err = pl.col("MagErr")
        seen = pl.col("Mag").is_not_null() & (mag_err > 0)
        strong = seen & (mag_err <= MAG_ERR_PER_RELATIVE_FLUX_ERR / DETECTED_SNR)
        measured = (rate_err > 0) & (rate.abs() >= LEAST_RATE_PER_ERROR * rate_err)
        limited = ~strong & measured.fill_null(False) & pl.col("3SigMagLim").is_not_null()
        saturated = strong & (pl.col("Mag") < pl.col("0.98SatLim"))
        points = rows.select(
            source_ref=pl.format("{}/{}/{}", pl.col("day"), pl.col("Filter"), pl.col("exposed")),
            mjd="MJD",
            exptime_s="Exp",
            band=pl.format("UVOT({})", pl.col("Filter")),
            mag=pl.when(strong.fill_null(False)).then("Mag"),
            mag_err=pl.when(strong.fill_null(False)).then(mag_err),
            limit_mag=pl.when(limited.fill_null(False)).then(pl.col("3SigMagLim") - _LIMIT_STEP_MAG),
            flags=pl.when(saturated.fill_null(False)).then(int(Flag.SATURATED)).otherwise(0),
        ).filter(pl.col("mag").is_not_null() | pl.col("limit_mag").is_not_null())
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="Swift UVOT")


def exposures(body: bytes) -> pl.DataFrame:
    """Return every row of a SOUSA file; ``day`` and ``exposed`` hold the text of time and exposure.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    title = INFO.title
    lines = text_of(body, title=title).splitlines()
    header = next((line for line in lines if line.startswith("# Filter ")), "")
    names = tuple(word.partition("[")[0] for word in header[1:].split())
    cells = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if names == _HEADER and cells and len(cells[0]) == len(_WITH_ELAPSED):
        names = _WITH_ELAPSED  # files of 2015 forget the name of the last column
    if names not in (_HEADER, _WITH_ELAPSED):
        raise drift(title, f"the header {header[:60]!r}")
    table = text_table(names, cells, title=title, required=_HEADER)
    if not table["Filter"].is_in(FILTERS).all():
        raise drift(title, "a filter that UVOT does not have")
    table = table.with_columns(day="MJD", exposed="Exp")
    rows = with_numbers(table, _HEADER[1:], title=title).with_columns(
        pl.when(pl.col(name).is_finite()).then(name) for name in _HEADER[1:]
    )
    if not rows["MJD"].is_between(*_MISSION_MJD).fill_null(False).all():
        raise drift(title, "a time outside the mission")
    if not rows.select(pl.col("Mag", "3SigMagLim").is_between(-5.0, 35.0).fill_null(True).all()).row(0) == (
        True,
        True,
    ):
        raise drift(title, "a magnitude that no star has")
    return rows


def newest_file(index: bytes, names: Sequence[str]) -> str | None:
    """Return the path of the newest file of the first name that SOUSA knows.

    Raises
    ------
    Transient
        ``cut-off``: the list is not whole.
    """
    tree = json_object(json_of(index, title=INFO.title), title=INFO.title)
    if tree.get("truncated"):
        raise Transient(f"{INFO.title} sent a list that is not whole; it is asked again.", code="cut-off")
    entries = [json_object(each, title=INFO.title) for each in json_list(tree.get("tree"), title=INFO.title)]
    files = [match for entry in entries if (match := _FILE.fullmatch(str(entry.get("path"))))]
    for name in names:
        found = [match for match in files if _plain(match["name"]) == _plain(name)]
        if found:
            return max(found, key=lambda match: float(match["version"]))[0]
    return None


def _plain(name: str) -> str:
    return re.sub(r"^at(?=\d{4})", "sn", re.sub(r"[\s_-]", "", name).casefold())
