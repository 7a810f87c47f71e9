"""Numbers, times and names as the pages write them."""

import re
from datetime import date

from babel.dates import format_date

from engine.times import datetime_of, mjd_now
from portal.words import _, language, several

MISSING = "–"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])")
_MINUTE_D, _HOUR_D = 1 / 1440, 1 / 24


def escaped(text: str) -> str:
    """Return text so that Markdown, icons, colours and formulas in it stay plain characters."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def mag_text(mag: float | None, mag_err: float | None = None) -> str:
    """Return a magnitude with its error in words a table can hold."""
    if mag is None:
        return MISSING
    return f"{mag:.3f} ± {mag_err:.3f}" if mag_err is not None else f"{mag:.2f}"


def number_text(number: int | None) -> str:
    """Return a whole number with thousands set apart."""
    return MISSING if number is None else f"{number:,}"


def date_text(mjd: float | None) -> str:
    """Return the calendar day of an MJD, such as ``7 Oct 2025``."""
    if mjd is None:
        return MISSING
    return format_date(datetime_of(mjd), "d MMM yyyy", locale=language())


def day_text(day: date) -> str:
    """Return a calendar day with the month in full, such as ``22 November 2026``."""
    return format_date(day, "d MMMM yyyy", locale=language())


def moment_text(mjd: float | None) -> str:
    """Return day and minute of an MJD in UTC, such as ``2025-10-07 02:14``."""
    return MISSING if mjd is None else f"{datetime_of(mjd):%Y-%m-%d %H:%M}"


def ago_text(mjd: float | None, *, now_mjd: float | None = None) -> str:
    """Return how long ago something was, in the largest unit that fits."""
    if mjd is None:
        return MISSING
    passed_d = max(0.0, (mjd_now() if now_mjd is None else now_mjd) - mjd)
    if passed_d < _MINUTE_D:
        return _("just now")
    if passed_d < _HOUR_D:
        return _("{count} min ago", count=round(passed_d / _MINUTE_D))
    if passed_d < 1:
        return _("{count} h ago", count=round(passed_d / _HOUR_D))
    if passed_d < 60:
        return several("{count} day ago", "{count} days ago", round(passed_d))
    if passed_d < 730:
        return several("{count} month ago", "{count} months ago", round(passed_d / 30.44))
    return several("{count} year ago", "{count} years ago", round(passed_d / 365.25))


def size_text(size_bytes: int) -> str:
    """Return a file's size in MB or kB."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, round(size_bytes / 1e3))} kB"


def duration_text(seconds: float | None) -> str:
    """Return a duration in seconds or minutes."""
    if seconds is None:
        return MISSING
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as ``1 frame`` or ``1,204 frames``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
