"""SQL over the public lake by URL: for everybody, in every format, with its snapshot, and within limits."""

import csv
import io
import logging
from collections.abc import Iterator

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api_server import PASSWORD, Served, running

from engine.target import Target, Visibility
from lake.opening import open_lake
from lake.people.accounts import create_user, issue_token
from lake.public.publish import Terms, publish
from lake.settings import read_settings
from lake.targets import create_target
from portal.public_lake.desk import desk_of
from portal.security.throttle import Throttle

COUNT = "SELECT count(*) AS targets FROM targets"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an installation of its own, with one public and one private target, published once."""
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path_factory.mktemp("sql") / "data")}))
    owner = create_user(lake.operations, "owner", PASSWORD)
    staff = create_user(lake.operations, "staff", PASSWORD, is_staff=True)
    for dec_deg, name, visibility in ((1.0, "Star", Visibility.PUBLIC), (2.0, "Secret", Visibility.PRIVATE)):
        target = Target(name=name, ra_deg=10.0, dec_deg=dec_deg, visibility=visibility)
        create_target(lake.operations, target, by="owner")
    publish(lake, Terms(), name="paper-1", progress=lambda _words, _fraction: None)
    tokens = {
        "owner_token": issue_token(lake.operations, owner, name="test"),
        "other_token": "",
        "staff_token": issue_token(lake.operations, staff, name="test"),
    }
    with running(lake) as port:
        yield Served(lake=lake, port=port, owner=owner, **tokens)
    desk_of(lake.settings).sandbox.close()
    lake.close()


@pytest.fixture
def told(desk: Served) -> Iterator[httpx.Client]:
    """Return a client without an account."""
    with desk.client() as client:
        yield client


def ask(client: httpx.Client, sql: str, **more: str) -> httpx.Response:
    return client.get("/api/sql", params={"sql": sql, **more})


def test_anybody_gets_csv_with_the_snapshot_in_the_headers(told: httpx.Client) -> None:
    answer = ask(told, "SELECT name, ra_deg, description AS d FROM targets WHERE name = 'Star'")
    assert answer.status_code == 200, answer.text
    assert answer.text == "name,ra_deg,d\nStar,10.0,\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-tomlake-snapshot"] == "paper-1"
    assert int(answer.headers["x-tomlake-lake-version"]) >= 0
    assert answer.headers["x-tomlake-truncated"] == "false"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_private_target_is_in_no_answer(told: httpx.Client, desk: Served) -> None:
    sql = "SELECT * FROM names"
    assert "Star" in ask(told, sql).text
    assert "Secret" not in ask(told, sql).text
    with desk.client(desk.staff_token) as staff:  # what is published does not depend on who asks
        assert "Secret" not in ask(staff, sql).text


def test_the_link_names_the_version_and_gives_the_same_again(told: httpx.Client) -> None:
    first = ask(told, COUNT, format="json")
    link = first.headers["link"].partition(">")[0].removeprefix("<")
    assert "version=paper-1" in link
    again = told.get(link)
    assert again.content == first.content
    assert again.headers["cache-control"] == "public, max-age=3600"
    assert first.headers["cache-control"] == "no-cache"


def test_json_names_columns_and_types_and_says_null_for_what_is_no_number(told: httpx.Client) -> None:
    sql = "SELECT 1::BIGINT AS i, 'NaN'::DOUBLE AS x, [1.5, NULL] AS l, DATE '2026-11-21' AS d, 2 AS i"
    answer = ask(told, sql, format="json").json()
    assert answer["version"] == "paper-1"
    assert answer["truncated"] is False
    assert [column["name"] for column in answer["columns"]] == ["i", "x", "l", "d", "i"]
    assert answer["rows"] == [[1, None, [1.5, None], "2026-11-21", 2]]


def test_json_of_many_batches_and_of_none_is_whole(told: httpx.Client) -> None:
    rows = ask(told, "SELECT * FROM range(5000)", format="json").json()["rows"]
    assert rows == [[number] for number in range(5000)]
    assert ask(told, "SELECT 1 WHERE false", format="json").json()["rows"] == []


def test_csv_writes_lists_as_json_and_quotes_what_needs_it(told: httpx.Client) -> None:
    answer = ask(told, "SELECT [1, 2] AS l, 'a,\"b\"' AS t, true AS b, {'k': 'v'} AS s, 'x'::BLOB AS o")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows == [["l", "t", "b", "s", "o"], ["[1, 2]", 'a,"b"', "true", '{"k": "v"}', "eA=="]]


def test_arrow_and_parquet_carry_the_snapshot_in_their_schema(told: httpx.Client) -> None:
    arrow = pa.ipc.open_stream(ask(told, COUNT, format="arrow").content).read_all()
    parquet = pq.read_table(io.BytesIO(ask(told, COUNT, format="parquet").content))
    assert arrow.to_pylist() == parquet.to_pylist()
    for table in (arrow, parquet):
        assert table.schema.metadata[b"tomlake.published"] == b"paper-1"
    assert pl.read_ipc_stream(ask(told, COUNT, format="arrow").content)["targets"].item() >= 1


def test_a_long_result_says_that_it_is_cut(told: httpx.Client) -> None:
    answer = ask(told, "SELECT * FROM range(200000)")
    assert answer.headers["x-tomlake-truncated"] == "true"
    assert len(answer.text.splitlines()) == 100_001


@pytest.mark.parametrize("kind", ["json", "data"])
def test_a_longer_statement_is_posted(told: httpx.Client, kind: str) -> None:
    fields = {"sql": COUNT + " -- " + "x" * 9000, "format": "csv"}
    answer = told.post("/api/sql", **{kind: fields})  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert answer.text.startswith("targets\n")
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("sql", "more", "status", "code"),
    [
        ("", {}, 400, "not-a-select"),
        ("DROP TABLE targets", {}, 400, "not-a-select"),
        ("SELECT * FROM read_text('/etc/passwd')", {}, 400, "bad-sql"),
        ("SELECT nope FROM targets", {}, 400, "bad-sql"),
        ("SELECT list_sum(range(3000000000))", {}, 400, "too-large"),
        (COUNT, {"format": "xlsx"}, 400, "bad-format"),
        (COUNT, {"version": "paper-9"}, 404, "unknown-version"),
        ("SELECT 1 AS a, 2 AS a", {"format": "parquet"}, 400, "bad-format"),
        ("SELECT DATE '12345-01-01'", {"format": "json"}, 400, "bad-format"),
    ],
)
def test_a_refusal_is_one_sentence_with_a_code(
    told: httpx.Client, sql: str, more: dict[str, str], status: int, code: str
) -> None:
    answer = ask(told, sql, **more)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert "\n" not in answer.json()["detail"]


def test_a_token_that_is_not_valid_is_refused_also_here(told: httpx.Client) -> None:
    assert (
        told.get("/api/sql", params={"sql": COUNT}, headers={"Authorization": "Token no"}).status_code == 401
    )


def test_the_schema_tells_units_and_limits(told: httpx.Client) -> None:
    answer = told.get("/api/sql/schema").json()
    assert answer["version"] == "paper-1"
    assert answer["limits"] == {"seconds": 10.0, "rows": 100_000, "megabytes": 50}
    tables = {table["name"]: table for table in answer["tables"]}
    assert {"photometry", "targets", "batches"} <= tables.keys()
    mjd = next(column for column in tables["photometry"]["columns"] if column["name"] == "mjd")
    assert (mjd["unit"], mjd["ucd"]) == ("d", "time.epoch")
    assert told.get("/api/sql/schema", params={"version": "nope"}).status_code == 404


def test_every_published_table_can_be_asked_also_an_empty_one(told: httpx.Client) -> None:
    for table in told.get("/api/sql/schema").json()["tables"]:
        answer = ask(told, f"SELECT * FROM {table['name']} LIMIT 1")
        assert answer.status_code == 200, answer.text
        columns = {column["name"] for column in table["columns"]}
        assert columns <= set(answer.text.splitlines()[0].split(","))


def test_one_address_asks_only_so_often(
    told: httpx.Client, desk: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_of(desk.lake.settings), "throttle", Throttle(attempts=1, window_s=60.0))
    assert ask(told, "SELECT 1").status_code == 200
    answer = ask(told, "SELECT 1")
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-queries")
    assert 0 < int(answer.headers["retry-after"]) <= 61


def test_who_asked_what_is_logged_and_no_token(
    told: httpx.Client, desk: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="portal.api.sql")
    with desk.client(desk.owner_token) as owner:
        ask(owner, "SELECT 1\n AS one")
        ask(owner, "DROP TABLE x")
    lines = [record.__dict__ for record in caplog.records if record.name == "portal.api.sql"]
    assert [(line["sql"], line["user"], line["code"], line["rows"]) for line in lines] == [
        ("SELECT 1 AS one", "owner", "ok", 1),
        ("DROP TABLE x", "owner", "not-a-select", 0),
    ]
    assert desk.owner_token not in str(lines)
