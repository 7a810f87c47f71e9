"""Reading streams' answers in JSON: rows, numbers and words, refused where they are something else."""

import math
from collections.abc import Mapping, Sequence

from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import json_of_no_page

Row = Mapping[str, object]
AB_ZERO_POINT_NJY_MAG = 31.4


def rows_of(body: bytes, *, title: str, within: str = "") -> list[Row]:
    """Return the rows of an answer that is a list, or whose member ``within`` is one; each is an object."""
    answer = json_of_no_page(body, title=title)
    if within:
        answer = answer.get(within) if isinstance(answer, Mapping) else None
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        raise drift(title, f"no list of rows{f' in {within}' if within else ''}")
    return answer


def require(rows: Sequence[Row], names: Sequence[str], *, title: str) -> None:
    """Refuse an answer whose first row lacks a column."""
    missing = [name for name in names if rows and name not in rows[0]]
    if missing:
        raise drift(title, f"no column {', '.join(missing)}")


def number(row: Row, name: str) -> float | None:
    """Return a value as a finite number, also one that was sent as text; None where it is none."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def words(row: Row, name: str) -> str:
    """Return a value as text; whole numbers keep all their digits."""
    value = row.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def inner(row: Row, *names: str) -> Row:
    """Return an object within an object; empty where there is none."""
    for name in names:
        value = row.get(name)
        row = value if isinstance(value, Mapping) else {}
    return row


def mag_of_njy(flux_njy: float | None) -> float | None:
    """Return the AB magnitude of a flux, None where it is not positive."""
    return AB_ZERO_POINT_NJY_MAG - 2.5 * math.log10(flux_njy) if flux_njy and flux_njy > 0 else None
