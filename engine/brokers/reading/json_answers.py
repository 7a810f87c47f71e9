"""Reading archives' answers in JSON: lists of records or of lists as tables, refused when they are broken.

Identifiers with more digits than a float holds stay exact text; ``NaN`` and infinities, which some archives
write though JSON has none, become null where numbers are asked for.
"""

import json
import math
from collections.abc import Mapping, Sequence

import polars as pl

from engine.brokers.reading.answers import drift, refuse_pages, text_table
from engine.errors import Rejected, Transient

_NULLS = ("", "null", "nan", "none")


def json_of(body: bytes, *, title: str, keeps_nan: bool = False) -> object:
    """Return what a JSON answer says.

    Parameters
    ----------
    keeps_nan
        Leave ``NaN`` and infinities the numbers that they are, where they differ from null.

    Raises
    ------
    Rejected
        ``schema-drift``: not text, a page, or cut off.
    """
    try:
        answer: object = json.loads(
            body.decode("utf-8-sig"), parse_constant=float if keeps_nan else lambda _: None
        )
    except UnicodeDecodeError as error:
        raise drift(title, "the answer is not text") from error
    except (ValueError, RecursionError) as error:
        raise drift(title, "the answer is not whole JSON") from error
    return answer


def json_of_no_page(body: bytes, *, title: str) -> object:
    """Return what a JSON answer says; a page for people in its place is asked again later.

    Raises
    ------
    Transient
        ``answer-is-a-page``
    Rejected
        ``schema-drift``
    """
    return json_of(refuse_pages(body, title=title), title=title)


def fetched_json(body: bytes, *, title: str) -> object:
    """Return what a JSON answer says that was fetched now; a page or half an answer is asked again later.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``cut-off``
    """
    try:
        return json_of_no_page(body, title=title)
    except Rejected as error:
        raise Transient(
            f"The answer of {title} was cut off; it is asked again later.", code="cut-off"
        ) from error


def json_object(value: object, *, title: str) -> dict[str, object]:
    """Return a value that must be a JSON object."""
    if not isinstance(value, dict):
        raise drift(title, "something else where an object stood")
    return value


def json_list(value: object, *, title: str) -> list[object]:
    """Return a value that must be a JSON list."""
    if not isinstance(value, list):
        raise drift(title, "something else where a list stood")
    return value


def records(answer: object, *, title: str) -> list[dict[str, object]]:
    """Return an answer as a list of records; anything else is drift."""
    return [json_object(each, title=title) for each in json_list(answer, title=title)]


def part(record: object, name: str, *, title: str) -> object:
    """Return a part of a record; a missing one is drift."""
    if not isinstance(record, dict) or name not in record:
        raise drift(title, f"no {name}")
    value: object = record[name]
    return value


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


def table_of_objects(answer: object, *, title: str, required: Sequence[str]) -> pl.DataFrame:
    """Return these columns of a list of JSON objects as a table of text, to be read as any other table.

    Null is empty text.
    """
    table = json_table(records(answer, title=title), title=title, texts=required)
    return table.with_columns(pl.all().fill_null(""))


def table_of_lists(
    names: Sequence[str], rows: object, *, title: str, required: Sequence[str]
) -> pl.DataFrame:
    """Return a list of JSON lists under these names as a table of text; null is empty text."""
    lists = [json_list(row, title=title) for row in json_list(rows, title=title)]
    cells = [[_text(value, "a row", title=title) or "" for value in row] for row in lists]
    return text_table(names, cells, title=title, required=required)


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
