"""Answers in JSON: exact identifiers, numbers that are none, broken answers."""

import pytest

from engine.brokers.reading.json_answers import fetched_json, is_true, json_of, json_table, part, records
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
