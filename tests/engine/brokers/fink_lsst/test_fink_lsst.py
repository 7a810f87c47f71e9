"""Fink's LSST: alerts before forced rows, total fluxes, withdrawn rows, the search."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.fink_lsst import SERVICE_URL, FinkLsst
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=24, name="Invented star", ra_deg=60.0, dec_deg=-10.0)
LEAP_D = 37.0 / 86400.0
NO_TOTAL = {"r:scienceFlux": None, "r:scienceFluxErr": None}


@pytest.fixture
def parts(answers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((answers / "fink_lsst" / "rows").iterdir())}


def found(*objects: tuple[int, float, float]) -> bytes:
    return json.dumps([{"r:diaObjectId": o, "r:ra": ra, "r:dec": dec} for o, ra, dec in objects]).encode()


def test_alerts_come_before_forced_rows_of_their_exposure(parts: dict[str, bytes]) -> None:
    points = FinkLsst().parse(bundled(parts), QUERY)
    assert points.select("source_ref", "band").rows() == [
        ("180000000000000002", "LSST(u)"),
        ("180000000000000001", "LSST(r)"),
        ("forced/190000000000000002", "LSST(r)"),  # the third forced row was withdrawn
    ]
    assert points["flux_ujy"].to_list() == pytest.approx([1.0, 6.0, 0.1])
    # 31.4 - 2.5 lg 1000, 31.4 - 2.5 lg 6000; a total at 1 sigma: 31.4 - 2.5 lg 500
    assert points["mag"].to_list() == pytest.approx([23.9, 21.954622, None], abs=1e-6)
    assert points["limit_mag"].to_list() == pytest.approx([None, None, 24.652575], abs=1e-6)
    assert points["mjd"][0] == pytest.approx(61000.0 - LEAP_D, abs=1e-9)
    assert points["flags"].to_list() == [int(Flag.POOR_QUALITY_AT_SOURCE), 0, 0]
    assert set(points["calib_version"]) == {"fink_lsst-total-1"}


@pytest.mark.parametrize("column", ["diaSourceId", "scienceFlux", "midpointMjdTai", "band", "psfFluxErr"])
def test_a_missing_column_is_drift(parts: dict[str, bytes], column: str) -> None:
    changed = parts["sources.json"].replace(f'"r:{column}"'.encode(), b'"r:other"', 1)
    with pytest.raises(Rejected) as refusal:
        FinkLsst().parse(bundled(parts | {"sources.json": changed}), QUERY)
    assert refusal.value.code == "schema-drift"


def test_a_missing_part_is_drift(parts: dict[str, bytes]) -> None:
    del parts["fp.json"]
    with pytest.raises(Rejected):
        FinkLsst().parse(bundled(parts), QUERY)


def test_the_nearest_object_of_the_cone_is_asked_for(parts: dict[str, bytes]) -> None:
    cone = found((170000000000000008, 60.0, -10.0003), (170000000000000009, 60.0, -10.0001))
    http = RecordedHttp(
        answers={
            f"{SERVICE_URL}/conesearch": cone, f"{SERVICE_URL}/fp": parts["fp.json"],
            f"{SERVICE_URL}/sources": parts["sources.json"],
        }
    )  # fmt: skip
    assert parts_of(FinkLsst().fetch(QUERY, http), title="x") == parts
    assert '"ra": "60.0000000", "dec": "-10.0000000", "radius": "1.5"' in http.questions[0]
    for question, identifier in zip(http.questions[1:], ("diaForcedSourceId", "diaSourceId"), strict=True):
        assert '"diaObjectId": "170000000000000009"' in question
        assert f"r:{identifier},r:midpointMjdTai,r:band" in question
        assert "r:scienceFlux,r:scienceFluxErr" in question


@pytest.mark.parametrize("nothing", [found(), found((1, 60.0, -10.001))])
def test_a_target_without_alerts_gives_nothing(nothing: bytes) -> None:
    assert FinkLsst().fetch(QUERY, RecordedHttp(answers={"/conesearch": nothing})) == b""


@pytest.mark.parametrize("ill", [b"<html>502</html>", b"[{", Transient("down", code="archive-down")])
def test_an_outage_is_not_an_empty_sky(ill: bytes | Exception) -> None:
    whole = {"/conesearch": found((1, 60.0, -10.0)), "/fp": b"[]", "/sources": b"[]"}
    for route in whole:
        with pytest.raises(Transient):
            FinkLsst().fetch(QUERY, RecordedHttp(answers=whole | {route: ill}))


def real(shared: Path, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((shared / "archives" / "fink" / name).read_bytes())
    return rows


def test_real_alerts_asked_without_total_flux_are_differences(shared: Path) -> None:
    rows = [row | NO_TOTAL for row in real(shared, "fink_lsst_sources.json")]
    points = FinkLsst().parse(bundled({"fp.json": b"[]", "sources.json": json.dumps(rows).encode()}), QUERY)
    assert len(points) == 8
    assert set(points["calib_version"]) == {"fink_lsst-difference-1"}
    assert points["band"].to_list() == ["LSST(u)"] * 6 + ["LSST(g)", "LSST(z)"]
    shown = points.select("mjd", "mag", "mag_err")
    assert shown.row(0) == pytest.approx((61204.9759535545 - LEAP_D, 22.0115053, 0.1075667), abs=1e-7)
    assert shown.row(-1) == pytest.approx((61205.9889914105 - LEAP_D, 21.1432209, 0.1697935), abs=1e-7)
    assert points["source_ref"][-1] == "170538717066297369"
    assert points["limit_mag"].null_count() == 8


def test_a_real_negative_difference_is_a_star_in_total_flux(shared: Path) -> None:
    rows = real(shared, "fink_lsst_fp_row_negative_flux.json")
    points = FinkLsst().parse(bundled({"fp.json": json.dumps(rows).encode(), "sources.json": b"[]"}), QUERY)
    assert points["source_ref"].to_list() == ["forced/170538716508455749"]
    shown = points.select("mjd", "flux_ujy", "flux_err_ujy", "mag", "mag_err").row(0)
    expected = (61205.9837394019 - LEAP_D, 46.04109, 1.7914626, 19.7421360, 0.0422461)
    assert shown == pytest.approx(expected, abs=1e-7)
    assert points.filter(pl.col("limit_mag").is_not_null()).is_empty()
