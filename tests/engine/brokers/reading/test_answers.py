"""Text tables of archives: what is read, and what is refused."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.brokers.reading.answers import csv_table, ipac_table, refuse_pages, with_numbers
from engine.errors import Rejected, Transient

CELLS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


def refused(body: bytes, *required: str) -> str:
    with pytest.raises(Rejected) as refusal:
        csv_table(body, title="It", required=required)
    return refusal.value.code


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5))
def test_a_csv_table_is_read_back_as_it_was_written(rows: list[tuple[str, str, str]]) -> None:
    body = "\n".join(["a,b,c", *(",".join(row) for row in rows), ""]).encode()
    assert csv_table(body, title="It", required=("a", "c")).rows() == rows


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=5), wide=st.integers(8, 20))
def test_an_ipac_table_is_read_by_its_bars(rows: list[tuple[str, str]], wide: int) -> None:
    lines = [f"|{'a':>{wide}}|{'b':>{wide}}|", f"|{'char':>{wide}}|{'char':>{wide}}|"]
    lines += [f" {a:>{wide}} {b:>{wide}} " for a, b in rows]
    assert ipac_table(("\n".join(lines) + "\n").encode(), title="It", required=("a", "b")).rows() == rows


def test_quoted_commas_belong_to_the_value() -> None:
    body = b'#Name, Comment\nGaia14aaa,"SN Ia, bright"\n'
    assert csv_table(body, title="It", required=("Name", "Comment")).rows() == [
        ("Gaia14aaa", "SN Ia, bright")
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"a,b\n1,2\n3\n",
        b"a,b\n1,2\n3,4,5\n",
        b"a,b\n1,2\n3,",
        b"<html></html>\n",
        b"a,b\n\xff\xfe,1\n",
    ],
)
def test_a_broken_table_is_refused(body: bytes) -> None:
    assert refused(body, "a") == "schema-drift"


@pytest.mark.parametrize("body", [b"", b" \r\n", b"<html></html>", b"\n <!DOCTYPE html>"])
def test_nothing_and_pages_are_for_later(body: bytes) -> None:
    with pytest.raises(Transient):
        refuse_pages(body, title="It")


def test_a_missing_column_is_refused_by_its_name() -> None:
    with pytest.raises(Rejected, match="no column mjd"):
        csv_table(b"a,b\n1,2\n", title="It", required=("a", "mjd"))


def test_nulls_are_null_and_words_are_refused() -> None:
    table = pl.DataFrame({"x": ["1.5", " ", "null", "NaN", "-2e3"]})
    assert with_numbers(table, ["x"], title="It")["x"].to_list() == [1.5, None, None, None, -2000.0]
    with pytest.raises(Rejected):
        with_numbers(pl.DataFrame({"x": ["bright"]}), ["x"], title="It")


def test_a_page_is_for_later() -> None:
    assert refuse_pages(b"ra,dec\n", title="It") == b"ra,dec\n"
    with pytest.raises(Transient):
        refuse_pages(b"\n <!DOCTYPE html>", title="It")
