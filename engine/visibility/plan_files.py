"""A night's plan as files: CSV for scripts, plain text to print, iCalendar (RFC 5545) for a calendar."""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import polars as pl

from engine.times import datetime_of
from engine.visibility.night import STEP_D, Night
from engine.visibility.ranking import clock

CSV_COLUMNS = (
    "rank", "name", "ra_deg", "dec_deg", "score", "best_mjd", "best_utc", "best_altitude_deg", "best_airmass",
    "from_mjd", "to_mjd", "hours_up", "moon_separation_deg", "moon_altitude_deg", "importance", "cadence_d",
    "since_last_d", "last_mag", "last_band", "reasons",
)  # fmt: skip
_LINE_BYTES = 75  # of iCalendar
_DIGITS = {
    "ra_deg": 6, "dec_deg": 6, "best_mjd": 5, "from_mjd": 5, "to_mjd": 5, "best_altitude_deg": 1,
    "best_airmass": 2, "hours_up": 2, "moon_separation_deg": 1, "moon_altitude_deg": 1, "since_last_d": 2,
    "last_mag": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanFile:
    """What the files are written from.

    Attributes
    ----------
    rows
        Ranked targets with ``rank``, ``ra_deg``, ``dec_deg`` and ``reasons``.
    """

    night: Night
    rows: pl.DataFrame
    title: str  # one line that says for which telescope and night


def csv_text(plan: PlanFile) -> str:
    """Return the plan as CSV."""
    return rounded(plan.rows).select(CSV_COLUMNS).write_csv()


def rounded(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with no more digits than they are worth, and the best moment as people write it."""
    best = [f"{datetime_of(mjd):%Y-%m-%dT%H:%M:%SZ}" for mjd in rows["best_mjd"]]
    return rows.with_columns(
        *(pl.col(name).round(digits) for name, digits in _DIGITS.items()),
        best_utc=pl.Series(best, dtype=pl.String()),
    )


def plain_text(plan: PlanFile) -> str:
    """Return the plan as lines to print and take to the dome."""
    lines = [plan.title, ""]
    for row in plan.rows.iter_rows(named=True):
        place = f"{row['ra_deg']:10.5f} {row['dec_deg']:+9.5f}"
        window = f"{clock(row['from_mjd'])}-{clock(row['to_mjd'])} UTC"
        best = f"best {clock(row['best_mjd'])} at {row['best_altitude_deg']:.0f} degrees"
        lines += [f"{row['rank']:3d}. {_plain(row['name'])}  {place}  {window}, {best}"]
        lines += [f"     {_plain(row['reasons'])}"]
    if plan.rows.is_empty():
        lines.append("Nothing can be observed within these limits.")
    return "\n".join(lines) + "\n"


def icalendar(plan: PlanFile, *, now_mjd: float) -> str:
    """Return the plan as a calendar with one event for each target, from when to when it can be observed."""
    night = plan.night
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tomlake//tonight//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{escaped_text(plan.title)}")
    site = f"{night.site.longitude_deg:.4f} {night.site.latitude_deg:.4f}"
    for row in plan.rows.iter_rows(named=True):
        # the same at every export, so that a calendar replaces what it has
        named = crc32(f"{row['name']} {site}".encode())
        about = f"{row['reasons']}.\nRA {row['ra_deg']:.5f}, Dec {row['dec_deg']:+.5f}"
        best = f"best {clock(row['best_mjd'])} UTC at {row['best_altitude_deg']:.0f} degrees"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{named:08x}-{night.day}@tomlake",
            f"DTSTAMP:{_moment(now_mjd)}",
            f"DTSTART:{_moment(row['from_mjd'])}",
            f"DTEND:{_moment(max(row['to_mjd'], row['from_mjd'] + STEP_D))}",
            f"SUMMARY:{escaped_text(row['name'])}",
            f"DESCRIPTION:{escaped_text(f'{about}, {best}')}",
            f"LOCATION:{escaped_text(night.site.name or site)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in _folded(lines))


def escaped_text(text: str) -> str:
    """Return text as a TEXT value of RFC 5545, 3.3.11; control characters cannot be said there."""
    safe = "".join(char for char in text if char == "\n" or (char >= " " and char != "\x7f"))
    for plain, said in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        safe = safe.replace(plain, said)
    return safe


def _folded(lines: Iterable[str]) -> Iterable[str]:
    """Yield lines of at most 75 bytes, never cut within a character (RFC 5545, 3.1)."""
    for line in lines:
        rest = line
        while len(rest.encode()) > _LINE_BYTES:
            cut = _LINE_BYTES
            while len(rest[:cut].encode()) > _LINE_BYTES:
                cut -= 1
            yield rest[:cut]
            rest = " " + rest[cut:]
        yield rest


def _moment(mjd: float) -> str:
    return f"{datetime_of(mjd):%Y%m%dT%H%M%SZ}"


def _plain(text: str) -> str:
    return " ".join(str(text).split())
