"""Answers in JSON: their values as text, exact to the last digit, so that they are read as any other table.

``NaN``, which is not JSON and yet sent by archives, becomes null where numbers are asked for.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from engine.brokers.reading.answers import drift, text_table


def json_value(body: bytes, *, title: str) -> object:
    """Return what a JSON answer says.

    Raises
    ------
    Rejected
        ``schema-drift``: not text, a page, or cut off.
    """
    try:
        said: object = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise drift(title, "the answer is not text") from error
    except ValueError as error:
        raise drift(title, "the answer is not whole JSON") from error
    return said


def json_object(said: object, *, title: str) -> Mapping[str, object]:
    """Return a value that must be a JSON object."""
    if not isinstance(said, dict):
        raise drift(title, "something else where an object stood")
    return said


def json_list(said: object, *, title: str) -> Sequence[object]:
    """Return a value that must be a JSON list."""
    if not isinstance(said, list):
        raise drift(title, "something else where a list stood")
    return said


def table_of_objects(records: object, *, title: str, required: Sequence[str]) -> pl.DataFrame:
    """Return a list of JSON objects as a table of text with the required columns; null is empty text."""
    rows = [json_object(record, title=title) for record in json_list(records, title=title)]
    for row in rows:
        missing = [name for name in required if name not in row]
        if missing:
            raise drift(title, f"no value {', '.join(missing)}")
    return text_table(required, [_texts(row[name] for name in required) for row in rows], title=title,
                      required=())  # fmt: skip


def table_of_lists(
    names: Sequence[str], rows: object, *, title: str, required: Sequence[str]
) -> pl.DataFrame:
    """Return a list of JSON lists under these names as a table of text; null is empty text."""
    cells = [_texts(json_list(row, title=title)) for row in json_list(rows, title=title)]
    return text_table(names, cells, title=title, required=required)


def _texts(values: Iterable[object]) -> list[str]:
    return [_text(value) for value in values]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)
