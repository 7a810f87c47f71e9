"""The Virtual Observatory reads the lake: pyvo asks cone searches and TAP of a running server."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
import pyvo
from api_server import PASSWORD, Served, running
from astropy.io.votable import parse as parse_votable
from installations import settings_in
from public_lakes import add_points
from pyvo.io.vosi import parse_availability

from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.opening import open_lake
from lake.people.accounts import create_user, issue_token
from lake.public.publish import Terms, publish
from lake.targets import create_target
from portal.public_lake.desk import desk_of
from portal.security.throttle import Throttle

PAGE = (Path(__file__).parents[3] / "docs" / "vo.md").read_text()
IN_CIRCLE = "1 = CONTAINS(POINT('ICRS', ra_deg, dec_deg), CIRCLE('ICRS', 0, 0, 0.2))"
STARS = (
    ("East", 0.05, 0.0, Visibility.PUBLIC, None),
    ("West", 359.95, 0.0, Visibility.PUBLIC, None),
    ("Pole", 77.0, 89.9, Visibility.PUBLIC, None),
    ("Secret", 0.1, 0.05, Visibility.PRIVATE, None),
    ("Embargoed", 0.0, 0.1, Visibility.PUBLIC, 10.0),
)


@pytest.fixture(scope="module")
def vo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a published lake with stars at the pole and round RA 0, one of them private, one embargoed."""
    lake = open_lake(settings_in(tmp_path_factory.mktemp("vo") / "data"))
    owner = create_user(lake.operations, "owner", PASSWORD)
    other = create_user(lake.operations, "other", PASSWORD)
    staff = create_user(lake.operations, "staff", PASSWORD, is_staff=True)
    for name, ra_deg, dec_deg, visibility, embargo_days in STARS:
        target = Target(
            name=name,
            ra_deg=ra_deg,
            dec_deg=dec_deg,
            visibility=visibility,
            embargo_until_mjd=mjd_now() + embargo_days if embargo_days else None,
            description="<b>&\x01é</b>",
        )
        made = create_target(lake.operations, target, by="owner")
        add_points(lake, made, 30)
    publish(lake, Terms(), name="paper-1", progress=lambda _words, _fraction: None)
    tokens = {
        kind: issue_token(lake.operations, user, name="test")
        for kind, user in (("owner_token", owner), ("other_token", other), ("staff_token", staff))
    }
    desk_of(lake.settings).throttle = Throttle(attempts=10_000, window_s=60.0)
    with running(lake) as port:
        yield Served(lake=lake, port=port, owner=owner, **tokens)
    desk_of(lake.settings).sandbox.close()
    lake.close()


@pytest.fixture
def client(vo: Served) -> Iterator[httpx.Client]:
    with vo.client() as opened:
        yield opened


@pytest.fixture
def tap(vo: Served) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{vo.url}/api/vo/tap")


def cone_names(client: httpx.Client, ra_deg: float, dec_deg: float, radius_deg: float) -> list[str]:
    answer = client.get("/api/vo/scs", params={"RA": ra_deg, "DEC": dec_deg, "SR": radius_deg})
    assert answer.status_code == 200, answer.text
    return [str(name) for name in parse_votable(io.BytesIO(answer.content)).get_first_table().array["name"]]


def error_of(answer: httpx.Response) -> str:
    """Return the sentence of a refusal, which stands in the VOTable as both standards want it."""
    assert answer.headers["content-type"].startswith("application/x-votable+xml")
    names = {"v": "http://www.ivoa.net/xml/VOTable/v1.3"}
    root = ET.fromstring(answer.content)
    status = root.find("v:RESOURCE[@type='results']/v:INFO[@name='QUERY_STATUS']", names)
    beside = root.find("v:INFO[@name='Error']", names)
    assert status is not None
    assert beside is not None
    assert status.get("value") == "ERROR"
    assert status.text == beside.get("value")
    return str(status.text)


def ask(client: httpx.Client, query: str, **more: str) -> httpx.Response:
    return client.get("/api/vo/tap/sync", params={"LANG": "ADQL", "QUERY": query, **more})


def test_pyvo_searches_a_cone_across_ra_0_nearest_first(vo: Served) -> None:
    found = pyvo.dal.SCSService(f"{vo.url}/api/vo/scs").search(pos=(0.02, 0.0), radius=0.2)
    assert [record.id for record in found] == ["East", "West"]
    assert found[0].pos.ra.deg == 0.05
    assert found[0]["separation_deg"] == pytest.approx(0.03)
    assert found.getdesc("ra_deg").ucd == "POS_EQ_RA_MAIN"


def test_a_cone_reaches_over_the_pole(client: httpx.Client) -> None:
    assert cone_names(client, 257.0, 89.95, 0.16) == ["Pole"]
    assert cone_names(client, 257.0, 89.95, 0.14) == []


def test_a_cone_shows_what_the_asker_may_see(vo: Served, client: httpx.Client) -> None:
    everybody = {"East", "West"}
    assert set(cone_names(client, 0, 0, 0.2)) == everybody
    for token, more in (
        (vo.other_token, set()),
        (vo.owner_token, {"Secret", "Embargoed"}),
        (vo.staff_token, {"Secret", "Embargoed"}),
    ):
        with vo.client(token) as somebody:
            assert set(cone_names(somebody, 0, 0, 0.2)) == everybody | more


def test_a_cone_without_radius_tells_the_columns_only(client: httpx.Client) -> None:
    assert cone_names(client, 0.05, 0.0, 0.0) == []
    counts = []
    for verb in ("1", "2", "3"):
        answer = client.get("/api/vo/scs", params={"ra": "0", "Dec": "0", "sr": "1", "VERB": verb})
        table = parse_votable(io.BytesIO(answer.content)).get_first_table()
        assert {"ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"} <= {field.ucd for field in table.fields}
        counts.append(len(table.fields))
    assert counts == sorted(set(counts))
    assert "&lt;b&gt;&amp;?é" in answer.text


def test_a_cone_that_is_cut_says_so(client: httpx.Client) -> None:
    answer = client.get("/api/vo/scs", params={"RA": "0", "DEC": "0", "SR": "180", "MAXREC": "2"})
    assert answer.text.count("<TR>") == 2
    assert 'value="OVERFLOW"' in answer.text


@pytest.mark.parametrize(
    "query",
    ["", "RA=1&DEC=2", "RA=1&DEC=2&SR=x", "RA=nan&DEC=2&SR=1", "RA=1&DEC=inf&SR=1", "RA=361&DEC=0&SR=1",
     "RA=1&DEC=91&SR=1", "RA=1&DEC=1&SR=-1", "RA=1&DEC=1&SR=181", "RA=1&DEC=1&SR=1&VERB=4",
     "RA=1&DEC=1&SR=1&MAXREC=-1", "RA=1&DEC=1&SR=1&MAXREC=%C2%B2"],
)  # fmt: skip
def test_a_bad_cone_is_refused_in_words(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/api/vo/scs?{query}")
    assert answer.status_code == 400
    assert error_of(answer).endswith(".")


def test_a_wrong_token_is_refused_by_a_votable(vo: Served) -> None:
    with vo.client("tl_wrong") as wrong:
        for answer in (wrong.get("/api/vo/scs?RA=1&DEC=1&SR=1"), ask(wrong, "SELECT 1")):
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Token"
            assert error_of(answer) == "Invalid token."


def test_pyvo_asks_adql_and_reads_units_and_ucds(tap: pyvo.dal.TAPService) -> None:
    found = tap.search(
        f"SELECT name, ra_deg, points, simulated FROM tomlake.targets WHERE {IN_CIRCLE} ORDER BY name"
    )
    assert list(found["name"]) == ["East", "West"]
    assert list(found["points"]) == [30, 30]
    assert not any(found["simulated"])
    assert found.getdesc("ra_deg").ucd == "pos.eq.ra;meta.main"
    assert str(found.getdesc("ra_deg").unit) == "deg"


def test_pyvo_joins_and_says_when_rows_are_missing(tap: pyvo.dal.TAPService, client: httpx.Client) -> None:
    query = (
        "SELECT t.name, p.mjd, p.mag FROM tomlake.photometry AS p JOIN tomlake.targets AS t USING (target_id)"
    )
    assert len(tap.run_sync(query)) == 90
    cut = tap.run_sync(query, maxrec=7)
    assert (len(cut), cut.query_status) == (7, "OVERFLOW")
    columns_only = ask(client, query, MAXREC="0").text  # pyvo takes no notice of a 0
    assert columns_only.count("<FIELD") == 3
    assert "<TR>" not in columns_only
    assert 'value="OVERFLOW"' in columns_only
    with pytest.warns(pyvo.dal.exceptions.DALOverflowWarning, match="server limits"):
        assert len(tap.run_sync("SELECT a.mag FROM photometry a, photometry b, photometry c")) == 20_000


def test_nothing_of_a_target_that_is_not_public_comes_out(vo: Served, tap: pyvo.dal.TAPService) -> None:
    assert set(tap.search("SELECT name FROM tomlake.names")["name"]) == {"East", "West", "Pole"}
    with vo.client(vo.staff_token) as staff:  # what is published does not depend on who asks
        assert "Secret" not in ask(staff, "SELECT * FROM names").text


def test_pyvo_finds_tables_columns_limits_and_examples(
    tap: pyvo.dal.TAPService, client: httpx.Client
) -> None:
    assert {"tomlake.photometry", "TAP_SCHEMA.columns"} <= set(tap.tables.keys())
    columns = {column.name: column for column in tap.tables["tomlake.photometry"].columns}
    assert columns["mjd"].unit == "d"
    assert columns["mag"].ucd == "phot.mag"
    assert '"_healpix_29"' in columns
    assert (tap.maxrec, tap.hardlimit) == (20_000, 100_000)
    told = client.get("/api/vo/tap/availability").content
    assert parse_availability(io.BytesIO(told)).available
    assert len(tap.examples) == 4
    for example in tap.examples:
        assert len(example.execute().fieldnames) >= 2


def test_tap_schema_tells_of_every_column_including_its_own(tap: pyvo.dal.TAPService) -> None:
    told = tap.search("SELECT table_name, column_name, datatype, unit FROM TAP_SCHEMA.columns")
    tables = tap.search("SELECT table_name FROM TAP_SCHEMA.tables")
    assert set(told["table_name"]) == set(tables["table_name"]) == set(tap.tables.keys())
    for row in told:  # each name works in a query as it stands
        if row["table_name"].startswith("TAP_SCHEMA") or row["table_name"] == "tomlake.citations":
            tap.search(f"SELECT TOP 1 {row['column_name']} FROM {row['table_name']}")
    joined = tap.search(
        "SELECT k.from_table, c.from_column "
        "FROM TAP_SCHEMA.keys k JOIN TAP_SCHEMA.key_columns c ON k.key_id = c.key_id"
    )
    assert "tomlake.photometry" in list(joined["from_table"])


@pytest.mark.parametrize(
    ("wanted", "media", "body"),
    [
        ("csv", "text/csv; charset=utf-8; header=present", 'n,s,t\n1,true,"a,b"\n'),
        ("text/csv", "text/csv; charset=utf-8; header=present", 'n,s,t\n1,true,"a,b"\n'),
        ("tsv", "text/tab-separated-values; charset=utf-8", "n\ts\tt\n1\ttrue\ta,b\n"),
    ],
)
def test_text_formats_are_exact(client: httpx.Client, wanted: str, media: str, body: str) -> None:
    for name in ("FORMAT", "responseformat"):
        answer = ask(client, "SELECT 1 AS n, TRUE AS s, 'a,b' AS t", **{name: wanted})
        assert answer.headers["content-type"] == media
        assert answer.text == body


def test_a_votable_holds_missing_values_and_columns_of_one_name(client: httpx.Client) -> None:
    query = (
        "SELECT 1 AS a, CAST(NULL AS INTEGER) AS b, 'é<' AS a, 2.5 AS x, CAST(NULL AS DOUBLE PRECISION) AS y"
    )
    answer = client.post("/api/vo/tap/sync", data={"lang": "ADQL", "query": query, "request": "doQuery"})
    table = parse_votable(io.BytesIO(answer.content), verify="exception").get_first_table()
    assert [field.name for field in table.fields] == ["a", "b", "a_2", "x", "y"]
    row = table.array[0]
    assert (row["a"], row["a_2"], row["x"]) == (1, "é<", 2.5)
    assert table.array.mask[0].tolist()[1] is True


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({}, 400),
        ({"LANG": "ADQL"}, 400),
        ({"LANG": "SQL", "QUERY": "SELECT 1"}, 400),
        ({"LANG": "ADQL", "QUERY": "SELECT nope FROM tomlake.targets"}, 400),
        ({"LANG": "ADQL", "QUERY": "DROP TABLE tomlake.targets"}, 400),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM read_text('/etc/passwd')"}, 400),
        ({"LANG": "ADQL", "QUERY": "SELECT 1", "MAXREC": "many"}, 400),
        ({"LANG": "ADQL", "QUERY": "SELECT 1", "FORMAT": "fits"}, 400),
        ({"LANG": "ADQL", "QUERY": "SELECT 1", "REQUEST": "drop"}, 400),
        ({"LANG": "ADQL", "QUERY": "SELECT 1", "UPLOAD": "a,http://127.0.0.1/"}, 501),
        ({"LANG": "ADQL", "QUERY": "SELECT 'a' + 1 FROM tomlake.targets"}, 400),
        ({"LANG": "ADQL", "QUERY": "x" * 30_000}, 400),
        ({"LANG": "ADQL", "QUERY": "x" * 300_000}, 413),
    ],
)
def test_what_tap_refuses_it_refuses_in_words(
    client: httpx.Client, parameters: dict[str, str], status: int
) -> None:
    answer = client.post("/api/vo/tap/sync", data=parameters)
    assert answer.status_code == status, answer.text
    assert error_of(answer)


def test_pyvo_tells_its_user_why_a_query_was_refused(tap: pyvo.dal.TAPService) -> None:
    with pytest.raises(pyvo.dal.DALQueryError, match=r"There is no table nowhere"):
        tap.search("SELECT * FROM nowhere")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("tap/async", 501),
        ("tap/async/1/phase", 501),
        ("tap/tables/nowhere", 404),
        ("tap", 404),
        ("", 404),
        ("ssa", 404),
    ],
)
def test_a_path_without_an_answer_says_so_in_a_votable(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(f"/api/vo/{path}")
    assert answer.status_code == status
    assert error_of(answer)


def test_an_uploaded_table_and_a_broken_form_are_refused(client: httpx.Client) -> None:
    uploaded = client.post("/api/vo/tap/sync", files={"t": b"x"})
    broken = client.post("/api/vo/tap/sync", content=b"QUERY=\xff", headers={"content-type": "x/y"})
    assert (uploaded.status_code, broken.status_code) == (501, 400)
    assert error_of(uploaded)
    assert error_of(broken)


def test_one_address_cannot_ask_without_end(vo: Served, client: httpx.Client) -> None:
    desk = desk_of(vo.lake.settings)
    before, desk.throttle = desk.throttle, Throttle(attempts=1, window_s=60.0)
    try:
        assert ask(client, "SELECT 1").status_code == 200
        late = client.get("/api/vo/scs?RA=1&DEC=1&SR=1")
    finally:
        desk.throttle = before
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 61
    assert "try again" in error_of(late)


def test_an_installation_that_published_nothing_says_so(tmp_path: Path) -> None:
    lake = open_lake(settings_in(tmp_path / "data"))
    with running(lake) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as nobody:
        assert "<vosi:available>false" in nobody.get("/api/vo/tap/availability").text
        answer = ask(nobody, "SELECT 1")
        assert answer.status_code == 503
        assert error_of(answer)
    desk_of(lake.settings).sandbox.close()
    lake.close()


def test_openapi_tells_the_parameters_of_both(client: httpx.Client) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    for path, names in (("scs", {"RA", "DEC", "SR"}), ("tap/sync", {"LANG", "QUERY"})):
        told = paths[f"/api/vo/{path}"]
        assert {one["name"] for one in told["get"]["parameters"] if one["required"]} == names
        form = told["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        assert set(form["required"]) == names
        assert "application/x-votable+xml" in told["get"]["responses"]["400"]["content"]


def test_a_cone_asked_by_a_form_is_the_same(client: httpx.Client) -> None:
    place = {"RA": "0", "DEC": "0", "SR": "0.2"}
    assert client.post("/api/vo/scs", data=place).text == client.get("/api/vo/scs", params=place).text


def test_the_queries_of_the_page_work(tap: pyvo.dal.TAPService) -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert len(queries) >= 3
    for query in queries:
        assert tap.search(query).fieldnames
