"""BHTOM's envelope of a list: pages that never run out, moments and dates as it writes them."""

from collections.abc import Sequence
from datetime import timedelta

from engine.times import datetime_of, mjd_of
from portal.api.fields import Fields, number_of, text_of
from portal.api.reply import Refused
from portal.api.target_fields import iso_utc, parse_date

PAGE_SIZE = 200
LARGE_PAGE_SIZE, STAFF_PAGE_SIZE = 500, 1000  # of data products and measurements


def page_number(fields: Fields, total: int, size: int = PAGE_SIZE) -> int:
    """Return the page that BHTOM would give: the first for nonsense, the last for one beyond the end."""
    number = asked_page(fields)
    last = last_page(total, size)
    return number if 1 <= number <= last else last


def asked_page(fields: Fields) -> int:
    """Return the page that is asked for, 1 for nonsense."""
    try:
        return int(text_of(fields, "page") or 1)
    except ValueError:
        return 1


def last_page(total: int, size: int) -> int:
    """Return the number of pages, at least one."""
    return max(1, -(-total // size))


def envelope(data: Sequence[object], *, total: int, number: int, size: int = PAGE_SIZE) -> dict[str, object]:
    """Return one page as BHTOM wraps it."""
    pages = last_page(total, size)
    return {"count": total, "num_pages": pages, "current_page": number, "data": list(data)}


def paged(rows: Sequence[object], fields: Fields, size: int = PAGE_SIZE) -> dict[str, object]:
    """Return the page that is asked for of a list that is here whole."""
    number = page_number(fields, len(rows), size)
    shown = rows[(number - 1) * size : number * size]
    return envelope(shown, total=len(rows), number=number, size=size)


def moment(mjd: float | None) -> str | None:
    """Return a time as BHTOM writes it."""
    return None if mjd is None else iso_utc(datetime_of(mjd))


def date_mjd(fields: Fields, name: str, *, end: bool = False) -> float | None:
    """Return a date or moment as MJD; a date alone means its beginning, or with ``end`` the day's end.

    Raises
    ------
    Refused
        400: it is neither.
    """
    text = text_of(fields, name)
    if text is None:
        return None
    try:
        day = parse_date(text)
        if end and len(text) <= len("2026-01-31"):
            day += timedelta(days=1)
        return mjd_of(day)
    except (ValueError, OverflowError) as error:
        raise Refused(400, {"error": f"{name} is a date such as 2026-01-31."}) from error


def number_or_refused(fields: Fields, name: str, *, key: str = "error") -> float | None:
    """Return a field as a number, or refuse it with 400 under ``key``."""
    try:
        return number_of(fields, name)
    except ValueError as error:
        raise Refused(400, {key: f"{name} is a number."}) from error


def id_or_refused(fields: Fields, name: str, *, key: str = "error") -> int | None:
    """Return a field as the number of a row, or refuse it with 400 under ``key``."""
    number = number_or_refused(fields, name, key=key)
    if number is None:
        return None
    if number != int(number) or not 0 <= number < 2**31:
        raise Refused(400, {key: f"{name} is a whole number."})
    return int(number)


def yes_or_no(fields: Fields, name: str) -> bool | None:
    """Return a field as yes or no, None where nothing is said that can be understood."""
    word = (text_of(fields, name) or "").lower()
    if word in {"true", "t", "yes", "y", "on", "1"}:
        return True
    return False if word in {"false", "f", "no", "n", "off", "0"} else None
