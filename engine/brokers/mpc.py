"""Minor Planet Center: the magnitudes that observers of minor planets and comets reported with positions.

References
----------
Marsden 1980, Celestial Mechanics 22, 63. Formats: ADES (Chesley et al. 2017) and the 80-column record,
https://www.minorplanetcenter.net/iau/info/OpticalObs.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from engine.brokers.designation import needed_designation
from engine.brokers.moving_points import moving_points
from engine.brokers.protocol import Asks, BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_list, json_object, json_of, table_of_objects
from engine.lightcurve import Flag, empty
from engine.times import mjd_of

URL = "https://data.minorplanetcenter.net/api/get-obs"
CUTS_VERSION = "mpc-cuts-1"
# What observers write, and the band it is: systems in two letters, blank for what they did not tell.
BANDS: Mapping[str, str] = {
    "Vj": "V", "Rc": "R", "Ic": "I", "Bj": "B", "Uj": "U", "Sg": "g", "Sr": "r", "Si": "i", "Sz": "z",
    "Su": "u", "Pg": "g", "Pr": "r", "Pi": "i", "Pz": "z", "Py": "y", "Pw": "w", "Ao": "o", "Ac": "c",
    "Lu": "u", "Lg": "g", "Lr": "r", "Li": "i", "Lz": "z", "Ly": "y",
    **{name: name for name in "UBVRIGJHKCugrizywco"},
}  # fmt: skip
SPELT = ("U", "B", "V", "R", "I", "G", "J", "H", "K", "C", "u", "g", "r", "i", "z", "y", "w", "c", "o")

INFO = BrokerInfo(
    key="mpc",
    title="Minor Planet Center",
    radius_arcsec=60.0,
    refresh_d=1.0,
    bands=tuple(f"MPC({name})" for name in SPELT),
    citation="1980CeMec..22...63M",
    acknowledgement=(
        "This research has made use of data and/or services provided by the International Astronomical "
        "Union's Minor Planet Center."
    ),
    homepage="https://data.minorplanetcenter.net",
    asks=Asks.MOVING,
    latency_s=20.0,
    canary=Canary(name="12893", ra_deg=0.0, dec_deg=0.0, least_rows=200),
    method=(
        "The body is asked for by the first designation among the target's names.",
        "Every observation with a magnitude is a point. Left out are observations that the archive has "
        "withdrawn (cut named deprecated), those without a place on the sky, and bands that are not in the "
        "list (nuclear, total and wide ones).",
        "A magnitude without a band is blue (B) from a photographic plate, else unfiltered (C), and flagged.",
        "Errors are the observer's own (rmsmag); most observers give none, and magnitudes are good to 0.1 to "
        "0.5. Bands of different observers with the same letter differ: V may be calibrated anywhere.",
        "Magnitudes are as observed; divide distance and phase out with engine.reduced_magnitude.",
        "Times are UTC in the middle of the exposure, as the format asks of observers. The barycentric time "
        "is that of the place of each observation. calib_version: mpc-cuts-1.",
    ),
    differs=("BHTOM does not harvest the Minor Planet Center.",),
)

_ADES = ("obstime", "stn", "ra", "dec", "mag", "rmsmag", "band", "mode")
_OPTIONAL = ("obsid", "deprecated")
_OLD_RECORD_CHARS = 80
_MAG_RANGE = (-30.0, 40.0)
_DAY = re.compile(r"(\d{4}) (\d\d) (\d\d)(\.\d+)?")
_PHOTOGRAPHIC = ("PHO", "P", "A", "N", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpc:
    """The observations of the Minor Planet Center."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return every observation of the body, in ADES.

        Raises
        ------
        Rejected
            ``no-designation``
        """
        body = needed_designation((query.name, *query.names), title=INFO.title)
        question = {"desigs": [body.text], "output_format": ["ADES_DF"]}
        return refuse_pages(http.get(URL, json=question, timeout_s=240.0), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the observations that have a magnitude.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = observations(body)
        label = pl.col("band").replace_strict(BANDS, default=None, return_dtype=pl.String())
        told = pl.col("band") != ""
        plate = pl.col("mode").is_in(_PHOTOGRAPHIC)
        rows = rows.with_columns(
            label=pl.when(told).then(label).when(plate).then(pl.lit("B")).otherwise(pl.lit("C"))
        )
        err = pl.col("rmsmag")
        points = rows.filter(
            pl.col("mag").is_between(*_MAG_RANGE, closed="none").fill_null(False),
            pl.col("deprecated").str.strip_chars().str.to_lowercase().is_in(["", "false"]),
            pl.all_horizontal(pl.col("ra", "dec").is_finite()).fill_null(False),
            pl.col("label").is_not_null(),
        ).select(
            source_ref=pl.when(~pl.col("obsid").is_in(["", "nan"]))
            .then("obsid")
            .otherwise(pl.format("{}/{}/{}", "obstime", "stn", "band")),
            mjd="mjd",
            ra_deg="ra",
            dec_deg="dec",
            band=pl.format("MPC({})", "label"),
            mag="mag",
            mag_err=pl.when(err.is_finite() & (err > 0)).then(err),
            facility=pl.format("MPC {}", "stn"),
            observer=pl.format("MPC {}", "stn"),
            flags=pl.when(told).then(0).otherwise(int(Flag.NON_STANDARD_BAND)),
        )
        return moving_points(points, query, INFO, calib_version=CUTS_VERSION)


def observations(body: bytes) -> pl.DataFrame:
    """Return every observation of an answer: ADES, or records of 80 columns as the service gave until 2025.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    title = INFO.title
    answer = json_list(json_of(body, title=title, keeps_nan=True), title=title)
    if any(isinstance(each, dict) and "original_record" in each for each in answer):
        records = [_of_record(json_object(each, title=title)) for each in answer]
    else:
        records = list(_of_ades(answer))
    names = (*_ADES, *_OPTIONAL)
    filled = [dict.fromkeys(_OPTIONAL) | dict(record) for record in records]
    table = table_of_objects(filled, title=title, required=names)
    rows = with_numbers(table, ("ra", "dec", "mag", "rmsmag"), title=title)
    rows = rows.with_columns(pl.col("band", "mode", "stn", "obsid").str.strip_chars())
    return rows.with_columns(pl.Series("mjd", [_mjd(text) for text in rows["obstime"]], dtype=pl.Float64()))


def _of_ades(answer: object) -> Iterator[dict[str, object]]:
    """Yield the observations of ``[{"ADES_DF": [...]}, 200]``; names may be written as in ADES itself."""
    for each in json_list(answer, title=INFO.title):
        if isinstance(each, int):
            if each != 200:
                raise drift(INFO.title, f"an answer of status {each}")
            continue
        block = json_object(each, title=INFO.title)
        if "ADES_DF" not in block:
            raise drift(INFO.title, "an answer without ADES_DF")
        for row in json_list(block["ADES_DF"] or [], title=INFO.title):
            yield {name.lower(): value for name, value in json_object(row, title=INFO.title).items()}


def _of_record(entry: Mapping[str, object]) -> dict[str, object]:
    """Return an observation from its record of 80 columns."""
    line = str(entry.get("original_record"))
    if len(line) != _OLD_RECORD_CHARS:
        raise drift(INFO.title, f"the record {line[:40]!r}")
    try:
        ra_deg, dec_deg = _degrees(line[32:44]) * 15.0, _degrees(line[44:56])
        moment = _moment(line[15:32])
    except ValueError as error:
        raise drift(INFO.title, f"the record {line[:40]!r}") from error
    return {
        "obstime": moment.isoformat(), "stn": line[77:80], "ra": ra_deg, "dec": dec_deg,
        "mag": line[65:70], "rmsmag": None, "band": line[70], "mode": line[14],
    }  # fmt: skip


def _moment(text: str) -> datetime:
    day = _DAY.fullmatch(text.strip())
    if day is None:
        raise ValueError(text)
    fraction = timedelta(days=float(f"0{day[4] or ''}"))
    return datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC) + fraction


def _degrees(text: str) -> float:
    parts = [float(part) for part in text.replace("-", " ").replace("+", " ").split()]
    sign = -1.0 if text.strip().startswith("-") else 1.0
    return sign * sum(part / 60.0**power for power, part in enumerate(parts))


def _mjd(text: str) -> float:
    try:
        return mjd_of(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        raise drift(INFO.title, f"the time {text[:40]!r}") from error
