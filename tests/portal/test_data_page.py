"""The page *Data*: what it shows before and after publishing, what it refuses, and what the address keeps."""

import csv
import io
from collections.abc import Iterator

import polars as pl
import pyarrow as pa
import pytest
from page_lakes import REAL_NAME
from page_visits import visit, words
from public_lakes import published as publish
from streamlit.testing.v1 import AppTest

from lake.opening import Lake
from portal import opened
from portal.fmt import escaped
from portal.public_lake import published
from portal.public_lake.desk import desk_of
from portal.public_lake.published import Refusal, Result
from portal.public_lake.result_charts import Axes, drawn, shown_rows
from portal.public_lake.sql_examples import EXAMPLES
from portal.security.throttle import Throttle


@pytest.fixture(scope="module")
def built(built_full_lake: Lake) -> Iterator[Lake]:
    """Publish a full lake, one of whose targets is private."""
    publish(built_full_lake, name="paper-1", with_simulated=True)
    yield built_full_lake
    desk_of(built_full_lake.settings).sandbox.close()


@pytest.fixture
def lake(built: Lake) -> Lake:
    opened.use_lake(built)
    return built


def ask(at: AppTest, sql: str) -> AppTest:
    at.text_area(key="data_sql").set_value(sql)
    return next(button for button in at.button if button.label == "Run").click().run()


def result_of(sql: str) -> Result:
    told = published.manifest()
    assert told is not None
    answer = published.answer(sql, told, user=None, address="")
    assert isinstance(answer, Result), answer
    return answer


def test_a_lake_that_is_not_published_says_so_and_what_to_do(empty_lake: Lake) -> None:
    at = visit("data")
    assert not at.exception
    assert "tomlake publish" in words(at)
    assert not at.text_area


def test_the_page_shows_tables_units_and_limits_before_anything_is_asked(lake: Lake) -> None:
    at = visit("data")
    assert not at.exception
    columns = at.dataframe[0].value
    assert dict(zip(columns["Column"], columns["Unit"], strict=True))["mag_err"] == "mag"
    assert "100,000 rows" in words(at)
    assert not at.query_params


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.question)
def test_each_example_gives_rows_and_a_chart_of_its_columns(example, lake: Lake) -> None:  # noqa: ANN001
    rows = shown_rows(result_of(example.sql).rows)
    assert not rows.is_empty()
    chart = drawn(rows, Axes(x=example.x, y=example.y, colour=example.colour))
    assert len(chart.rows) == len(rows)


def test_a_permalink_asks_at_once_and_gives_the_rows_of_its_version(lake: Lake) -> None:
    sql = f"SELECT count(*) AS points FROM photometry WHERE target = '{REAL_NAME}'"
    at = visit("data", sql=sql, version="paper-1")
    assert not at.exception
    assert list(at.dataframe[0].value["points"]) == [40]
    assert at.text_area(key="data_sql").value == sql
    assert any("version=paper-1" in code.value for code in at.code)
    at = ask(at, "SELECT 7 AS seven")
    assert dict(at.query_params) == {"sql": ["SELECT 7 AS seven"], "version": ["paper-1"]} or dict(
        at.query_params
    ) == {"sql": "SELECT 7 AS seven", "version": "paper-1"}


def test_a_private_target_is_in_no_answer(lake: Lake) -> None:
    names = result_of("SELECT name FROM names UNION ALL SELECT target FROM photometry").rows
    assert REAL_NAME in names["name"].to_pylist()
    assert "Secret1" not in names["name"].to_pylist()


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE targets",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT getenv('HOME')",
        "SELECT 1; SELECT 2",
        "COPY targets TO '/tmp/x'",
        "ATTACH 'x.db'",
        "<script>alert(1)</script>",
        "SELECT * FROM \u202enoitaroproC \N{PILE OF POO}",
        "",
        "\x00",
        "SELECT " + "'x'," * 2500 + "'x' FROM nowhere",
        "S" * 30_000,
    ],
)
def test_hostile_sql_is_refused_in_a_sentence(sql: str, lake: Lake) -> None:
    at = ask(visit("data"), sql)
    assert not at.exception
    assert len(at.error) == 1
    assert at.error[0].value
    assert len(at.error[0].value) < 1500


def test_ten_thousand_characters_are_answered_without_a_link(lake: Lake) -> None:
    sql = "SELECT 1 AS one -- " + "é" * 10_000
    at = ask(visit("data"), sql)
    assert not at.exception
    assert not at.error
    assert list(at.dataframe[0].value["one"]) == [1]
    assert not at.query_params
    assert "too long for a link" in words(at)


def test_a_mistake_is_told_with_its_line(lake: Lake) -> None:
    at = ask(visit("data"), "SELECT name,\n  magnitude\nFROM targets")
    assert "line 2" in at.error[0].value
    assert "magnitude" in [code.value for code in at.code]


def test_an_unknown_version_is_refused_in_a_sentence(lake: Lake) -> None:
    at = visit("data", version="paper-2")
    assert not at.exception
    assert at.error[0].value == escaped("There is no version paper-2.")


def test_more_rows_than_the_limit_are_cut_and_the_page_says_so(lake: Lake) -> None:
    at = ask(visit("data"), "SELECT range AS n FROM range(150000)")
    assert not at.exception
    assert "There were more rows" in words(at)
    assert "100,000 rows in" in words(at)


def test_an_address_that_asks_too_often_waits(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_of(lake.settings), "throttle", Throttle(attempts=1, window_s=60.0))
    told = published.manifest()
    assert told is not None
    said = [published.answer(f"SELECT {n} AS n", told, user=None, address="1.2.3.4") for n in (11, 12, 11)]
    assert [type(each) for each in said] == [Result, Refusal, Result]  # what is known costs nothing
    assert isinstance(said[1], Refusal)
    assert "Too many queries" in said[1].reason


def test_a_spreadsheet_gets_no_formula_and_every_number_as_it_is(lake: Lake) -> None:
    sql = """SELECT '=1+1' AS "=a", '@x' AS b, '-2' AS c, -2.5 AS d, 'é' AS e, NULL::VARCHAR AS f"""
    result = result_of(sql)
    text = published.spreadsheet_file(result).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["'=a", "b", "c", "d", "e", "f"],
        ["'=1+1", "'@x", "'-2", "-2.5", "é", ""],
    ]
    assert list(csv.reader(io.StringIO(published.csv_file(result).decode())))[1][:4] == [
        "=1+1",
        "@x",
        "-2",
        "-2.5",
    ]
    assert pl.read_parquet(io.BytesIO(published.parquet_file(result)))["d"].to_list() == [-2.5]


def test_odd_types_and_equal_names_are_shown_as_text() -> None:
    rows = pa.Table.from_arrays(
        [pa.array([[1, 2]]), pa.array([b"x"]), pa.array([{"a": None}])], names=["a", "a", "b"]
    )
    shown = shown_rows(rows)
    assert shown.columns == ["a", "a (2)", "b"]
    assert shown.row(0) == ("[1, 2]", "\"b'x'\"", '{"a": null}')


def test_bands_have_the_colours_of_the_light_curves() -> None:
    rows = pl.DataFrame({"mjd": [1.0, 2.0], "mag": [2.0, 3.0], "band": ["ZTF(zr)", "ZTF(zg)"]})
    colour = drawn(rows, Axes(x="mjd", y="mag", colour="band")).spec["encoding"]["color"]
    assert colour["scale"]["domain"] == ["ZTF(zg)", "ZTF(zr)"]
    other = rows.with_columns(band=pl.lit("no band"))
    assert (
        "domain" not in drawn(other, Axes(x="mjd", y="mag", colour="band")).spec["encoding"]["color"]["scale"]
    )


def test_what_a_column_is_called_is_no_expression_of_the_chart() -> None:
    name = "datum['x'].y[0]"
    chart = drawn(pl.DataFrame({name: [1.0], "mag": [2.0]}), Axes(x=name, y="mag", bright_up=True))
    assert chart.rows.columns == ["x", "y"]
    fields = {part["field"] for part in (chart.spec["encoding"]["x"], chart.spec["encoding"]["y"])}
    assert fields == {"x", "y"}
    assert chart.spec["encoding"]["y"]["scale"]["reverse"] is True
