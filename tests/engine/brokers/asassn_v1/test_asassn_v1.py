"""ASAS-SN v1: files of its web form in both layouts, heliocentric times, rows that were not measured."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.asassn_v1 import SITE, AsassnV1
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.times import mjd_of

JOB = "03ce0bc8-42ef-48f4-a463-ce657f0bf77a"
OTHER_JOB = "b4508c12-b04a-467c-9e20-6881885cf0fb"
J060000 = Query(target_id=5, name="ASASSN-J060000", ra_deg=90.0, dec_deg=-31.0077778)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "asassn_v1" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "asassn_v1" / "rows.csv").read_bytes()


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "asassn" / name).read_bytes()


def ut_mjd(text: str) -> float:
    """Return a day such as 2019-11-30.3189394 as MJD."""
    day, _, part = text.partition(".")
    return mjd_of(datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=float(f"0.{part}")))


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = AsassnV1().parse(rows, query)
    assert points["band"].to_list() == ["ASASSN(g)", "ASASSN(V)", *["ASASSN(g)"] * 5]
    assert points["mag"].to_list() == [13.9, 13.96, pytest.approx(17.3948500), None, None, 8.9, None]
    assert points["limit_mag"].to_list() == [None, None, None, *[pytest.approx(17.1525750)] * 2, None, 16.8]
    assert points["source_ref"][0] == "2460000.60000/bE/g"


def test_a_file_without_fluxes_gives_the_archives_own_limits(query: Query) -> None:
    body = b"HJD,Limit,mag,mag_err,Filter\n2460000.6,17.0,13.9,0.01,g\n2460001.6,17.2,>17.1,99.99,g\n"
    points = AsassnV1().parse(body, query)
    assert points["mag"].to_list() == [13.9, None]
    assert points["limit_mag"].to_list() == [None, 17.1]


@pytest.mark.parametrize(("old", "new"), [("13.900", "bright"), ("2460000.60000", "60000.1"), (",V", ",i")])
def test_words_impossible_times_and_other_filters_are_drift(
    rows: bytes, query: Query, old: str, new: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        AsassnV1().parse(rows.decode().replace(old, new, 1).encode(), query)
    assert refusal.value.code == "schema-drift"


def test_only_an_address_of_a_job_is_asked(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={JOB: rows})
    assert AsassnV1().fetch(query, http) == b""
    assert AsassnV1().fetch(replace(query, names=(f"https://elsewhere.example/{JOB}",)), http) == b""
    assert http.questions == []
    for address in (f"{SITE}{JOB}", f"{SITE}{JOB}/export.csv"):
        assert AsassnV1().fetch(replace(query, names=("a name", address)), http) == rows
    assert set(http.questions) == {f"{SITE}{JOB}/export.csv"}


def test_a_page_in_place_of_the_file_is_for_later(query: Query) -> None:
    http = RecordedHttp(answers={JOB: b"<!DOCTYPE html><html></html>"})
    with pytest.raises(Transient):
        AsassnV1().fetch(replace(query, ticket=f"{SITE}{JOB}"), http)


@pytest.mark.parametrize(
    ("job", "count", "limits", "first", "last"),
    [
        (
            JOB, 85, [],
            (14.418, 0.024, 6204.0, "2019-11-30.3189394"), (14.687, 0.042, 4843.0, "2019-12-19.3739730"),
        ),
        (
            OTHER_JOB, 253, [14.29738383647674, 13.631975075880327, 13.607650883623108],
            (14.229, 0.022, 7387.0, "2019-09-04.0932917"), (15.082, 0.070, 3367.0, "2019-12-11.1584142"),
        ),
    ],
)  # fmt: skip
def test_real_files_give_their_light_curves(
    shared: Path, job: str, count: int, limits: list[float], first: tuple[float, float, float, str],
    last: tuple[float, float, float, str],
) -> None:  # fmt: skip
    # 86 and 263 rows, of which 1 and 10 are 99.990 throughout; 1 and 9 of the others have a text as magnitude
    points = AsassnV1().parse(real(shared, f"v1_light_curve_{job}.csv"), J060000)
    assert len(points) == count
    assert points["limit_mag"].drop_nulls().to_list() == pytest.approx(limits)
    for place, (mag, mag_err, flux_ujy, ut_date) in ((0, first), (-1, last)):
        row = points.row(place, named=True)
        assert (row["mag"], row["mag_err"], row["flux_ujy"]) == (mag, mag_err, pytest.approx(flux_ujy))
        assert row["mjd"] == pytest.approx(ut_mjd(ut_date), abs=1.0 / 86400.0)


def test_a_row_whose_magnitude_is_a_text_is_read_from_its_flux(shared: Path) -> None:
    points = AsassnV1().parse(real(shared, f"v1_light_curve_{JOB}.csv"), J060000)
    (row,) = (row for row in points.rows(named=True) if row["source_ref"] == "2458821.65266/bE/g")
    assert row["mag"] == pytest.approx(14.534387820699504)  # 5.575 mJy, 4.9 sigma; the archive writes >14.513
    assert row["mag_err"] == pytest.approx(0.22221076308520177)


def test_a_real_file_in_the_other_layout_is_read(shared: Path) -> None:
    points = AsassnV1().parse(real(shared, "v1_reformatted_wd_lc.csv"), J060000)
    assert len(points) == points["mag"].count() == 577
    assert points.select("mag", "mag_err").row(0) == (14.217, 0.016)
    assert points.select("mag", "mag_err").row(-1) == (14.452, 0.029)
    assert points["mjd"][0] == pytest.approx(ut_mjd("2017-09-24.3987082"), abs=60.0 / 86400.0)
    assert points["flux_ujy"].null_count() == 577
