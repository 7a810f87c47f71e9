"""FIRST: one flux of the nearest real source, in both encodings of VOTable."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.first import TAP_URL, First
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUASAR = Query(target_id=1, name="3C 273", ra_deg=187.2779154, dec_deg=2.0523883)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "first" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "first" / "rows.vot").read_bytes()


@pytest.fixture
def recorded(shared: Path) -> bytes:
    return (shared / "archives" / "first" / "heasarc_tap_first_3c273.vot").read_bytes()


def test_the_real_source_is_read_exactly(recorded: bytes) -> None:
    # 36983.34 mJy; sqrt(6.196**2 + (0.05 * 36983.34)**2) = 1849.1774 mJy
    (point,) = First().parse(recorded, QUASAR).to_dicts()
    assert point["source_ref"] == "FIRST J122906.7+020308"
    assert point["mjd"] == pytest.approx(51039.2, abs=1e-9)
    assert point["flux_ujy"] == pytest.approx(36983340.0, abs=1e-3)
    assert point["flux_err_ujy"] == pytest.approx(1849177.380, abs=1e-2)
    assert (point["mag"], point["limit_mag"], point["flags"]) == (None, None, int(Flag.TIME_UNCERTAIN))


def test_the_real_source_is_nobody_else(recorded: bytes) -> None:
    elsewhere = Query(target_id=1, name="x", ra_deg=187.2779154, dec_deg=2.0543883)  # 7 arcsec north
    assert First().parse(recorded, elsewhere).is_empty()


def test_the_nearest_source_that_is_no_sidelobe_is_taken(rows: bytes, query: Query) -> None:
    # 0.4 arcsec away lies a sidelobe, 1.2 arcsec the source, 2.5 arcsec its neighbour
    (point,) = First().parse(rows, query).to_dicts()
    assert (point["source_ref"], point["mjd"]) == ("FIRST J100000.0+300000", 50500.5)
    assert point["flux_ujy"] == 20000.0
    assert point["flux_err_ujy"] == pytest.approx(1011.1874, abs=1e-3)  # sqrt(0.15**2 + 1.0**2) mJy


def test_a_target_is_moved_to_the_time_of_the_survey(rows: bytes) -> None:
    moving = Query(
        target_id=2,
        name="x",
        ra_deg=150.0,
        dec_deg=30.01,
        pm_ra_mas_yr=0.0,
        pm_dec_mas_yr=2000.0,
        epoch=2016.0,
    )  # it stood 36 arcsec further south in 1998
    assert len(First().parse(rows, moving)) == 1
    http = RecordedHttp(answers={TAP_URL: rows})
    First().fetch(moving, http)
    assert "CIRCLE('ICRS', 150.00000000, 30.00000000, 0.00861111)" in http.questions[0]


@pytest.mark.parametrize("epoch", ["2451039.2", "", "1998.5"])
def test_an_epoch_that_is_no_mjd_of_the_survey_is_drift(rows: bytes, query: Query, epoch: str) -> None:
    with pytest.raises(Rejected) as refusal:
        First().parse(rows.replace(b"<TD>50000.0</TD>", f"<TD>{epoch}</TD>".encode()), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("value", ["NaN", "-999", "", "0"])
def test_a_flux_that_is_none_is_no_point(rows: bytes, query: Query, value: str) -> None:
    body = rows.replace(b"<TD>20.0</TD>", f"<TD>{value}</TD>".encode())
    assert First().parse(body, query)["source_ref"].to_list() == ["FIRST J100000.2+300000"]


def test_the_question_is_a_cone(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={TAP_URL: rows})
    assert First().fetch(query, http) == rows
    assert "FROM first WHERE CONTAINS" in http.questions[0]
    assert "CIRCLE('ICRS', 150.00000000, 30.00000000, 0.00138889)" in http.questions[0]


@pytest.mark.parametrize(
    "body",
    [b"<html><body>Maintenance</body></html>", b"",
     b"<VOTABLE><RESOURCE><INFO name='QUERY_STATUS' value='ERROR'>no</INFO></RESOURCE></VOTABLE>"],
)  # fmt: skip
def test_a_failure_is_never_an_empty_sky(query: Query, body: bytes) -> None:
    with pytest.raises(Transient):
        First().fetch(query, RecordedHttp(answers={TAP_URL: body}))
