"""ATLAS: forced photometry on the reduced images, asked through the public queue with an account's token.

References
----------
Tonry et al. 2018, PASP 130, 064505; Smith et al. 2020, PASP 132, 085002; Shingles et al. 2021, TNSAN 7.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.brokers.points import archive_points, brightness, flux_of
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, text_of, text_table, with_numbers
from engine.brokers.reading.json_answers import fetched_json
from engine.errors import NotReady, Rejected
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, Flag, empty
from engine.times import mid_exposure, mjd_now, mjd_of

SITE = "https://fallingstar-data.com/"
QUEUE_URL = f"{SITE}forcedphot/queue/"
CUTS_VERSION = "atlas-cuts-1"
FIRST_MJD = 57174.0  # June 2015; without a first day the archive gives only the last month
EXPTIME_S = 30.0
LATE_D = 3.0  # some telescopes' images arrive days after those of others
SATURATED_MAG = 12.5
CHI2_SUSPICIOUS = 10.0

INFO = BrokerInfo(
    key="atlas",
    title="ATLAS forced photometry",
    radius_arcsec=2.0,
    refresh_d=0.5,
    bands=("ATLAS(c)", "ATLAS(o)", "ATLAS(H)"),
    citation="2018PASP..130f4505T",
    acknowledgement=(
        "This work has made use of data from the Asteroid Terrestrial-impact Last Alert System (ATLAS) "
        "project. ATLAS is primarily funded to search for near earth asteroids through NASA grants "
        "NN12AR55G, 80NSSC18K0284, and 80NSSC18K1575; byproducts of the NEO search include images and "
        "catalogs from the survey area. The ATLAS science products have been made possible through the "
        "contributions of the University of Hawaii Institute for Astronomy, the Queen's University Belfast, "
        "the Space Telescope Science Institute, the South African Astronomical Observatory, and The "
        "Millennium Institute of Astrophysics (MAS), Chile."
    ),
    homepage="https://fallingstar-data.com/forcedphot/",
    coverage="whole sky; south of -50 degrees since 2022",
    time_scale="UTC, start of exposure",
    latency_s=3600.0,
    account="atlas_token",
    is_incremental=True,
    evidence=Evidence.RECORDED,
    canary=Canary(name="OJ 287", ra_deg=133.70364, dec_deg=20.10851, least_rows=300),
    method=(
        "The flux is forced at the target, moved by its proper motion, on the reduced images: it is the "
        "total flux, with that of any neighbour within 4 arcsec.",
        "Exposures are left out unless err is 0, 0 < duJy < 10000, 100 < x, y < 10460, 1.6 < maj, min < 5, "
        "-1 < apfit < -0.1, mag5sig > 17 and Sky > 17, as the archive advises. calib_version names the cuts: "
        "atlas-cuts-1.",
        "Flux and its error are kept. From 3 sigma on they are a magnitude, else a limit of 5 sigma from the "
        "flux's own error; the archive's m and mag5sig are not used.",
        "Points brighter than 12.5 mag are flagged as saturated, those with chi/N above 10 as poor.",
        "Times are the archive's MJD (UTC) of the start plus half of the exposure of 30 s.",
    ),
    differs=(
        "BHTOM takes the start of the exposure as its time; tomlake adds 15 s.",
        "BHTOM turns negative fluxes into limits at mag5sig, which belongs to the whole exposure; tomlake "
        "takes the limit from the flux's error at the target.",
        "BHTOM drops outliers by a z-score, and real outbursts with them; tomlake uses the archive's cuts.",
    ),
)

# Exposures must pass all of these; each is named after its column.
CUTS: dict[str, pl.Expr] = {
    "uJy": pl.col("uJy").is_finite(),
    "duJy": (pl.col("duJy") > 0) & (pl.col("duJy") < 10000),
    "err": pl.col("err") == 0,
    "x": (pl.col("x") > 100) & (pl.col("x") < 10460),
    "y": (pl.col("y") > 100) & (pl.col("y") < 10460),
    "maj": (pl.col("maj") > 1.6) & (pl.col("maj") < 5),
    "min": (pl.col("min") > 1.6) & (pl.col("min") < 5),
    "apfit": (pl.col("apfit") > -1) & (pl.col("apfit") < -0.1),
    "mag5sig": (pl.col("mag5sig") > 17).fill_null(True),  # older results have no such column
    "Sky": pl.col("Sky") > 17,
}
NUMBERS = ("MJD", "uJy", "duJy", "err", "chi/N", "x", "y", "maj", "min", "apfit", "Sky")
COLUMNS = (*NUMBERS, "F", "Obs")
_FILTERS = ("c", "o", "H")
_MJD_RANGE = (57000.0, 100000.0)
_TASK_URL = re.compile(re.escape(QUEUE_URL) + r"\d+/")
_NO_DATA = "no data"  # how error_msg says that ATLAS never looked there
_PAGES_MAX = 10
_ASK_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of the queue, as the archive tells it."""

    url: str
    comment: str
    is_finished: bool
    finished_mjd: float | None
    result_url: str
    error: str

    @property
    def is_empty(self) -> bool:
        """Return whether the archive has nothing at this place."""
        return self.is_finished and _NO_DATA in self.error.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """The forced-photometry queue of ATLAS."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the result of the target's task, which is submitted first unless it stands in the queue.

        Raises
        ------
        NotReady
            The task waits or runs; its address is the ticket.
        """
        headers = {"Authorization": f"Token {http.secret(INFO.account)}", "Accept": "application/json"}
        task = _asked_before(query, http, headers) or _submitted(query, http, headers)
        if not task.is_finished:
            raise NotReady(
                "ATLAS works on the forced photometry.", ticket=task.url, retry_after_s=_ASK_AGAIN_S
            )
        if task.is_empty:
            return b""
        if not task.result_url.startswith(SITE):
            raise Rejected(f"ATLAS could not do the photometry: {task.error[:200]}.", code="refused")
        return refuse_pages(http.get(task.result_url, headers=headers, timeout_s=120.0), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the exposures that pass the cuts as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = exposures(body).filter(*CUTS.values(), pl.col("F").is_in(_FILTERS))
        parts = brightness(pl.col("uJy"), pl.col("duJy"), zero_point_mag=AB_ZERO_POINT_UJY_MAG)
        is_saturated = pl.col("uJy") > flux_of(SATURATED_MAG)
        points = rows.select(
            source_ref=pl.col("Obs"),
            mjd=pl.Series(mid_exposure(rows["MJD"].to_numpy(), EXPTIME_S)),
            exptime_s=pl.lit(EXPTIME_S),
            band=pl.format("ATLAS({})", "F"),
            flux_ujy="uJy",
            flux_err_ujy="duJy",
            camera=pl.col("Obs").str.head(3),  # telescope and its camera: 01a is the first part of a file
            flags=pl.when(is_saturated).then(int(Flag.SATURATED)).otherwise(0)
            | pl.when(pl.col("chi/N") > CHI2_SUSPICIOUS).then(int(Flag.POOR_QUALITY_AT_SOURCE)).otherwise(0),
            **parts,
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="ATLAS")


def exposures(body: bytes) -> pl.DataFrame:
    """Return every exposure of a result; columns are found by their names.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    lines = [line for line in text_of(body, title=INFO.title).splitlines() if line.strip()]
    if not lines or not lines[0].startswith("###"):
        raise drift(INFO.title, "a result without its header")
    header = lines[0].lstrip("#").split()
    table = text_table(header, [line.split() for line in lines[1:]], title=INFO.title, required=COLUMNS)
    if "mag5sig" not in header:
        table = table.with_columns(mag5sig=pl.lit(""))
    rows = with_numbers(table, (*NUMBERS, "mag5sig"), title=INFO.title)
    if not rows["MJD"].is_between(*_MJD_RANGE).fill_null(False).all():
        raise drift(INFO.title, "an exposure without a possible time")
    return rows


def question(query: Query) -> dict[str, str]:
    """Return the form that asks for the target's forced photometry; its comment says which question it is."""
    first_mjd = FIRST_MJD if query.since_mjd is None else max(FIRST_MJD, query.since_mjd - LATE_D)
    form = {
        "ra": f"{query.ra_deg:.7f}",
        "dec": f"{query.dec_deg:.7f}",
        "mjd_min": f"{first_mjd:.5f}",
        "use_reduced": "true",
        "send_email": "false",
    }
    if query.pm_ra_mas_yr is not None and query.pm_dec_mas_yr is not None:
        form |= {
            "radec_epoch_year": f"{query.epoch:.1f}",
            "propermotion_ra": f"{query.pm_ra_mas_yr:.3f}",
            "propermotion_dec": f"{query.pm_dec_mas_yr:.3f}",
        }
    return form | {"comment": f"tomlake {query.target_id} " + " ".join(form.values())}


def _asked_before(query: Query, http: Http, headers: dict[str, str]) -> Task | None:
    """Return the task of the ticket, else an own one in the queue that asks the same."""
    if _TASK_URL.fullmatch(query.ticket):
        try:
            return _task(_json(http.get(query.ticket, headers=headers)))
        except Rejected as error:
            if error.code != "not-found":  # somebody cleared the queue
                raise
    comment, url, words = question(query)["comment"], QUEUE_URL, {"pagesize": "100"}
    for _ in range(_PAGES_MAX):
        page = _json(http.get(url, params=words, headers=headers))
        tasks = [_task(each) for each in _list(page)]
        for task in tasks:
            if task.comment == comment and _is_of_use(task):
                return task
        url, words = str(page.get("next") or ""), {}
        if not url.startswith(QUEUE_URL):
            break
    return None


def _is_of_use(task: Task) -> bool:
    """Return whether a task need not be submitted again: it waits, or its result is fresh."""
    if not task.is_finished:
        return True
    fresh_d = (INFO.refresh_d or 0.0) / 2.0
    is_fresh = task.finished_mjd is not None and mjd_now() - task.finished_mjd < fresh_d
    return is_fresh and (task.is_empty or bool(task.result_url))


def _submitted(query: Query, http: Http, headers: dict[str, str]) -> Task:
    return _task(_json(http.post(QUEUE_URL, form=question(query), headers=headers)))


def _task(told: object) -> Task:
    if not isinstance(told, dict) or not _TASK_URL.fullmatch(str(told.get("url"))):
        raise drift(INFO.title, "a task without an address")
    finished = told.get("finishtimestamp")
    try:
        finished_mjd = mjd_of(datetime.fromisoformat(str(finished))) if finished else None
    except ValueError:
        finished_mjd = None  # then its result is not fresh
    return Task(
        url=str(told["url"]),
        comment=str(told.get("comment") or ""),
        is_finished=bool(finished),
        finished_mjd=finished_mjd,
        result_url=str(told.get("result_url") or ""),
        error=str(told.get("error_msg") or ""),
    )


def _list(page: dict[str, object]) -> list[object]:
    results = page.get("results")
    if not isinstance(results, list):
        raise drift(INFO.title, "a queue without tasks")
    return results


def _json(body: bytes) -> dict[str, object]:
    told = fetched_json(body, title=INFO.title)
    if not isinstance(told, dict):
        raise drift(INFO.title, "a task that is none")
    return told
