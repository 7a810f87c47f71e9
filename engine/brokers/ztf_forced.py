"""ZTF forced photometry: brightness on difference images at any position, from IPAC's queue.

References
----------
Masci et al. 2023, arXiv:2305.16279.
"""

from base64 import b64encode
from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import place_in
from engine.brokers.points import archive_points, brightness, flux_of
from engine.brokers.protocol import BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of, text_table, with_numbers, within
from engine.brokers.reading.html_table import html_rows
from engine.brokers.ztf import ACKNOWLEDGEMENT
from engine.errors import NotReady, Rejected, Transient
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, Flag, empty
from engine.times import JD_MINUS_MJD, SECONDS_PER_DAY, mjd_now

SITE = "https://ztfweb.ipac.caltech.edu"
SUBMIT_URL = f"{SITE}/cgi-bin/requestForcedPhotometry.cgi"
STATUS_URL = f"{SITE}/cgi-bin/getForcedPhotometryRequests.cgi"
CUTS_VERSION = "ztf-forced-cuts-1"
EPOCHS_MIN = 30  # for a baseline
QUIET_SIGMAS = 2.0

INFO = BrokerInfo(
    key="ztf_forced",
    title="ZTF forced photometry",
    radius_arcsec=1.0,
    refresh_d=7.0,
    bands=("ZTF(zg)", "ZTF(zr)", "ZTF(zi)"),
    citation="2023arXiv230516279M",
    acknowledgement=(
        f"{ACKNOWLEDGEMENT} The ZTF forced-photometry service was funded under the Heising-Simons Foundation "
        "grant #12540303 (PI: Graham)."
    ),
    homepage="https://ztfweb.ipac.caltech.edu/cgi-bin/requestForcedPhotometry.cgi",
    release="made anew for every question",
    dec_range_deg=(-32.0, 90.0),
    coverage="sky north of -32 deg",
    time_scale="UTC",
    latency_s=7200.0,
    account="ztf_forced_password",
    evidence=Evidence.RECORDED,
    method=(
        "The account is three secrets: ztf_forced_email and ztf_forced_password of the person, and "
        "ztf_forced_login, the user:password at the door of the service, which its guide gives.",
        "The service is asked for the whole survey every time, because baselines need it, and is asked again "
        "each hour until the light curve is made.",
        "Fluxes are differences from the reference image, in uJy (AB); so are the magnitudes. A star's total "
        "brightness is in the data releases.",
        "Epochs are left out unless infobitssci < 33554432, scisigpix <= 25, sciinpseeing <= 4 and a flux "
        "was measured. calib_version names the cuts: ztf-forced-cuts-1.",
        "Errors are multiplied by the root of the median forcediffimchisq of their field, CCD quadrant and "
        "band.",
        "The baseline of a field, CCD quadrant and band is the median flux; it is taken away where there are "
        "at least 30 epochs and the scatter round it is below twice the errors, that is where the target is "
        "quiet most of the time. Elsewhere fluxes stay as they are.",
        "Differences of at least 3 sigma have magnitudes, others 5 sigma limits.",
        "Other bits of infobitssci, and procstatus other than 0, 57, 58 or 62, are flagged as poor; 56 is "
        "flagged as bad pixels, 61 as near the edge.",
        "Times are JD (UTC) at the beginning of the exposure; half the exposure time is added.",
    ),
    differs=("BHTOM does not ask this service.",),
)

_NUMBERS = (
    "infobitssci", "sciinpseeing", "scisigpix", "exptime", "zpdiff", "jd",
    "forcediffimflux", "forcediffimfluxunc", "forcediffimchisq",
)  # fmt: skip
COLUMNS = ("field", "ccdid", "qid", "filter", "pid", "procstatus", *_NUMBERS)
_BANDS = {"ZTF_g": "ZTF(zg)", "ZTF_r": "ZTF(zr)", "ZTF_i": "ZTF(zi)"}
_UNUSABLE_BIT = 33554432  # 2**25: the image failed the survey's own quality check
CUTS: dict[str, pl.Expr] = {
    "infobitssci": pl.col("infobitssci") < _UNUSABLE_BIT,
    "scisigpix": pl.col("scisigpix") <= 25,
    "sciinpseeing": pl.col("sciinpseeing") <= 4,
    "forcediffimflux": pl.col("forcediffimflux").is_finite(),
    "forcediffimfluxunc": pl.col("forcediffimfluxunc").is_finite() & (pl.col("forcediffimfluxunc") > 0),
}
_GROUP = ("camera", "filter")
_HARMLESS = ("0", "57", "58", "62")  # 57, 58: no catalogue of the reference; 62: asked before the survey
_END = "# ------------------------------END---"
_JD_RANGE = (2458000.5, 2465000.5)
_JD_START = 2458194.5  # 17 March 2018
_MIDDLE_YEAR = 2022.0
_NO_RECORDS, _FAILED = "63", ("64", "65", "255")
_TOLERANCE_DEG, _TOLERANCE_D = 2e-5, 0.01
_STATUS_COLUMNS = ("reqid", "ra", "dec", "startJD", "endJD", "exitcode", "lightcurve")
_FORGOTTEN_D = 30.0  # after which the service does not list a question
_AGAIN_S = 3600.0  # the list of questions is renewed each hour


@dataclass(frozen=True, slots=True, kw_only=True)
class ZtfForced:
    """The queue of ZTF forced photometry."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the light curve that an earlier question asked for; without a ticket ask that question.

        Raises
        ------
        NotReady
            ``not-ready``: it is in the queue; the ticket is what was asked: position and range of JD.
        Transient
            ``not-accepted``: the service did not take the question.
        """
        if not query.ticket or _is_forgotten(query.ticket):
            return _submit(query, http)
        return _result(query.ticket, http)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the good epochs as a light curve of difference fluxes.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        points = _points(calibrated(epochs(body).filter(*CUTS.values())))
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="ZTF")


def epochs(body: bytes) -> pl.DataFrame:
    """Return every epoch of a light-curve file, with ``camera``; ``pid`` stays text.

    Raises
    ------
    Rejected
        ``schema-drift``, also where the line of the end is missing.
    """
    lines = text_of(body, title=INFO.title).splitlines()
    if not lines or not lines[-1].startswith(_END):
        raise drift(INFO.title, "a file without its last line")
    cells = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not cells:
        raise drift(INFO.title, "a file without the names of its columns")
    header = [name.rstrip(",") for name in cells[0]]
    table = text_table(header, cells[1:], title=INFO.title, required=COLUMNS)
    rows = with_numbers(table, _NUMBERS, title=INFO.title)
    if not set(rows["filter"]) <= set(_BANDS):
        raise drift(INFO.title, "an unknown filter")
    within(rows, "jd", *_JD_RANGE, title=INFO.title)
    within(rows, "exptime", 1.0, 3600.0, title=INFO.title)
    within(rows, "zpdiff", 15.0, 35.0, title=INFO.title)
    return rows.with_columns(camera=pl.concat_str("field", "ccdid", "qid", separator="/"))


def calibrated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the epochs with ``flux_ujy`` above the baseline of their camera and band, and its error."""
    ujy_per_dn = flux_of(pl.col("zpdiff"))
    # a chi squared of zero or less says nothing of the errors
    scale = pl.col("forcediffimchisq").filter(pl.col("forcediffimchisq") > 0).median().sqrt().over(_GROUP)
    flux, flux_err = pl.col("flux_ujy"), pl.col("flux_err_ujy")
    away_sigmas = ((flux - flux.median().over(_GROUP)) / flux_err).abs()
    is_quiet = 1.4826 * away_sigmas.median().over(_GROUP) < QUIET_SIGMAS
    has_baseline = is_quiet & (pl.len().over(_GROUP) >= EPOCHS_MIN)
    return rows.with_columns(
        flux_ujy=pl.col("forcediffimflux") * ujy_per_dn,
        flux_err_ujy=pl.col("forcediffimfluxunc") * ujy_per_dn * scale.fill_null(1.0),
    ).with_columns(flux_ujy=flux - pl.when(has_baseline).then(flux.median().over(_GROUP)).otherwise(0.0))


def _points(rows: pl.DataFrame) -> pl.DataFrame:
    status = pl.col("procstatus").str.split(",")
    has_bad_pixels, is_near_edge = status.list.contains("56"), status.list.contains("61")
    is_harmless = status.list.eval(pl.element().is_in([*_HARMLESS, "56", "61"])).list.all()
    is_poor = (pl.col("infobitssci") != 0) | ~is_harmless
    return rows.select(
        source_ref="pid",
        mjd=pl.col("jd") - JD_MINUS_MJD + pl.col("exptime") / (2.0 * SECONDS_PER_DAY),
        exptime_s="exptime",
        band=pl.col("filter").replace_strict(_BANDS, return_dtype=pl.String),
        flux_ujy="flux_ujy",
        flux_err_ujy="flux_err_ujy",
        camera="camera",
        flags=int(Flag.DIFFERENCE)
        + pl.when(is_poor).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0)
        + pl.when(has_bad_pixels).then(int(Flag.BAD_PIXEL)).otherwise(0)
        + pl.when(is_near_edge).then(int(Flag.NEAR_EDGE)).otherwise(0),
        **brightness(pl.col("flux_ujy"), pl.col("flux_err_ujy"), zero_point_mag=AB_ZERO_POINT_UJY_MAG),
    )


def _submit(query: Query, http: Http) -> bytes:
    asked = (*place_in(query, _MIDDLE_YEAR), _JD_START, mjd_now() + JD_MINUS_MJD)
    ticket = " ".join(f"{value:.6f}" for value in asked)
    words = dict(zip(("ra", "dec", "jdstart", "jdend"), ticket.split(), strict=True))
    page = http.get(SUBMIT_URL, params=words | _person(http), headers=_door(http), timeout_s=120.0)
    echoed = (row[:4] for row in html_rows(page.decode("utf-8", "replace")))
    if not any(_is_the_question(cells, ticket) for cells in echoed):
        raise Transient(
            f"{INFO.title} did not take the question; check the account's e-mail and password if this stays.",
            code="not-accepted",
            retry_after_s=_AGAIN_S,
        )
    raise _not_ready(ticket)


def _result(ticket: str, http: Http) -> bytes:
    words = _person(http) | {"option": "All recent jobs", "action": "Query Database"}
    page = http.get(STATUS_URL, params=words, headers=_door(http), timeout_s=120.0)
    exit_code, path = _job(page.decode("utf-8", "replace"), ticket)
    if exit_code == _NO_RECORDS:
        return b""
    if exit_code in _FAILED:
        raise Rejected(f"{INFO.title} failed with its code {exit_code}.", code="archive-failed")
    if not path.startswith("/"):
        raise _not_ready(ticket)
    return refuse_pages(http.get(f"{SITE}{path}", headers=_door(http), timeout_s=300.0), title=INFO.title)


def _job(page: str, ticket: str) -> tuple[str, str]:
    """Return exit code and path of a question in the list of them, both empty where it is not listed yet."""
    rows = html_rows(page)
    if not rows:  # nothing listed, or the database is busy
        return "", ""
    missing = [name for name in _STATUS_COLUMNS if name not in rows[0]]
    if missing:
        raise drift(INFO.title, f"no column {', '.join(missing)} in the list of questions")
    for cells in rows[1:]:
        job = dict(zip(rows[0], cells, strict=False))
        if _is_the_question([job.get(name, "") for name in _STATUS_COLUMNS[1:5]], ticket):
            return job.get("exitcode", ""), job.get("lightcurve", "")
    return "", ""


def _is_the_question(cells: list[str], ticket: str) -> bool:
    try:
        away = [abs(float(a) - float(b)) for a, b in zip(cells, ticket.split(), strict=True)]
    except ValueError:  # words, or another number of cells
        return False
    return max(away[:2]) <= _TOLERANCE_DEG and max(away[2:]) <= _TOLERANCE_D


def _is_forgotten(ticket: str) -> bool:
    return mjd_now() + JD_MINUS_MJD - float(ticket.rsplit(maxsplit=1)[-1]) > _FORGOTTEN_D


def _not_ready(ticket: str) -> NotReady:
    return NotReady(f"{INFO.title} works on it.", ticket=ticket, retry_after_s=_AGAIN_S)


def _person(http: Http) -> dict[str, str]:
    return {"email": http.secret("ztf_forced_email"), "userpass": http.secret(INFO.account)}


def _door(http: Http) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(http.secret("ztf_forced_login").encode()).decode()}
