"""Fink's ZTF: valid, bad and limit rows, totals from the reference, the search."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.fink import CONE_URL, OBJECTS_URL, Fink
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=23, name="Invented star", ra_deg=120.0, dec_deg=30.0)
HALF_EXPOSURE_D = 15.0 / 86400.0


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "fink" / "rows.json").read_bytes()


def found(*objects: tuple[str, float, float]) -> bytes:
    return json.dumps([{"i:objectId": oid, "i:ra": ra, "i:dec": dec} for oid, ra, dec in objects]).encode()


def test_a_star_of_the_reference_is_total_and_a_transient_the_difference(rows: bytes) -> None:
    points = Fink().parse(rows, QUERY)
    green, red = (points.filter(pl.col("band") == band) for band in ("ZTF(zg)", "ZTF(zr)"))
    assert set(green["calib_version"]) == {"fink-total-1"}
    # reference 18.0 with 18.0, less 19.0, and with 18.4
    assert green["mag"].to_list() == pytest.approx([17.247425, 18.551202, 17.429108], abs=1e-5)
    assert set(red["calib_version"]) == {"fink-difference-1"}
    assert red["mag"].to_list() == [None, pytest.approx(18.5)]
    assert red["limit_mag"].to_list() == [20.25, None]


def test_the_exposure_sets_the_middle_and_identifiers_stay_exact(rows: bytes) -> None:
    points = Fink().parse(rows, QUERY).filter(pl.col("source_ref") == "2000000000000000002")
    assert points["mjd"][0] == pytest.approx(59001.0 + 45.0 / 86400.0, abs=1e-9)
    assert points["exptime_s"][0] == 90.0


def test_bad_rows_and_asteroids_are_flagged(rows: bytes) -> None:
    flagged = Fink().parse(rows, QUERY).filter(~pl.col("flags").is_in([0, int(Flag.DIFFERENCE)]))
    assert flagged.select("source_ref", "flags").rows() == [
        ("2000000000000000002", int(Flag.BLENDED)),
        ("badquality/2459002.5/1", int(Flag.POOR_QUALITY_AT_SOURCE)),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"valid"', b'"perhaps"'),
        (b'"i:isdiffpos": "t"', b'"i:isdiffpos": null'),
        (b'"i:jd": 2459000.5', b'"i:jd": 59000.0'),
        (b'"i:fid": 1', b'"i:fid": 4'),
        (b'"i:fid": 1', b'"i:fid": null'),
        (b'"i:magpsf": 18.0', b'"i:magpsf": "bright"'),
    ],
)
def test_an_impossible_value_is_drift(rows: bytes, old: bytes, new: bytes) -> None:
    changed = rows.replace(old, new, 1)
    assert changed != rows
    with pytest.raises(Rejected) as refusal:
        Fink().parse(changed, QUERY)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_object_of_the_cone_is_asked_for(rows: bytes) -> None:
    cone = found(("ZTF99far", 120.0, 30.0003), ("ZTF99near", 120.0, 30.0001))
    http = RecordedHttp(answers={CONE_URL: cone, OBJECTS_URL: rows})
    assert Fink().fetch(QUERY, http) == rows
    assert '"ra": "120.0000000", "dec": "30.0000000", "radius": "1.5"' in http.questions[0]
    assert '"objectId": "ZTF99near", "withupperlim": "True"' in http.questions[1]
    assert "i:distnr,i:magnr" in http.questions[1]


@pytest.mark.parametrize("nothing", [found(), found(("ZTF99far", 120.0, 30.001))])
def test_a_target_without_alerts_gives_nothing(nothing: bytes) -> None:
    assert Fink().fetch(QUERY, RecordedHttp(answers={CONE_URL: nothing})) == b""


@pytest.mark.parametrize("ill", [b"<html>502</html>", b"[{", Transient("down", code="archive-down")])
def test_an_outage_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    for answers in ({CONE_URL: ill}, {CONE_URL: found(("a", 120.0, 30.0)), OBJECTS_URL: ill}):
        with pytest.raises(Transient):
            Fink().fetch(QUERY, RecordedHttp(answers=answers))


def real(shared: Path, name: str, **added: object) -> bytes:
    """Return a recorded answer, with the columns that its question had not asked for."""
    rows = json.loads((shared / "archives" / "fink" / name).read_bytes())
    return json.dumps([added | row for row in rows]).encode()


def test_a_real_transient_keeps_its_limits(shared: Path) -> None:
    body = real(shared, "fink_ztf_objects.json", **{"i:distnr": -999.0, "i:magnr": -999.0})
    points = Fink().parse(body, QUERY)
    assert len(points) == 77
    assert (points["mag"].count(), points["limit_mag"].count()) == (8, 69)
    assert points.group_by("band").len().sort("band").rows() == [
        ("ZTF(zg)", 37), ("ZTF(zi)", 11), ("ZTF(zr)", 29),
    ]  # fmt: skip
    assert set(points["calib_version"]) == {"fink-difference-1"}
    first, last = (points.select("mjd", "band", "limit_mag", "mag", "mag_err").row(n) for n in (0, -1))
    assert first[1:] == ("ZTF(zg)", 18.3344, None, None)
    assert first[0] == pytest.approx(2461280.8304051 - 2400000.5 + HALF_EXPOSURE_D, abs=1e-8)
    assert last[1:3] == ("ZTF(zr)", None)
    assert last[3:] == pytest.approx((14.901345, 0.021887429), abs=1e-8)
    assert last[0] == pytest.approx(2461313.6899653 - 2400000.5 + HALF_EXPOSURE_D, abs=1e-8)
    assert points["source_ref"][-1] == "3559189960015015015"


def test_a_real_star_is_total(shared: Path) -> None:
    points = Fink().parse(real(shared, "fink_get_alert_0.json", **{"d:tag": "valid"}), QUERY)
    assert points["source_ref"].to_list() == [
        "2123204965715010022", "2889095235715010034", "3072410265715010069",
    ]  # fmt: skip
    assert set(points["calib_version"]) == {"fink-total-1"}
    # magnr 13.22 less 16.394012, 15.213748 and 14.903686: Fink's own features say 13.408533 and 13.478813
    assert points["mag"].to_list() == pytest.approx([13.279988, 13.408532, 13.478812], abs=1e-6)
    assert points["mag_err"].to_list() == pytest.approx([0.0046930, 0.0080118, 0.0172912], abs=1e-7)
    assert points["mjd"][0] == pytest.approx(2459877.7049653 - 2400000.5 + HALF_EXPOSURE_D, abs=1e-8)
    assert points["limit_mag"].null_count() == 3
    assert set(points["flags"]) == {0}
