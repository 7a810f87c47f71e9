"""DASCH: cuts by AFLAGS, limits, old times, and which object is asked for."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.dasch import COLUMNS, Dasch
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

PAGE = b"<html>502</html>"
FAILURE = b'{"message": "Endpoint request timed out"}'


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "dasch" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "dasch" / "rows.json").read_bytes()


@pytest.fixture
def sources(answers: Path) -> bytes:
    return (answers / "dasch" / "sources.json").read_bytes()


def with_cell(rows: bytes, column: str, value: str) -> bytes:
    """Return the answer with one value of its first plate changed."""
    lines = json.loads(rows)
    cells = lines[1].split(",")
    cells[lines[0].split(",").index(column)] = value
    return json.dumps([lines[0], ",".join(cells), *lines[2:]]).encode()


def test_detections_and_limits(rows: bytes, query: Query) -> None:
    points = Dasch().parse(rows, query)
    # plate 3 is close to its limit, 4 has an uncertain date, of 5 the scatter is unknown (99)
    assert points.select("source_ref", "mag", "mag_err", "limit_mag").rows() == [
        ("ai1/1/0/0", 12.0, 0.1, None),
        ("ai2/1/0/0", None, None, 13.5),
        ("ai6/1/0/0", 12.3, 0.15, None),
        ("ai7/1/0/0", 8.0, 0.2, None),
    ]


def test_warnings_become_flags(rows: bytes, query: Query) -> None:
    flags = Dasch().parse(rows, query)["flags"].to_list()
    unknown_time = int(Flag.TIME_UNCERTAIN)  # plate 1 is known to nine seconds, 6 to half a day
    assert flags == [0, unknown_time, int(Flag.BLENDED) | unknown_time, int(Flag.SATURATED)]


@pytest.mark.parametrize("bit", [7, 10, 12, 13, 14, 16])
def test_each_cut_leaves_a_detection_out(rows: bytes, query: Query, bit: int) -> None:
    assert f"{bit}" in " ".join(Dasch().info.method)
    points = Dasch().parse(with_cell(rows, "aflags", str(1 << (bit - 1))), query)
    assert "ai1/1/0/0" not in set(points["source_ref"])


@pytest.mark.parametrize(
    ("column", "bit", "flag"),
    [("aflags", 15, Flag.NEAR_EDGE), ("aflags", 27, Flag.BLENDED), ("aflags", 8, Flag.POOR_QUALITY_AT_SOURCE),
     ("bflags", 3, Flag.SATURATED), ("aflags", 30, Flag.SATURATED)],
)  # fmt: skip
def test_other_warnings_are_flagged(rows: bytes, query: Query, column: str, bit: int, flag: Flag) -> None:
    points = Dasch().parse(with_cell(rows, column, str(1 << (bit - 1))), query)
    assert points.filter(pl.col("source_ref") == "ai1/1/0/0")["flags"].item() == int(flag)


def test_a_variable_of_the_catalogue_is_not_left_out(rows: bytes, query: Query) -> None:
    points = Dasch().parse(with_cell(rows, "aflags", str(1 << 19)), query)
    assert points["flags"][0] == 0


def test_times_of_old_plates_are_taken_back_to_the_observer(rows: bytes, query: Query) -> None:
    points = Dasch().parse(rows, query)
    heliocentric = [15000.0, 15100.0, 30000.0, 46000.0]
    away_s = [(mjd - there) * 86400.0 for mjd, there in zip(points["mjd"], heliocentric, strict=True)]
    assert all(10.0 < abs(second) < 499.0 for second in away_s)
    # barycentric and heliocentric times differ by at most 4 s of light and the 32 to 55 s of the scales
    later_s = [
        (bjd - 2400000.5 - there) * 86400.0
        for bjd, there in zip(points["bjd_tdb"], heliocentric, strict=True)
    ]
    assert all(28.0 < second < 60.0 for second in later_s)


def test_the_nearest_object_is_asked_for(rows: bytes, sources: bytes, query: Query) -> None:
    http = RecordedHttp(answers={"querycat": sources, "lightcurve": rows})
    assert Dasch().fetch(query, http) == rows
    assert '"ra_deg": 150.0, "dec_deg": 20.0, "radius_arcsec": 5.0' in http.questions[0]
    assert '"gsc_bin_index": 55, "ref_number": 900000000000001' in http.questions[1]


def test_nothing_near_is_empty(sources: bytes, query: Query) -> None:
    assert Dasch().fetch(query, RecordedHttp(answers={"querycat": b"[]"})) == b""
    far = replace(query, dec_deg=20.01)  # the service searches a box: the corner of it is too far away
    assert Dasch().fetch(far, RecordedHttp(answers={"querycat": sources})) == b""


@pytest.mark.parametrize("failure", [PAGE, FAILURE])
def test_a_failure_is_for_later(sources: bytes, query: Query, failure: bytes) -> None:
    for replies in ({"querycat": failure}, {"querycat": sources, "lightcurve": failure}):
        with pytest.raises(Transient):
            Dasch().fetch(query, RecordedHttp(answers=replies))


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    lines = json.loads(rows)
    names = ["other" if name == column else name for name in lines[0].split(",")]
    with pytest.raises(Rejected) as refusal:
        Dasch().parse(json.dumps([",".join(names), *lines[1:]]).encode(), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("column", "value"), [("date_jd", "15000.5"), ("date_jd", ""), ("magcal_magdep", "faint"), ("series", "")]
)
def test_impossible_values_are_drift(rows: bytes, query: Query, column: str, value: str) -> None:
    with pytest.raises(Rejected) as refusal:
        Dasch().parse(with_cell(rows, column, value), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("body", [b'{"message": "x"}', b"[1, 2]", b'["a,b", "1"]', b"[["])
def test_what_is_no_list_of_lines_is_drift(query: Query, body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Dasch().parse(body, query)
    assert refusal.value.code == "schema-drift"
