"""Gaia DR3: three forms of answer, rejected transits, errors, times, and which source is asked for."""

import json
import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from recorded_http import RecordedHttp

from engine.brokers.gaia_dr3 import DATALINK_URL, TAP_URL, ErrorModel, GaiaDr3, measurements
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient

REAL = "datalink_epoch_photometry_1457486023639239296_11rows.vot"
PAGE = b"<!DOCTYPE html>\n<html><body>503</body></html>\n"


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "gaia_dr3" / "query.json").read_text()))


def made(answers: Path, name: str) -> bytes:
    return (answers / "gaia_dr3" / name).read_bytes()


def test_three_forms_of_answer_give_the_same_points(answers: Path, query: Query) -> None:
    points = GaiaDr3().parse(made(answers, "rows.vot"), query)
    assert len(points) == 6
    for name in ("transits.csv", "old_rows.csv"):
        assert_frame_equal(GaiaDr3().parse(made(answers, name), query), points)


def test_rejected_and_missing_bands_are_left_out(answers: Path, query: Query) -> None:
    points = GaiaDr3().parse(made(answers, "rows.vot"), query)
    assert points["source_ref"].to_list() == [
        "90000000000000001/G", "90000000000000001/BP", "90000000000000001/RP",
        "90000000000000002/G",  # BP and RP are NaN
        "90000000000000003/G", "90000000000000003/RP",  # BP is rejected as an outlier
    ]  # fmt: skip


def test_errors_in_g_are_rescaled_and_the_others_are_not(answers: Path, query: Query) -> None:
    body = made(answers, "rows.vot")
    errors = GaiaDr3().parse(body, query).head(3)["mag_err"].to_list()
    # 1 % of flux is 0.010857; at G = 15.687367 the scatter is 5.477226 * 10 ** -2.433148 = 0.020204
    assert errors == pytest.approx([0.022936, 0.010857, 0.010857], abs=1e-6)
    published = GaiaDr3(error_model=ErrorModel.AS_PUBLISHED).parse(body, query)
    assert published["mag_err"].to_list() == pytest.approx([0.0108574] * 6, abs=1e-6)
    assert set(published["calib_version"]) == {"gaia-dr3-cuts-1 as-published"}


@given(flux=st.floats(10.0, 1e7), snr=st.floats(1.0, 1e4))
@settings(deadline=None, max_examples=25)
def test_a_rescaled_error_is_never_smaller(flux: float, snr: float) -> None:
    mag = 25.6873668671 - 2.5 * math.log10(flux)
    head = "transit_id,band,time,mag,flux,flux_error,rejected_by_photometry,rejected_by_variability"
    body = f"{head}\n1,G,2000.0,{mag!r},{flux!r},{flux / snr!r},false,false\n".encode()
    query = Query(target_id=1, name="x", ra_deg=10.0, dec_deg=20.0)
    point = GaiaDr3().parse(body, query).row(0, named=True)
    assert point["mag_err"] >= 1.085736 / snr
    # a flux and its magnitude say the same of the star: 3228.75 Jy is G = 0
    assert point["flux_ujy"] == pytest.approx(3228.75e6 * 10 ** (-0.4 * mag), rel=1e-9)


def test_a_real_answer_is_read_exactly(shared: Path) -> None:
    body = (shared / "archives" / "gaia_dr3" / REAL).read_bytes()
    rows = measurements(body)
    assert len(rows) == 33  # 11 transits in three bands
    assert rows["transit_id"][0] == "16390666388267148"
    assert rows["transit_id"][10] == "57189092504544158"
    query = Query(target_id=1, name="Gaia-4", ra_deg=209.43, dec_deg=31.57)
    points = GaiaDr3().parse(body, query)
    # the fifth transit is rejected by photometry, the eleventh too, and it has no BP and RP
    assert points.group_by("band").len().sort("band").rows() == [
        ("BP(GaiaDR3)", 9), ("G(GaiaDR3)", 9), ("RP(GaiaDR3)", 9),
    ]  # fmt: skip
    assert points["limit_mag"].null_count() == 27
    refs = set(points["source_ref"])
    assert not {ref for ref in refs if ref.startswith(("16418332574234133", "57189092504544158"))}
    first, last = points.row(0, named=True), points.row(-1, named=True)
    assert (first["source_ref"], last["source_ref"]) == ("16390666388267148/G", "16519257524064715/RP")
    # 1693.2575061981 + 55197 is MJD (TCB); 18.416 s less is TDB, at the barycentre
    assert first["bjd_tdb"] - 2400000.5 == pytest.approx(56890.25729306, abs=2e-8)
    assert first["mjd"] == pytest.approx(56890.259653, abs=1e-6)
    assert first["mag"] == pytest.approx(11.905794, abs=1e-6)
    # 1.085736 * 255.447344 / 325558.521853 = 0.000852; with 5.477226 * 10 ** -2.805 = 0.008582
    assert first["mag_err"] == pytest.approx(0.008624, abs=1e-6)
    assert last["mag"] == pytest.approx(11.027818, abs=1e-6)
    assert last["mag_err"] == pytest.approx(1.0857362 * 271.58242 / 307631.714925, rel=1e-6)


def test_the_recorded_tap_table_is_not_epoch_photometry(shared: Path) -> None:
    body = (shared / "archives" / "gaia_dr3" / "gaia_tap_cone_search_votable.xml").read_bytes()
    with pytest.raises(Rejected) as refusal:
        measurements(body)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_source_is_asked_for(answers: Path, query: Query) -> None:
    rows = made(answers, "rows.vot")
    http = RecordedHttp(answers={TAP_URL: made(answers, "sources.csv"), DATALINK_URL: rows})
    assert GaiaDr3().fetch(query, http) == rows
    assert "CIRCLE('ICRS', 150.00000000, 20.00000000, 0.00027778)" in http.questions[0]
    assert "ID=Gaia DR3 1000000000000000001" in http.questions[1]  # 0.04 arcsec away, the other 0.7
    assert "RETRIEVAL_TYPE=EPOCH_PHOTOMETRY" in http.questions[1]


def test_a_moving_star_is_asked_for_where_it_was_in_2016(answers: Path, query: Query) -> None:
    moving = replace(query, pm_dec_mas_yr=1000.0, epoch=2000.0)
    http = RecordedHttp(answers={TAP_URL: made(answers, "sources.csv")})
    assert GaiaDr3().fetch(moving, http) == b""  # both sources are 16 arcsec away
    assert "20.00444" in http.questions[0]


def test_a_name_spares_the_cone(answers: Path, query: Query) -> None:
    rows = made(answers, "rows.vot")
    http = RecordedHttp(answers={DATALINK_URL: rows})
    assert GaiaDr3().fetch(replace(query, names=("gaia_dr3_7700000",)), http) == rows
    assert "ID=Gaia DR3 7700000" in http.questions[0]


@pytest.mark.parametrize("rows", [b"", b"1,150.0,20.0,false\n", b"1,150.001,20.0,true\n"])
def test_no_source_or_no_epoch_photometry_is_empty(query: Query, rows: bytes) -> None:
    http = RecordedHttp(answers={TAP_URL: b"source_id,ra,dec,has_epoch_photometry\n" + rows})
    assert GaiaDr3().fetch(query, http) == b""
    assert len(http.questions) == 1


def test_pages_are_for_later(answers: Path, query: Query) -> None:
    sources = made(answers, "sources.csv")
    for replies in ({TAP_URL: PAGE}, {TAP_URL: sources, DATALINK_URL: PAGE}):
        with pytest.raises(Transient):
            GaiaDr3().fetch(query, RecordedHttp(answers=replies))


def test_nothing_published_is_empty(query: Query) -> None:
    http = RecordedHttp(answers={DATALINK_URL: b"\n"})
    assert GaiaDr3().fetch(replace(query, names=("gaia_dr3_7700000",)), http) == b""


def test_nothing_of_a_source_that_has_epoch_photometry_is_for_later(answers: Path, query: Query) -> None:
    http = RecordedHttp(answers={TAP_URL: made(answers, "sources.csv"), DATALINK_URL: b"\n"})
    with pytest.raises(Transient):
        GaiaDr3().fetch(query, http)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"G,2000.5000", b"G,9999.5"), (b",false,false,0,1", b",perhaps,false,0,1"), (b",G,", b",H,"),
     (b"100.0,100.0", b"-100.0,100.0"), (b"10000.0", b"many"), (b",band,", b",colour,")],
)  # fmt: skip
def test_impossible_values_are_drift(answers: Path, query: Query, old: bytes, new: bytes) -> None:
    body = made(answers, "old_rows.csv")
    assert old in body
    with pytest.raises(Rejected) as refusal:
        GaiaDr3().parse(body.replace(old, new, 1), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    "reaching",
    [
        b"<STREAM href='file:///etc/hostname'/>",
        b'<STREAM encoding="a>b" href="http://example.org/"/>',
        b"<vo:STREAM\n href='x'/>",
        b"<!ENTITY x SYSTEM 'file:///etc/hostname'>",
    ],
)
def test_a_votable_that_points_elsewhere_is_never_opened(answers: Path, reaching: bytes) -> None:
    body = made(answers, "rows.vot").replace(b"<DATA>", reaching + b"<DATA>")
    with pytest.raises(Rejected) as refusal:
        measurements(body)
    assert "points elsewhere" in refusal.value.reason


def test_identifiers_keep_all_their_digits(answers: Path) -> None:
    assert measurements(made(answers, "rows.vot")).filter(pl.col("band") == "G")["transit_id"].to_list() == [
        f"9000000000000000{number}" for number in (1, 2, 3, 4)
    ]
