"""Lasair's ZTF: limits in the place of magnitudes, the reference of forced rows, the token, the search."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.alerts import Kind
from engine.brokers.lasair import INFO, SERVICE_URL, Lasair, nearest_object
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=26, name="Invented star", ra_deg=140.0, dec_deg=5.0)
SECRETS = {"lasair_token": "invented"}
HALF_EXPOSURE_D = 15.0 / 86400.0
NOTHING = b'{"error": "No object found ra=140.00000 dec=5.00000 radius=1.50"}'


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "lasair" / "rows.json").read_bytes()


def found(*objects: tuple[str, float]) -> bytes:
    return json.dumps([{"object": name, "separation": away} for name, away in objects]).encode()


def test_a_star_of_the_reference_is_total_with_its_forced_rows(rows: bytes) -> None:
    green = Lasair().parse(rows, QUERY).filter(pl.col("band") == "ZTF(zg)")
    assert set(green["calib_version"]) == {"lasair-total-1"}
    assert green["source_ref"].to_list() == [
        "4000000000000000001", "4000000000000000002", "forced/2459002.5/1",
    ]  # fmt: skip
    # reference 18.0 is 229.0868 uJy; with as much, less 91.2011, less 100: 129.0868 uJy are 18.622796
    assert green["mag"].to_list() == pytest.approx([17.247425, 18.551202, 18.622796], abs=1e-5)
    assert green["mag_err"][-1] == pytest.approx(1.0857362 * 10.0 / 129.0868, rel=1e-5)


def test_a_reference_beside_the_target_leaves_the_difference_with_its_limits(rows: bytes) -> None:
    beside = rows.replace(b'"ranr": 140.0001', b'"ranr": 140.0005')  # 1.8 arcsec
    points = Lasair().parse(beside, QUERY)
    assert set(points["calib_version"]) == {"lasair-difference-1"}
    limits = points.filter(pl.col("flux_ujy").is_null())
    assert limits.select("band", "limit_mag").rows() == [("ZTF(zg)", 20.5), ("ZTF(zr)", 20.25)]
    forced = points.filter(pl.col("source_ref") == "forced/2459002.5/1")
    assert forced.select("flux_ujy", "mag").row(0) == (-100.0, None)


def test_alerts_that_tell_their_distance_are_believed(rows: bytes) -> None:
    red = Lasair().parse(rows, QUERY).filter(pl.col("band") == "ZTF(zr)")
    assert red.select("mag", "calib_version").rows()[-1] == (pytest.approx(18.5), "lasair-difference-1")


def test_an_alert_at_an_asteroid_is_flagged_and_differences_can_be_chosen(rows: bytes) -> None:
    points = Lasair(prefer=Kind.DIFFERENCE).parse(rows, QUERY)
    assert set(points["calib_version"]) == {"lasair-difference-1"}
    flagged = points.filter(pl.col("flags") == int(Flag.BLENDED | Flag.DIFFERENCE))
    assert flagged["source_ref"].to_list() == ["4000000000000000002"]
    assert all(each & Flag.DIFFERENCE for each in points["flags"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"candidates"', b'"alerts"'),
        (b'"isdiffpos": "t"', b'"isdiffpos": "up"'),
        (b'"jd": 2459000.5', b'"jd": 59000.0'),
        (b'"fid": 1', b'"fid": 4'),
        (b'"ranr": 140.0001', b'"ranr": 1400.01'),
        (b'"magzpsci"', b'"zp"'),
        (b'"diffmaglim"', b'"limit"'),
    ],
)
def test_an_impossible_value_is_drift(rows: bytes, old: bytes, new: bytes) -> None:
    changed = rows.replace(old, new)
    assert changed != rows
    with pytest.raises(Rejected) as refusal:
        Lasair().parse(changed, QUERY)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_object_is_asked_for_with_the_token(rows: bytes) -> None:
    cone = found(("ZTF99far", 1.2), ("ZTF99near", 0.3))
    http = RecordedHttp(answers={"/cone/": cone, "/object/": rows}, secrets=SECRETS)
    assert Lasair().fetch(QUERY, http) == rows
    token = "Authorization: Token invented"
    asked = "ra=140.0000000 dec=5.0000000 radius=1.5 requestType=all"
    assert http.questions == [
        f"{SERVICE_URL}/cone/ {asked} {token}",
        f"{SERVICE_URL}/object/ objectId=ZTF99near {token}",
    ]


@pytest.mark.parametrize("nothing", [NOTHING, b"[]", b"{}", found(("ZTF99far", 1.6))])
def test_a_target_without_alerts_gives_nothing(nothing: bytes) -> None:
    assert Lasair().fetch(QUERY, RecordedHttp(answers={"/cone/": nothing}, secrets=SECRETS)) == b""


@pytest.mark.parametrize(
    "ill",
    [b"<html>502</html>", b"[{", b'{"error": "database"}', Transient("down", code="archive-down")],
)
def test_an_outage_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    for answers in ({"/cone/": ill}, {"/cone/": found(("a", 0.1)), "/object/": ill}):
        with pytest.raises(Transient):
            Lasair().fetch(QUERY, RecordedHttp(answers=answers, secrets=SECRETS))


def test_without_a_token_it_is_not_asked() -> None:
    http = RecordedHttp(answers={})
    with pytest.raises(Rejected) as refusal:
        Lasair().fetch(QUERY, http)
    assert refusal.value.code == "needs-account"
    assert http.questions == []


def test_a_real_forced_row_is_a_limit(shared: Path) -> None:
    answer = json.loads(
        (shared / "archives" / "lasair" / "lasair_ztf_object_forcedphot_row.json").read_bytes()
    )
    query = Query(target_id=1, name="ZTF26aappdrm", ra_deg=148.95045, dec_deg=2.38954)
    points = Lasair().parse(json.dumps(answer | {"candidates": []}).encode(), query)
    # 10 ** (0.4 (23.9 - 26.327999)) = 0.1068563 uJy a unit: -8.8194 and 5.4877 uJy
    shown = points.select("mjd", "band", "flux_ujy", "flux_err_ujy", "mag", "limit_mag").row(0)
    assert shown[1:] == ("ZTF(zg)", pytest.approx(-8.8194, abs=1e-4), pytest.approx(5.4877, abs=1e-4), None,
                         pytest.approx(20.304098, abs=1e-6))  # fmt: skip
    assert shown[0] == pytest.approx(2461107.7783218 - 2400000.5 + HALF_EXPOSURE_D, abs=1e-8)
    assert points["calib_version"].to_list() == ["lasair-difference-1"]


def test_the_real_cone_holds_no_object_within_the_radius(shared: Path) -> None:
    body = (shared / "archives" / "lasair" / "lasair_cone_0.json").read_bytes()
    http = RecordedHttp(answers={"/cone/": body}, secrets=SECRETS)
    # 10 arcmin about 280 -5: the nearest of its objects is ZTF19aaypuas at 19.69 arcsec
    assert nearest_object(SERVICE_URL, (280.0, -5.0), http, INFO) is None
    nearest = json.loads(body)[0]
    nearer = body.replace(str(nearest["separation"]).encode(), b"1.0", 1)
    http = RecordedHttp(answers={"/cone/": nearer}, secrets=SECRETS)
    assert nearest_object(SERVICE_URL, (280.0, -5.0), http, INFO) == "ZTF19aaypuas"
