"""Gaia Science Alerts: finding the alert, reading both forms of its light curve, giving errors."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from recorded_http import RecordedHttp

from engine.brokers.gaia_alerts import (
    INDEX_URL,
    ErrorModel,
    GaiaAlerts,
    alert_names,
    g_mag_err,
    nearest_alert,
    transits,
)
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=7, name="Gaia99tst", ra_deg=10.0, dec_deg=20.0)
NAMELESS = Query(target_id=7, name="An invented star", ra_deg=10.0, dec_deg=20.0)


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "gaia_alerts" / "rows.csv").read_bytes()


@pytest.fixture
def index(answers: Path) -> bytes:
    return (answers / "gaia_alerts" / "index.csv").read_bytes()


def test_untrusted_null_and_nan_rows_are_left_out(rows: bytes) -> None:
    points = GaiaAlerts().parse(rows, QUERY)
    assert points["mag"].to_list() == [18.0, 18.1, 15.0, 20.0]
    assert points["source_ref"].to_list() == [
        "2457389.00000", "2457389.07400", "2457510.00000", "2460676.25000",
    ]  # fmt: skip


def test_jd_becomes_mjd_and_is_flagged_as_uncertain(rows: bytes) -> None:
    points = GaiaAlerts().parse(rows, QUERY)
    assert points["mjd"].to_list() == pytest.approx([57388.5, 57388.574, 57509.5, 60675.75], abs=1e-9)
    assert set(points["flags"]) == {int(Flag.TIME_UNCERTAIN)}
    assert abs(points["bjd_tdb"][0] - 2457389.0) * 86400 < 600


def test_the_form_without_the_name_line_reads_the_same(rows: bytes) -> None:
    nameless = rows.split(b"\n", 1)[1]
    older = nameless.replace(b"averagemag", b"averagemag.")
    expected = GaiaAlerts().parse(rows, QUERY)
    assert_frame_equal(GaiaAlerts().parse(nameless, QUERY), expected)
    assert_frame_equal(GaiaAlerts().parse(older, QUERY), expected)


def test_windows_line_ends_read_the_same(rows: bytes) -> None:
    assert transits(rows.replace(b"\n", b"\r\n")) == transits(rows)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    head = ["#Date,JD(TCB),averagemag"]
    body = [f"2016-01-01 12:00:00,{2457389 + day:.5f},{15 + day / 10:.2f}" for day in range(12)]
    shuffled = list(np.random.default_rng(seed).permutation(body))
    first, second = ("\n".join([*head, *lines, ""]).encode() for lines in (body, shuffled))
    assert_frame_equal(GaiaAlerts().parse(first, QUERY), GaiaAlerts().parse(second, QUERY))


@pytest.mark.parametrize(
    "row",
    [
        b"2016-01-01 12:00:00,2457389.00000,bright",
        b"2016-01-01 12:00:00,57389.00000,18.0",
        b"2016-01-01 12:00:00,2457389.00000",
        b"2016-01-01 12:00:00,2457389.00000,18.0,0.1",
        b"2016-01-01 12:00:00,2457389.00000,inf",
    ],
)
def test_a_row_of_another_kind_is_drift(row: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        transits(b"#Date,JD(TCB),averagemag\n" + row + b"\n")
    assert refusal.value.code == "schema-drift"


def test_error_models_give_their_published_values() -> None:
    bhtom = [g_mag_err(g, ErrorModel.BHTOM_2020) for g in (12.0, 15.0, 18.0, 20.0)]
    assert bhtom == pytest.approx([0.00316, 0.00631, 0.0263, 0.0871], rel=2e-3)
    hodgkin = [g_mag_err(g, ErrorModel.HODGKIN_2021) for g in (15.0, 18.0, 20.0)]
    assert hodgkin == pytest.approx([0.0110, 0.0211, 0.0497], rel=5e-3)


@settings(deadline=None)
@given(g_mag=st.floats(0.0, 30.0))
def test_errors_are_positive_and_held_outside_their_range(g_mag: float) -> None:
    for model in ErrorModel:
        assert g_mag_err(g_mag, model) > 0
    if g_mag > 21:
        assert g_mag_err(g_mag, ErrorModel.HODGKIN_2021) == g_mag_err(21.0, ErrorModel.HODGKIN_2021)


def test_the_error_model_is_named_in_every_point(rows: bytes) -> None:
    for model in ErrorModel:
        points = GaiaAlerts(error_model=model).parse(rows, QUERY)
        assert set(points["calib_version"]) == {str(model)}
        assert points["mag_err"].to_list() == [g_mag_err(mag, model) for mag in points["mag"]]


def test_names_of_alerts_are_told_from_other_names() -> None:
    names = (
        "gaia22DKV",
        "Gaia 18aak",
        "Gaia DR3 1457486023639239296",
        "AT2024kwu",
        " Gaia23bay ",
        "Gaia22dkv",
    )
    assert alert_names(names) == ["Gaia22dkv", "Gaia18aak", "Gaia23bay"]


def test_a_target_with_the_name_of_an_alert_needs_no_index(rows: bytes) -> None:
    http = RecordedHttp(answers={"/alert/Gaia99tst/lightcurve.csv": rows})
    assert GaiaAlerts().fetch(QUERY, http) == rows
    assert len(http.questions) == 1


def test_an_alias_is_as_good_as_the_name(rows: bytes) -> None:
    http = RecordedHttp(answers={"/alert/Gaia99tst/lightcurve.csv": rows})
    query = Query(target_id=7, name="A star", ra_deg=1.0, dec_deg=2.0, names=("X 1", "Gaia99tst"))
    assert GaiaAlerts().fetch(query, http) == rows


def test_without_a_name_the_nearest_alert_within_five_arcsec_is_taken(rows: bytes, index: bytes) -> None:
    http = RecordedHttp(answers={INDEX_URL: index, "/alert/Gaia99tst/": rows})
    assert GaiaAlerts().fetch(NAMELESS, http) == rows


def test_a_name_that_the_archive_does_not_know_falls_back_to_the_position(rows: bytes, index: bytes) -> None:
    http = RecordedHttp(answers={INDEX_URL: index, "/alert/Gaia99tst/": rows})
    query = Query(target_id=7, name="Gaia99zzz", ra_deg=10.0, dec_deg=20.0)
    assert GaiaAlerts().fetch(query, http) == rows


def test_a_position_without_an_alert_gives_no_answer(index: bytes) -> None:
    query = Query(target_id=7, name="A star", ra_deg=200.0, dec_deg=20.0)
    body = GaiaAlerts().fetch(query, RecordedHttp(answers={INDEX_URL: index}))
    assert body == b""
    assert GaiaAlerts().parse(body, query).is_empty()


def test_the_cone_is_right_at_the_pole_and_ends_at_five_arcsec(index: bytes) -> None:
    assert nearest_alert(index, ra_deg=179.9, dec_deg=-89.9999) == "Gaia99pol"
    assert nearest_alert(index, ra_deg=10.0, dec_deg=20.0012 + 4.9 / 3600) == "Gaia99two"
    assert nearest_alert(index, ra_deg=10.0, dec_deg=20.0012 + 5.1 / 3600) is None


def test_the_light_curve_of_another_alert_is_refused(rows: bytes) -> None:
    other = rows.replace(b"Gaia99tst", b"Gaia99two")
    with pytest.raises(Rejected) as refusal:
        GaiaAlerts().fetch(QUERY, RecordedHttp(answers={"/alert/Gaia99tst/": other}))
    assert refusal.value.code == "wrong-object"


def test_a_page_in_place_of_data_is_asked_again_later() -> None:
    http = RecordedHttp(answers={"/alert/Gaia99tst/": b"<html>maintenance</html>"})
    with pytest.raises(Transient):
        GaiaAlerts().fetch(QUERY, http)


def test_an_index_that_lost_a_column_is_drift(index: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        nearest_alert(index.replace(b"RaDeg", b"Alpha"), ra_deg=10.0, dec_deg=20.0)
    assert refusal.value.code == "schema-drift"


REAL = [
    ("lightcurve_Gaia18cbf_name_line_removed.csv", 103, (57032.18015, 20.28), (60162.60926, 20.28)),
    ("lightcurve_Gaia23cnu.csv", 165, (56883.68567, 15.40), (60225.00774, 15.28)),
    ("lightcurve_Gaia23dka.csv", 11, (60273.90027, 18.10), (60282.90611, 18.57)),
]


@pytest.mark.parametrize(("name", "count", "first", "last"), REAL)
def test_real_light_curves_are_read_exactly(
    shared: Path, name: str, count: int, first: tuple[float, float], last: tuple[float, float]
) -> None:
    points = GaiaAlerts().parse((shared / "archives" / "gaia_alerts" / name).read_bytes(), QUERY)
    assert len(points) == count
    assert points.select("mjd", "mag").row(0) == pytest.approx(first, abs=1e-8)
    assert points.select("mjd", "mag").row(-1) == pytest.approx(last, abs=1e-8)


def test_the_real_index_finds_its_objects(shared: Path) -> None:
    index = (shared / "archives" / "gaia_alerts" / "alerts_subset.csv").read_bytes()
    assert nearest_alert(index, ra_deg=90.26701, dec_deg=-18.96770) == "Gaia20fnr"
    assert nearest_alert(index, ra_deg=200.25961, dec_deg=45.53943) == "Gaia14aaa"
    assert nearest_alert(index, ra_deg=90.26701, dec_deg=18.96770) is None


@pytest.mark.parametrize("name", ["lightcurve_Gaia18cbf_name_line_removed.csv", "lightcurve_Gaia23cnu.csv"])
def test_the_default_errors_agree_with_the_scatter_between_neighbouring_transits(
    shared: Path, name: str
) -> None:
    points = GaiaAlerts().parse((shared / "archives" / "gaia_alerts" / name).read_bytes(), QUERY)
    steps = points.select(pl.col("mjd", "mag").diff(), "mag_err").filter(pl.col("mjd") < 0.3)
    assert len(steps) >= 50
    ratio = steps["mag"].std() / np.sqrt(2.0) / steps["mag_err"].mean()
    assert ratio == pytest.approx(1.0, abs=0.2)
