"""What alert brokers share: laws of total and difference, the choice between them, the nearest object."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.brokers.alerce import INFO
from engine.brokers.alerts import (
    DETECTION,
    FORCED,
    LIMIT,
    Kind,
    light_curve_of,
    nearest,
    ztf_measured,
    ztf_reference_ujy,
)
from engine.brokers.lsst_rows import lsst_measured
from engine.brokers.protocol import Query
from engine.errors import Rejected

QUERY = Query(target_id=1, name="x", ra_deg=10.0, dec_deg=-20.0)
ALERT = {
    "source_ref": "1", "start_mjd": 59000.0, "exptime_s": None, "fid": 1.0, "magpsf": 18.0, "sigmapsf": 0.1,
    "isdiffpos": "t", "reference_ujy": None, "diffmaglim": None, "rank": DETECTION, "flags": 0,
}  # fmt: skip
SOURCE = {
    "source_ref": "1", "midpointMjdTai": 61000.0, "letter": "r", "psfFlux": 2000.0, "psfFluxErr": 100.0,
    "scienceFlux": 5000.0, "scienceFluxErr": 120.0, "rank": DETECTION, "flags": 0,
}  # fmt: skip
_TYPES = dict.fromkeys(
    ("reference_ujy", "diffmaglim", "exptime_s", "scienceFlux", "scienceFluxErr"), pl.Float64()
)


def table(*rows: dict[str, object]) -> pl.DataFrame:
    overrides = {name: dtype for name, dtype in _TYPES.items() if name in rows[0]}
    return pl.DataFrame(list(rows), schema_overrides=overrides, infer_schema_length=None)


def shown(rows: pl.DataFrame, prefer: Kind = Kind.TOTAL) -> pl.DataFrame:
    return light_curve_of(rows, QUERY, INFO, prefer=prefer, facility="x")


def ztf(*rows: dict[str, object]) -> pl.DataFrame:
    return shown(ztf_measured(table(*rows), title="x"))


def lsst(*rows: dict[str, object]) -> pl.DataFrame:
    return shown(lsst_measured(table(*rows), title="x"))


@settings(deadline=None, max_examples=60)
@given(reference=st.floats(13.0, 22.0), magpsf=st.floats(13.0, 21.0), sign=st.sampled_from(["t", "f"]))
def test_total_flux_is_reference_and_difference(reference: float, magpsf: float, sign: str) -> None:
    reference_ujy, size_ujy = (10.0 ** (0.4 * (23.9 - mag)) for mag in (reference, magpsf))
    points = ztf(ALERT | {"magpsf": magpsf, "isdiffpos": sign, "reference_ujy": reference_ujy})
    total_ujy = reference_ujy + (size_ujy if sign == "t" else -size_ujy)
    assert points["flux_ujy"][0] == pytest.approx(total_ujy, rel=1e-9, abs=1e-9 * size_ujy)
    assert points["flux_err_ujy"][0] == pytest.approx(size_ujy * 0.1 / 1.0857362, rel=1e-6)
    if points["mag"][0] is None:
        assert total_ujy < 3.0 * points["flux_err_ujy"][0]
    else:
        assert points["mag"][0] == pytest.approx(23.9 - 2.5 * math.log10(total_ujy), abs=1e-9)


@given(magpsf=st.floats(13.0, 21.0), sigma=st.floats(0.001, 0.36))
@settings(deadline=None, max_examples=60)
def test_a_difference_keeps_its_magnitude_and_error(magpsf: float, sigma: float) -> None:
    points = ztf(ALERT | {"magpsf": magpsf, "sigmapsf": sigma})
    assert points.select("mag", "mag_err").row(0) == pytest.approx((magpsf, sigma), rel=1e-9)
    assert points["calib_version"][0] == "alerce-difference-1"


@pytest.mark.parametrize(
    ("distnr", "magnr"), [(1.5, 18.0), (-999.0, 18.0), (0.1, -999.0), (None, 18.0), (0.1, None)]
)
def test_a_reference_that_is_not_the_target_is_not_added(distnr: float | None, magnr: float | None) -> None:
    rows = pl.DataFrame(
        {"distnr": [distnr], "magnr": [magnr]}, schema={"distnr": pl.Float64(), "magnr": pl.Float64()}
    )
    assert rows.select(ztf_reference_ujy()).item() is None


def test_the_reference_is_the_target_within_1_4_arcsec() -> None:
    rows = pl.DataFrame({"distnr": [1.4], "magnr": [18.9]})
    assert rows.select(ztf_reference_ujy()).item() == pytest.approx(100.0)


def test_the_kind_is_that_of_most_alerts_of_the_band() -> None:
    alerts = [ALERT | {"source_ref": str(n), "start_mjd": 59000.0 + n} for n in range(3)]
    known = {"reference_ujy": 100.0}
    most = ztf(alerts[0] | known, alerts[1] | known, alerts[2])
    assert most["source_ref"].to_list() == ["0", "1"]
    assert set(most["calib_version"]) == {"alerce-total-1"}
    few = ztf(alerts[0] | known, alerts[1], alerts[2])
    assert len(few) == 3
    assert set(few["calib_version"]) == {"alerce-difference-1"}


def test_a_band_without_detections_is_as_the_others() -> None:
    limit = ALERT | {"source_ref": "l", "fid": 3.0, "magpsf": None, "diffmaglim": 20.0, "rank": LIMIT}
    assert ztf(ALERT, limit)["limit_mag"].to_list() == [None, 20.0]
    assert ztf(ALERT | {"reference_ujy": 100.0}, limit)["band"].to_list() == ["ZTF(zg)"]
    assert ztf(limit)["calib_version"].to_list() == ["alerce-difference-1"]


def test_the_length_of_the_exposure_sets_its_middle() -> None:
    assert ztf(ALERT | {"exptime_s": 864.0})["mjd"][0] == pytest.approx(59000.005, abs=1e-9)


@pytest.mark.parametrize(
    "broken", [{"magpsf": 100.0}, {"sigmapsf": 100.0}, {"sigmapsf": 0.0}, {"magpsf": -999.0}]
)
def test_sentinels_never_become_points(broken: dict[str, object]) -> None:
    assert ztf(ALERT | broken).is_empty()


def test_lsst_times_are_utc_and_fluxes_in_ujy() -> None:
    point = lsst(SOURCE).row(0, named=True)
    assert point["mjd"] == pytest.approx(61000.0 - 37.0 / 86400.0, abs=1e-9)
    assert (point["flux_ujy"], point["flux_err_ujy"]) == pytest.approx((5.0, 0.12))
    assert point["mag"] == pytest.approx(31.4 - 2.5 * math.log10(5000.0))
    assert (point["band"], point["calib_version"]) == ("LSST(r)", "alerce-total-1")


def test_lsst_without_total_flux_is_the_difference() -> None:
    point = lsst(SOURCE | {"scienceFlux": None, "scienceFluxErr": None, "psfFlux": -2000.0}).row(
        0, named=True
    )
    assert (point["flux_ujy"], point["mag"], point["calib_version"]) == (-2.0, None, "alerce-difference-1")
    assert point["limit_mag"] == pytest.approx(31.4 - 2.5 * math.log10(500.0))


def test_of_two_measurements_of_one_exposure_the_alert_is_kept() -> None:
    forced = SOURCE | {"source_ref": "f", "rank": FORCED, "midpointMjdTai": 61000.0000001}
    assert lsst(forced, SOURCE)["source_ref"].to_list() == ["1"]
    assert len(lsst(forced | {"letter": "i"}, SOURCE)) == 2


@pytest.mark.parametrize("broken", [{"letter": "w"}, {"midpointMjdTai": None}, {"midpointMjdTai": 2461000.5}])
def test_an_impossible_row_of_lsst_is_drift(broken: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        lsst_measured(table(SOURCE | broken, SOURCE), title="x")
    assert refusal.value.code == "schema-drift"


def test_the_nearest_object_is_within_the_radius_also_at_the_pole() -> None:
    names = ("id", "ra", "dec")
    found = [{"id": 1, "ra": 0.0, "dec": 89.999}, {"id": 2, "ra": 180.0, "dec": 89.9999}]
    assert nearest(found, names, (0.0, 89.9999), INFO) == "2"
    assert nearest(found, names, (90.0, 89.99), INFO) is None
    assert nearest([], names, (90.0, 89.99), INFO) is None
