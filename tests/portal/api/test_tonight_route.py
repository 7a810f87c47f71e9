"""``/api/v1/tonight`` over a real socket: what it ranks, for whom, in which formats, and how it refuses."""

import csv
import io

import httpx
import pytest
from api_server import Served

from engine.target import Target, Visibility
from lake.targets import create_target

SECRET, OPEN = "TonightHidden", "TonightOpen"
ASKED = {"telescope": "ROAD", "date": "2025-06-21", "altitude_min_deg": "20"}  # Dec -40 culminates at 73


@pytest.fixture(scope="module", autouse=True)
def targets(served: Served) -> None:
    for name, visibility in ((SECRET, Visibility.PRIVATE), (OPEN, Visibility.PUBLIC)):
        target = Target(name=name, ra_deg=270.0, dec_deg=-40.0 - len(name), visibility=visibility)
        create_target(served.lake.operations, target, by="owner")


@pytest.mark.parametrize("format_", ["json", "csv", "ics", "txt"])
def test_a_plan_in_any_format_tells_of_a_private_target_its_owner_and_staff_only(
    anybody: httpx.Client, other: httpx.Client, owner: httpx.Client, served: Served, format_: str
) -> None:
    asked = ASKED | {"format": format_}
    for client in (anybody, other):
        answer = client.get("/api/v1/tonight", params=asked)
        assert answer.status_code == 200
        assert OPEN in answer.text
        assert SECRET not in answer.text
    with served.client(served.staff_token) as staff:
        for client in (owner, staff):
            assert SECRET in client.get("/api/v1/tonight", params=asked).text


def test_how_many_targets_there_are_tells_nothing_of_private_ones(
    anybody: httpx.Client, owner: httpx.Client
) -> None:
    for client in (anybody, owner):
        told = client.get("/api/v1/tonight", params=ASKED | {"limit": "1000"}).json()
        listed = client.get("/api/v1/targets", params={"limit": 1000}).json()["items"]
        assert told["considered"] == len(listed)
        assert told["observable"] == len(told["items"])


def test_the_reader_chooses_the_format_by_accept(anybody: httpx.Client) -> None:
    def ask(accept: str) -> httpx.Response:
        return anybody.get("/api/v1/tonight", params=ASKED, headers={"Accept": accept})

    table = ask("text/csv;q=0.9, application/json;q=0.1")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    told = ask("application/json").json()
    assert [row["name"] for row in rows] == [item["name"] for item in told["items"]]
    assert [float(row["score"]) for row in rows] == [item["score"] for item in told["items"]]
    assert ask("text/calendar").text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert told["title"].startswith("ROAD, night of 21 June 2025: dark from 22:")
    assert ask("*/*").headers["content-type"] == "application/json"
    refused = ask("image/png")
    assert (refused.status_code, refused.json()["code"]) == (406, "not-acceptable")


def test_a_site_needs_no_observatory_and_an_aperture_gives_a_guess_that_says_so(
    anybody: httpx.Client,
) -> None:
    asked = {"longitude_deg": -68.2, "latitude_deg": -22.9, "date": "2025-06-21", "aperture_m": 0.4}
    told = anybody.get("/api/v1/tonight", params=asked).json()
    assert told["telescope"] == "22.90 S, 68.20 W"
    assert "a guess from its aperture" in told["depth"]
    assert OPEN in [item["name"] for item in told["items"]]
    short = anybody.get("/api/v1/tonight", params=asked | {"limit": 1}).json()
    assert len(short["items"]) == 1
    assert short["observable"] == told["observable"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 422, "no-site"),
        ({"longitude_deg": "20"}, 422, "no-site"),
        ({"telescope": "Nowhere"}, 404, "unknown-observatory"),
        ({"telescope": "ROAD", "date": "2200-01-01"}, 400, "bad-date"),
        ({"telescope": "ROAD", "date": "yesterday"}, 400, "bad-request"),
        ({"telescope": "ROAD", "format": "pdf"}, 400, "bad-format"),
        ({"telescope": "ROAD", "altitude_min_deg": "90"}, 400, "bad-request"),
        ({"longitude_deg": "nan", "latitude_deg": "0"}, 400, "bad-request"),
        ({"telescope": "ROAD", "typo": "1"}, 400, "bad-request"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_what_to_change(
    anybody: httpx.Client, asked: dict[str, str], status: int, code: str
) -> None:
    answer = anybody.get("/api/v1/tonight", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
