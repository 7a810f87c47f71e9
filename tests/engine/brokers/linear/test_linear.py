"""LINEAR: a star's file, what is left out, what is refused, and that nobody can be asked."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.linear import Linear
from engine.brokers.protocol import Asks, Query
from engine.errors import Rejected


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "linear" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "linear" / "rows.dat").read_bytes()


def test_sound_rows_become_points(rows: bytes, query: Query) -> None:
    points = Linear().parse(rows, query)
    assert points.select("source_ref", "mjd", "mag", "mag_err").rows() == [
        ("53000.125", 53000.125, 15.1, 0.02),
        ("53000.135", 53000.135, 15.11, 0.02),
        ("53004.125", 53004.125, 15.2, 0.03),
    ]
    assert set(points["band"]) == {"LINEAR(CL)"}


@pytest.mark.parametrize("row", ["99.99 0.02", "-999 0.02", "nan 0.02", "15.1 0.0", "15.1 nan", "15.1 inf"])
def test_each_cut_leaves_its_row_out(query: Query, row: str) -> None:
    assert Linear().parse(f"53000.5 {row}\n".encode(), query).is_empty()


@pytest.mark.parametrize(
    "body",
    [
        "53000.5 15.1\n",  # a column is missing
        "53000.5 15.1 0.02 7\n",  # one too many
        "MJD mag err\n53000.5 15.1 0.02\n",  # a header
        "2453000.5 15.1 0.02\n",  # a JD
        "nan 15.1 0.02\n",
        "53000.5 15.1 0.02",  # the line has no end
    ],
)
def test_another_form_is_drift(query: Query, body: str) -> None:
    with pytest.raises(Rejected) as refusal:
        Linear().parse(body.encode(), query)
    assert refusal.value.code == "schema-drift"


def test_the_same_time_twice_is_one_point(query: Query) -> None:
    assert Linear().parse(b"53000.5 15.1 0.02\n53000.5 15.1 0.02\n", query)["mag"].to_list() == [15.1]


@settings(deadline=None, max_examples=30)
@given(times=st.lists(st.integers(52000_000000, 55000_000000), min_size=1, max_size=20, unique=True))
def test_the_order_of_rows_does_not_matter(times: list[int]) -> None:
    query = Query(target_id=8, name="x", ra_deg=150.0, dec_deg=60.0)
    lines = [f"{time // 1_000_000}.{time % 1_000_000:06d} 15.1 0.02\n" for time in times]
    forth, back = (Linear().parse("".join(order).encode(), query) for order in (lines, lines[::-1]))
    assert forth.equals(back)
    assert forth["mjd"].to_list() == sorted(time / 1e6 for time in times)


def test_nobody_can_be_asked(query: Query) -> None:
    http = RecordedHttp(answers={})
    with pytest.raises(Rejected) as refusal:
        Linear().fetch(query, http)
    assert refusal.value.code == "needs-file"
    assert not http.questions
    assert Linear().info.asks is Asks.FILE
