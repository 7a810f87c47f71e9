"""JPL Horizons: where a Solar System body is, how far, and how bright it should be. No broker: no photometry.

References
----------
Giorgini et al. 1996, BAAS 28, 1158; https://ssd-api.jpl.nasa.gov/doc/horizons.html
"""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.brokers.designation import Designation, designation_of
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import drift, refuse_pages, text_table, with_numbers
from engine.errors import Rejected
from engine.times import JD_MINUS_MJD
from engine.track import Track, track_of

URL = "https://ssd.jpl.nasa.gov/api/horizons.api"
TITLE = "JPL Horizons"
ACKNOWLEDGEMENT = (
    "Ephemerides were provided by the JPL Horizons system of the Solar System Dynamics Group, Jet Propulsion "
    "Laboratory (https://ssd.jpl.nasa.gov/horizons)."
)
PLACES_MAX = 50_000
_QUANTITIES = "1,9,19,20,24"  # place, magnitudes, distance from the Sun, from the observer, phase angle
_SHOWN = 10
_NUMBERS = {
    "Date_________JDUT": "jd",
    "R.A._(ICRF)": "ra_deg",
    "DEC_(ICRF)": "dec_deg",
    "r": "r_au",
    "delta": "delta_au",
    "S-T-O": "phase_deg",
}
_MAGNITUDES = {"APmag": "v_mag", "T-mag": "total_mag"}  # of asteroids; of comets, with the coma
_MINUTES_PER_DAY = 1440.0
_NOTHING = re.compile(r"n\.a\.")
_CODE = re.compile(r"[0-9A-Z]\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place on the Earth without an observatory code."""

    longitude_deg: float  # east of Greenwich
    latitude_deg: float
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """For when places are wanted: from, to, and how far apart."""

    from_mjd: float  # UTC
    to_mjd: float
    step_min: int = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ephemeris:
    """Where a body is.

    Attributes
    ----------
    table
        ``mjd`` (UTC), ``ra_deg``, ``dec_deg`` (astrometric ICRS at the observer), ``r_au``, ``delta_au``,
        ``phase_deg``, ``v_mag``, ``total_mag``: magnitudes are null where Horizons cannot predict them.
    """

    body: str  # as Horizons calls it
    table: pl.DataFrame

    @property
    def track(self) -> Track:
        """Return the way over the sky.

        Raises
        ------
        Rejected
            ``bad-ephemeris``: fewer than two moments.
        """
        mjd, ra_deg, dec_deg = (self.table[name].to_numpy() for name in ("mjd", "ra_deg", "dec_deg"))
        return track_of(np.asarray(mjd), np.asarray(ra_deg), np.asarray(dec_deg))


def fetch_ephemeris(http: Http, name: str, observer: str | Site, span: Span) -> Ephemeris:
    """Return where a body is for an observer.

    Parameters
    ----------
    name
        A designation (``2024 YR4``, ``2P``, ``3I``, ``1``), or a name (``Ceres``).
    observer
        An observatory's code of the Minor Planet Center (``500`` is the centre of the Earth), or a site.

    Raises
    ------
    Rejected
        ``bad-span``, ``unknown-observatory``, ``ambiguous-name``, ``unknown-body``, ``ephemeris-refused``,
        ``schema-drift``.
    """
    words = {
        "format": "text", "MAKE_EPHEM": "YES", "OBJ_DATA": "NO", "EPHEM_TYPE": "OBSERVER",
        "COMMAND": f"'{command_of(name)}'", **_observer_words(observer), **_span_words(span),
        "QUANTITIES": f"'{_QUANTITIES}'", "CSV_FORMAT": "YES", "CAL_FORMAT": "BOTH", "ANG_FORMAT": "DEG",
        "REF_SYSTEM": "ICRF", "EXTRA_PREC": "YES", "TIME_TYPE": "UT",
    }  # fmt: skip
    return ephemeris_of(refuse_pages(http.get(URL, params=words, timeout_s=120.0), title=TITLE))


def command_of(name: str) -> str:
    """Return how Horizons is asked for a small body: by designation where the name is one."""
    found = designation_of(name)
    if found is None:
        return f"{name.strip().replace(chr(39), '')};"
    if found.text.isdigit():
        return f"{found.text};"
    return f"DES={found.text};{_last_apparition(found)}"


def ephemeris_of(body: bytes) -> Ephemeris:
    """Return the table of a text answer of Horizons.

    Raises
    ------
    Rejected
        ``ambiguous-name``, ``unknown-body``, ``ephemeris-refused``: Horizons says why; ``schema-drift``.
    """
    try:
        lines = body.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise drift(TITLE, "the answer is not text") from error
    if "$$SOE" not in lines:
        raise _refusal(lines)
    start = lines.index("$$SOE")
    if "$$EOE" not in lines[start:] or start < 2:
        raise drift(TITLE, "a table that is cut off")
    header = [name.strip() for name in lines[start - 2].split(",")]
    rows = [[cell.strip() for cell in line.split(",")] for line in lines[start + 1 : lines.index("$$EOE")]]
    return Ephemeris(body=_body_of(lines), table=_table(header, rows))


def _last_apparition(body: Designation) -> str:
    # comets have an orbit for every apparition, and fragments: the last one before the time is wanted
    return "CAP;NOFRAG;" if body.is_comet else ""


def _observer_words(observer: str | Site) -> dict[str, str]:
    if isinstance(observer, str):
        if not _CODE.fullmatch(observer.strip().upper()):
            raise Rejected(
                f"{observer!r} is no observatory code such as 500 or G37.", code="unknown-observatory"
            )
        return {"CENTER": f"'{observer.strip().upper()}@399'"}
    place = f"{observer.longitude_deg:.6f},{observer.latitude_deg:.6f},{observer.height_m / 1000.0:.4f}"
    return {"CENTER": "'coord@399'", "COORD_TYPE": "GEODETIC", "SITE_COORD": f"'{place}'"}


def _span_words(span: Span) -> dict[str, str]:
    places = (span.to_mjd - span.from_mjd) * _MINUTES_PER_DAY / max(span.step_min, 1)
    if not (span.step_min >= 1 and 0.0 < places <= PLACES_MAX):
        raise Rejected(
            f"An ephemeris needs an end after its beginning and at most {PLACES_MAX} places; this asks for "
            f"{places:.0f}.",
            code="bad-span",
        )
    return {
        "START_TIME": f"'JD {span.from_mjd + JD_MINUS_MJD:.6f}'",
        "STOP_TIME": f"'JD {span.to_mjd + JD_MINUS_MJD:.6f}'",
        "STEP_SIZE": f"'{span.step_min} m'",
    }


def _table(header: list[str], rows: list[list[str]]) -> pl.DataFrame:
    # columns without a name say whether the Sun or the Moon is up; they must not hide one another
    names = [name or f"mark {place}" for place, name in enumerate(header)]
    text = text_table(names, rows, title=TITLE, required=tuple(_NUMBERS))
    text = text.with_columns(
        pl.when(~pl.col(name).str.contains(_NOTHING.pattern)).then(name) for name in names
    )
    known = _NUMBERS | {name: ours for name, ours in _MAGNITUDES.items() if name in names}
    table = with_numbers(text, known, title=TITLE).rename(known)
    if table.select(pl.any_horizontal(pl.col(list(_NUMBERS.values())).is_null()).any()).item():
        raise drift(TITLE, "a moment without a place or a distance")
    for ours in _MAGNITUDES.values():
        if ours not in table.columns:
            table = table.with_columns(pl.lit(None, dtype=pl.Float64).alias(ours))
    names = [*list(_NUMBERS.values())[1:], *_MAGNITUDES.values()]
    return table.select((pl.col("jd") - JD_MINUS_MJD).alias("mjd"), *names)


def _body_of(lines: list[str]) -> str:
    named = [line.partition(":")[2] for line in lines if line.startswith("Target body name:")]
    return named[0].partition("{")[0].strip() if named else ""


def _refusal(lines: list[str]) -> Rejected:
    """Return why Horizons gave no table, in its own words."""
    text = "\n".join(lines)
    if not text.strip() or text.lstrip().startswith("<"):
        return drift(TITLE, "no text")
    choices = _choices(lines)
    if choices:
        shown = "; ".join(choices[:_SHOWN])
        more = f"; and {len(choices) - _SHOWN} more" if len(choices) > _SHOWN else ""
        return Rejected(
            f"Horizons knows {len(choices)} bodies of this name: {shown}{more}. Give its designation.",
            code="ambiguous-name",
        )
    if "No matches found" in text:
        return Rejected("Horizons knows no body of this name.", code="unknown-body")
    said = [line.strip() for line in lines if line.strip(" *") and not line.startswith("API ")]
    return Rejected(f"Horizons refused the question: {' '.join(said)[:300]}", code="ephemeris-refused")


def _choices(lines: list[str]) -> list[str]:
    """Return the bodies that Horizons offers to choose from, one line each."""
    if not any("To SELECT" in line or "Use ID# to make unique selection" in line for line in lines):
        return []
    rules = [place for place, line in enumerate(lines) if set(line.strip()) == {"-", " "}]
    if not rules:
        return []
    rows = []
    for line in lines[rules[-1] + 1 :]:
        if not line.strip() or line.strip().startswith(("(", "*", "Number of matches")):
            break
        rows.append(" ".join(line.split()))
    return rows
