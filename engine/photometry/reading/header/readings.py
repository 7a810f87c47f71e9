"""Every keyword of a header that tells a time, and what moment of the exposure it means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.frame import Camera
from engine.photometry.reading.header.cards import Header
from engine.photometry.reading.header.dates import (
    FIRST_MJD,
    LAST_MJD,
    Moment,
    parse_clock,
    parse_julian,
    parse_moment,
)
from engine.times import SECONDS_PER_DAY

DATE_KEYWORDS = ("DATE-OBS", "DATE_OBS", "DATEOBS", "DATE-BEG", "OBSDATE", "DATE-STA", "UTDATE", "UT-DATE")
_CLOCK_KEYWORDS = ("TIME-OBS", "TIME_OBS", "TIMEOBS", "TIME-BEG", "UT-OBS", "UTC-OBS", "UTSTART", "UT-START",
                   "UTCSTART", "UT", "UTC", "UTIME", "TM-START", "TM_START", "TIME")  # fmt: skip
_SECONDS_KEYWORDS = frozenset({"TM-START", "TM_START"})
_UTC_KEYWORDS = ("UT-OBS", "UTC-OBS", "DATE-UTC", "DATE-UT", "UTC", "UT")
_JULIAN_KEYWORDS = ("MJD-OBS", "MJD_OBS", "MJD-BEG", "MJD-STR", "MJD", "JD-OBS", "JD_UTC", "JD")
_MIDDLE_KEYWORDS = ("DATE-AVG", "DATE-MID", "MIDTIME", "MJD-AVG", "MJD-MID", "MJDMID", "JD-MID", "MIDJD")
_ENDS = (("DATE-OBS", "DATE-END"), ("DATE-BEG", "DATE-END"), ("DATE_OBS", "DATE_END"), ("MJD-OBS", "MJD-END"))
SUN_KEYWORDS = ("HJD", "JD-HELIO", "BJD", "BJD_TDB")
_SUN_UNCERTAINTY_S = 510.0  # light travel time of one astronomical unit, and a little
_LOCAL = re.compile(r"\blocal\b|\blt\b")
_START = re.compile(r"\bstart|\bbegin|\bbegan")
_MIDDLE = re.compile(r"\bmid(dle|point|time|exposure)?\b")
_END = re.compile(r"\bend\b|\bfinish")


class Role(StrEnum):
    """Which moment of the exposure a keyword tells."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One keyword's time."""

    keyword: str
    moment: Moment
    role: Role = Role.START
    is_local: bool = False


def dates(header: Header, camera: Camera) -> Iterator[Reading]:
    """Yield the calendar dates with a time of day, the registered keyword of the camera first."""
    first = (camera.date_keyword,) if camera.date_keyword else ()
    for keyword, text in header.filled(*first, *DATE_KEYWORDS):
        moment = parse_moment(text)
        if moment is None:
            continue
        if not moment.has_clock or moment.mjd % 1.0 == 0.0:
            moment = _with_clock(moment, header, camera)
        if moment is not None and FIRST_MJD <= moment.mjd <= LAST_MJD:
            yield _reading(header, keyword, moment)


def _reading(header: Header, keyword: str, moment: Moment) -> Reading:
    comment = header.comment(keyword)
    local = _LOCAL.search(comment) or header.text("TIMESYS").upper() in ("LOCAL", "LT")
    return Reading(
        keyword=keyword,
        moment=moment,
        role=_role(comment),
        is_local=bool(local) and not moment.has_zone,
    )


def _role(comment: str) -> Role:
    if _START.search(comment):
        return Role.START
    if _MIDDLE.search(comment):
        return Role.MIDDLE
    return Role.END if _END.search(comment) else Role.START


def _with_clock(day: Moment, header: Header, camera: Camera) -> Moment | None:
    first = (camera.time_keyword,) if camera.time_keyword else ()
    for keyword, text in header.filled(*first, *_CLOCK_KEYWORDS):
        whole = parse_moment(text)
        if whole is not None and whole.has_clock:
            return whole
        clock = parse_clock(text, in_seconds=keyword in _SECONDS_KEYWORDS)
        if clock is not None:
            return Moment(mjd=day.mjd + clock[0] / SECONDS_PER_DAY, precision_s=clock[1])
    return day if day.has_clock else None


def references(header: Header) -> Iterator[Reading]:
    """Yield what tells universal time by its name: UT, MJD, JD and, good to minutes, HJD and BJD."""
    for keyword, text in header.filled(*_UTC_KEYWORDS):
        moment = parse_moment(text)
        if moment is not None and moment.has_clock and FIRST_MJD <= moment.mjd <= LAST_MJD:
            yield Reading(keyword=keyword, moment=moment, role=_role(header.comment(keyword)))
    for keyword, text in header.filled(*_JULIAN_KEYWORDS):
        moment = parse_julian(text)
        if moment is not None and moment.mjd % 1.0 != 0.0:
            yield Reading(keyword=keyword, moment=moment, role=_role(header.comment(keyword)))
    for keyword, text in header.filled(*SUN_KEYWORDS):
        moment = parse_julian(text)
        if moment is not None and moment.mjd % 1.0 != 0.0:
            late = replace(moment, precision_s=_SUN_UNCERTAINTY_S)
            yield Reading(keyword=keyword, moment=late, role=Role.MIDDLE)


def middles(header: Header) -> Iterator[Reading]:
    """Yield the keywords that give mid-exposure by definition."""
    for keyword, text in header.filled(*_MIDDLE_KEYWORDS):
        moment = parse_moment(text) or parse_julian(text)
        if moment is not None and moment.has_clock and FIRST_MJD <= moment.mjd <= LAST_MJD:
            yield Reading(keyword=keyword, moment=moment, role=Role.MIDDLE)


def elapsed_s(header: Header) -> float | None:
    """Return the time from start to end of the exposure as written, None when it is not or makes no sense."""
    for start_keyword, end_keyword in _ENDS:
        start, end = (
            parse_moment(header.text(keyword)) or parse_julian(header.text(keyword))
            for keyword in (start_keyword, end_keyword)
        )
        if start is not None and end is not None and start.has_clock and end.has_clock:
            elapsed_s = (end.mjd - start.mjd) * SECONDS_PER_DAY
            return elapsed_s if 0 < elapsed_s < SECONDS_PER_DAY else None
    return None
