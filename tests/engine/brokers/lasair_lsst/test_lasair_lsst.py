"""Lasair's LSST: total fluxes and differences, NaN, rows without identifiers, the token, the search."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.lasair import nearest_object
from engine.brokers.lasair_lsst import INFO, SERVICE_URL, LasairLsst
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient

QUERY = Query(target_id=27, name="Invented star", ra_deg=150.0, dec_deg=-5.0)
SECRETS = {"lasair_lsst_token": "invented"}
LEAP_D = 37.0 / 86400.0


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "lasair_lsst" / "rows.json").read_bytes()


def found(*objects: tuple[int, float]) -> bytes:
    listed = [{"object": name, "separation": away} for name, away in objects]
    nearest = min(listed, key=lambda one: one["separation"]) if listed else {}
    return json.dumps({"objects": listed, "count": len(listed), "nearest": nearest}).encode()


def test_a_band_with_total_fluxes_is_total_and_one_without_the_difference(rows: bytes) -> None:
    points = LasairLsst().parse(rows, QUERY)
    total, difference = (points.filter(pl.col("band") == band) for band in ("LSST(r)", "LSST(i)"))
    assert set(total["calib_version"]) == {"lasair_lsst-total-1"}
    assert total["flux_ujy"].to_list() == pytest.approx([5.0, 0.2])
    assert total["mag"].to_list() == [pytest.approx(22.152575, abs=1e-6), None]
    assert total["limit_mag"].to_list() == [None, pytest.approx(24.652575, abs=1e-6)]
    assert set(difference["calib_version"]) == {"lasair_lsst-difference-1"}
    assert difference["source_ref"].to_list() == ["61000.5/i", "forced/61001.5/i"]
    assert points["mjd"][0] == pytest.approx(61000.0 - LEAP_D, abs=1e-9)


@pytest.mark.parametrize("name", ["diaSourcesList", "diaForcedSourcesList", "midpointMjdTai", "band"])
def test_a_missing_part_is_drift(rows: bytes, name: str) -> None:
    with pytest.raises(Rejected) as refusal:
        LasairLsst().parse(rows.replace(f'"{name}"'.encode(), b'"other"', 1), QUERY)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_object_is_asked_for_with_the_token(rows: bytes) -> None:
    cone = found((170000000000000008, 1.2), (170000000000000009, 0.3))
    http = RecordedHttp(answers={"/cone/": cone, "/object/": rows}, secrets=SECRETS)
    assert LasairLsst().fetch(QUERY, http) == rows
    token = "Authorization: Token invented"
    assert http.questions == [
        f"{SERVICE_URL}/cone/ ra=150.0000000 dec=-5.0000000 radius=1.5 requestType=all {token}",
        f"{SERVICE_URL}/object/ objectId=170000000000000009 lite=false lasair_added=false {token}",
    ]


@pytest.mark.parametrize("nothing", [found(), b"{}", found((1, 1.6))])
def test_a_target_without_alerts_gives_nothing(nothing: bytes) -> None:
    assert LasairLsst().fetch(QUERY, RecordedHttp(answers={"/cone/": nothing}, secrets=SECRETS)) == b""


@pytest.mark.parametrize(
    "ill",
    [b"<html>502</html>", b"[{", b'{"error": "cassandra"}', Transient("down", code="archive-down")],
)
def test_an_outage_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    for answers in ({"/cone/": ill}, {"/cone/": found((1, 0.1)), "/object/": ill}):
        with pytest.raises(Transient):
            LasairLsst().fetch(QUERY, RecordedHttp(answers=answers, secrets=SECRETS))


def test_without_a_token_it_is_not_asked() -> None:
    with pytest.raises(Rejected) as refusal:
        LasairLsst().fetch(QUERY, RecordedHttp(answers={}))
    assert refusal.value.code == "needs-account"


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "lasair" / name).read_bytes()


def test_a_real_short_answer_gives_differences(shared: Path) -> None:
    points = LasairLsst().parse(real(shared, "lasair_lsst_313637921267122191_lite.json"), QUERY)
    assert len(points) == 8
    assert points.group_by("band").len().sort("band").rows() == [("LSST(g)", 2), ("LSST(i)", 6)]
    assert set(points["calib_version"]) == {"lasair_lsst-difference-1"}
    assert points["limit_mag"].null_count() == 8
    # 31.4 - 2.5 lg 28702.109375, and of 24162.1953125
    shown = points.select("mjd", "mag", "mag_err")
    assert shown.row(0) == pytest.approx((60975.153260584724 - LEAP_D, 20.2552161, 0.0170255), abs=1e-6)
    assert shown.row(-1) == pytest.approx((60983.20685446523 - LEAP_D, 20.4421585, 0.0316106), abs=1e-6)


def test_a_real_object_of_features_is_no_light_curve(shared: Path) -> None:
    with pytest.raises(Rejected) as refusal:
        LasairLsst().parse(real(shared, "lasair_lsst_313637921267122191_object.json"), QUERY)
    assert refusal.value.code == "schema-drift"


def test_a_real_object_with_nan_is_read(shared: Path) -> None:
    points = LasairLsst().parse(real(shared, "lasair_lsst_object_quoted_in_test.json"), QUERY)
    # 968.7 and 50.1 nJy; -12.5 and 20 nJy, a limit of 100 nJy
    assert points.select("source_ref", "band", "limit_mag").rows() == [
        ("170028512255672336", "LSST(g)", None),
        ("forced/314003015460192583", "LSST(r)", pytest.approx(26.4)),
    ]
    assert points["mag"][0] == pytest.approx(23.9345268, abs=1e-6)
    assert points["flux_ujy"].to_list() == pytest.approx([0.9687, -0.0125])


def test_the_real_nearest_object_is_too_far(shared: Path) -> None:
    body = real(shared, "lasair_lsst_cone_nearest.json")
    http = RecordedHttp(answers={"/cone/": body}, secrets=SECRETS)
    assert nearest_object(SERVICE_URL, (1.0, 2.0), http, INFO) is None  # at 8.89 arcsec
    http = RecordedHttp(answers={"/cone/": body.replace(b"8.89", b"0.89")}, secrets=SECRETS)
    assert nearest_object(SERVICE_URL, (1.0, 2.0), http, INFO) == "170028512255672336"
