"""When the light came: mid-exposure as MJD (UTC), and how well the header knows it.

DATE-OBS is the start of the exposure unless its comment says otherwise (FITS 4.0, section 9). MJD-OBS, UT and
JD are used to recognise local time and to sharpen a coarse DATE-OBS; what disagrees widens the uncertainty.
"""

from dataclasses import dataclass, replace

from engine.errors import Rejected
from engine.frame import Camera
from engine.photometry.reading.header.cards import Header
from engine.photometry.reading.header.exposure import read_exptime, read_stacked
from engine.photometry.reading.header.readings import (
    DATE_KEYWORDS,
    SUN_KEYWORDS,
    Reading,
    Role,
    dates,
    elapsed_s,
    middles,
    references,
)
from engine.photometry.reading.header.scale import utc_of
from engine.times import SECONDS_PER_DAY

_ZONE_STEP_S = 900.0
_SMALLEST_ZONE_S = 3600.0
_LARGEST_ZONE_S = 14 * 3600.0
_HALF_DAY_S = 43200.0  # JD against MJD confused, not a zone
_SLACK_S = 1.0
_LONG_READOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Mid-exposure (MJD, UTC) with its uncertainty, the time the shutter was open, and what was assumed."""

    mjd: float
    mjd_uncertainty_s: float
    exptime_s: float
    stacked: int
    notes: tuple[str, ...]


def read_exposure(header: Header, camera: Camera) -> Exposure:
    """Return when and how long the frame was exposed.

    Raises
    ------
    Rejected
        ``no-time``: the header has no usable date and time; ``no-exptime``: no usable exposure time.
    """
    exptime_s = read_exptime(header, keyword=camera.exptime_keyword)
    dated = list(dates(header, camera))
    universal = list(references(header))
    middle = next(middles(header), None)
    if middle is None and not dated and not universal:
        raise _no_time(header, camera)
    if exptime_s is None:
        exptime_s = elapsed_s(header)
    if exptime_s is None:
        raise Rejected("The header has no exposure time: add EXPTIME in seconds.", code="no-exptime")
    notes: list[str] = []
    if middle is None:
        middle, notes = _choose(dated, universal, exptime_s)
    return _finish(middle, header, exptime_s, notes)


def _choose(readings: list[Reading], universal: list[Reading], exptime_s: float) -> tuple[Reading, list[str]]:
    dated = next((reading for reading in readings if not reading.is_local), None)
    local = next((reading for reading in readings if reading.is_local), None)
    reference = universal[0] if universal else None
    date = dated or local
    if date is None or reference is None:
        chosen = dated or reference
        if chosen is None:
            raise Rejected(
                "The header gives the time in local time without a zone: write DATE-OBS in UTC.",
                code="no-time",
            )
        return chosen, []
    return _reconcile(date, reference, exptime_s)


def _reconcile(date: Reading, reference: Reading, exptime_s: float) -> tuple[Reading, list[str]]:
    apart_s = (reference.moment.mjd - date.moment.mjd) * SECONDS_PER_DAY
    slack_s = date.moment.precision_s + reference.moment.precision_s + _SLACK_S
    if abs(apart_s) <= slack_s:
        return _sharper(date, reference, apart_s), []
    if any(abs(apart_s - part * exptime_s) <= slack_s for part in (0.5, 1.0)):
        return date, []  # the other keyword is the middle or the end of the exposure
    if _is_shift(apart_s, slack_s) and not date.moment.has_zone:
        shift_s = round(apart_s / _ZONE_STEP_S) * _ZONE_STEP_S
        moved = replace(date.moment, mjd=date.moment.mjd + shift_s / SECONDS_PER_DAY, has_zone=True)
        note = f"{date.keyword} is not in UTC: {reference.keyword} moves it by {shift_s / 3600:+.2f} hours."
        return replace(date, moment=moved, is_local=False), [note]
    if date.is_local:
        return reference, [f"{date.keyword} is local time: {reference.keyword} was used."]
    unsure = replace(date.moment, precision_s=abs(apart_s))
    note = f"{date.keyword} and {reference.keyword} differ by {abs(apart_s):.0f} s; {date.keyword} was used."
    return replace(date, moment=unsure), [note]


def _sharper(date: Reading, reference: Reading, apart_s: float) -> Reading:
    copied = abs(apart_s) < 2e-3  # computed from the coarse date: more digits, not more knowledge
    if copied or reference.moment.precision_s >= date.moment.precision_s:
        return replace(date, is_local=False)
    return replace(reference, role=date.role)


def _is_shift(apart_s: float, slack_s: float) -> bool:
    remainder_s = abs(apart_s - round(apart_s / _ZONE_STEP_S) * _ZONE_STEP_S)
    if remainder_s > slack_s or slack_s > _ZONE_STEP_S / 4:
        return False
    size_s = abs(apart_s)
    is_zone = _SMALLEST_ZONE_S - slack_s <= size_s <= _LARGEST_ZONE_S and abs(size_s - _HALF_DAY_S) > slack_s
    return (
        is_zone or abs(size_s - SECONDS_PER_DAY) <= slack_s
    )  # the evening's date with a time after midnight


def _finish(reading: Reading, header: Header, exptime_s: float, notes: list[str]) -> Exposure:
    stacked = read_stacked(header)
    mjd, scale_note = utc_of(reading.moment.mjd, header.text("TIMESYS"))
    if scale_note:
        notes = [*notes, scale_note]
    middle, unsure_s = _middle(reading, header, exptime_s, stacked)
    if stacked > 1 and unsure_s > _SLACK_S:
        notes = [*notes, f"The middle of this stack of {stacked} exposures is known to {unsure_s:.0f} s."]
    if reading.keyword in SUN_KEYWORDS:
        notes = [*notes, f"Only {reading.keyword} gives the time: it may differ from UTC by 8 minutes."]
    return Exposure(
        mjd=mjd + (middle - reading.moment.mjd),
        mjd_uncertainty_s=max(reading.moment.precision_s, unsure_s),
        exptime_s=exptime_s,
        stacked=stacked,
        notes=tuple(notes),
    )


def _middle(reading: Reading, header: Header, exptime_s: float, stacked: int) -> tuple[float, float]:
    half_day = exptime_s / 2 / SECONDS_PER_DAY
    if reading.role is Role.MIDDLE:
        return reading.moment.mjd, 0.0
    if reading.role is Role.END:
        return reading.moment.mjd - half_day, 0.0
    start = reading.moment.mjd
    open_s = elapsed_s(header)
    if open_s is not None and open_s >= exptime_s:
        dead_s = open_s - exptime_s
        if stacked > 1 or dead_s > max(_LONG_READOUT_S, exptime_s):
            return start + open_s / 2 / SECONDS_PER_DAY, dead_s / 2
        return start + half_day, dead_s / 2  # shutter and read-out lie before or after, unknown
    if stacked > 1:  # EXPTIME is that of one exposure or of all of them
        return start + half_day * (1 + stacked) / 2, exptime_s * (stacked - 1) / 4
    return start + half_day, 0.0


def _no_time(header: Header, camera: Camera) -> Rejected:
    first = (camera.date_keyword,) if camera.date_keyword else ()
    found = next(header.filled(*first, *DATE_KEYWORDS), None)
    if found is None:
        reason = "The header has no date of observation: add DATE-OBS in UTC, such as 2026-01-31T21:04:05."
    else:
        reason = (
            f"The header's {found[0]} = {found[1][:40]} gives no date with a time of day: "
            "write it in UTC, such as 2026-01-31T21:04:05."
        )
    return Rejected(reason, code="no-time")
