"""ANTARES: both versions of its service, totals where the facts allow, limits, LSST at the same place."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.antares import SERVICE_URL, Antares
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=25, name="Invented star", ra_deg=130.0, dec_deg=10.0)
HALF_EXPOSURE_D = 15.0 / 86400.0
LEAP_D = 37.0 / 86400.0
DOWN = Transient("down", code="archive-down")


@pytest.fixture
def parts(answers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((answers / "antares" / "rows").iterdir())}


def loci(*places: tuple[str, float, float]) -> bytes:
    found = [{"locus": {"locus_id": name, "ra": ra, "dec": dec}} for name, ra, dec in places]
    return json.dumps({"data": found, "links": {"self": "x", "next": None}}).encode()


def old_loci(*places: tuple[str, float, float]) -> bytes:
    found = [{"id": name, "attributes": {"ra": ra, "dec": dec}} for name, ra, dec in places]
    return json.dumps({"data": found, "meta": {"count": len(found)}}).encode()


NEAR_AND_FAR = (("ANT2020far", 130.0, 10.0003), ("ANT2020near", 130.0, 10.0001))


def test_a_difference_becomes_total_only_by_the_facts_of_the_alerts(parts: dict[str, bytes]) -> None:
    points = Antares().parse(bundled(parts), QUERY)
    green, red, lsst = (points.filter(pl.col("band") == band) for band in ("ZTF(zg)", "ZTF(zr)", "LSST(i)"))
    # reference 18.0 with 18.0 and less 19.0; R is ZTF's r, without reference
    assert green["mag"].to_list() == pytest.approx([17.247425, 18.551202], abs=1e-5)
    assert set(green["calib_version"]) == {"antares-total-1"}
    assert red.select("mag", "limit_mag").rows() == [(None, 20.25), (pytest.approx(18.5), None)]
    assert set(red["calib_version"]) == {"antares-difference-1"}
    assert lsst.select("source_ref", "flux_ujy", "calib_version").rows() == [
        ("170000000000000001", 10.0, "antares-difference-1")
    ]
    assert points.select("facility").unique().sort("facility").to_series().to_list() == ["Rubin", "ZTF"]


def test_an_alert_at_an_asteroid_is_flagged(parts: dict[str, bytes]) -> None:
    flagged = Antares().parse(bundled(parts), QUERY).filter(pl.col("flags") == int(Flag.BLENDED))
    assert flagged["source_ref"].to_list() == ["ztf_candidate:3000000000000000002"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"ant_survey": 1', b'"ant_survey": 7'),
        (b'"ant_passband": "g"', b'"ant_passband": "x"'),
        (b'"ant_mjd": 59000.0', b'"ant_mjd": 2459000.5'),
        (b'"ztf_isdiffpos": "t"', b'"ztf_isdiffpos": null'),
        (b'"ant_mag": 18.0', b'"ant_mag": "bright"'),
        (b'"properties": {"ant', b'"facts": {"ant'),
        (b'"data": [', b'"rows": ['),
    ],
)
def test_an_impossible_value_is_drift(parts: dict[str, bytes], old: bytes, new: bytes) -> None:
    changed = parts["alerts-01.json"].replace(old, new, 1)
    assert changed != parts["alerts-01.json"]
    with pytest.raises(Rejected) as refusal:
        Antares().parse(bundled(parts | {"alerts-01.json": changed}), QUERY)
    assert refusal.value.code == "schema-drift"


def test_all_pages_of_the_nearest_locus_are_asked_for(parts: dict[str, bytes]) -> None:
    http = RecordedHttp(
        answers={
            "/v2/loci/ANT2020near/alerts?page=2": parts["alerts-02.json"],
            "/v2/loci/ANT2020near/alerts": parts["alerts-01.json"],
            "/v2/loci": loci(*NEAR_AND_FAR),
        }
    )
    assert parts_of(Antares().fetch(QUERY, http), title="x") == parts
    assert (
        '"radius": "0.00041667 degree", "location": "08h40m00.00000s +10d00m00.00000s"' in http.questions[0]
    )
    assert http.questions[2] == f"{SERVICE_URL}/v2/loci/ANT2020near/alerts?page=2"


@pytest.mark.parametrize("failure", [DOWN, Rejected("gone", code="not-found"), b"<html>502</html>"])
def test_the_older_version_is_asked_where_the_newer_fails(
    parts: dict[str, bytes], failure: bytes | Exception
) -> None:
    old = {"/v1/loci/ANT2020near/alerts": parts["alerts-02.json"], "/v1/loci": old_loci(*NEAR_AND_FAR)}
    http = RecordedHttp(answers={"/v2/loci": failure, **old})
    assert parts_of(Antares().fetch(QUERY, http), title="x") == {"alerts-01.json": parts["alerts-02.json"]}
    assert "elasticsearch_query[locus_listing]=" in http.questions[1]


def test_a_next_page_elsewhere_is_refused(parts: dict[str, bytes]) -> None:
    elsewhere = parts["alerts-01.json"].replace(b"api.antares.noirlab.edu", b"example.org")
    answers = {"/alerts": elsewhere, "/v2/loci": loci(*NEAR_AND_FAR), "/v1/loci": old_loci(*NEAR_AND_FAR)}
    with pytest.raises(Rejected) as refusal:
        Antares().fetch(QUERY, RecordedHttp(answers=answers))
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("nothing", [loci(), loci(("ANT2020far", 130.0, 10.001))])
def test_a_target_without_alerts_gives_nothing(nothing: bytes) -> None:
    http = RecordedHttp(answers={"/v2/loci": nothing})
    assert Antares().fetch(QUERY, http) == b""
    assert len(http.questions) == 1


@pytest.mark.parametrize("ill", [DOWN, b"<html>502</html>", b'{"data": ['])
def test_an_outage_of_both_versions_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    with pytest.raises(Transient):
        Antares().fetch(QUERY, RecordedHttp(answers={SERVICE_URL: ill}))


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "antares" / name).read_bytes()


def test_real_alerts_of_the_older_version_are_read_exactly(shared: Path) -> None:
    points = Antares().parse(bundled({"alerts-01.json": real(shared, "antares_get_alert_1.json")}), QUERY)
    # the nearest source of the reference is 6.3 arcsec away, and an asteroid 1.0 arcsec
    assert points.select("band", "mag", "mag_err", "limit_mag", "flags").rows() == [
        ("ZTF(zr)", None, None, 18.741300582885742, int(Flag.DIFFERENCE)),
        ("ZTF(zr)", None, None, 18.525100708007812, int(Flag.DIFFERENCE)),
        (
            "ZTF(zr)",
            pytest.approx(15.428149223),
            pytest.approx(0.020089004),
            None,
            int(Flag.BLENDED | Flag.DIFFERENCE),
        ),
    ]
    assert points["mjd"].to_list() == pytest.approx(
        [day + HALF_EXPOSURE_D for day in (61224.483634300064, 61224.48606480006, 61224.49046299979)],
        abs=1e-9,
    )
    assert points["source_ref"][-1] == "ztf_candidate:3470490460915015042"
    assert set(points["calib_version"]) == {"antares-difference-1"}


def test_the_real_search_of_the_older_version_finds_its_locus(shared: Path) -> None:
    query = Query(target_id=1, name="220 Stephania", ra_deg=59.72572, dec_deg=23.76194)
    alerts = real(shared, "antares_get_alert_1.json")
    http = RecordedHttp(
        answers={
            "/v2/": DOWN, "/ANT2026b78o35eau2gs/alerts": alerts,
            "/v1/loci": real(shared, "antares_get_alert_0.json"),
        }
    )  # fmt: skip
    assert parts_of(Antares().fetch(query, http), title="x") == {"alerts-01.json": alerts}


def test_a_real_locus_of_lsst_gives_differences(shared: Path) -> None:
    locus = json.loads(real(shared, "antares_lsst_locus_ANT2019b5sdo.json"))
    page = {"data": [{"id": f"lsst:{n}", "properties": one} for n, one in enumerate(locus["alerts"])]}
    points = Antares().parse(bundled({"alerts-01.json": json.dumps(page).encode()}), QUERY)
    assert points["band"].to_list() == ["LSST(i)"] * 3
    assert points["limit_mag"].null_count() == 3
    # 31.4 - 2.5 lg 76925.4375, and of 76826.640625
    shown = points.select("mjd", "mag", "mag_err")
    assert shown.row(0) == pytest.approx((61219.412590999746 - LEAP_D, 19.184825, 0.0080215), abs=1e-6)
    assert shown.row(-1) == pytest.approx((61221.36542349415 - LEAP_D, 19.186220, 0.0069421), abs=1e-6)
    assert set(points["calib_version"]) == {"antares-difference-1"}


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        (
            "antares_lightcurve_ZTF17aadlxmv.csv", 17,
            (58863.35146989999, 19.798999786, 0.200902), (59180.53879630007, 19.296230316, 0.166249),
        ),
        (
            "antares_lightcurve_ZTF18aadzfso.csv", 18,
            (58876.18567130016, 19.840900421, 0.155414), (58915.162743099965, 19.114284515, 0.152830),
        ),
    ],
)  # fmt: skip
def test_real_supernovae_keep_their_differences(
    shared: Path, name: str, count: int, first: tuple[float, ...], last: tuple[float, ...]
) -> None:
    lines = [line.split(",") for line in real(shared, name).decode().splitlines()[1:]]
    # the file holds time, magnitude, error and band of detections; a supernova is not in the reference
    facts = {"ant_survey": 1, "ztf_isdiffpos": "t", "ztf_distnr": -999.0, "ztf_magnr": -999.0}
    alerts = [
        {"id": str(n), "properties": facts | {
            "ant_mjd": float(mjd), "ant_mag": float(mag), "ant_magerr": float(err), "ant_passband": band,
        }} for n, (mjd, mag, err, band) in enumerate(lines)
    ]  # fmt: skip
    points = Antares().parse(bundled({"a.json": json.dumps({"data": alerts}).encode()}), QUERY)
    assert len(points) == count
    assert points["limit_mag"].null_count() == count
    shown = points.select("mjd", "mag", "mag_err")
    assert shown.row(0) == pytest.approx((first[0] + HALF_EXPOSURE_D, *first[1:]), abs=1e-6)
    assert shown.row(-1) == pytest.approx((last[0] + HALF_EXPOSURE_D, *last[1:]), abs=1e-6)
    assert set(points["band"]) == {"ZTF(zg)", "ZTF(zr)"}
