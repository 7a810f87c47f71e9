"""GALEX: visits of the catalogue, and gAperture's table with every real row."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.galex import COLUMNS, MCAT_URL, Galex
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

DWARF = Query(target_id=3, name="LDS 749B", ra_deg=323.067741, dec_deg=0.254011)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "galex" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "galex" / "rows.json").read_bytes()


@pytest.fixture
def table(answers: Path) -> bytes:
    return (answers / "galex" / "gaperture.csv").read_bytes()


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "galex" / name).read_bytes()


def test_each_band_of_a_visit_stands_alone(rows: bytes, query: Query) -> None:
    points = Galex().parse(rows, query)
    assert points.select("source_ref", "band", "exptime_s").rows() == [
        ("6400000000000000001/FUV", "GALEX(FUV)", 100.0),
        ("6400000000000000001/NUV", "GALEX(NUV)", 100.0),
        ("6410000000000000001/NUV", "GALEX(NUV)", 1500.0),
        ("6420000000000000001/NUV", "GALEX(NUV)", 90.0),
    ]


def test_the_time_is_the_middle_of_the_exposure(rows: bytes, query: Query) -> None:
    # 1200000050 s after 1970: 13888.889467592593 d
    assert Galex().parse(rows, query)["mjd"][0] == pytest.approx(54475.889467592593, abs=1e-9)


def test_magnitudes_come_back_from_their_fluxes(rows: bytes, query: Query) -> None:
    points = Galex().parse(rows, query)
    assert points["mag"][:3].to_list() == pytest.approx([21.0, 20.0, 20.2])
    assert points["mag_err"][:3].to_list() == pytest.approx([0.1, 0.05, 0.06])
    assert points["flux_ujy"][1] == pytest.approx(36.3078, abs=1e-4)  # 10**(0.4 * 3.9)


def test_below_three_sigma_stands_a_five_sigma_limit(rows: bytes, query: Query) -> None:
    # 24.0 +- 0.5 mag: the error is 0.4605 of the flux, five of them are 2.3026 fluxes: 0.9055 mag brighter
    last = Galex().parse(rows, query).row(-1, named=True)
    assert (last["mag"], last["limit_mag"]) == (None, pytest.approx(23.0945, abs=1e-4))


def test_a_moving_target_is_met_where_it_stood_at_each_visit(rows: bytes) -> None:
    # one arcsec a year northward, at 30 degrees in 2008.02 (the first visit); the next came 2.85 years later
    moving = Query(
        target_id=4,
        name="x",
        ra_deg=150.0,
        dec_deg=30.0,
        epoch=2008.02,
        pm_ra_mas_yr=0.0,
        pm_dec_mas_yr=2000.0,
    )
    points = Galex().parse(rows, moving)
    assert points["source_ref"].str.slice(0, 3).unique(maintain_order=True).to_list() == ["640"]


def test_artifacts_and_the_rim_are_flagged(rows: bytes, query: Query) -> None:
    flags = Galex().parse(rows, query)["flags"].to_list()
    assert flags == [0, 0, int(Flag.POOR_QUALITY_AT_SOURCE | Flag.NEAR_EDGE), 0]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"1200000000.0", b"884035200.0"), (b"150.0003", b"null"), (b"[6400000000000000001,", b"[")],
)  # GALEX time in place of Unix time; no position; a value missing
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Galex().parse(rows.replace(old, new), query)
    assert refusal.value.code == "schema-drift"


def test_the_question_asks_for_the_visits_round_the_target(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={MCAT_URL: rows})
    assert Galex().fetch(query, http) == rows
    (question,) = http.questions
    assert "fGetNearbyVisitObjEq(150.00000000,30.00000000,0.06667)" in question
    asked = question.partition("select ")[2].partition(" from")[0].split(", ")
    assert tuple(name.partition(".")[2] for name in asked) == COLUMNS


def test_a_page_is_never_an_empty_sky(query: Query) -> None:
    with pytest.raises(Transient):
        Galex().fetch(query, RecordedHttp(answers={MCAT_URL: b"<html>Server Error</html>"}))


def test_a_hand_made_table_of_gaperture_is_read_in_its_band(table: bytes, query: Query) -> None:
    points = Galex().parse(table, query)
    assert points["band"].to_list() == ["GALEX(NUV)", "GALEX(NUV)"]  # one flagged, one not measured
    assert points["mag"].to_list() == [pytest.approx(20.08 - 2.3856, abs=1e-4), None]  # 9 counts a second
    assert points["limit_mag"].to_list() == [None, pytest.approx(20.8326, abs=1e-4)]  # 0.5 counts a second


def test_a_table_of_neither_band_is_drift(table: bytes, query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        Galex().parse(table.replace(b"17.58", b"17.00"), query)
    assert refusal.value.code == "schema-drift"


def test_a_real_table_of_gaperture_is_read_exactly(shared: Path) -> None:
    body = real(shared, "gAperture_LDS749B_FUV_150rows.csv")
    points = Galex().parse(body, DWARF)
    # 149 rows; 83 have a flag; all others are detections
    assert (len(points), points["limit_mag"].count(), points["mag"].count()) == (66, 0, 66)
    assert set(points["band"]) == {"GALEX(FUV)"}
    first, last = points.row(0, named=True), points.row(-1, named=True)
    # t_mean 809770410.795: + 315964800 s is 1125735210.795 s, 13029.342717534722 d after 1970
    assert first["mjd"] == pytest.approx(53616.342717534722, abs=1e-9)
    assert first["mag"] == pytest.approx(15.8270316, abs=1e-6)  # as the table's mag_bgsub
    assert first["mag_err"] == pytest.approx(0.030254, abs=1e-5)  # 1.0857362 * 0.438782026 / 15.74662046
    assert first["exptime_s"] == 83.0846904832
    assert last["mjd"] == pytest.approx(40587 + 1217612678.197 / 86400, abs=1e-9)
    assert last["mag"] == pytest.approx(15.7010634931, abs=1e-6)


def test_every_real_magnitude_is_the_tables_own(shared: Path) -> None:
    body = real(shared, "gAperture_LDS749B_FUV_150rows.csv")
    lines = csv.DictReader(body.decode().splitlines())
    theirs = sorted(float(row["mag_bgsub"]) for row in lines if float(row["flags"]) == 0)
    ours = Galex().parse(body, DWARF)["mag"].sort().to_list()
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert pl.Series(ours).median() == pytest.approx(15.65, abs=0.1)  # a standard star


def test_a_real_calibration_run_has_no_photometry_to_read(shared: Path) -> None:
    with pytest.raises(Rejected) as refusal:
        Galex().parse(real(shared, "DB10_calrun_FUV.csv"), DWARF)
    assert refusal.value.code == "schema-drift"
    assert "t_mean" in refusal.value.reason
