"""SkyMapper: cuts, mid-exposure, limits, and which object is asked for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.protocol import Query
from engine.brokers.skymapper import COLUMNS, SkyMapper
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "skymapper" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "skymapper" / "rows.csv").read_bytes()


@pytest.fixture
def master(answers: Path) -> bytes:
    return (answers / "skymapper" / "master.csv").read_bytes()


def test_cuts_leave_saturated_masked_and_unmeasured_detections_out(rows: bytes, query: Query) -> None:
    points = SkyMapper().parse(rows, query)
    # r has flags 4, i has nimaflags 5, z has no magnitude
    assert points.select("source_ref", "band", "flags").rows() == [
        ("20150101000000/12", "SkyMapper(g)", 0),
        ("20150101000500/12", "SkyMapper(u)", int(Flag.BLENDED)),
        ("20150101002500/14", "SkyMapper(v)", 0),
    ]


def test_times_are_the_middle_of_each_exposure(rows: bytes, query: Query) -> None:
    points = SkyMapper().parse(rows, query)
    begins = [57023.0, 57023.5, 57025.5]
    after_s = [(mjd - begin) * 86400.0 for mjd, begin in zip(points["mjd"], begins, strict=True)]
    assert after_s == pytest.approx([50.0, 50.0, 2.5], abs=1e-3)
    assert points["exptime_s"].to_list() == [100.0, 100.0, 5.0]


def test_a_magnitude_below_three_sigma_is_a_limit(rows: bytes, query: Query) -> None:
    points = SkyMapper().parse(rows, query)
    assert points["mag"].to_list() == pytest.approx([15.0, None, 15.5])
    assert points["mag_err"].to_list() == pytest.approx([0.02, None, 0.05])
    # u = 20 +- 0.5 is 2.17 sigma: five times its error is 20 - 2.5 log10(5 * 0.46052)
    assert points["limit_mag"].to_list() == pytest.approx([None, 19.094461, None], abs=1e-6)


def test_the_nearest_object_is_asked_for(rows: bytes, master: bytes, query: Query) -> None:
    http = RecordedHttp(answers={"dr4.master": master, "dr4.photometry": rows})
    assert SkyMapper().fetch(query, http) == rows
    assert "CIRCLE('ICRS', 150.00000000, -40.00000000, 0.00055556)" in http.questions[0]
    assert "p.object_id = 900000001" in http.questions[1]  # 0.4 arcsec away, the other 1.1
    assert "JOIN dr4.images AS i ON p.image_id = i.image_id" in http.questions[1]


def test_nothing_near_is_empty(master: bytes, query: Query) -> None:
    http = RecordedHttp(answers={"dr4.master": master})
    assert SkyMapper().fetch(replace(query, pm_dec_mas_yr=1000.0), http) == b""  # 17 arcsec north in 2017
    assert "-39.99527" in http.questions[0]
    assert SkyMapper().fetch(query, RecordedHttp(answers={"master": b"object_id,raj2000,dej2000\n"})) == b""


def test_pages_are_for_later_and_a_strange_identity_is_refused(master: bytes, query: Query) -> None:
    page = b"<?xml version='1.0'?><VOTABLE/>"
    for replies in ({"dr4.master": page}, {"dr4.master": master, "dr4.photometry": page}):
        with pytest.raises(Transient):
            SkyMapper().fetch(query, RecordedHttp(answers=replies))
    strange = b"object_id,raj2000,dej2000\n1 OR 1=1,150.0,-40.0\n"
    with pytest.raises(Rejected):
        SkyMapper().fetch(query, RecordedHttp(answers={"dr4.master": strange}))


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    head, rest = rows.split(b"\n", 1)
    names = [b"other" if name == column.encode() else name for name in head.split(b",")]
    with pytest.raises(Rejected) as refusal:
        SkyMapper().parse(b",".join(names) + b"\n" + rest, query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(("old", "new"), [(b"57023.0", b"2457023.0"), (b"15.0", b"faint"), (b"100.0", b"-1")])
def test_impossible_values_are_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        SkyMapper().parse(rows.replace(old, new, 1), query)
    assert refusal.value.code == "schema-drift"
