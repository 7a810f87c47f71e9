"""CRTS: the page of a search, the nearest object, what is no answer, a real page."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.crts import URL, Crts
from engine.brokers.protocol import Query
from engine.brokers.reading.html_table import html_rows
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "crts" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "crts" / "rows.html").read_bytes()


@pytest.fixture
def not_covered(answers: Path) -> bytes:
    return (answers / "crts" / "empty.html").read_bytes()


def test_the_nearest_object_is_taken(rows: bytes, query: Query) -> None:
    points = Crts().parse(rows, query)
    assert points.select("source_ref", "mjd", "mag", "mag_err").rows() == [
        ("2000000000002/53700.1", 53700.1, 16.1, 0.06),
        ("2000000000002/53700.2", 53700.2, 16.2, 0.06),
        ("2000000000002/53700.3", 53700.3, 16.3, 0.06),  # not the detection 3.9 arcsec away
    ]
    elsewhere = Query(target_id=8, name="x", ra_deg=150.0017, dec_deg=60.0)
    assert Crts().parse(rows, elsewhere)["mag"].to_list() == [15.0]


def test_rows_without_a_sound_magnitude_and_error_are_left_out(rows: bytes, query: Query) -> None:
    times = Crts().parse(rows, query)["mjd"].to_list()
    assert 53700.4 not in times  # 99.99
    assert 53700.5 not in times  # error 0.00


def test_blends_are_flagged_where_the_page_tells_them(rows: bytes, query: Query) -> None:
    assert set(Crts().parse(rows, query)["flags"]) == {0}
    page = rows.decode().replace("<th>MJD</tr>", "<th>MJD<th>Blend</tr>")
    head, body = page.split("Photometry of Objs")
    blended = head + "Photometry of Objs" + body.replace("0000</tr>", "0000<td>1</tr>")
    assert set(Crts().parse(blended.encode(), query)["flags"]) == {int(Flag.BLENDED)}


def test_a_place_that_was_never_looked_at_is_empty(not_covered: bytes, query: Query) -> None:
    assert Crts().fetch(query, RecordedHttp(answers={URL: not_covered})) == b""
    assert Crts().parse(not_covered, query).is_empty()


def test_a_whole_page_without_objects_is_empty(rows: bytes, query: Query) -> None:
    page = rows.decode()
    start = page.index("<table border><tr><Caption>Master Objs")
    nothing = page[:start] + "<p><br><p></HTML>\n"
    assert Crts().parse(nothing.encode(), query).is_empty()
    with pytest.raises(Rejected) as refusal:
        Crts().parse(page[:start].encode(), query)  # cut off before the objects: no empty sky
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<td>16.20<td>0.06", "<td>16.20"),
        ("<td>16.20", "<td>faint"),
        ("53700.20000", "2453700.7"),
        ("<th>Magerr", "<th>Error"),
        ("<th>Offset", "<th>Away<th>Offset"),
        ("<tr><td>2000000000002<td>16.000", "<tr><td>2000000000003<td>16.000"),
        ("Photometry of Objs", "Light curve"),
    ],
)
def test_another_page_is_drift(rows: bytes, query: Query, old: str, new: str) -> None:
    assert old in rows.decode()
    with pytest.raises(Rejected) as refusal:
        Crts().parse(rows.decode().replace(old, new).encode(), query)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_a_position_and_a_radius_in_arcmin(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={URL: rows})
    assert Crts().fetch(query, http) == rows
    for words in ("RADec=150.000000 +60.000000", "Rad=0.1", "DB=photcat", "OUT=web", "SHORT=short"):
        assert words in http.questions[0]
    assert "User-Agent: Mozilla/5.0 (compatible; tomlake)" in http.questions[0]


def test_another_page_is_for_later(query: Query) -> None:
    page = b"<html><body>Service Unavailable</body></html>"
    with pytest.raises(Transient) as failure:
        Crts().fetch(query, RecordedHttp(answers={URL: page}))
    assert failure.value.code == "answer-is-a-page"


def test_cells_end_where_the_next_begins() -> None:
    page = "<table><tr><Caption>A</Caption></tr><tr><th>x<th>y &lt;1</tr><TR><TD> 1<td><b>2</b></tr>"
    assert html_rows(page) == [["x", "y <1"], ["1", "2"]]


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "crts" / name).read_bytes()


def test_a_real_page_gives_its_light_curve(shared: Path) -> None:
    query = Query(target_id=5, name="CSS", ra_deg=137.97214, dec_deg=38.29239)
    points = Crts().parse(real(shared, "crts_conesearch_web.html"), query)
    # 172 rows; the exposure of 55955.27793 has two, of which the one 6 arcsec away is left out
    assert len(points) == 171
    assert points.select("mjd", "mag", "mag_err").row(0) == (53687.46143, 20.87, 0.45)
    assert points.select("mjd", "mag", "mag_err").row(-1) == (56432.18649, 19.72, 0.25)
    assert points.filter(pl.col("mjd") == 55955.27793)["mag"].to_list() == [20.27]
    assert (points["mag"].min(), points["limit_mag"].null_count()) == (18.58, 171)
    assert points["source_ref"][0] == "1138040035002/53687.46143"
    canary = Crts().info.canary
    assert canary is not None
    assert len(points) >= canary.least_rows


def test_a_real_page_of_a_place_that_was_not_looked_at_is_empty(shared: Path) -> None:
    query = Query(target_id=5, name="x", ra_deg=283.61614, dec_deg=0.81912)
    body = real(shared, "crts_conesearch_web_empty.html")
    assert Crts().parse(body, query).is_empty()
    assert Crts().fetch(query, RecordedHttp(answers={URL: body})) == b""
