"""OGLE OCVS: the nearest star, the files that its pages link, short and whole dates, real light curves."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.ogle_ocvs import HOST, SITE, OgleOcvs
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.errors import Rejected, Transient

STAR = "OGLE-BLG-RRLYR-00001"
PAGE = f"""<html><body><a href="data/I/01/{STAR}.dat">I</a> <a href='./data/V/01/{STAR}.dat'>V</a>
<a href="../CVS/o.php?{STAR}">OGLE-III</a> <a href="https://elsewhere.example/data/I/{STAR}.dat">x</a>
</body></html>"""
OLD_PAGE = f'<a href="data/I/01/{STAR}.dat">I</a><a href="data/I/01/OGLE-BLG-RRLYR-00002.dat">another</a>'


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "ogle_ocvs" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    folder = answers / "ogle_ocvs" / "rows"
    return bundled({path.name: path.read_bytes() for path in sorted(folder.iterdir())})


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = OgleOcvs().parse(rows, query)
    assert points.select("source_ref", "band", "mag").rows() == [
        ("I/5000.50000", "OGLE(I)", 16.0), ("I/5001.50000", "OGLE(I)", 16.1),
        ("I/5002.50000", "OGLE(I)", None), ("V/2459000.60000", "OGLE(V)", 17.0),
    ]  # fmt: skip
    assert points["limit_mag"][2] == pytest.approx(20.336736, abs=1e-6)  # 21 - 2.5 log10(5 x 0.4 / 1.0857)
    assert points["mjd"][0] == pytest.approx(55000.0, abs=510.0 / 86400.0)
    assert points["mjd"][3] == pytest.approx(59000.1, abs=510.0 / 86400.0)


def test_the_files_of_the_nearest_star_are_bundled(query: Query) -> None:
    http = RecordedHttp(
        answers={
            "nearby.php": f"OGLE-BLG-RRLYR-00002\n{STAR}\n".encode(),
            "radec.php?OGLE-BLG-RRLYR-00002": b"OGLE-BLG-RRLYR-00002 270.000400 -30.0000000\n",
            f"radec.php?{STAR}": f"{STAR} 270.000100 -30.0000000\n".encode(),
            "CVS/o.php": OLD_PAGE.encode(),
            f"OCVS/?{STAR}": PAGE.encode(),
            "OCVS/data/I/01/": b"7000.5 16.0 0.01\n",
            "OCVS/data/V/01/": b"7000.6 17.0 0.01\n",
            "CVS/data/I/01/": b"4000.5 16.1 0.01\n",
        }
    )
    body = OgleOcvs().fetch(query, http)
    assert parts_of(body, title="") == {
        "OGLE-IV_I.dat": b"7000.5 16.0 0.01\n",
        "OGLE-IV_V.dat": b"7000.6 17.0 0.01\n",
        "OGLE-III_I.dat": b"4000.5 16.1 0.01\n",
    }
    assert len(OgleOcvs().parse(body, query)) == 3
    assert http.questions[0] == f"{SITE}nearby.php ra=18:00:00.000 dec=-30:00:00.00 arcsec=2"
    assert all(question.startswith(HOST) for question in http.questions)


@pytest.mark.parametrize("listed", [b"", b"No objects found\n"])
def test_a_place_without_stars_is_empty(query: Query, listed: bytes) -> None:
    http = RecordedHttp(answers={"nearby.php": listed})
    assert OgleOcvs().fetch(query, http) == b""
    assert len(http.questions) == 1


def test_a_star_beyond_the_radius_is_not_taken(query: Query) -> None:
    http = RecordedHttp(answers={"nearby.php": STAR.encode(), "radec.php": f"{STAR} 270.01 -30.0".encode()})
    assert OgleOcvs().fetch(query, http) == b""


def test_broken_pages_are_never_an_empty_sky(query: Query) -> None:
    with pytest.raises(Transient):
        OgleOcvs().fetch(query, RecordedHttp(answers={"nearby.php": b"<html>Error</html>"}))
    known = {"nearby.php": STAR.encode(), "radec.php": f"{STAR} 270.0 -30.0".encode()}
    for answers in (
        {},  # moved
        {"nearby.php": STAR.encode(), "radec.php": STAR.encode()},
        known | {"OCVS/?": b"<html>no links</html>"},
        known | {"OCVS/?": PAGE.encode()},  # links that lead nowhere
    ):
        with pytest.raises(Rejected) as refusal:
            OgleOcvs().fetch(query, RecordedHttp(answers=answers))
        assert refusal.value.code == "schema-drift"


def test_a_star_s_page_that_is_cut_off_names_no_part_of_its_files(query: Query) -> None:
    known = {"nearby.php": STAR.encode(), "radec.php": f"{STAR} 270.0 -30.0".encode()}
    http = RecordedHttp(answers=known | {"OCVS/?": PAGE.encode()[:90]})
    with pytest.raises(Transient) as failure:
        OgleOcvs().fetch(query, http)
    assert failure.value.code == "cut-off"
    assert len(http.questions) == 3


def test_a_strange_part_of_a_bundle_is_drift(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        OgleOcvs().parse(bundled({"other.dat": b"7000.5 16.0 0.01\n"}), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("starBLG234.6.I.218982.dat", 640, ("I/2127.52182", 16.318, 0.012), ("I/4953.73998", 16.312, 0.009)),
        ("OGLE_BLG921.22.94_GaiaDR3-ULENS-025.dat", 99, ("I/2457179.80619", 16.775, 0.005),
         ("I/2458192.89675", 16.793, 0.005)),
    ],
)  # fmt: skip
def test_real_light_curves_with_short_and_whole_dates_are_read_exactly(
    shared: Path, query: Query, name: str, count: int, first: tuple[str, float, float],
    last: tuple[str, float, float],
) -> None:  # fmt: skip
    body = (shared / "archives" / "ogle_ocvs" / name).read_bytes()
    points = OgleOcvs().parse(bundled({"OGLE-IV_I.dat": body}), query)
    assert len(points) == points["mag"].count() == count
    assert points.select("source_ref", "mag", "mag_err").row(0) == first
    assert points.select("source_ref", "mag", "mag_err").row(-1) == last
    hjd = float(first[0].removeprefix("I/")) % 2450000.0 + 2450000.0
    assert points["mjd"][0] == pytest.approx(hjd - 2400000.5, abs=510.0 / 86400.0)
    assert points.filter(pl.col("limit_mag").is_not_null()).is_empty()
