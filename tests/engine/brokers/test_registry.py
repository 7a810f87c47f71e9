"""Every archive is held to the same: facts, answers, a test folder, a row in the documentation."""

import ast
from itertools import combinations
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from benchmarks.archive_server import made_answer, question_of, routes_of
from engine.bands import BANDS
from engine.brokers.asking.accounts import ACCOUNTS
from engine.brokers.page import archives_page
from engine.brokers.protocol import Asks, Broker
from engine.brokers.reading.bundle import bundled, is_bundle, parts_of
from engine.brokers.registry import BROKERS, broker
from engine.errors import Rejected
from engine.lightcurve import SCHEMA

ROOT = Path(__file__).resolve().parent.parent.parent.parent
NETWORK = {"requests", "urllib", "urllib3", "http", "httpx", "socket", "time", "os"}
each_broker = pytest.mark.parametrize("archive", BROKERS, ids=lambda archive: archive.info.key)


def cut_off(body: bytes) -> bytes:
    """Return the answer without its last value; of a bundle its last part loses it."""
    if is_bundle(body):
        parts = parts_of(body, title="a test")
        *_, last = parts
        return bundled(parts | {last: cut_off(parts[last])})
    whole = body.rstrip()
    return whole[: max(whole.rfind(mark) for mark in (b",", b" ", b"\t", b"~", b"</"))]


def test_the_page_of_archives_is_current() -> None:
    page = (ROOT / "docs" / "archives.md").read_text()
    assert page == archives_page(), "run: python -m engine.brokers.page > docs/archives.md"


def test_keys_are_unique_and_find_their_archive() -> None:
    keys = [archive.info.key for archive in BROKERS]
    assert len(set(keys)) == len(keys)
    assert [broker(key).info.key for key in keys] == keys


def test_an_unknown_archive_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        broker("astrolabe")
    assert refusal.value.code == "unknown-archive"


@each_broker
def test_an_archive_is_one_module_one_test_folder_and_one_row_of_the_page(archive: Broker) -> None:
    key = archive.info.key
    assert type(archive).__module__ == f"engine.brokers.{key}"
    assert (ROOT / "tests" / "engine" / "brokers" / key / f"test_{key}.py").is_file()
    assert f"| `{key}` |" in archives_page()


@each_broker
def test_the_facts_of_an_archive_are_complete(archive: Broker) -> None:
    info = archive.info
    assert info.title
    assert info.homepage.startswith("http")
    assert info.acknowledgement
    assert len(info.citation) == 19  # a bibcode
    assert 0 < info.radius_arcsec <= 60
    assert info.bands
    assert set(info.bands) <= set(BANDS)
    assert info.method


@each_broker
def test_an_archive_with_a_service_has_the_answers_of_every_question(archive: Broker, answers: Path) -> None:
    folder = answers / archive.info.key
    if archive.info.asks == Asks.FILE:
        assert not (folder / "routes.json").exists()
        return
    routes = routes_of(archive.info.key)
    assert routes
    assert len({words for words, _ in routes}) == len(routes)


def test_no_words_of_a_route_hide_those_of_another() -> None:
    routes = [
        (archive.info.key, words)
        for archive in BROKERS
        if archive.info.asks != Asks.FILE
        for words, _ in routes_of(archive.info.key)
    ]
    pairs = combinations(routes, 2)  # the first that fits answers
    hidden = [(earlier, later) for earlier, later in pairs if earlier[1] in later[1]]
    assert hidden == []


@each_broker
def test_an_account_is_one_that_can_be_set(archive: Broker) -> None:
    assert archive.info.account in {"", *ACCOUNTS}


@each_broker
def test_hand_made_rows_become_points_of_that_archive(archive: Broker) -> None:
    key = archive.info.key
    query = question_of(key)
    points = archive.parse(made_answer(key, "rows"), query)
    assert len(points)
    assert dict(points.schema) == SCHEMA
    assert set(points["source"]) == {archive.info.key}
    assert set(points["target_id"]) == {query.target_id}
    assert set(points["band"]) <= set(archive.info.bands)
    assert points["point_id"].is_unique().all()
    assert points["bjd_tdb"].null_count() == 0


@each_broker
def test_parsing_twice_gives_the_same_points(archive: Broker) -> None:
    key = archive.info.key
    first, second = (archive.parse(made_answer(key, "rows"), question_of(key)) for _ in range(2))
    assert_frame_equal(first, second)


@each_broker
def test_an_archive_that_never_saw_the_target_gives_an_empty_light_curve(archive: Broker) -> None:
    key = archive.info.key
    for body in (b"", made_answer(key, "empty")):
        points = archive.parse(body, question_of(key))
        assert points.is_empty()
        assert dict(points.schema) == SCHEMA


@each_broker
@pytest.mark.parametrize("kind", ["broken", "page", "cut off", "not text"])
def test_a_broken_answer_is_refused_as_drift(archive: Broker, kind: str) -> None:
    key = archive.info.key
    rows = made_answer(key, "rows")
    body = {
        "broken": made_answer(key, "broken"),
        "page": b"<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n",
        "cut off": cut_off(rows),
        "not text": b"\xff\xfe\x00\x9d" + rows,
    }[kind]
    with pytest.raises(Rejected) as refusal:
        archive.parse(body, question_of(key))
    assert refusal.value.code == "schema-drift"


@each_broker
def test_hand_made_answers_are_small(archive: Broker, answers: Path) -> None:
    for path in (answers / archive.info.key).rglob("*.*"):
        assert len(path.read_text().splitlines()) <= 40, path.name


@each_broker
def test_an_archive_reaches_the_network_only_through_the_http_that_it_is_given(archive: Broker) -> None:
    tree = ast.parse((ROOT / "engine" / "brokers" / f"{archive.info.key}.py").read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "engine.brokers.asking.client" not in imported
    assert not {name.partition(".")[0] for name in imported} & NETWORK
