"""NEOWISE: both forms of answer, each quality cut, the moving target, limits."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from recorded_http import RecordedHttp

from engine.brokers.asking.irsa import GATOR_URL, TAP_URL
from engine.brokers.matching import places_at
from engine.brokers.neowise import COLUMNS, CUTS, Neowise, cone, exposures
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag
from engine.target import separation_arcsec

TIMEWISE_NAMES = {
    "W1_mag": "w1mpro", "W1_mag_error": "w1sigmpro", "W2_mag": "w2mpro", "W2_mag_error": "w2sigmpro",
}  # fmt: skip
# The recorded query of the timewise file asked for rows that had passed these cuts already.
PASSED = {"qi_fact": "1", "saa_sep": "5", "moon_masked": "0000", "cc_flags": "0000", "nb": "1", "na": "0"}
NOT_ASKED = {"qual_frame": "10", "w1rchi2": "", "w2rchi2": "", "w1sat": "", "w2sat": ""}


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "neowise" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "neowise" / "rows.csv").read_bytes()


@pytest.fixture
def gator(answers: Path) -> bytes:
    return (answers / "neowise" / "gator.tbl").read_bytes()


def changed(rows: bytes, column: str, value: str) -> bytes:
    """Return the answer with one column set to a value in every row."""
    head, *lines = rows.decode().splitlines()
    place = head.split(",").index(column)
    cells = [line.split(",") for line in lines]
    text = [",".join([*row[:place], value, *row[place + 1 :]]) for row in cells]
    return "\n".join([head, *text, ""]).encode()


def test_both_forms_of_answer_give_the_same_points(rows: bytes, gator: bytes, query: Query) -> None:
    points = Neowise().parse(rows, query)
    assert len(points) == 14
    assert_frame_equal(Neowise().parse(gator, query), points)


def test_a_magnitude_without_an_error_is_a_limit(rows: bytes, query: Query) -> None:
    limits = Neowise().parse(rows, query).filter(pl.col("limit_mag").is_not_null())
    assert limits.select("mjd", "band", "limit_mag").rows() == [(57000.25, "WISE(W2)", 12.2)]
    assert limits["mag"].null_count() == limits["mag_err"].null_count() == 1


def test_a_band_that_was_not_measured_gives_no_point(rows: bytes, query: Query) -> None:
    points = Neowise().parse(rows, query)
    assert points.filter(pl.col("mjd") == 57000.375)["band"].to_list() == ["WISE(W1)"]
    assert points.filter(pl.col("mjd") == 57001.75)["band"].to_list() == ["WISE(W2)"]  # w1rchi2 is 6


def test_a_saturated_band_is_flagged(rows: bytes, query: Query) -> None:
    points = Neowise().parse(rows, query)
    saturated = points.filter(pl.col("flags") == int(Flag.SATURATED)).select("mjd", "band").rows()
    assert saturated == [(57000.5, "WISE(W1)"), (60500.5, "WISE(W2)")]


def test_a_detection_counts_within_three_arcsec_of_the_moving_target(rows: bytes, query: Query) -> None:
    times = set(Neowise().parse(rows, query)["mjd"])
    assert 57000.625 in times  # 2.9 arcsec away
    assert 57000.75 not in times  # 3.1 arcsec away
    at_rest = Query(target_id=8, name="At rest", ra_deg=query.ra_deg, dec_deg=query.dec_deg)
    assert 60500.5 in times
    assert 60500.5 not in set(Neowise().parse(rows, at_rest)["mjd"])  # it moved 9.6 arcsec since 2016


def test_of_two_detections_in_one_exposure_the_nearer_is_taken(rows: bytes, query: Query) -> None:
    points = Neowise().parse(rows, query).filter(pl.col("mjd") == 57001.875)
    assert points.filter(pl.col("band") == "WISE(W1)")["mag"].to_list() == [12.15]
    assert len(points) == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("qual_frame", "0"), ("qi_fact", "0"), ("saa_sep", "4.9"), ("moon_masked", "0100"),
     ("cc_flags", "p000"), ("nb", "3"), ("na", "1")],
)  # fmt: skip
def test_each_cut_leaves_exposures_out(rows: bytes, query: Query, column: str, value: str) -> None:
    assert Neowise().parse(changed(rows, column, value), query).is_empty()


def test_every_cut_is_named_after_its_column_and_documented() -> None:
    for name, condition in CUTS.items():
        assert condition.meta.root_names() == [name]
        assert any(name in sentence for sentence in Neowise().info.method)


def test_flags_keep_their_leading_zeros(rows: bytes, gator: bytes) -> None:
    for body in (rows, gator):
        table = exposures(body)
        assert set(table["cc_flags"]) == {"0000", "0h00"}
        assert set(table["moon_masked"]) == {"0000", "0100"}


def test_the_identity_of_a_point_is_its_exposure_and_band(rows: bytes, query: Query) -> None:
    points = Neowise().parse(rows, query)
    assert points["source_ref"][:2].to_list() in (
        ["57000.123457/W1", "57000.123457/W2"], ["57000.123457/W2", "57000.123457/W1"],
    )  # fmt: skip
    brighter = Neowise().parse(changed(rows, "w1mpro", "11.0"), query)
    assert set(brighter["point_id"]) == set(points["point_id"])  # a new value is the same point


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    with pytest.raises(Rejected) as refusal:
        Neowise().parse(
            rows.replace(column.encode() + b",", b"other,", 1), query
        ) if column != "cc_flags" else (Neowise().parse(rows.replace(b"cc_flags", b"other"), query))
    assert refusal.value.code == "schema-drift"


def test_a_table_with_fewer_rows_than_promised_is_drift(gator: bytes, query: Query) -> None:
    shorter = gator[: gator.rstrip().rindex(b"\n") + 1]
    with pytest.raises(Rejected) as refusal:
        Neowise().parse(shorter, query)
    assert refusal.value.code == "schema-drift"


def test_words_in_place_of_numbers_are_drift(rows: bytes, query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        Neowise().parse(changed(rows, "w1mpro", "bright"), query)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_a_cone_about_the_target_in_the_middle_of_the_mission(
    rows: bytes, query: Query
) -> None:
    http = RecordedHttp(answers={TAP_URL: rows})
    assert Neowise().fetch(query, http) == rows
    around = cone(query)
    circle = f"{around.ra_deg:.8f}, {around.dec_deg:.8f}, {around.radius_arcsec / 3600:.8f}"
    assert f"CIRCLE('ICRS', {circle})" in http.questions[0]
    assert "FROM neowiser_p1bs_psd" in http.questions[0]


@settings(deadline=None, max_examples=50)
@given(
    ra_deg=st.floats(0, 359.99), dec_deg=st.floats(-89.99, 89.99),
    pm_ra=st.floats(-3000, 3000), pm_dec=st.floats(-3000, 3000), mjd=st.floats(56639.0, 60523.0),
)  # fmt: skip
def test_the_cone_holds_the_target_throughout_the_mission(
    ra_deg: float, dec_deg: float, pm_ra: float, pm_dec: float, mjd: float
) -> None:
    query = Query(
        target_id=1, name="x", ra_deg=ra_deg, dec_deg=dec_deg, pm_ra_mas_yr=pm_ra, pm_dec_mas_yr=pm_dec
    )
    around, there = cone(query), places_at(query, [mjd])
    away_arcsec = separation_arcsec(around.ra_deg, around.dec_deg, there.ra.deg[0], there.dec.deg[0])
    assert away_arcsec <= around.radius_arcsec - 3.0


def test_gator_is_asked_where_tap_cannot_answer(gator: bytes, query: Query) -> None:
    for failure in (Transient("down", code="archive-down"), b"<?xml version='1.0'?><VOTABLE/>"):
        http = RecordedHttp(answers={TAP_URL: failure, GATOR_URL: gator})
        assert Neowise().fetch(query, http) == gator
        assert "catalog=neowiser_p1bs_psd" in http.questions[1]


def test_both_routes_down_is_for_later(query: Query) -> None:
    down = Transient("down", code="archive-down")
    with pytest.raises(Transient):
        Neowise().fetch(query, RecordedHttp(answers={TAP_URL: down, GATOR_URL: down}))


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "wise" / name).read_bytes()


def with_archive_names(body: bytes, orig_id: str) -> bytes:
    """Return timewise's file under the archive's names, with the cuts that its query had made, one object."""
    head, *lines = body.decode().splitlines()
    names = [TIMEWISE_NAMES.get(name, name) for name in head.split(",")]
    added = {**PASSED, **NOT_ASKED}
    kept = [line for line in lines if line.endswith(f",{orig_id}")]
    return "\n".join(
        [",".join([*names, *added]), *(",".join([line, *added.values()]) for line in kept), ""]
    ).encode()


def test_real_gator_tables_are_read_exactly(shared: Path) -> None:
    table = exposures(real(shared, "allwise_mep_gator_Gaia20fnr.tbl"))
    measured = table.select("ra", "dec", "mjd", "w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro")
    assert len(measured) == 34
    assert measured.row(0) == (90.2670116, -18.9677324, 55270.6692872, 10.804, 0.025, 10.943, 0.025)
    assert measured.row(-1) == (90.2670116, -18.9677324, 55470.0246549, 10.887, 0.028, 10.983, 0.035)


@pytest.mark.parametrize("name", ["neowiser_gator_norows.tbl", "allwise_mep_gator_norows.tbl"])
def test_real_empty_gator_tables_are_empty(shared: Path, name: str) -> None:
    assert exposures(real(shared, name)).is_empty()


def test_a_real_tap_table_is_read_exactly(shared: Path) -> None:
    body = real(shared, "neowiser_tap_timewise_chunk0_head1500.csv")
    for theirs, ours in TIMEWISE_NAMES.items():
        body = body.replace(f",{theirs},".encode(), f",{ours},".encode(), 1)
    table = exposures(body)
    assert len(table) == 1500
    assert table.select("ra", "dec", "mjd", "w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro").row(0) == (
        314.2623536, 14.2045727, 57155.60740264, 13.292, 0.032, 13.32, 0.102,
    )  # fmt: skip
    assert table["allwise_cntr"][0] == "3150113601351063552"
    assert table.select("mjd", "w1mpro", "w2mpro").row(-1) == (56858.48004899, 12.044, 11.915)


def test_a_real_object_gives_its_light_curve(shared: Path) -> None:
    body = with_archive_names(real(shared, "neowiser_tap_timewise_chunk0_head1500.csv"), "0")
    query = Query(target_id=3, name="AT2019dsg", ra_deg=314.2623926, dec_deg=14.2044063)
    points = Neowise().parse(body, query)
    # 148 rows; one is a neighbour 4.1 arcsec away, in an exposure that holds the target as well
    assert points.group_by("band").len().sort("band").rows() == [("WISE(W1)", 147), ("WISE(W2)", 147)]
    assert points["mjd"].is_sorted()
    dust_echo = points.filter(pl.col("band") == "WISE(W2)", pl.col("mjd").is_between(58610, 58620))
    before = points.filter(pl.col("band") == "WISE(W2)", pl.col("mjd") < 58000)
    assert before["mag"].median() - dust_echo["mag"].median() == pytest.approx(1.2, abs=0.2)
