"""OGLE EWS: events by name and by the seasons' lists, heliocentric times, real light curves."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.ogle_ews import INFO, SITE, OgleEws
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.times import julian_year, mjd_now

HEAD = "Event Field StarNo RA(J2000) Dec(J2000) Tmax(HJD) Tmax(UT) tau umin Amax Dmag fbl I_bl I0\n"


def season(*events: tuple[str, str, str]) -> bytes:
    rows = [f"{name}  BLG501.01  1001  {ra} {dec} 2459000.500 2020-05-31.00 10.0 0.1 10.0 2.5 1.0 18.0 18.0\n"
            for name, ra, dec in events]  # fmt: skip
    return (HEAD + "".join(rows)).encode()


FAR = season(("2019-BLG-0001", "17:00:00.00", "-20:00:00.0"))


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "ogle_ews" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "ogle_ews" / "rows.dat").read_bytes()


def geocentric_mjd(hjd: float, query: Query) -> float:
    """Return the time at the geocentre, found by trying times: slow, and without the code under test."""
    place = SkyCoord(query.ra_deg, query.dec_deg, unit="deg")
    centre = EarthLocation.from_geocentric(0, 0, 0, unit="m")
    tried = hjd - 2400000.5 + np.linspace(-520.0, 520.0, 10401) / 86400.0
    times = Time(tried, format="mjd", scale="utc", location=centre)
    found = tried + times.light_travel_time(place, kind="heliocentric").jd
    return float(tried[np.argmin(np.abs(found - (hjd - 2400000.5)))])


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = OgleEws().parse(rows, query)
    assert points["source_ref"].to_list() == ["2459000.50000", "2459001.50000", "2459002.50000"]
    assert points["mag"].to_list() == [18.0, 17.5, None]
    assert points["mag_err"].to_list() == [0.05, 0.03, None]
    # error 0.5 is 0.4605 of the flux: five of them are 2.3026 fluxes, 0.9055 mag brighter
    assert points["limit_mag"].to_list() == [None, None, pytest.approx(19.994461, abs=1e-6)]
    assert points["mjd"][0] == pytest.approx(geocentric_mjd(2459000.5, query), abs=0.1 / 86400.0)


@settings(deadline=None, max_examples=30)
@given(mag=st.floats(10.0, 22.0), mag_err=st.floats(0.001, 1.0))
def test_three_sigma_divide_magnitudes_from_limits(mag: float, mag_err: float) -> None:
    query = Query(target_id=1, name="x", ra_deg=270.0, dec_deg=-30.0)
    (point,) = OgleEws().parse(f"2459000.5 {mag:.6f} {mag_err:.6f} 5 800\n".encode(), query).rows(named=True)
    flux = 10 ** (-0.4 * round(mag, 6))
    flux_err = flux * round(mag_err, 6) * np.log(10) / 2.5
    assert (point["mag"] is not None) == (flux >= 3 * flux_err)
    if point["mag"] is None:
        assert 10 ** (-0.4 * point["limit_mag"]) == pytest.approx(5 * flux_err)


@pytest.mark.parametrize(
    "body",
    [
        "2459000.5 faint 0.1\n", "9e9 18.0 0.1\n", "nan 18.0 0.1\n", "18.0 0.1\n",
        "2459000.5 18.0 0.1\n2459000.6 18.0\n", "2459000.5 18.0 0.1",
    ],
)  # fmt: skip
def test_words_impossible_times_and_cut_off_rows_are_drift(body: str, query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        OgleEws().parse(body.encode(), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("name", "path"),
    [("OGLE-2023-BLG-0348", "ogle4/ews/2023/blg-0348"), ("ogle-2019-gd-12", "ogle4/ews/2019/gd-0012"),
     ("OGLE-2003-BLG-235", "ogle3/ews/2003/blg-235")],
)  # fmt: skip
def test_an_event_is_asked_by_its_name(rows: bytes, query: Query, name: str, path: str) -> None:
    http = RecordedHttp(answers={"phot.dat": rows})
    assert OgleEws().fetch(replace(query, names=("Gaia23abc", name)), http) == rows
    assert http.questions == [f"{SITE}/{path}/phot.dat"]


def test_an_event_is_found_by_its_position_in_the_lists_nearest_first(rows: bytes, query: Query) -> None:
    near = season(
        ("2017-BLG-0001", "18:00:00.15", "-30:00:00.0"), ("2017-BLG-0002", "18:00:00.01", "-30:00:00.5"),
        ("2017-BLG-0003", "06:00:00.00", "+30:00:00.0"),
    )  # fmt: skip
    http = RecordedHttp(answers={"2017/lenses.par": near, "lenses.par": FAR, "blg-0002/phot.dat": rows})
    assert OgleEws().fetch(query, http) == rows
    assert http.questions[0] == f"{SITE}/ogle4/ews/{int(julian_year(mjd_now()))}/lenses.par"  # latest first


def test_a_declination_of_minus_zero_degrees_is_south(rows: bytes, query: Query) -> None:
    south = season(("2017-BLG-0001", "18:00:00.00", "-00:12:00.0"))
    http = RecordedHttp(answers={"2017/lenses.par": south, "lenses.par": FAR, "phot.dat": rows})
    assert OgleEws().fetch(replace(query, dec_deg=-0.2), http) == rows
    assert OgleEws().fetch(replace(query, dec_deg=0.2), http) == b""


def test_a_place_without_events_is_empty_after_all_lists(query: Query) -> None:
    http = RecordedHttp(answers={year: Rejected("none", code="not-found") for year in ("2020/", "2021/")}
                        | {"lenses.par": FAR})  # fmt: skip
    assert OgleEws().fetch(query, http) == b""
    assert set(INFO.index_urls) <= set(http.questions)


def test_a_season_that_is_missing_is_no_empty_sky(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        OgleEws().fetch(query, RecordedHttp(answers={"2026": FAR}))
    assert refusal.value.code == "not-found"


def test_pages_are_for_later_and_other_lists_are_drift(query: Query) -> None:
    with pytest.raises(Transient):
        OgleEws().fetch(query, RecordedHttp(answers={"lenses.par": b"<html></html>"}))
    for body in (HEAD.encode() + b"something else\n", season(("2019-BLG-0001", "17h", "-20d"))):
        with pytest.raises(Rejected) as refusal:
            OgleEws().fetch(query, RecordedHttp(answers={"lenses.par": body}))
        assert refusal.value.code == "schema-drift"


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / name).read_bytes()


def test_a_real_light_curve_is_read_exactly(shared: Path) -> None:
    points = OgleEws().parse(
        real(shared, "ogle_ews/OGLE-2023-BLG-0348_phot.dat"),
        query := Query(target_id=6, name="OGLE-2023-BLG-0348", ra_deg=270.77, dec_deg=-29.74),
    )
    assert len(points) == points["mag"].count() == 2995  # the largest error is 0.085: no limit, no cut
    assert points.select("source_ref", "mag", "mag_err").row(0) == ("2457790.87823", 18.48, 0.045)
    assert points.select("source_ref", "mag", "mag_err").row(-1) == ("2460180.67737", 18.429, 0.048)
    assert points["mjd"][0] == pytest.approx(geocentric_mjd(2457790.87823, query), abs=0.1 / 86400.0)
    assert points["mjd"][-1] == pytest.approx(geocentric_mjd(2460180.67737, query), abs=0.1 / 86400.0)


def test_real_short_dates_are_made_whole(shared: Path) -> None:
    query = Query(target_id=6, name="OGLE-2008-BLG-092", ra_deg=271.87, dec_deg=-34.73)
    points = OgleEws().parse(real(shared, "ogle_ews/ob08092_O4_3col_HJD-2450000.dat"), query)
    assert len(points) == 383
    assert points.select("source_ref", "mag", "mag_err").row(0) == ("5264.84100", 13.939, 0.0068)
    assert points.select("source_ref", "mag", "mag_err").row(-1) == ("5861.52181", 13.913, 0.0068)
    assert points["mjd"][0] == pytest.approx(geocentric_mjd(2455264.841, query), abs=0.1 / 86400.0)


def test_a_real_table_of_the_exoplanet_archive_has_the_same_magnitudes(shared: Path) -> None:
    text = real(shared, "moa/OB03235_OB03235_OGLE.tbl.txt").decode()
    body = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("  2"))
    query = Query(target_id=6, name="OGLE-2003-BLG-235", ra_deg=270.318125, dec_deg=-28.895)
    points = OgleEws().parse(body.encode(), query)
    assert len(points) == points["mag"].count() == 285
    assert (points["mag"].min(), points["mag"].max()) == (17.388, 19.577)  # as its header says
    assert points["source_ref"][0] == "2452125.68449"
