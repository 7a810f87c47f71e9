"""Answers in JSON: exact identifiers, numbers that are none, broken answers."""

import math

import pytest

from engine.brokers.reading.json_answers import (
    fetched_json,
    is_true,
    json_of,
    json_table,
    part,
    records,
    table_of_lists,
    table_of_objects,
)
from engine.errors import Rejected, Transient


def test_identifiers_stay_exact_and_numbers_may_be_text() -> None:
    answer = json_of(
        b'[{"id": 170028512255672336, "mag": "19.5"}, {"id": "170028512255672337", "mag": 20}]', title="x"
    )
    table = json_table(records(answer, title="x"), title="x", numbers=("mag",), texts=("id",))
    assert table.rows() == [(19.5, "170028512255672336"), (20.0, "170028512255672337")]


def test_numbers_that_are_none_become_null() -> None:
    answer = json_of(
        b'[{"a": NaN}, {"a": -Infinity}, {"a": 1e999}, {"a": null}, {"a": ""}, {"a": "nan"}]', title="x"
    )
    table = json_table(records(answer, title="x"), title="x", numbers=("a",))
    assert table["a"].to_list() == [None] * 6


def test_a_column_may_be_missing_only_where_it_is_optional() -> None:
    rows = records(json_of(b'[{"a": 1}, {}]', title="x"), title="x")
    assert json_table(rows, title="x", numbers=("a",), optional=("a",))["a"].to_list() == [1.0, None]
    with pytest.raises(Rejected) as refusal:
        json_table(rows, title="x", numbers=("a",))
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("value", [b'"bright"', b"true", b"[1]", b'{"b": 1}'])
def test_words_in_place_of_numbers_are_drift(value: bytes) -> None:
    rows = records(json_of(b'[{"a": ' + value + b"}]", title="x"), title="x")
    with pytest.raises(Rejected) as refusal:
        json_table(rows, title="x", numbers=("a",))
    assert refusal.value.code == "schema-drift"


def test_a_structure_in_place_of_text_is_drift() -> None:
    with pytest.raises(Rejected):
        json_table([{"a": [1]}], title="x", texts=("a",))


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'[{"a": 1}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_whole_json_is_drift(body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        json_of(body, title="x")
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("body", [b"<html></html>", b'[{"a": 1}', b""])
def test_what_was_fetched_broken_is_asked_again(body: bytes) -> None:
    with pytest.raises(Transient):
        fetched_json(body, title="x")


@pytest.mark.parametrize("answer", [{"a": 1}, [1], "no", None])
def test_an_answer_that_is_no_list_of_records_is_drift(answer: object) -> None:
    with pytest.raises(Rejected):
        records(answer, title="x")


@pytest.mark.parametrize("answer", [[], {"b": 1}, None])
def test_an_answer_without_a_part_is_drift(answer: object) -> None:
    with pytest.raises(Rejected):
        part(answer, "a", title="x")


def test_yes_is_said_in_many_ways() -> None:
    said = [{"a": value} for value in (True, "t", 1, "true", 1.0, False, "f", 0, None, "-1")]
    table = json_table(said, title="x", texts=("a",))
    assert table.select(is_true("a")).to_series().to_list() == [True] * 5 + [False] * 5


def test_numbers_that_are_none_are_kept_where_they_are_asked_for() -> None:
    assert json_of(b"[NaN, Infinity, null]", title="x") == [None, None, None]
    assert json_of(b"[-Infinity, null]", title="x", keeps_nan=True) == [-math.inf, None]
    assert repr(json_of(b"[NaN]", title="x", keeps_nan=True)) == "[nan]"


def test_objects_and_lists_become_the_same_text() -> None:
    body = b'[{"id": 170028512255672337, "mag": 19.50, "by": null, "is_good": true}]'
    names = ("id", "mag", "by", "is_good")
    objects = table_of_objects(json_of(body, title="x"), title="x", required=names)
    rows = json_of(b"[[170028512255672337, 19.50, null, true]]", title="x")
    assert objects.rows() == [("170028512255672337", "19.5", "", "True")]
    assert table_of_lists(names, rows, title="x", required=names).equals(objects)


@pytest.mark.parametrize("broken", [{"a": "1"}, [1], [{}], [{"a": [1]}], None])
def test_what_is_no_list_of_objects_with_these_columns_is_drift(broken: object) -> None:
    with pytest.raises(Rejected) as refusal:
        table_of_objects(broken, title="x", required=("a",))
    assert refusal.value.code == "schema-drift"
