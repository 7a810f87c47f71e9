"""SuperWASP: corrected fluxes, heliocentric times, and a cone with several stars."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.protocol import Query
from engine.brokers.superwasp import COLUMNS, FILES_URL, TAP_URL, SuperWasp
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag
from engine.times import mjd_utc_of_heliocentric

FILE = f"{FILES_URL}/tile100200/1SWASP_J100000.00+200000.0_lc.tbl"
SECOND = b"1SWASP J100000.01+200000.1,150.0005,20.0,tile100200\n"


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "superwasp" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "superwasp" / "rows.tbl").read_bytes()


@pytest.fixture
def sources(answers: Path) -> bytes:
    return (answers / "superwasp" / "sources.csv").read_bytes()


def test_fluxes_become_magnitudes_limits_or_nothing(rows: bytes, query: Query) -> None:
    points = SuperWasp().parse(rows, query)
    assert points["source_ref"].to_list() == [
        "101200605010000001/1000", "101200605010000002/2000", "222200605010000003/3000",
    ]  # fmt: skip
    # the fourth has no error; 100 micro-Vega is 15 - 5; 1 +- 1 is a limit at 15 - 2.5 log10(5)
    assert points["mag"].to_list() == pytest.approx([10.0, None, 7.5])
    assert points["limit_mag"].to_list() == pytest.approx([None, 13.252575, None], abs=1e-6)
    assert points["flags"].to_list() == [0, 0, int(Flag.POOR_QUALITY_AT_SOURCE)]
    assert points["camera"].to_list() == ["camera 101", "camera 101", "camera 222"]


@settings(deadline=None, max_examples=25)
@given(hjd=st.floats(2453100.0, 2454900.0), ra_deg=st.floats(0.0, 359.9), dec_deg=st.floats(-89.0, 89.0))
def test_a_heliocentric_time_is_within_the_earth_s_orbit(hjd: float, ra_deg: float, dec_deg: float) -> None:
    there = hjd - 2400000.5
    head = "|TMID|TAMFLUX2|TAMFLUX2_ERR|IMAGEID|FLAG|HJD                 |"
    body = f"{head}\n {1:4d} {9.0:8.1f} {0.1:12.1f} {7:7d} {0:4d} {hjd:20.8f} \n".encode()
    query = Query(target_id=1, name="x", ra_deg=ra_deg, dec_deg=dec_deg)
    assert abs(SuperWasp().parse(body, query)["mjd"][0] - there) * 86400.0 < 509.0


def test_a_worked_time(query: Query) -> None:
    # the star 1SWASP J150658.93-313838.9: HJD (UTC) 2453860.389988 is BJD (TDB) 2453860.390717666
    star = replace(query, ra_deg=226.745544, dec_deg=-31.644161)
    head = "|TMID|TAMFLUX2|TAMFLUX2_ERR|IMAGEID|FLAG|HJD                 |"
    body = f"{head}\n {1:4d} {9.0:8.1f} {0.1:12.1f} {7:7d} {0:4d} {2453860.389988:20.6f} \n".encode()
    point = SuperWasp().parse(body, star).row(0, named=True)
    assert point["bjd_tdb"] == pytest.approx(2453860.390717666, abs=2e-7)
    (mjd,) = mjd_utc_of_heliocentric(np.array([53859.889988]), ra_deg=star.ra_deg, dec_deg=star.dec_deg)
    assert point["mjd"] == pytest.approx(mjd, abs=1e-8)


def test_the_star_s_table_is_asked_for(rows: bytes, sources: bytes, query: Query) -> None:
    http = RecordedHttp(answers={TAP_URL: sources, FILE: rows})
    assert SuperWasp().fetch(query, http) == rows
    assert "dec BETWEEN 19.99861111 AND 20.00138889 AND ra BETWEEN 149.99852" in http.questions[0]
    assert "format=csv" in http.questions[0]


def test_an_ambiguous_cone_is_no_import_but_a_name_decides(rows: bytes, sources: bytes, query: Query) -> None:
    two = sources + SECOND
    with pytest.raises(Rejected) as refusal:
        SuperWasp().fetch(query, RecordedHttp(answers={TAP_URL: two, FILE: rows}))
    assert refusal.value.code == "ambiguous"
    assert "1SWASP J100000.01+200000.1" in refusal.value.reason
    one = sources.split(b"\n1SWASP J100000.10")[0] + b"\n"
    http = RecordedHttp(answers={TAP_URL: one, FILE: rows})
    named = replace(query, names=("1SWASP J100000.00+200000.0",))
    assert SuperWasp().fetch(named, http) == rows
    assert "sourceid = '1SWASP J100000.00+200000.0'" in http.questions[0]


@pytest.mark.parametrize(("ra_deg", "said"), [(0.0, " OR ra <= 0.00147"), (359.9999, "(ra >= 359.9984")])
def test_a_box_across_zero_hours_has_two_halves(query: Query, ra_deg: float, said: str) -> None:
    http = RecordedHttp(answers={TAP_URL: b"sourceid,ra,dec,tile\n"})
    assert SuperWasp().fetch(replace(query, ra_deg=ra_deg), http) == b""
    assert said in http.questions[0]


def test_a_box_round_a_pole_has_all_right_ascensions(query: Query) -> None:
    http = RecordedHttp(answers={TAP_URL: b"sourceid,ra,dec,tile\n"})
    assert SuperWasp().fetch(replace(query, dec_deg=90.0), http) == b""
    assert "ra BETWEEN 0 AND 360" in http.questions[0]


def test_pages_are_for_later_and_a_strange_address_is_refused(sources: bytes, query: Query) -> None:
    page = b"<?xml version='1.0'?><VOTABLE/>"
    for replies in ({TAP_URL: page}, {TAP_URL: sources, FILE: page}):
        with pytest.raises(Transient):
            SuperWasp().fetch(query, RecordedHttp(answers=replies))
    with pytest.raises(Rejected) as refusal:
        SuperWasp().fetch(query, RecordedHttp(answers={TAP_URL: sources.replace(b"tile100200", b"../../x")}))
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    body = rows.replace(b"|" + column.ljust(len(column) + 1).encode(), b"|" + b"X" * len(column) + b" ", 1)
    body = body if body != rows else rows.replace(f"|{column}".encode(), b"|" + b"X" * len(column), 1)
    with pytest.raises(Rejected) as refusal:
        SuperWasp().parse(body, query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(("old", "new"), [(b"2453500.500000", b"      0.500000"), (b"1.0e+02", b" bright")])
def test_impossible_values_are_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        SuperWasp().parse(rows.replace(old, new, 1), query)
    assert refusal.value.code == "schema-drift"


def test_fewer_rows_than_promised_are_drift(rows: bytes, query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        SuperWasp().parse(rows[: rows.rstrip().rindex(b"\n") + 1], query)
    assert refusal.value.code == "schema-drift"
