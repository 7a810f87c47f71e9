"""VLASS: one flux of the nearest source, with the day of its observation."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.asking.tapvizier import SYNC_URL
from engine.brokers.protocol import Query
from engine.brokers.vlass import TABLE, Vlass, mjd_of_day
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "vlass" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "vlass" / "rows.json").read_bytes()


def test_the_nearest_source_that_is_no_repetition_is_taken(rows: bytes, query: Query) -> None:
    (point,) = Vlass().parse(rows, query).to_dicts()
    assert (point["source_ref"], point["mjd"]) == ("J100000.07+300000.7", 58574.5)  # 2019-04-01 at noon
    assert point["flux_ujy"] == 20000.0
    assert point["flux_err_ujy"] == pytest.approx(3026.549)  # sqrt(0.4**2 + 3.0**2) mJy
    assert point["flags"] == int(Flag.TIME_UNCERTAIN | Flag.POOR_QUALITY_AT_SOURCE)


def test_a_source_without_a_flag_of_the_archive_is_not_poor(rows: bytes, query: Query) -> None:
    (point,) = Vlass().parse(rows.replace(b'"2019-04-01",1', b'"2019-04-01",0'), query).to_dicts()
    assert point["flags"] == int(Flag.TIME_UNCERTAIN)


@pytest.mark.parametrize("text", ["2019-04-01", "2019-04-01T00:00:00", "2458575.0"])
def test_days_are_read_in_the_forms_that_the_catalogue_may_send(text: str) -> None:
    assert mjd_of_day(text) == 58574.5


@pytest.mark.parametrize("text", ["", "April", "2029-04-01", "58574.5", "2019-13-01"])
def test_a_day_that_is_none_of_epoch_1_is_drift(text: str) -> None:
    with pytest.raises(Rejected) as refusal:
        mjd_of_day(text)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_the_one_that_was_seen_to_answer(rows: bytes, query: Query, shared: Path) -> None:
    recorded = json.loads((shared / "archives" / "requests" / "verified_requests_2026-09.json").read_text())
    (seen,) = [each for each in recorded if each["archive"] == "VLASS"]
    http = RecordedHttp(answers={SYNC_URL: rows})
    assert Vlass().fetch(query, http) == rows
    assert seen["url"] == SYNC_URL
    assert seen["form"]["FORMAT"] == "json"
    assert f'FROM "{TABLE}"' in seen["form"]["QUERY"]
    asked = http.questions[0].partition("SELECT ")[2].partition(" FROM")[0].split(", ")
    assert set(asked) <= set(seen["form"]["QUERY"].replace("TOP 201 ", "").replace(",", "").split())


def test_a_page_is_never_an_empty_sky(query: Query) -> None:
    with pytest.raises(Transient):
        Vlass().fetch(query, RecordedHttp(answers={SYNC_URL: b"<html>503</html>"}))
