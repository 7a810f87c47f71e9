"""Fermi LCR: photon fluxes that come back exactly, and fits that failed."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.bands import UJY_PER_PHOTON_CM2_S
from engine.brokers.fermi_lcr import (
    CUTS,
    INFO,
    SITE,
    FermiLcr,
    bins,
    listed_source,
    source_name,
    without_notice,
)
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient

MKN_421 = Query(target_id=7, name="Mkn 421", ra_deg=166.113808, dec_deg=38.208833)
NOTHING = b'{"flux": [], "flux_error": [], "photon_index": [], "fit_convergence": []}'


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "fermi_lcr" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    folder = answers / "fermi_lcr" / "rows"
    return bundled({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


@pytest.fixture
def index(answers: Path) -> bytes:
    return (answers / "fermi_lcr" / "index.json").read_bytes()


def with_weekly(body: bytes) -> bytes:
    return bundled({"daily.json": NOTHING, "weekly.json": body, "monthly.json": NOTHING})


def test_each_cadence_is_a_band(rows: bytes, query: Query) -> None:
    points = FermiLcr().parse(rows, query).sort("band")
    assert points.select("source_ref", "band", "exptime_s").rows() == [
        ("daily/300000000", "LAT-LCR(3-day)", 259200.0),
        ("monthly/300000000", "LAT-LCR(monthly)", 2592000.0),
        ("weekly/300000000", "LAT-LCR(weekly)", 604800.0),
    ]


def test_the_error_is_half_the_interval(rows: bytes, query: Query) -> None:
    weekly = FermiLcr().parse(rows, query).filter(pl.col("band") == "LAT-LCR(weekly)").row(0, named=True)
    assert weekly["flux_ujy"] / 662.607015 == pytest.approx(2e-7, rel=1e-14)
    assert weekly["flux_err_ujy"] / 662.607015 == pytest.approx(0.3e-7, rel=1e-12)
    assert weekly["mag"] is None
    assert weekly["limit_mag"] is None


def test_each_cut_is_documented_and_leaves_a_bin_out(rows: bytes) -> None:
    weekly = parts_of(rows, title="x")["weekly.json"]
    assert bins(weekly)["met_s"].to_list() == [300000000.0]
    for name in CUTS:
        assert any(name in sentence for sentence in INFO.method)


@given(flux=st.floats(1e-12, 1e-3))
def test_every_flux_comes_back_exactly(flux: float) -> None:
    stored = flux * UJY_PER_PHOTON_CM2_S
    assert stored / UJY_PER_PHOTON_CM2_S == pytest.approx(flux, rel=3e-16)


def test_words_before_the_json_are_not_part_of_it() -> None:
    assert without_notice(b'Notice: no cache<br>\n{"flux": []}') == b'{"flux": []}'
    with pytest.raises(Transient):
        without_notice(b"<html>down {for} maintenance</html>")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"2e-07", b'"many"'), (b"[300000000, 2e-07]", b"[300000000]"), (b"[300000000, 2e-07]", b"[3, 2e-07]"),
     (b'"photon_index"', b'"index"')],
)  # fmt: skip
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    weekly = parts_of(rows, title="x")["weekly.json"].replace(old, new)
    with pytest.raises(Rejected) as refusal:
        FermiLcr().parse(with_weekly(weekly), query)
    assert refusal.value.code == "schema-drift"


def test_a_cadence_that_is_missing_is_drift(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        FermiLcr().parse(bundled({"weekly.json": NOTHING}), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("names", "found"),
    [(("Mkn 421", "4FGL J1104.4+3812"), "4FGL J1104.4+3812"), (("4FGL_j1104.4+3812",), "4FGL J1104.4+3812"),
     (("J1104+38",), None), (("3C 273",), None)],
)  # fmt: skip
def test_names_of_the_catalogue_are_known(names: tuple[str, ...], found: str | None) -> None:
    assert source_name(names) == found


def test_the_list_is_searched_by_association_and_then_by_place(index: bytes, query: Query) -> None:
    assert listed_source(index, query) == "4FGL J1200.0-3000"  # its association is the target's name
    nameless = Query(target_id=1, name="x", ra_deg=150.012, dec_deg=30.0)  # 6 arcsec from the first one
    assert listed_source(index, nameless) == "4FGL J1000.0+3000"
    assert listed_source(index, Query(target_id=1, name="x", ra_deg=150.05, dec_deg=30.0)) is None


def test_three_cadences_are_asked_for_the_source(index: bytes, rows: bytes, query: Query) -> None:
    weekly = parts_of(rows, title="x")["weekly.json"]
    http = RecordedHttp(answers={"SourceList": index, "lightCurveData": weekly})
    parts = parts_of(FermiLcr().fetch(query, http), title="x")
    assert list(parts) == ["daily.json", "weekly.json", "monthly.json"]
    assert all("source_name=4FGL J1200.0-3000" in question for question in http.questions[1:])
    nobody = Query(target_id=1, name="x", ra_deg=10.0, dec_deg=10.0)
    assert FermiLcr().fetch(nobody, RecordedHttp(answers={"SourceList": index})) == b""
    with pytest.raises(Transient):
        FermiLcr().fetch(query, RecordedHttp(answers={SITE: b"<html>503</html>"}))


def test_the_real_light_curve_of_mkn_421_is_read_exactly(shared: Path) -> None:
    body = (shared / "archives" / "fermi_lcr" / "lcr_mkn421_weekly_free_20bins.json").read_bytes()
    points = FermiLcr().parse(with_weekly(body), MKN_421)
    # 20 bins: 4 have limits; of 16 fluxes one is a failed fit (0.728 photons, no interval, index 5)
    assert len(points) == 15
    assert set(points["band"]) == {"LAT-LCR(weekly)"}
    first, last = points.row(0, named=True), points.row(-1, named=True)
    # 300369601 s is 3476.500011574074 d; + 51910 + 64.184 s in TT; - 66.184 s to UTC in July 2010
    assert first["mjd"] == pytest.approx(55386.499988425925, abs=1e-9)
    assert last["mjd"] == pytest.approx(55484.499988425925, abs=1e-9)
    assert first["flux_ujy"] / 662.607015 == pytest.approx(1.81e-7, rel=1e-14)
    assert first["flux_err_ujy"] / 662.607015 == pytest.approx(0.30e-7, rel=1e-12)
    assert last["flux_ujy"] / 662.607015 == pytest.approx(2.33e-7, rel=1e-14)
    assert last["flux_err_ujy"] / 662.607015 == pytest.approx(0.34e-7, rel=1e-12)
