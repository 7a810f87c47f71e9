"""A canary asks an archive what is known, and tells in words what has changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from installations import opened_in
from recorded_http import RecordedHttp

from benchmarks.archive_server import question_of
from engine.brokers.asking.irsa import TAP_URL
from engine.brokers.neowise import INFO
from engine.brokers.protocol import BrokerInfo, Canary
from engine.brokers.reading.bundle import bundled
from engine.brokers.reading.shape import changes, shape_of
from engine.brokers.registry import BROKERS, broker
from engine.errors import Rejected, Transient
from jobs.canary import EVERY_D, ask_canary, enqueue_due_canaries
from lake.archives import list_archive_health, record_answer
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.queue import list_jobs

ROWS = (Path(__file__).resolve().parent.parent / "data" / "brokers" / "neowise" / "rows.csv").read_bytes()


def with_canary(*, least_rows: int) -> BrokerInfo:
    known = Canary(name="A known star", ra_deg=150.0, dec_deg=60.0, least_rows=least_rows)
    return replace(INFO, canary=known)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"#ra,dec,mag\n1,2,3\n", ("dec", "mag", "ra")),
        (b"| ra | dec |\n|r|r|\n 1.0 2.0\n", ("dec", "ra")),
        (b"57000.1 18.2 0.1\n", ("3 values",)),
        (b'{"data":[{"a":1,"b":{"c":[2]}}]}', ("data[].a", "data[].b.c[]")),
        (b'<VOTABLE><FIELD name="ra"/><FIELD ID="x" name=\'dec\'/></VOTABLE>', ("dec", "ra")),
        (b"<html>503</html>", ("a page",)),
        (b"", ("nothing",)),
        (bundled({"dr24.csv": b"oid,mag\n", "b": b"{}"}), ("drN.csv: mag", "drN.csv: oid")),
    ],
    ids=["CSV", "IPAC", "numbers", "JSON", "VOTable", "page", "empty", "bundle"],
)
def test_an_answers_shape_is_its_names_without_its_values(body: bytes, names: tuple[str, ...]) -> None:
    assert shape_of(body) == names


def test_a_change_is_told_by_name() -> None:
    assert changes(("ra", "mag"), ("ra", "flux")) == ["mag is gone", "flux is new"]


def test_an_archive_that_answers_as_it_did_is_well_and_a_new_column_is_told(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = broker("neowise")
    monkeypatch.setattr("jobs.canary._query_of", lambda _question, _ticket: question_of("neowise"))
    monkeypatch.setattr(type(archive), "info", property(lambda _self: with_canary(least_rows=5)))
    http = RecordedHttp(answers={TAP_URL: ROWS})
    assert "Its answer changed" not in ask_canary(http, lake, archive)
    wider = ROWS.replace(b"\n", b",0\n").replace(b",0\n", b",w5mpro\n", 1)
    assert ask_canary(RecordedHttp(answers={TAP_URL: wider}), lake, archive).endswith(
        "Its answer changed: w5mpro is new."
    )
    (health,) = list_archive_health(lake.operations)
    assert (health.archive, health.failures) == ("neowise", 0)


def test_too_few_rows_a_missing_column_and_an_outage_are_told(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = broker("neowise")
    monkeypatch.setattr("jobs.canary._query_of", lambda _question, _ticket: question_of("neowise"))
    monkeypatch.setattr(type(archive), "info", property(lambda _self: with_canary(least_rows=999)))
    with pytest.raises(Rejected, match="where at least 999 must be") as few:
        ask_canary(RecordedHttp(answers={TAP_URL: ROWS}), lake, archive)
    assert few.value.code == "canary-silent"
    with pytest.raises(Rejected, match="no column cc_flags"):
        ask_canary(RecordedHttp(answers={TAP_URL: ROWS.replace(b"cc_flags", b"cc")}), lake, archive)
    with pytest.raises(Transient):
        ask_canary(RecordedHttp(answers={"": Transient("down", code="archive-down")}), lake, archive)
    (health,) = list_archive_health(lake.operations)
    assert health.failures == 2  # too few rows are no failure to answer


def test_each_archive_in_use_with_a_known_answer_is_asked_once_a_week(lake: Lake) -> None:
    infos = [archive.info for archive in BROKERS]
    assert enqueue_due_canaries(lake.operations, infos) == 0  # nobody asked an archive for a target yet
    for info in infos:
        record_answer(lake.operations, info.key, 1, rows=0, latency_s=1.0)
    known = {info.key for info in infos if info.canary is not None}
    assert enqueue_due_canaries(lake.operations, infos) == len(known)
    assert {job.args["source"] for job in list_jobs(lake.operations, limit=500)} == known
    assert enqueue_due_canaries(lake.operations, infos) == 0
    with writing(lake.operations) as connection:
        older = {"created_mjd": jobs.c.created_mjd - EVERY_D, "state": "done"}
        connection.execute(jobs.update().values(older))
    assert enqueue_due_canaries(lake.operations, infos) == len(known)
