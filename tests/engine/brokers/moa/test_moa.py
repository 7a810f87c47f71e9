"""MOA: the equation of the page, difference fluxes, events by name and list, real photometry in its form."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.moa import ARCHIVE, SITE, Moa, calibration_of, exposures
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag
from engine.times import julian_year, mjd_now

PAGE = b"<p>I = 27.0000 - 2.5 log<sub>10</sub>(&Delta; Flux + %s)</p>"
NAMED = Query(target_id=9, name="MOA-2019-BLG-397", ra_deg=272.724625, dec_deg=-25.746111)
FAR = b"""<table><tr><th>Name</th></tr>
<tr><td>2025-BLG-001</td><td>17:00:00.00</td><td>-20:00:00.0</td></tr></table>"""


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "moa" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    folder = answers / "moa" / "rows"
    return bundled({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def answer(rows: list[tuple[str, float, float]], reference: bytes = b"0.0000") -> bytes:
    lines = [
        f"{day} {flux!r} {err!r} B{i}-gb5-R-1 4.0 3000.0 1.0 60.00\n"
        for i, (day, flux, err) in enumerate(rows)
    ]
    return bundled({"page.html": PAGE % reference, "phot.txt": "".join(["# RUN B1\n", *lines]).encode()})


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = Moa().parse(rows, query)
    assert points["source_ref"].to_list() == ["B1-gb5-R-1", "B2-gb5-R-1"]
    assert points["mag"].to_list() == [17.0, None]  # 10000 units
    assert points["mag_err"][0] == pytest.approx(0.0108573620)
    assert points["limit_mag"][1] == pytest.approx(20.2525750, abs=1e-6)  # 500 units
    assert points["mjd"].to_list() == [59000.0, 59001.0]
    assert set(points["band"]) == {"MOA(Red)"}
    assert set(points["calib_version"]) == {"moa-calibrated-1"}
    assert set(points["flags"]) == {0}


def test_magnitudes_of_the_difference_flux_alone_say_so(query: Query) -> None:
    points = Moa().parse(answer([("2459000.5", 10000.0, 100.0)]), query)
    assert set(points["calib_version"]) == {"moa-difference-1"}
    assert points["flags"].to_list() == [int(Flag.DIFFERENCE)]


@given(flux=st.floats(-1e5, 1e5), err=st.floats(0.1, 1e4), reference=st.sampled_from([0.0, 1000.0]))
def test_a_flux_is_a_magnitude_from_three_sigma_on_else_a_limit(
    flux: float, err: float, reference: float
) -> None:
    body = answer([("2459000.5", flux, err)], f"{reference:.4f}".encode())
    (point,) = Moa().parse(body, Query(target_id=1, name="x", ra_deg=270.0, dec_deg=-30.0)).rows(named=True)
    if flux + reference >= 3 * err:
        assert 10 ** ((27.0 - point["mag"]) / 2.5) == pytest.approx(flux + reference)
    else:
        assert 10 ** ((27.0 - point["limit_mag"]) / 2.5) == pytest.approx(5 * err)


def test_blue_frames_have_their_own_band() -> None:
    assert calibration_of(b"V = 26.5 - 2.5 log10(Flux + 12.5)").band == "MOA(Blue)"


@pytest.mark.parametrize(
    "phot",
    [b"2459000.5 1.0 0.1\n", b"2459000.5 bright 0.1 B1\n", b"59000.5 1.0 0.1 B1\n", b"2459000.5 1.0 0.1 B1",
     b"2459000.5 1.0 0.1 B1\n2459000.6 1.0 0.1\n"],
)  # fmt: skip
def test_broken_photometry_is_drift(query: Query, phot: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Moa().parse(bundled({"page.html": PAGE % b"0.0", "phot.txt": phot}), query)
    assert refusal.value.code == "schema-drift"


def test_another_bundle_is_drift(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        Moa().parse(bundled({"page.html": PAGE % b"0.0"}), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("packed", [True, False], ids=["gzipped", "opened by the connection"])
def test_an_event_is_asked_by_its_name(packed: bool) -> None:
    phot = b"2459000.5 1.0 0.1 B1\n"
    http = RecordedHttp(
        answers={"phot/2019-BLG-397": gzip.compress(phot) if packed else phot, "2019-BLG-397": PAGE % b"0.0"}
    )
    body = Moa().fetch(NAMED, http)
    assert parts_of(body, title="") == {"page.html": PAGE % b"0.0", "phot.txt": phot}
    assert http.questions == [f"{ARCHIVE}2019-BLG-397", f"{ARCHIVE}phot/2019-BLG-397"]


def test_an_event_with_four_digits_is_found_as_well() -> None:
    answers = {"phot/2019-BLG-0397": b"2459000.5 1.0 0.1 B1\n", "event/2019-BLG-0397": PAGE % b"0.0"}
    assert Moa().fetch(NAMED, RecordedHttp(answers=answers))


def test_a_recent_event_is_found_by_its_position_nearest_first(query: Query) -> None:
    table = (
        "<table><tr><th>Name</th><th>RA</th></tr>"
        "<tr><td><a href='x'>2025-BLG-0007</a></td><td>18:00:00.10</td><td>-30:00:00.0</td></tr>"
        "<tr><td><a href='x'>2025-BLG-0008</a></td><td>18:00:00.01</td><td>-30:00:00.0</td></tr></table>"
    )
    http = RecordedHttp(
        answers={
            "moa/2025": table.encode(),
            "index/moa": FAR,
            "phot/2025-BLG-0008": b"2459000.5 1.0 0.1 B1\n",
            "event/2025-BLG-0008": PAGE % b"0.0",
        }
    )
    assert Moa().fetch(query, http)
    assert http.questions[0] == f"{SITE}alerts/index/moa/{int(julian_year(mjd_now()))}"


def test_a_place_without_events_is_empty(query: Query) -> None:
    assert Moa().fetch(query, RecordedHttp(answers={"index/moa": FAR})) == b""


def test_a_missing_list_of_a_past_season_is_no_empty_sky(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        Moa().fetch(query, RecordedHttp(answers={}))
    assert refusal.value.code == "schema-drift"


def test_a_page_in_place_of_a_list_is_no_empty_sky(query: Query) -> None:
    for page in (b"<html><body>Service Unavailable</body></html>", FAR[:-20]):
        with pytest.raises(Transient) as failure:
            Moa().fetch(query, RecordedHttp(answers={"index/moa": page}))
        assert failure.value.code == "answer-is-a-page"


def test_pages_in_place_of_photometry_are_for_later() -> None:
    for phot in (b"<html>ill</html>", b""):
        http = RecordedHttp(answers={"phot/": phot, "2019-BLG-397": PAGE % b"0.0"})
        with pytest.raises(Transient):
            Moa().fetch(NAMED, http)


def test_damaged_photometry_is_drift() -> None:
    http = RecordedHttp(answers={"phot/": gzip.compress(b"x" * 5000)[:30], "2019-BLG-397": PAGE % b"0.0"})
    with pytest.raises(Rejected) as refusal:
        Moa().fetch(NAMED, http)
    assert refusal.value.code == "schema-drift"


def real(shared: Path, name: str) -> str:
    return (shared / "archives" / "moa" / name).read_text()


def test_the_known_page_and_rows_are_read(shared: Path) -> None:
    text = real(shared, "moaarchive_event_page_and_phot_rows.txt")
    rows, page = text.split("# --- HTML fragment")
    points = Moa().parse(bundled({"page.html": page.encode(), "phot.txt": rows.encode()}), NAMED)
    # two rows: one below 3 sigma, and a placeholder with a date of zero
    assert points.select("source_ref", "mjd").rows() == [("B300-gb5-R-1", pytest.approx(53658.35453))]
    assert points["limit_mag"][0] == pytest.approx(18.1985016, abs=1e-6)  # 27.6026 - 2.5 log10(5776.162)
    assert set(points["calib_version"]) == {"moa-difference-1"}
    assert len(exposures(rows.encode())) == 1


def table(shared: Path, name: str) -> list[list[str]]:
    return [line.split() for line in real(shared, name).splitlines() if line.lstrip().startswith("2")]


def test_real_fluxes_of_the_exoplanet_archive_in_the_archives_form(shared: Path) -> None:
    rows = [(day, float(flux), float(err)) for day, flux, err in table(shared, "OB03235_OB03235_MOA.tbl.txt")]
    points = Moa().parse(answer(rows), NAMED)
    assert len(points) == 1250
    assert (points["mag"].count(), points["limit_mag"].count()) == (220, 1030)
    assert points["mjd"][0] == pytest.approx(51646.638264)
    assert points["limit_mag"][0] == pytest.approx(19.114206398)
    assert points["mjd"][-1] == pytest.approx(53151.709505)
    assert points["mag"].drop_nulls()[0] == pytest.approx(19.729994497)


@pytest.mark.parametrize(
    ("name", "count", "seen", "first", "last"),
    [
        ("MB08310_MOA_0300089_PLC_007.tbl", 2862, 2314, (53659.3457, None), (54761.3965, None)),
        ("pyLIMA_MOA_OB150966_head2000.dat", 2000, 1920, (56500.2804, 18.8067), (56811.4153, 19.0020)),
    ],
)
def test_real_magnitudes_return_from_their_fluxes(
    shared: Path, name: str, count: int, seen: int, first: tuple[float, float | None],
    last: tuple[float, float | None],
) -> None:  # fmt: skip
    rows = []
    for day, mag, mag_err in table(shared, name):
        flux = 10 ** ((27.0 - float(mag)) / 2.5)
        rows.append((day, flux - 1000.0, flux * float(mag_err) / 1.0857362047581296))
    points = Moa().parse(answer(rows, b"1000.0000"), NAMED)
    assert (len(points), points["mag"].count()) == (count, seen)
    for place, (mjd, expected) in ((0, first), (-1, last)):
        assert points["mjd"][place] == pytest.approx(mjd)
        assert points["mag"][place] == (None if expected is None else pytest.approx(expected))


def test_a_name_of_another_survey_is_not_asked(query: Query) -> None:
    http = RecordedHttp(answers={"index/moa": FAR})
    assert Moa().fetch(replace(query, names=("OGLE-2019-BLG-0397", "2019-BLG-397")), http) == b""
    assert not any("event/2019" in question for question in http.questions)
