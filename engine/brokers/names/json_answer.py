"""JSON answers of those who know names: read, and refused where a value is not what it was."""

from collections.abc import Mapping
from typing import cast

from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import json_object, json_of_no_page


def json_of(body: bytes, *, title: str) -> Mapping[str, object]:
    """Return an answer that is one JSON object.

    Raises
    ------
    Transient
        ``answer-is-a-page``
    Rejected
        ``schema-drift``
    """
    return json_object(json_of_no_page(body, title=title), title=title)


def part_of(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return an object inside an object, an empty one where there is none."""
    part = answer.get(name)
    return cast("Mapping[str, object]", part) if isinstance(part, dict) else {}


def number_of(answer: Mapping[str, object], name: str, *, title: str) -> float:
    """Return a number, also one that is written as text.

    Raises
    ------
    Rejected
        ``schema-drift``: there is none.
    """
    try:
        return float(cast("str", answer.get(name)))
    except (TypeError, ValueError) as error:
        raise drift(title, f"no number {name}") from error


def words_of(answer: Mapping[str, object], name: str) -> str:
    """Return a text in one line, empty where there is none."""
    text = answer.get(name)
    return " ".join(text.split()) if isinstance(text, str) else ""
