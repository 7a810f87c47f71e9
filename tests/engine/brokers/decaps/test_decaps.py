"""DECaPS: the nearest object's exposures, cuts, mid-exposure, limits."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.decaps import COLUMNS, QUERY_URL, Decaps
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "decaps" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "decaps" / "rows.csv").read_bytes()


def test_good_exposures_of_the_nearest_object_are_kept(rows: bytes, query: Query) -> None:
    points = Decaps().parse(rows, query)
    # ...4 has flags 2, ...5 has qf 0.84, ...6 has no zero point, ...7 is another object 0.7 arcsec away
    assert points["source_ref"].to_list() == [f"800000000000000000{number}" for number in (1, 2, 3)]
    assert points["band"].to_list() == ["DECAPS(g)", "DECAPS(r)", "DECAPS(i)"]


def test_magnitudes_and_limits(rows: bytes, query: Query) -> None:
    points = Decaps().parse(rows, query)
    assert points["mag"].to_list() == pytest.approx([18.0, 17.0, None])
    assert points["limit_mag"].to_list() == pytest.approx([None, None, 21.094461], abs=1e-6)


def test_times_are_the_middle_of_the_exposure(rows: bytes, query: Query) -> None:
    points = Decaps().parse(rows, query)
    assert (points["mjd"][0] - 57500.0) * 86400.0 == pytest.approx(48.0, abs=1e-3)  # the survey's 96 s in g
    told = rows.replace(b"qf\n", b"qf,exptime\n").replace(b".99\n", b".99,20\n")
    told = told.replace(b".85\n", b".85,20\n").replace(b".95\n", b".95,20\n").replace(b".84\n", b".84,20\n")
    points = Decaps().parse(told, query)
    assert (points["mjd"][0] - 57500.0) * 86400.0 == pytest.approx(10.0, abs=1e-3)
    assert set(points["exptime_s"]) == {20.0}


def test_the_question_is_a_cone_as_anybody(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={QUERY_URL: rows})
    assert Decaps().fetch(query, http) == rows
    assert "q3c_radial_query(m.ra, m.dec, 150.00000000, -50.00000000, 0.00027778)" in http.questions[0]
    assert "X-DL-AuthToken: anonymous.0.0.anon_access" in http.questions[0]


def test_a_page_is_for_later(query: Query) -> None:
    with pytest.raises(Transient):
        Decaps().fetch(query, RecordedHttp(answers={QUERY_URL: b"<html>down</html>"}))


def test_a_service_that_tells_of_an_error_is_drift(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        Decaps().parse(b"Error: relation does not exist\n", query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    head, rest = rows.split(b"\n", 1)
    names = [b"other" if name == column.encode() else name for name in head.split(b",")]
    with pytest.raises(Rejected) as refusal:
        Decaps().parse(b",".join(names) + b"\n" + rest, query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(("old", "new"), [(b"57500.0", b"0.0"), (b",g,", b",u,"), (b"18.0", b"faint")])
def test_impossible_values_are_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Decaps().parse(rows.replace(old, new, 1), query)
    assert refusal.value.code == "schema-drift"
