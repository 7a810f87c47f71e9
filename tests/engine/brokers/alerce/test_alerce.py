"""ALeRCE: total and difference light curves, references of forced photometry, duplicates, the search."""

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.alerce import FORCED_URL, OBJECTS_URL, Alerce
from engine.brokers.alerts import Kind
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=21, name="Invented variable", ra_deg=100.0, dec_deg=20.0)
EMPTY = b'{"detections": [], "non_detections": []}'
HALF_EXPOSURE_D = 15.0 / 86400.0


@pytest.fixture
def parts(answers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((answers / "alerce" / "rows").iterdir())}


def found(*objects: tuple[str, float, float]) -> bytes:
    items = [{"oid": oid, "meanra": ra, "meandec": dec} for oid, ra, dec in objects]
    return json.dumps({"total": None, "items": items}).encode()


def test_a_band_in_the_reference_is_total_and_keeps_no_limits(parts: dict[str, bytes]) -> None:
    points = Alerce().parse(bundled(parts), QUERY).filter(pl.col("band") == "ZTF(zg)")
    assert set(points["calib_version"]) == {"alerce-total-1"}
    # reference 18.0: with as much again 17.2474, without 19.0 18.5512; the errors are the difference's
    assert points["mag"].to_list() == pytest.approx([17.247425, 18.551202, 18.551202], abs=1e-5)
    assert points["mag_err"].to_list() == pytest.approx([0.05, 0.066143, 0.066143], abs=1e-5)
    assert points["mjd"].to_list() == pytest.approx([59000.000173611, 59001.000173611, 59003.000173611])
    assert points["limit_mag"].null_count() == 3


def test_a_band_without_reference_is_the_difference_with_its_limits(parts: dict[str, bytes]) -> None:
    points = Alerce().parse(bundled(parts), QUERY).filter(pl.col("band") == "ZTF(zr)")
    assert set(points["calib_version"]) == {"alerce-difference-1"}
    assert points["mag"].to_list() == [None, 18.0, None, None]
    assert points["flux_ujy"].to_list() == pytest.approx([None, 229.0868, -91.2011, 91.2011], abs=1e-4)
    # the archive's own limit; 5 x 8.39993 uJy; and of the forced row at 2.2 sigma 5 x 41.99965 uJy
    assert points["limit_mag"].to_list() == pytest.approx([20.25, None, 19.84189, 18.09446], abs=1e-5)


def test_of_one_exposure_the_alert_itself_is_kept(parts: dict[str, bytes]) -> None:
    kept = set(Alerce().parse(bundled(parts), QUERY)["source_ref"])
    assert "1000000000000000002" in kept
    assert not kept & {"1000000000000000003", "forced/7003"}  # a copy, and the forced row, of its exposure
    assert "forced/7004" in kept  # before the non-detection of its exposure
    assert "forced/7002" not in kept  # a sentinel


def test_a_dubious_alert_is_flagged(parts: dict[str, bytes]) -> None:
    points = Alerce().parse(bundled(parts), QUERY)
    flagged = points.filter(pl.col("flags") == int(Flag.POOR_QUALITY_AT_SOURCE))
    assert flagged["source_ref"].to_list() == ["1000000000000000002"]


def test_differences_can_be_chosen_everywhere(parts: dict[str, bytes]) -> None:
    points = Alerce(prefer=Kind.DIFFERENCE).parse(bundled(parts), QUERY)
    assert set(points["calib_version"]) == {"alerce-difference-1"}
    assert points.filter(pl.col("band") == "ZTF(zg)")["limit_mag"][0] == 20.5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"isdiffpos": -1', b'"isdiffpos": null'),
        (b'"isdiffpos": -1', b'"isdiffpos": "down"'),
        (b'"fid": 2', b'"fid": 7'),
        (b'"mjd": 59000.0,', b'"mjd": 2459000.5,'),
        (b'"mjd": 59000.0,', b'"mjd": null,'),
        (b'"magpsf": 18.0', b'"magpsf": "bright"'),
        (b'"non_detections"', b'"limits"'),
    ],
)
def test_an_impossible_value_is_drift(parts: dict[str, bytes], old: bytes, new: bytes) -> None:
    changed = parts["lightcurve.json"].replace(old, new, 1)
    assert changed != parts["lightcurve.json"]
    with pytest.raises(Rejected) as refusal:
        Alerce().parse(bundled(parts | {"lightcurve.json": changed}), QUERY)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("missing", ["forced.json", "lightcurve.json"])
def test_a_missing_part_is_drift(parts: dict[str, bytes], missing: str) -> None:
    del parts[missing]
    with pytest.raises(Rejected) as refusal:
        Alerce().parse(bundled(parts), QUERY)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_object_of_the_cone_is_asked_for(parts: dict[str, bytes]) -> None:
    http = RecordedHttp(
        answers={
            f"{OBJECTS_URL}/ZTF99near": parts["lightcurve.json"],
            FORCED_URL: parts["forced.json"],
            OBJECTS_URL: found(("ZTF99far", 100.0, 20.0003), ("ZTF99near", 100.0, 20.0001)),
        }
    )
    assert parts_of(Alerce().fetch(QUERY, http), title="x") == parts
    assert http.questions == [
        f"{OBJECTS_URL} page_size=100 ra=100.0000000 dec=20.0000000 radius=1.5",
        f"{OBJECTS_URL}/ZTF99near/lightcurve",
        f"{FORCED_URL}/ZTF99near",
    ]


def test_a_moving_star_is_asked_for_where_it_was_in_2022() -> None:
    query = Query(target_id=1, name="x", ra_deg=10.0, dec_deg=0.0, pm_dec_mas_yr=1000.0, epoch=2016.0)
    http = RecordedHttp(answers={OBJECTS_URL: found()})
    assert Alerce().fetch(query, http) == b""
    assert "dec=0.0018056" in http.questions[0]  # 6.5 arcsec north


@pytest.mark.parametrize(
    "nothing", [found(), found(("ZTF99far", 100.0, 20.001)), Rejected("none", code="not-found")]
)
def test_a_target_without_alerts_gives_nothing(nothing: bytes | Exception) -> None:
    assert Alerce().fetch(QUERY, RecordedHttp(answers={OBJECTS_URL: nothing})) == b""


def test_an_object_without_forced_photometry_has_its_alerts(parts: dict[str, bytes]) -> None:
    answers = {"/lightcurve": parts["lightcurve.json"], OBJECTS_URL: found(("ZTF99near", 100.0, 20.0))}
    del parts["forced.json"]
    body = Alerce().fetch(QUERY, RecordedHttp(answers={"/v2/": Rejected("", code="not-found"), **answers}))
    assert parts_of(body, title="x") == {"forced.json": b"[]", **parts}


@pytest.mark.parametrize("ill", [b"<html>502</html>", b'{"items": [', Transient("down", code="archive-down")])
def test_an_outage_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    for answers in ({OBJECTS_URL: ill}, {"/lightcurve": ill, OBJECTS_URL: found(("a", 100.0, 20.0))}):
        with pytest.raises(Transient):
            Alerce().fetch(QUERY, RecordedHttp(answers=answers))


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "alerce" / name).read_bytes()


def records(body: bytes) -> list[dict[str, object]]:
    """Return a CSV dump as the records of the service: numbers as numbers, nothing as null."""
    lines = csv.DictReader(io.StringIO(body.decode()))
    return [{name: _value(name, text) for name, text in line.items()} for line in lines]


def _value(name: str, text: str) -> object:
    if text in ("", "true", "false"):
        return None if not text else text == "true"
    return text if name in ("tid", "candid", "rbversion", "step_id_corr", "parent_candid") else float(text)


def test_a_real_variable_star_is_total(shared: Path) -> None:
    light = {
        "detections": records(real(shared, "alerce_detections_ZTF18abbuive.csv")),
        "non_detections": records(real(shared, "alerce_non_detections_ZTF18abbuive.csv")),
    }
    body = bundled({"forced.json": b"[]", "lightcurve.json": json.dumps(light).encode()})
    query = Query(target_id=1, name="ZTF18abbuive", ra_deg=318.5279, dec_deg=13.0154)
    points = Alerce().parse(body, query)
    # 608 rows of 583 exposures, all corrected; the 242 non-detections are none of the total brightness
    assert points.group_by("band").len().sort("band").rows() == [("ZTF(zg)", 291), ("ZTF(zr)", 292)]
    assert set(points["calib_version"]) == {"alerce-total-1"}
    assert points["limit_mag"].null_count() == 583
    first = (58286.43408560008 + HALF_EXPOSURE_D, "532434084115010005", 17.020222, 0.009284612)
    last = (60390.5284258998 + HALF_EXPOSURE_D, "2636528420815010041", 16.67706, 0.013214934)
    shown = points.select("mjd", "source_ref", "mag", "mag_err")
    assert shown.row(0) == pytest.approx(first, abs=1e-6)
    assert shown.row(-1) == pytest.approx(last, abs=1e-6)
    assert (points["mag"].min(), points["mag"].max()) == pytest.approx((15.764395, 17.174644), abs=1e-6)
    assert points.filter(pl.col("mag_err") > 0.07).is_empty()  # 101 rows hold 100 in sigmapsf_corr
    twice = points.filter(pl.col("mjd").round(3) == 60205.245)
    assert twice["source_ref"].to_list() == ["2451244764115015028"]  # the nearer of two with a stamp
    differences = Alerce(prefer=Kind.DIFFERENCE).parse(body, query)
    # 240 limits of exposures without a detection join; 442 alerts are fainter than the reference
    assert len(differences) == 583 + 240


def test_real_detections_of_the_service_are_read_exactly(shared: Path) -> None:
    light = b'{"non_detections": [], "detections": ' + real(shared, "alerce_get_alert_1.json") + b"}"
    points = Alerce().parse(bundled({"forced.json": b"[]", "lightcurve.json": light}), QUERY)
    assert points["source_ref"].to_list() == ["534377870115010099", "593191350115010084"]
    assert points["mag"].to_list() == pytest.approx([15.501175, 15.52994], abs=1e-6)
    assert points["mag_err"].to_list() == pytest.approx([0.009777568, 0.008600273], rel=1e-5)
    assert points["mjd"][0] == pytest.approx(58288.37787039997 + HALF_EXPOSURE_D, abs=1e-9)


def test_the_real_object_of_the_service_is_found_by_its_place(shared: Path) -> None:
    body = b'{"total": 1, "items": [' + real(shared, "alerce_get_alert_0.json") + b"]}"
    query = Query(target_id=1, name="x", ra_deg=279.9047, dec_deg=-4.8708)
    http = RecordedHttp(answers={"/ZTF18abcgqmz/lightcurve": EMPTY, "/v2/": b"[]", OBJECTS_URL: body})
    Alerce().fetch(query, http)
    assert http.questions[1] == f"{OBJECTS_URL}/ZTF18abcgqmz/lightcurve"


def test_real_forced_photometry_alone_gives_differences(shared: Path) -> None:
    forced = real(shared, "alerce_forced_photometry_ZTF18aaueixg.json")
    points = Alerce().parse(bundled({"forced.json": forced, "lightcurve.json": EMPTY}), QUERY)
    assert len(points) == 15
    assert set(points["calib_version"]) == {"alerce-difference-1"}
    # 7 rows are positive beyond 3 sigma: 8 limits, of 6 negative ones and of two at 1.6 and 2.2 sigma
    assert (points["mag"].count(), points["limit_mag"].count()) == (7, 8)
    shown = points.select("mjd", "band", "flux_ujy", "flux_err_ujy")
    first = (60227.17531249998 + HALF_EXPOSURE_D, "ZTF(zr)", 9.8293, 6.2757)
    assert shown.row(0) == pytest.approx(first, abs=1e-4)
    last = (60253.14127309993 + HALF_EXPOSURE_D, "ZTF(zr)", 122.368, 6.7612)
    assert shown.row(-1) == pytest.approx(last, abs=1e-3)


def test_real_forced_photometry_takes_the_reference_of_its_own_band(shared: Path) -> None:
    forced = real(shared, "alerce_forced_photometry_ZTF18aaueixg.json")
    # an alert in r whose reference is 16.6, as that of the star is: the forced rows hold 17.681 of its g
    alert = {
        "candid": "1", "mjd": 60000.0, "fid": 2, "distnr": 0.1, "magpsf": 16.6, "sigmapsf": 0.1,
        "magpsf_corr": 15.847425, "isdiffpos": 1, "corrected": True, "has_stamp": True,
    }  # fmt: skip
    light = json.dumps({"detections": [alert], "non_detections": []}).encode()
    points = Alerce().parse(bundled({"forced.json": forced, "lightcurve.json": light}), QUERY)
    red = points.filter(pl.col("band") == "ZTF(zr)")
    assert set(red["calib_version"]) == {"alerce-total-1"}
    # 831.7638 uJy and 122.368 uJy are 954.132 uJy; the archive's own mag_corr says 17.3171
    assert red["mag"][-1] == pytest.approx(16.4510, abs=1e-4)
    assert set(points.filter(pl.col("band") == "ZTF(zg)")["calib_version"]) == {"alerce-difference-1"}
