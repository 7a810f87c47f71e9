"""PTF: the nearest object and its twins in other fields, each cut, the middle of the exposure."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.asking.irsa import TAP_URL
from engine.brokers.protocol import Query
from engine.brokers.ptf import COLUMNS, CUTS, Ptf
from engine.errors import Rejected, Transient


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "ptf" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "ptf" / "rows.csv").read_bytes()


HERE = Query(target_id=8, name="Invented star", ra_deg=150.0, dec_deg=60.0)


def answer(**changed: str) -> bytes:
    """Return an answer with one epoch."""
    values = ["10000000001", "150.0", "60.0", "2", "55500.25", "16.1", "0.02", "1"]
    row = dict(zip(COLUMNS, values, strict=True)) | changed
    return (",".join(row) + "\n" + ",".join(row.values()) + "\n").encode()


def test_good_epochs_of_the_two_bands_become_points(rows: bytes, query: Query) -> None:
    points = Ptf().parse(rows, query)
    assert points.select("source_ref", "band", "mag", "mag_err").rows() == [
        ("55500.25/PTF(g)", "PTF(g)", 16.1, 0.02),
        ("55501.25/PTF(R)", "PTF(R)", 16.2, 0.02),  # not 16.9, of a twin further away
        ("55504.25/PTF(R)", "PTF(R)", 16.5, 0.03),
    ]  # fmt: skip


def test_the_time_is_the_middle_of_a_minute(rows: bytes, query: Query) -> None:
    points = Ptf().parse(rows, query)
    assert points["mjd"][0] == pytest.approx(55500.25 + 30.0 / 86400.0, abs=1e-9)
    assert set(points["exptime_s"]) == {60.0}


def test_a_neighbour_is_another_star(query: Query) -> None:
    twin, neighbour = answer(ra="150.0005"), answer(ra="150.0010", oid="10000000003", obsmjd="55501.25")
    both = twin + neighbour.split(b"\n", 1)[1]
    assert len(Ptf().parse(both, query)) == 2  # 0.9 and 1.8 arcsec away, 0.9 from each other
    apart = answer() + neighbour.split(b"\n", 1)[1]
    assert Ptf().parse(apart, query)["source_ref"].to_list() == ["55500.25/PTF(R)"]


def test_no_object_within_the_radius_gives_nothing() -> None:
    assert len(Ptf().parse(answer(dec="60.000806"), HERE)) == 1  # 2.9 arcsec
    assert Ptf().parse(answer(dec="60.000861"), HERE).is_empty()  # 3.1 arcsec


@pytest.mark.parametrize(
    "changed",
    [{"goodflag": "0"}, {"fid": "3"}, {"mag_autocorr": "-99"}, {"mag_autocorr": "null"},
     {"magerr_auto": "0"}, {"magerr_auto": "inf"}, {"magerr_auto": "nan"}],
)  # fmt: skip
def test_each_cut_leaves_the_epoch_out(changed: dict[str, str]) -> None:
    assert Ptf().parse(answer(**changed), HERE).is_empty()


def test_every_cut_is_documented() -> None:
    assert all(any(name in sentence for sentence in Ptf().info.method) for name in CUTS)


@pytest.mark.parametrize(
    "changed", [{"obsmjd": "2455500.25"}, {"obsmjd": "null"}, {"ra": "-1"}, {"oid": "1e10"}, {"fid": "R"}]
)
def test_impossible_values_are_drift(changed: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refusal:
        Ptf().parse(answer(**changed), HERE)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(column: str) -> None:
    head, rest = answer().decode().split("\n", 1)
    names = ["other" if name == column else name for name in head.split(",")]
    with pytest.raises(Rejected) as refusal:
        Ptf().parse((",".join(names) + "\n" + rest).encode(), HERE)
    assert refusal.value.code == "schema-drift"


@settings(deadline=None, max_examples=30)
@given(
    mag=st.floats(5.0, 26.0), mag_err=st.floats(1e-3, 2.0), mjd=st.floats(54700.0, 58000.0),
    fid=st.sampled_from(["1", "2"]),
)  # fmt: skip
def test_every_sound_epoch_is_kept_as_it_came(mag: float, mag_err: float, mjd: float, fid: str) -> None:
    body = answer(mag_autocorr=repr(mag), magerr_auto=repr(mag_err), obsmjd=repr(mjd), fid=fid)
    (point,) = Ptf().parse(body, HERE).select("mag", "mag_err", "mjd", "limit_mag").rows()
    assert point == (mag, mag_err, pytest.approx(mjd + 60.0 / 2.0 / 86400.0, abs=1e-9), None)


def test_the_question_is_a_cone_in_the_middle_of_the_survey(rows: bytes) -> None:
    moving = Query(target_id=1, name="x", ra_deg=150.0, dec_deg=0.0, pm_dec_mas_yr=-1000.0, epoch=2016.0)
    http = RecordedHttp(answers={TAP_URL: rows})
    assert Ptf().fetch(moving, http) == rows
    assert "FROM ptf_lightcurves" in http.questions[0]
    # 3.9 years before 2016, and 3 arcsec wider than 3
    assert "CIRCLE('ICRS', 150.00000000, 0.00108333, 0.00166667)" in http.questions[0]


def test_an_error_page_is_for_later(query: Query) -> None:
    with pytest.raises(Transient):
        Ptf().fetch(query, RecordedHttp(answers={TAP_URL: b"<VOTABLE>ERROR</VOTABLE>"}))


def test_several_objects_of_one_exposure_give_the_nearest(rows: bytes, query: Query) -> None:
    points = Ptf().parse(rows, query)
    assert points.filter(pl.col("mjd").is_between(55501.0, 55502.0))["mag"].to_list() == [16.2]
