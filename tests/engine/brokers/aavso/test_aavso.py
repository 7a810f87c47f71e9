"""AAVSO: names by VSX, spans of time, each cut, limits, no personal names, real observations."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.aavso import COLUMNS, CUTS, DELIMITER, Aavso, nearest_star, observations, spans
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

HEAD = DELIMITER.join([*COLUMNS, "obsName", "obsCountry"])
ROW = DELIMITER.join(["2459000.5", "12.5", "0.01", "V", "XAA", "Z", "STD", "9001", "0", "Person, Some", "BE"])
WEBOBS = {
    "JD": "JD", "Magnitude": "mag", "Uncertainty": "uncert", "Band": "band", "Observer Code": "by",
    "Validation Flag": "val", "Measurement Method": "mtype",
}  # fmt: skip


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "aavso" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    folder = answers / "aavso" / "rows"
    return bundled({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def vsx(*stars: tuple[str, float, float, str]) -> bytes:
    listed = [
        {"Name": name, "RA2000": f"{ra:.5f}", "Declination2000": f"{dec:.5f}", "MaxMag": mag}
        for name, ra, dec, mag in stars
    ]
    return json.dumps({"VSXObjects": {"VSXObject": listed} if listed else []}).encode()


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = Aavso().parse(rows, query)
    assert points.select("source_ref", "mjd", "band", "mag", "mag_err", "limit_mag").rows() == [
        ("9001", 59000.0, "AAVSO(V)", 12.5, 0.01, None),
        ("9002", pytest.approx(59000.1), "AAVSO(Vis.)", 11.9, None, None),
        ("9003", 59001.0, "AAVSO(Vis.)", None, None, 13.0),
        ("9004", pytest.approx(59001.1), "AAVSO(SG)", 12.7, 0.02, None),
        ("9011", 59400.0, "AAVSO(B)", 12.6, 0.01, None),
    ]
    assert points["observer"].to_list() == ["XAA", "XBB", "XBB", "XAA", "XAA"]


def test_a_time_with_two_decimals_is_flagged(rows: bytes, query: Query) -> None:
    flagged = Aavso().parse(rows, query).filter(pl.col("flags") == int(Flag.TIME_UNCERTAIN))
    assert flagged["source_ref"].to_list() == ["9002"]


@pytest.mark.parametrize(
    ("cut", "left_out"),
    [
        ("val", "9005"),
        ("mtype", "9006"),
        ("mag", "9007"),
        ("uncert", "9008"),
        ("band", "9009"),
        ("mag", "9010"),
    ],
)
def test_each_cut_leaves_its_observation_out(rows: bytes, cut: str, left_out: str) -> None:
    table = observations(next(iter(parts_of(rows, title="").values())))
    others = table.filter(*[condition for name, condition in CUTS.items() if name != cut])
    assert left_out in others["obsID"].to_list()
    assert left_out not in others.filter(CUTS[cut])["obsID"].to_list()


def test_every_cut_is_named_after_its_column() -> None:
    assert all(condition.meta.root_names()[0] == name for name, condition in CUTS.items())


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(query: Query, column: str) -> None:
    part = f"{HEAD}\n{ROW}\n".replace(column + DELIMITER, f"other{DELIMITER}", 1)
    with pytest.raises(Rejected) as refusal:
        Aavso().parse(bundled({"1.txt": part.encode()}), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("old", "new"),
    [("12.5", "bright"), ("2459000.5", "59000.5"), ("9001", ""), (f"{DELIMITER}BE", ""), ("\n", "")],
)
def test_broken_observations_are_drift(query: Query, old: str, new: str) -> None:
    part = f"{HEAD}\n{ROW}\n"
    changed = part.replace(old, new) if old != "\n" else part[:-1]
    with pytest.raises(Rejected) as refusal:
        Aavso().parse(bundled({"1.txt": changed.encode()}), query)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_star_is_asked_by_its_name_and_nobody_is_named(query: Query) -> None:
    http = RecordedHttp(
        answers={
            "api.list": vsx(("V2 Inv", 120.001, 45.0, "13.5 V"), ("V1 Inv", 120.0001, 45.0, "13.5 V")),
            "api.delim": f"{HEAD}\n{ROW}\n".encode(),
        }
    )
    body = Aavso().fetch(query, http)
    assert b"Person" not in body
    assert b"obsName" not in body
    assert Aavso().parse(body, query)["observer"].to_list() == ["XAA"]
    searched, asked = http.questions
    assert "ra=120.000000 dec=45.000000 radius=0.001389" in searched
    assert "ident=V1 Inv fromjd=2378496.50000" in asked
    assert "delimiter=@@@" in asked


def test_a_bright_star_is_asked_year_by_year_and_empty_years_are_not_kept(query: Query) -> None:
    http = RecordedHttp(
        answers={
            "api.list": vsx(("V1 Inv", 120.0, 45.0, "<8.5 V")),
            "fromjd=2458849": f"{HEAD}\n{ROW}\n".encode(),
            "api.delim": f"{HEAD}\n".encode(),
        }
    )
    asked = replace(query, since_mjd=2458849.75 - 2400000.5 - 365.25 + 60.0)
    body = Aavso().fetch(asked, http)
    assert list(parts_of(body, title="")) == ["2458849.75000.txt"]
    assert len(http.questions) > 5
    assert "fromjd=2458484.50000 tojd=2458849.75000" in http.questions[1]


@pytest.mark.parametrize("listed", [vsx(), vsx(("far", 120.01, 45.0, "9.0 V"))])
def test_a_place_without_variable_stars_is_empty(query: Query, listed: bytes) -> None:
    http = RecordedHttp(answers={"api.list": listed})
    assert Aavso().fetch(query, http) == b""
    assert len(http.questions) == 1


def test_a_star_without_observations_is_empty(query: Query) -> None:
    listed = vsx(("V1 Inv", 120.0, 45.0, "13.0 V"))
    for nothing in (b"", b"\n", f"{HEAD}\n".encode(), HEAD.encode()):
        assert Aavso().fetch(query, RecordedHttp(answers={"api.list": listed, "api.delim": nothing})) == b""


def test_a_target_that_moves_is_met_where_it_was_in_2000(query: Query) -> None:
    fast = replace(query, pm_ra_mas_yr=0.0, pm_dec_mas_yr=1000.0, epoch=2016.0)
    assert nearest_star(vsx(("V1 Inv", 120.0, 45.0 - 16.0 / 3600.0, "9.0 V")), fast) is not None
    assert nearest_star(vsx(("V1 Inv", 120.0, 45.0, "9.0 V")), fast) is None


def test_pages_and_cut_off_answers_are_for_later_and_other_lists_are_drift(query: Query) -> None:
    listed = vsx(("V1 Inv", 120.0, 45.0, "13.0 V"))
    for answers in (
        {"api.list": b"<html>Just a moment</html>"},
        {"api.list": listed, "api.delim": b"<html>Just a moment</html>"},
        {"api.list": listed, "api.delim": b"The database is busy."},
        {"api.list": listed, "api.delim": f"{HEAD}\n{ROW[:40]}\n".encode()},
    ):
        with pytest.raises(Transient):
            Aavso().fetch(query, RecordedHttp(answers=answers))
    for body in (b"[]", b"not JSON", b'{"VSXObjects": {"VSXObject": [{"Name": "x"}]}}'):
        with pytest.raises(Rejected) as refusal:
            Aavso().fetch(query, RecordedHttp(answers={"api.list": body}))
        assert refusal.value.code == "schema-drift"


@given(first=st.floats(2378496.5, 2461000.0), length=st.floats(0.01, 80000.0), is_bright=st.booleans())
def test_spans_follow_each_other_from_the_first_day_to_the_last(
    first: float, length: float, is_bright: bool
) -> None:
    asked = list(spans(first, first + length, is_bright=is_bright))
    assert asked[0][0] == first
    assert asked[-1][1] == first + length
    assert all(end == start for (_, end), (start, _) in pairwise(asked))
    assert len(asked) == 1 or is_bright
    if is_bright:
        assert all(end - start <= 365.2501 for start, end in asked if start >= 2415020.5)


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "aavso" / name).read_bytes()


def test_a_real_answer_is_read_exactly(shared: Path) -> None:
    query = Query(target_id=7, name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.9677)
    points = Aavso().parse(bundled({"1.txt": real(shared, "aid_api_delim_tilde_Gaia20fnr.txt")}), query)
    assert points.select("source_ref", "mjd", "band", "mag", "mag_err", "observer", "flags").rows() == [
        ("1285239870", pytest.approx(59233.048478), "AAVSO(V)", 13.068, 0.011, "HMB", 0),
        ("1285239871", pytest.approx(59233.049045), "AAVSO(V)", 13.087, 0.010, "HMB", 0),
    ]


def test_a_real_answer_is_kept_without_its_observers_name(shared: Path, query: Query) -> None:
    body = real(shared, "aid_api_delim_tilde_Gaia20fnr.txt")
    http = RecordedHttp(answers={"api.list": vsx(("GAIA20FNR", 120.0, 45.0, "12.5 V")), "api.delim": body})
    kept = Aavso().fetch(query, http)
    assert b"Surname" in body
    assert b"Surname" not in kept
    assert len(Aavso().parse(kept, query)) == 2


def as_api(rows: Sequence[dict[str, str]]) -> bytes:
    """Return rows of a WebObs file in the form of the interface; ``<`` before a magnitude is a limit."""
    lines = []
    for number, row in enumerate(rows):
        cells = {ours: row[theirs] for theirs, ours in WEBOBS.items()}
        limit = "1" if cells["mag"].startswith("<") else "0"
        cells |= {"mag": cells["mag"].lstrip("<"), "obsID": str(number), "fainterThan": limit}
        lines.append(DELIMITER.join(cells[name] for name in COLUMNS))
    return "\n".join([DELIMITER.join(COLUMNS), *lines, ""]).encode()


def test_real_observations_of_a_supernova(shared: Path) -> None:
    text = real(shared, "aid_webobs_download_SN2011fe_head400.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text), escapechar="\\"))
    assert len(rows) == 400
    part = as_api(rows)
    query = Query(target_id=7, name="SN 2011fe", ra_deg=210.77421, dec_deg=54.27372)
    points = Aavso().parse(bundled({"1.txt": part}), query)
    taken = {name: observations(part).filter(~cut).height for name, cut in CUTS.items()}
    assert taken == {"val": 0, "mtype": 0, "mag": 0, "uncert": 0, "band": 6}  # six have the band N/A
    assert dict(points.group_by("band").len().rows()) == {
        "AAVSO(V)": 255, "AAVSO(Vis.)": 50, "AAVSO(B)": 28, "AAVSO(CV)": 26, "AAVSO(R)": 19, "AAVSO(I)": 12,
        "AAVSO(TR)": 1, "AAVSO(TB)": 1, "AAVSO(TG)": 1, "AAVSO(CR)": 1,
    }  # fmt: skip
    assert points["limit_mag"].drop_nulls().to_list() == [13.4]
    first = points.filter(pl.col("band") == "AAVSO(TB)").row(0, named=True)  # one of three at the same time
    assert first["mjd"] == points["mjd"][0] == pytest.approx(55797.83333, abs=1e-8)
    assert (first["mag"], first["mag_err"], first["observer"]) == (15.5, 0.5, "RWAA")
    last = points.row(-1, named=True)
    assert last["mjd"] == pytest.approx(55802.31935, abs=1e-8)
    assert (last["mag"], last["mag_err"], last["band"]) == (11.82, 0.02, "AAVSO(R)")


def test_a_real_star_of_vsx_with_a_control_character_is_understood(shared: Path) -> None:
    text = real(shared, "vsx_api_object_xcrb.xml").decode()
    assert "\x1a" in text
    told = dict(re.findall(r'(\w+)="([^"]*)"', text.partition("<VSXObject ")[2].partition(">")[0]))
    body = json.dumps({"VSXObjects": {"VSXObject": told}}).replace("M5e-M7e", "M5e\x1a").encode()
    query = Query(target_id=7, name="X CrB", ra_deg=237.2230, dec_deg=36.2480)
    star = nearest_star(body, query)
    assert star is not None
    assert (star.name, star.max_mag) == ("X CrB", 8.5)
