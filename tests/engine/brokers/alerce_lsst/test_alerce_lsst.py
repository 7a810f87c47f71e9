"""ALeRCE's LSST: total fluxes, flags, withdrawn rows, letters of bands, the search."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.alerce_lsst import DETECTIONS_URL, FORCED_URL, OBJECTS_URL, AlerceLsst
from engine.brokers.alerts import Kind
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=22, name="Invented variable", ra_deg=50.0, dec_deg=-30.0)
LEAP_D = 37.0 / 86400.0  # TAI is ahead of UTC since 2017


@pytest.fixture
def parts(answers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((answers / "alerce_lsst" / "rows").iterdir())}


def found(*objects: tuple[int, float, float]) -> bytes:
    return json.dumps(
        {"items": [{"oid": o, "meanra": ra, "meandec": dec} for o, ra, dec in objects]}
    ).encode()


def test_a_star_that_faded_shows_its_total_flux(parts: dict[str, bytes]) -> None:
    green = AlerceLsst().parse(bundled(parts), QUERY).filter(pl.col("band") == "LSST(g)")
    assert green["source_ref"].to_list() == [
        "170000000000000001", "170000000000000002", "forced/180000000000000002",
    ]  # fmt: skip
    assert set(green["calib_version"]) == {"alerce_lsst-total-1"}
    assert green["flux_ujy"].to_list() == pytest.approx([5.0, 10.0, 0.2])
    # 31.4 - 2.5 lg 5000, 31.4 - 2.5 lg 10000; the last at 2 sigma: 31.4 - 2.5 lg 500
    assert green["mag"].to_list() == pytest.approx([22.152575, 21.4, None], abs=1e-6)
    assert green["limit_mag"].to_list() == pytest.approx([None, None, 24.652575], abs=1e-6)
    assert green["mjd"].to_list() == pytest.approx([day - LEAP_D for day in (61000.0, 61001.0, 61004.0)])


def test_a_band_without_total_flux_shows_the_difference(parts: dict[str, bytes]) -> None:
    points = AlerceLsst().parse(bundled(parts), QUERY).filter(pl.col("band") == "LSST(y)")
    assert points.select("flux_ujy", "calib_version").rows() == [(1.0, "alerce_lsst-difference-1")]


def test_differences_can_be_chosen(parts: dict[str, bytes]) -> None:
    points = AlerceLsst(prefer=Kind.DIFFERENCE).parse(bundled(parts), QUERY)
    assert set(points["calib_version"]) == {"alerce_lsst-difference-1"}
    assert points["flux_ujy"].to_list() == pytest.approx([-2.0, 1.0, 3.0, -6.9])


def test_flags_tell_saturation_and_dipoles(parts: dict[str, bytes]) -> None:
    flagged = (
        AlerceLsst().parse(bundled(parts), QUERY).filter(~pl.col("flags").is_in([0, int(Flag.DIFFERENCE)]))
    )
    assert flagged.select("source_ref", "flags").rows() == [
        ("170000000000000002", int(Flag.SATURATED | Flag.POOR_QUALITY_AT_SOURCE))
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"band": 1', b'"band": 9'),
        (b'"band_map": {"6"', b'"letters": {"6"'),
        (b'"mjd": 61000.0', b'"mjd": 2461000.5'),
        (b'"scienceFlux":', b'"totalFlux":'),
        (b'"psfFlux": -2000.0', b'"psfFlux": "faint"'),
    ],
)
def test_an_impossible_value_is_drift(parts: dict[str, bytes], old: bytes, new: bytes) -> None:
    changed = parts["detections.json"].replace(old, new, 1)
    assert changed != parts["detections.json"]
    with pytest.raises(Rejected) as refusal:
        AlerceLsst().parse(bundled(parts | {"detections.json": changed}), QUERY)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_object_of_the_cone_is_asked_for(parts: dict[str, bytes]) -> None:
    near = 170000000000000009  # no float holds it
    http = RecordedHttp(
        answers={
            OBJECTS_URL: found((170000000000000008, 50.0, -30.0003), (near, 50.0, -30.0001)),
            DETECTIONS_URL: parts["detections.json"],
            FORCED_URL: parts["forced.json"],
        }
    )
    assert parts_of(AlerceLsst().fetch(QUERY, http), title="x") == parts
    assert http.questions == [
        f"{OBJECTS_URL} survey=lsst page_size=100 ra=50.0000000 dec=-30.0000000 radius=1.5",
        f"{DETECTIONS_URL} survey_id=lsst oid={near}",
        f"{FORCED_URL} survey_id=lsst oid={near}",
    ]


@pytest.mark.parametrize("nothing", [found(), found((1, 50.0, -30.001)), Rejected("none", code="not-found")])
def test_a_target_without_alerts_gives_nothing(nothing: bytes | Exception) -> None:
    assert AlerceLsst().fetch(QUERY, RecordedHttp(answers={OBJECTS_URL: nothing})) == b""


@pytest.mark.parametrize("ill", [b"<html>502</html>", b"[{", Transient("down", code="archive-down")])
def test_an_outage_is_not_an_empty_sky(parts: dict[str, bytes], ill: bytes | Exception) -> None:
    whole = {
        OBJECTS_URL: found((1, 50.0, -30.0)), DETECTIONS_URL: parts["detections.json"],
        FORCED_URL: parts["forced.json"],
    }  # fmt: skip
    for url in whole:
        with pytest.raises(Transient):
            AlerceLsst().fetch(QUERY, RecordedHttp(answers=whole | {url: ill}))


def test_a_real_object_is_read_exactly(shared: Path) -> None:
    body = (shared / "archives" / "alerce" / "alerce_lsst_get_alert_1.json").read_bytes()
    query = Query(target_id=1, name="x", ra_deg=9.31054, dec_deg=-42.37469)
    points = AlerceLsst().parse(bundled({"detections.json": body, "forced.json": b"[]"}), query)
    # three negative differences of a star: total 6471, 5431, 5262 nJy, all beyond 30 sigma, none flagged
    assert points["source_ref"].to_list() == [
        "170587116732416143", "170587117134545027", "170587117274005632",
    ]  # fmt: skip
    assert points["band"].to_list() == ["LSST(i)", "LSST(g)", "LSST(g)"]
    first = (61217.41670499195 - LEAP_D, 6.4711646, 0.21264682, 21.8725439, 0.0356780)
    assert points.select("mjd", "flux_ujy", "flux_err_ujy", "mag", "mag_err").row(0) == pytest.approx(
        first, abs=1e-6
    )
    last = (61217.42049113812 - LEAP_D, 5.262311, 0.107787575, 22.0970587, 0.0222391)
    assert points.select("mjd", "flux_ujy", "flux_err_ujy", "mag", "mag_err").row(-1) == pytest.approx(
        last, abs=1e-6
    )
    assert points["limit_mag"].null_count() == 3
    assert set(points["flags"]) == {0}


def test_the_real_object_of_the_archive_keeps_its_digits(shared: Path) -> None:
    body = (shared / "archives" / "alerce" / "alerce_lsst_get_alert_0.json").read_bytes()
    query = Query(target_id=1, name="x", ra_deg=9.31054, dec_deg=-42.37469)
    http = RecordedHttp(
        answers={OBJECTS_URL: b'{"items": [' + body + b"]}", DETECTIONS_URL: b"[]", FORCED_URL: b"[]"}
    )
    AlerceLsst().fetch(query, http)
    assert http.questions[1].endswith("oid=170587116732416143")
