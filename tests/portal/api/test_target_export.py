"""The list of targets as a file: filters, rights, the way back in, and no formula in a spreadsheet."""

import csv
import io
import json

import httpx
import pytest
from api_server import Served
from astropy.io.votable import parse

from engine.target import Target, Visibility
from lake.people.saved_lists import save_targets
from lake.rights import SYSTEM
from lake.target_table import read_targets
from lake.targets import create_target, delete_target

LINES = 'one\r\ntwo; "three"'
TRICK = '=HYPERLINK("https://example.org";"a")'


@pytest.fixture
def made(served: Served):  # noqa: ANN201
    targets = [
        Target(name="@Sum", ra_deg=30.0, dec_deg=1.0, description=TRICK, classification="SN", importance=2.0),
        Target(
            name="+Plus",
            ra_deg=30.5,
            dec_deg=1.0,
            description='one\r\ntwo; "three"',
            aliases=(("ztf", "-x"),),
        ),
        Target(name="Hidden", ra_deg=30.2, dec_deg=1.2, visibility=Visibility.PRIVATE, description="-1+1"),
    ]
    kept = [create_target(served.lake.operations, target, by="owner") for target in targets]
    yield kept
    for target in kept:
        delete_target(served.lake.operations, target.target_id or 0, user=SYSTEM)


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def names(answer: httpx.Response) -> set[str]:
    return {row["name"] for row in json.loads(answer.text)["targets"]}


def test_a_spreadsheet_computes_nothing_and_an_import_reads_what_was_meant(
    served: Served, owner: httpx.Client, made: list[Target]
) -> None:
    answer = owner.get("/download/targets/csv", params={"near": "30 1", "radius": "120"})
    rows = rows_of(answer)
    cells = [cell for row in rows for name, cell in row.items() if name not in {"ra_deg", "dec_deg"}]
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert {row["name"]: row["description"] for row in rows}["'@Sum"] == "'" + TRICK
    assert float(rows[0]["dec_deg"]) == 1.0
    back = {row.name: row.target for row in read_targets(answer.content)}
    for target in made:
        read = back[target.name]
        assert read is not None
        for field in ("ra_deg", "dec_deg", "classification", "importance", "description", "aliases"):
            assert getattr(read, field) == getattr(target, field)


def test_filters_of_the_page_and_rights_hold_for_every_format(
    served: Served, owner: httpx.Client, other: httpx.Client, anybody: httpx.Client, made: list[Target]
) -> None:
    near = {"near": "@Sum", "radius": "120"}
    assert names(owner.get("/download/targets/json", params=near)) == {"@Sum", "+Plus", "Hidden"}
    for client in (other, anybody):
        assert names(client.get("/download/targets/json", params=near)) == {"@Sum", "+Plus"}
        assert "Hidden" not in client.get("/download/targets/votable").text
        assert "Hidden" not in client.get("/download/targets/csv").text
    assert names(owner.get("/download/targets/json", params=near | {"class": "SN"})) == {"@Sum"}
    ids = ",".join(str(target.target_id) for target in made)
    assert names(anybody.get("/download/targets/json", params={"ids": ids})) == {"@Sum", "+Plus"}


def test_a_saved_list_is_its_owners_alone(
    served: Served, owner: httpx.Client, other: httpx.Client, anybody: httpx.Client, made: list[Target]
) -> None:
    chosen = save_targets(served.lake.operations, "Mine", [made[0].target_id or 0], by=served.owner)
    asked = {"list": str(chosen)}
    assert names(owner.get("/download/targets/json", params=asked)) == {"@Sum"}
    for client in (other, anybody):
        never = client.get("/download/targets/json", params={"list": "999999"})
        answer = client.get("/download/targets/json", params=asked)
        assert (answer.status_code, answer.text) == (never.status_code, never.text)
        assert answer.is_client_error


def test_a_votable_is_read_by_astropy(anybody: httpx.Client, made: list[Target]) -> None:
    answer = anybody.get(
        "/download/targets/votable", params={"near": "30 1", "radius": "120", "order": "Name"}
    )
    table = parse(io.BytesIO(answer.content)).get_first_table().to_table()
    assert list(table["name"]) == ["+Plus", "@Sum"]
    assert list(table["description"]) == ['one\ntwo; "three"', TRICK]
    assert list(table["simulated"]) == [False, False]


@pytest.mark.parametrize(
    "asked", [{"ids": "1,x"}, {"ids": "9" * 10_000}, {"near": "x" * 10_000}, {"up": "Nowhere"}]
)
def test_a_filter_that_nobody_understands_is_refused_in_one_sentence(
    anybody: httpx.Client, asked: dict[str, str]
) -> None:
    answer = anybody.get("/download/targets/json", params=asked)
    assert answer.is_client_error
    assert "." in answer.text
