"""Light curves that observers send as text: BHTOM's ``time,filter,magnitude,error`` and what resembles it."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from engine.bands import BANDS, CATALOGUE_SURVEYS
from engine.errors import Rejected

CURVE_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),  # of the file, the header not counted
    "mjd": pl.Float64(),
    "band": pl.String(),
    "mag": pl.Float64(),
    "mag_err": pl.Float64(),
    "limit_mag": pl.Float64(),
    "observer": pl.String(),
}
MOST_ROWS = 200_000
LIMIT_ERROR_MAG = 90.0  # BHTOM's users write an error of 99, or a negative one, for a non-detection
FAINTEST_MAG = 50.0
_JD_OF_MJD_0 = 2_400_000.5
_NAMES: dict[str, tuple[str, ...]] = {
    "time": ("time", "mjd", "jd", "hjd", "date"),
    "filter": ("filter", "band", "passband"),
    "magnitude": ("magnitude", "mag", "value"),
    "error": ("error", "magerr", "mag_err", "mag_error", "magnitude_error", "err", "e_mag"),
    "observer": ("observer", "observers"),
}
_FILTERS = {"GBP": "BP", "GRP": "RP", "KS": "K"}


def read_curve(path: Path) -> pl.DataFrame:
    """Return the measurements of a file in ``CURVE_SCHEMA``, in its order.

    Raises
    ------
    Rejected
        ``not-a-curve``: it is no such table; ``bad-row``: names the first row that cannot be used;
        ``unknown-band``.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_curve("it is no text") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) < 2:
        raise _no_curve("it has no row below a header")
    if len(lines) - 1 > MOST_ROWS:
        raise _no_curve(f"it has more than {MOST_ROWS:,} rows")
    splitter = _splitter(lines[0])
    header = [_plain(word).lower() for word in splitter.split(lines[0].strip())]
    places = _places(header)
    rows = []
    for number, line in enumerate(lines[1:], 1):
        words = [_plain(word) for word in splitter.split(line.strip())]
        rows.append(_row({name: _word(words, place) for name, place in places.items()}, number))
    return pl.DataFrame(rows, schema=CURVE_SCHEMA)


def band_named(words: str) -> str:
    """Return the label of a filter as people write it: ``V(GaiaSP)``, ``GaiaSP/V``, ``ZTF(zg)``, or ``V``.

    A bare filter is taken for the standard system of that name.

    Raises
    ------
    Rejected
        ``unknown-band``
    """
    if words in BANDS:
        return words
    label = re.fullmatch(r"([^()]+)\(([^()]+)\)", words)
    survey, _, name = words.rpartition("/")
    pairs = [(survey, name)] if label is None else [(label[2], label[1]), (label[1], label[2])]
    for survey_words, filter_words in pairs:
        wanted = _FILTERS.get(filter_words.strip().upper(), filter_words.strip())
        surveys = (
            [survey_words.strip().lower()] if survey_words.strip() else map(str.lower, CATALOGUE_SURVEYS)
        )
        for each in surveys:
            for band in BANDS.values():
                if band.survey.lower() == each and band.filter == wanted and band.unit == "mag":
                    return band.band_id
    raise Rejected(
        f"The filter {words!r:.40} is not known: write the catalogue with it, such as V(GaiaSP) or GaiaSP/V.",
        code="unknown-band",
    )


def _splitter(header: str) -> re.Pattern[str]:
    mark = next((mark for mark in ",;\t" if mark in header), None)
    return re.compile(r"\s+" if mark is None else re.escape(mark))


def _places(header: Sequence[str]) -> dict[str, int]:
    places = {
        meaning: next((header.index(name) for name in names if name in header), -1)
        for meaning, names in _NAMES.items()
    }
    missing = [name for name, place in places.items() if place < 0 and name != "observer"]
    if missing:
        raise _no_curve(f"its first line names no column {', '.join(missing)}")
    return places


def _row(words: Mapping[str, str], number: int) -> dict[str, object]:
    mjd, mag, error = (_number(words[name], name, number) for name in ("time", "magnitude", "error"))
    if mjd is None or mag is None:
        raise _bad_row(number, "has no time or no magnitude")
    mjd = mjd - _JD_OF_MJD_0 if mjd > _JD_OF_MJD_0 else mjd
    if not 15_000 < mjd < 100_000:
        raise _bad_row(number, f"has the time {words['time']:.30}, which is no MJD")
    if abs(mag) >= FAINTEST_MAG:
        raise _bad_row(number, f"has the magnitude {words['magnitude']:.30}, which no star has")
    try:
        band = band_named(words["filter"])
    except Rejected as error_of_band:
        raise Rejected(f"Row {number}: {error_of_band.reason}", code=error_of_band.code) from error_of_band
    is_limit = error is not None and (error < 0 or error >= LIMIT_ERROR_MAG)
    return {
        "row": number,
        "mjd": mjd,
        "band": band,
        "mag": None if is_limit else mag,
        "mag_err": None if is_limit or not error else error,
        "limit_mag": mag if is_limit else None,
        "observer": words["observer"] or None,
    }


def _number(word: str, name: str, number: int) -> float | None:
    if word.lower() in {"", "nan", "none", "null", "-"}:
        return None
    try:
        value = float(word)
    except ValueError as error:
        raise _bad_row(number, f"has {word!r:.30} where a number belongs ({name})") from error
    return value if math.isfinite(value) else None


def _word(words: Sequence[str], place: int) -> str:
    return words[place] if 0 <= place < len(words) else ""


def _plain(word: str) -> str:
    return word.strip().strip('"').strip()


def _bad_row(number: int, why: str) -> Rejected:
    return Rejected(f"Row {number} {why}: correct it and send the file again.", code="bad-row")


def _no_curve(why: str) -> Rejected:
    return Rejected(
        f"The file is no light curve, {why}: send text with the columns time,filter,magnitude,error.",
        code="not-a-curve",
    )
