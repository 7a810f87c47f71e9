"""Dates and clock times as observers' software writes them, turned into MJD with their own precision."""

import re
from dataclasses import dataclass
from datetime import date

from engine.photometry.reading.header.cards import angle_of, is_sexagesimal, number_of
from engine.times import JD_MINUS_MJD, SECONDS_PER_DAY

_MJD_ORDINAL = 678576  # date.toordinal() of MJD 0
FIRST_MJD = 40587.0  # 1970: no digital camera looked at the sky before
LAST_MJD = 88069.0  # 2100
_LONGEST_DATE = 60
_LONGEST_ZONE_S = 14 * 3600
_HALF_DIGIT = 0.5
_FINEST_S = 0.0005  # no computer's clock is better
_CLOCK = r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:[.,]\d*)?))?"
_ZONE = r"\s*(Z|UTC?|GMT|[-+]\d{2}:?\d{2}|[-+]\d{2})?"
_YEAR_FIRST = re.compile(
    rf"^(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}})(?:[T\s_]+{_CLOCK}{_ZONE})?$", re.IGNORECASE
)
_YEAR_LAST = re.compile(
    rf"^(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{2,4}})(?:[T\s_]+{_CLOCK}{_ZONE})?$", re.IGNORECASE
)
_EIGHT_DIGITS = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_CLOCK_ONLY = re.compile(rf"^{_CLOCK}{_ZONE}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A written time: MJD in the scale it was written in, and half of its last digit."""

    mjd: float
    precision_s: float
    has_clock: bool = True
    has_zone: bool = False


def parse_moment(text: str) -> Moment | None:
    """Return a written date, with or without a clock time and a zone, or None when it is not one.

    A zone is applied. ``dd/mm/yy`` is the old FITS date of the last century; a date whose day and month
    could be exchanged (``03/04/2021``) is not guessed.
    """
    text = text.strip()
    if len(text) > _LONGEST_DATE:
        return None
    if found := _EIGHT_DIGITS.match(text):
        day = _day(*(int(part) for part in found.groups()))
        return None if day is None else Moment(mjd=day, precision_s=SECONDS_PER_DAY / 2, has_clock=False)
    if found := _YEAR_FIRST.match(text):
        year, _, month, day_of_month, *clock = found.groups()
        return _moment(_day(int(year), int(month), int(day_of_month)), clock)
    if found := _YEAR_LAST.match(text):
        first, _, second, year, *clock = found.groups()
        return _moment(_day_of_year_last(int(first), int(second), year), clock)
    return None


def _day_of_year_last(first: int, second: int, year: str) -> float | None:
    if len(year) == 2:
        return _day(1900 + int(year), second, first)
    if first <= 12 and second <= 12 and first != second:
        return None
    return _day(int(year), second, first) if second <= 12 else _day(int(year), first, second)


def _day(year: int, month: int, day: int) -> float | None:
    try:
        return float(date(year, month, day).toordinal() - _MJD_ORDINAL)
    except ValueError:
        return None


def _moment(day: float | None, clock: list[str | None]) -> Moment | None:
    if day is None:
        return None
    hours, minutes, seconds, zone = clock
    if hours is None or minutes is None:
        return Moment(mjd=day, precision_s=SECONDS_PER_DAY / 2, has_clock=False)
    time_of_day = _time_of_day(hours, minutes, seconds)
    zone_s = _zone_s(zone)
    if time_of_day is None or zone_s is None:
        return None
    seconds_of_day, precision_s = time_of_day
    return Moment(
        mjd=day + (seconds_of_day - zone_s) / SECONDS_PER_DAY, precision_s=precision_s, has_zone=bool(zone)
    )


def _time_of_day(hours: str, minutes: str, seconds: str | None) -> tuple[float, float] | None:
    whole_minutes = int(hours) * 60 + int(minutes)
    if int(hours) > 24 or int(minutes) > 59:
        return None
    if seconds is None:
        return whole_minutes * 60.0, 30.0
    value = float(seconds.replace(",", "."))
    decimals = len(re.split("[.,]", seconds)[1]) if re.search("[.,]", seconds) else 0
    return (whole_minutes * 60.0 + value, _HALF_DIGIT * 10.0 ** -min(decimals, 3)) if value < 62 else None


def _zone_s(zone: str | None) -> float | None:
    if not zone or zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600.0 + int(digits[2:] or "0") * 60.0
    if seconds > _LONGEST_ZONE_S:
        return None
    return -seconds if zone[0] == "-" else seconds


def parse_clock(text: str, *, in_seconds: bool = False) -> tuple[float, float] | None:
    """Return seconds since midnight and their precision [s] of a time of day, or None.

    Understood are ``hh:mm:ss.s`` with or without a zone, ``hh mm ss``, decimal hours, and seconds of the day
    where the keyword says so or the number is above 24.
    """
    text = text.strip()
    if found := _CLOCK_ONLY.match(text[:_LONGEST_DATE]):
        hours, minutes, seconds, zone = found.groups()
        time_of_day, zone_s = _time_of_day(hours, minutes, seconds), _zone_s(zone)
        if time_of_day is None or zone_s is None:
            return None
        return time_of_day[0] - zone_s, time_of_day[1]
    number = angle_of(text)
    if number is None or not 0 <= number <= SECONDS_PER_DAY:
        return None
    if is_sexagesimal(text):
        return (number * 3600.0, _HALF_DIGIT) if number <= 24 else None
    unit_s = 1.0 if in_seconds or number > 24 else 3600.0
    return number * unit_s, unit_s * half_last_digit(text)


def parse_julian(text: str) -> Moment | None:
    """Return a number as MJD: a JD above 2,400,000 is brought to MJD; None when it is no date."""
    number = number_of(text)
    if number is None:
        return None
    mjd = number - JD_MINUS_MJD if number > 2_400_000 else number
    if not FIRST_MJD <= mjd <= LAST_MJD:
        return None
    return Moment(mjd=mjd, precision_s=max(half_last_digit(text) * SECONDS_PER_DAY, _FINEST_S), has_zone=True)


def half_last_digit(text: str) -> float:
    """Return half of the last written digit of a number: ``58107.065`` gives 0.0005."""
    mantissa, _, exponent = text.strip().upper().replace("D", "E").replace(",", ".").partition("E")
    decimals = len(mantissa.partition(".")[2].strip()) if "." in mantissa else 0
    power = int(exponent) if re.fullmatch(r"[-+]?\d{1,3}", exponent.strip()) else 0
    return _HALF_DIGIT * 10.0 ** max(min(power - decimals, 15), -30)
