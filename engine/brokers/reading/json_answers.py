"""Reading archives' answers in JSON: lists of records as tables, refused when they are broken.

Identifiers with more digits than a float holds stay exact text; ``NaN`` and infinities, which some archives
write though JSON has none, become null.
"""

import json
import math
from collections.abc import Mapping, Sequence

import polars as pl

from engine.brokers.protocol import Http, Words
from engine.brokers.reading.answers import drift, refuse_pages
from engine.errors import Rejected, Transient

_NULLS = ("", "null", "nan", "none")


def json_of(body: bytes, *, title: str) -> object:
    """Return what a JSON answer says.

    Raises
    ------
    Rejected
        ``schema-drift``: not text, a page, or cut off.
    """
    try:
        answer: object = json.loads(body.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        raise drift(title, "the answer is not text") from error
    except (ValueError, RecursionError) as error:
        raise drift(title, "the answer is not whole JSON") from error
    return answer


def fetched_json(body: bytes, *, title: str) -> object:
    """Return what a JSON answer says that was fetched now; a page or half an answer is asked again later.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``cut-off``
    """
    try:
        return json_of(refuse_pages(body, title=title), title=title)
    except Rejected as error:
        raise Transient(
            f"The answer of {title} was cut off; it is asked again later.", code="cut-off"
        ) from error


def whole_answer(http: Http, url: str, params: Words | None = None, *, title: str) -> bytes | None:
    """Return an answer in JSON after checking that it is whole, None where the address is not found.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``cut-off``
    """
    try:
        body = http.get(url, params=params)
    except Rejected as refusal:
        if refusal.code == "not-found":
            return None
        raise
    fetched_json(body, title=title)
    return body


def part(record: object, name: str, *, title: str) -> object:
    """Return a part of a record; a missing one is drift."""
    if not isinstance(record, dict) or name not in record:
        raise drift(title, f"no {name}")
    value: object = record[name]
    return value


def records(answer: object, *, title: str) -> list[dict[str, object]]:
    """Return an answer as a list of records; anything else is drift."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise drift(title, "no list of records")
    return answer


def json_table(
    rows: Sequence[Mapping[str, object]],
    *,
    title: str,
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> pl.DataFrame:
    """Return these columns of records as a table of numbers and text; others are left out.

    Parameters
    ----------
    optional
        Those of the columns that a record may lack; they are null there.

    Raises
    ------
    Rejected
        ``schema-drift``: a column is missing, or words stand where numbers stood.
    """
    for row in rows:
        missing = [name for name in (*numbers, *texts) if name not in row and name not in optional]
        if missing:
            raise drift(title, f"no column {', '.join(missing)}")
    columns: dict[str, list[object]] = {
        name: [_number(row.get(name), name, title=title) for row in rows] for name in numbers
    }
    columns |= {name: [_text(row.get(name), name, title=title) for row in rows] for name in texts}
    schema = dict.fromkeys(numbers, pl.Float64()) | dict.fromkeys(texts, pl.String())
    return pl.DataFrame(columns, schema=schema)


def is_true(name: str) -> pl.Expr:
    """Return whether a text column says yes, in the ways in which JSON says it."""
    return pl.col(name).str.to_lowercase().is_in(["true", "t", "1", "1.0"]).fill_null(False)


def _number(value: object, name: str, *, title: str) -> float | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in _NULLS):
        return None
    try:
        if isinstance(value, bool | list | dict):
            raise TypeError
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (TypeError, ValueError, OverflowError) as error:
        raise drift(title, f"words where numbers stood, in {name}") from error
    return number if math.isfinite(number) else None


def _text(value: object, name: str, *, title: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):  # of which truth is one kind
        return str(value)
    raise drift(title, f"a structure where a word stood, in {name}")
