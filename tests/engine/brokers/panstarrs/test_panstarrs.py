"""Pan-STARRS1: cuts, flags, limits from the error of the flux, times, and which object is asked for."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.matching import nearest_first, place_at
from engine.brokers.panstarrs import COLUMNS, PanStarrs, mean_objects
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

HEAD = ",".join(COLUMNS)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "panstarrs" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "panstarrs" / "rows.csv").read_bytes()


@pytest.fixture
def mean(answers: Path) -> bytes:
    return (answers / "panstarrs" / "mean.json").read_bytes()


def test_cuts_leave_detections_out_and_flags_stay(rows: bytes, query: Query) -> None:
    points = PanStarrs().parse(rows, query)
    # ...4 has psfQfPerfect 0.89, ...5 is a defect, ...6 has no flux (-999)
    assert points.select("source_ref", "band", "flags").rows() == [
        ("91000000000000001", "PS1(g)", 0),
        ("91000000000000002", "PS1(r)", 0),
        ("91000000000000003", "PS1(i)", int(Flag.SATURATED)),
        ("91000000000000007", "PS1(y)", int(Flag.POOR_QUALITY_AT_SOURCE)),
    ]


def test_times_are_turned_from_tai_into_utc(rows: bytes, query: Query) -> None:
    # 34 s in June 2009
    assert PanStarrs().parse(rows, query)["mjd"][0] == pytest.approx(55000.5 - 34.0 / 86400.0, abs=1e-8)


def test_magnitudes_are_ab_and_faint_or_negative_fluxes_limits(rows: bytes, query: Query) -> None:
    points = PanStarrs().parse(rows, query)
    assert points["mag"].to_list() == pytest.approx([14.999934, None, 14.999934, None], abs=1e-6)
    assert points["limit_mag"].to_list() == pytest.approx([None, 22.152575, None, 22.152575], abs=1e-6)
    assert points["flux_ujy"].to_list() == [3631.0, 1.0, 3631.0, -1.0]


@settings(deadline=None, max_examples=30)
@given(flux_jy=st.floats(-1e-3, 1e-1), err_jy=st.floats(1e-8, 1e-3))
def test_a_limit_never_depends_on_the_flux(flux_jy: float, err_jy: float) -> None:
    body = f"{HEAD}\n1,2,3,55000.5,150.0,20.0,{flux_jy!r},{err_jy!r},0.99,0\n".encode()
    points = PanStarrs().parse(body, Query(target_id=1, name="x", ra_deg=150.0, dec_deg=20.0))
    point = points.row(0, named=True)
    limit = pl.select(23.9 - 2.5 * (pl.lit(5e6 * err_jy)).log10()).item()
    if flux_jy >= 3 * err_jy:
        assert 10 ** (-0.4 * (point["mag"] - 8.9)) == pytest.approx(flux_jy, rel=1e-9)
    else:
        assert point["limit_mag"] == pytest.approx(limit)


def test_the_nearest_object_is_asked_for(rows: bytes, mean: bytes, query: Query) -> None:
    http = RecordedHttp(answers={"mean.json": mean, "detection.csv": rows})
    assert PanStarrs().fetch(query, http) == rows
    assert "radius=0.00033333" in http.questions[0]
    assert "nDetections.gt=1" in http.questions[0]
    assert "objID=132001500000000001" in http.questions[1]  # 0.07 arcsec away, the other 0.7
    assert f"columns=[{HEAD}]" in http.questions[1]


def test_a_moving_star_is_asked_for_where_it_was_in_2012(mean: bytes, query: Query) -> None:
    http = RecordedHttp(answers={"mean.json": mean})
    assert PanStarrs().fetch(replace(query, pm_dec_mas_yr=3000.0), http) == b""
    assert "dec=20.01" in http.questions[0]


def test_nothing_found_is_empty_and_a_page_is_for_later(mean: bytes, query: Query) -> None:
    names = [{"name": name} for name in ("objID", "raMean", "decMean", "nDetections")]
    nothing = json.dumps({"info": names, "data": []}).encode()
    assert PanStarrs().fetch(query, RecordedHttp(answers={"mean.json": nothing})) == b""
    page = b"<!DOCTYPE html><html></html>"
    for replies in ({"mean.json": page}, {"mean.json": mean, "detection.csv": page}):
        with pytest.raises(Transient):
            PanStarrs().fetch(query, RecordedHttp(answers=replies))


@pytest.mark.parametrize(
    "body", [b"{}", b"[1]", b'{"info": [], "data": [[1]]}', b'{"info": [{"name": "objID"}']
)
def test_a_broken_list_of_objects_is_drift(query: Query, body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        PanStarrs().fetch(query, RecordedHttp(answers={"mean.json": body}))
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("old", "new"),
    [(b",55000.5,", b",-999.0,"), (b"0.003631", b"bright"), (b"132001500000000001,91000000000000001", b"5,6"),
     (b"91000000000000001", b"9.1e16"), (b"infoFlag", b"flags")],
)  # fmt: skip
def test_impossible_values_are_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        PanStarrs().parse(rows.replace(old, new, 1), query)
    assert refusal.value.code == "schema-drift"


def test_real_objects_are_read_exactly(shared: Path) -> None:
    folder = shared / "archives" / "panstarrs"
    body = (folder / "mast_panstarrs_mean_json.json").read_bytes()
    answer = json.loads(body)
    names = [column["name"] for column in answer["info"]]
    assert names == ["objname", "objID", "lambda", "beta", "iMeanApMag", "surveyID"]
    # that question asked for other columns: what it lacks is refused, not guessed
    with pytest.raises(Rejected):
        mean_objects(body)
    answer["info"] = [{"name": name} for name in ("", "objID", "raMean", "decMean", "nDetections", "")]
    objects = mean_objects(json.dumps(answer).encode())
    assert objects.row(0)[0] == "68960059717834079"
    assert objects.row(0)[1:] == (350.9591004254081, -31.88807151907721, 20.271799087524414)
    query = Query(target_id=1, name="x", ra_deg=350.9653, dec_deg=-31.8887)
    near = nearest_first(objects, place_at(query, 2012.0), radius_arcsec=30.0)
    assert near["separation_arcsec"].is_sorted()
    assert len(near) > 1


def test_the_recorded_list_of_columns_has_those_that_are_asked_of_objects(shared: Path) -> None:
    body = (shared / "archives" / "panstarrs" / "mast_panstarrs_columns_metadata.json").read_bytes()
    known = {column["column_name"] for column in json.loads(body)}
    assert len(json.loads(body)) == 124
    assert {"objID", "raMean", "decMean", "nDetections"} <= known
