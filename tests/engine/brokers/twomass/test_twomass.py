"""2MASS: the nearest source at its time, limits, flags of each band, a real row."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.asking.irsa import TAP_URL
from engine.brokers.protocol import Query
from engine.brokers.twomass import COLUMNS, Twomass
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "twomass" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "twomass" / "rows.csv").read_bytes()


AT_REST = Query(target_id=8, name="At rest", ra_deg=150.0, dec_deg=60.0)


def answer(**changed: str) -> bytes:
    """Return an answer with one source."""
    brightness = ["12.5", "0.03"] * 3
    values = ["10000000+6000000", "150.0", "60.0", "2451179.0", *brightness, "AAA", "222", "111", "000"]
    source = dict(zip(COLUMNS, values, strict=True)) | changed
    return (",".join(source) + "\n" + ",".join(source.values()) + "\n").encode()


def of_band(points: pl.DataFrame, band: str) -> dict[str, object]:
    return points.filter(pl.col("band") == f"2MASS({band})").row(0, named=True)


def test_the_source_nearest_to_the_target_at_its_time_is_taken(rows: bytes, query: Query) -> None:
    moved = Twomass().parse(rows, query)  # a year before 2000 it was an arcsecond further west
    assert of_band(moved, "J")["source_ref"] == "09595987+6000000/J"
    assert of_band(Twomass().parse(rows, AT_REST), "J")["source_ref"] == "10000000+6000000/J"


def test_a_source_gives_three_points_of_one_moment(rows: bytes, query: Query) -> None:
    points = Twomass().parse(rows, query)
    assert points["mjd"].to_list() == [51178.5] * 3
    assert (of_band(points, "J")["mag"], of_band(points, "J")["mag_err"]) == (12.5, 0.03)
    assert (of_band(points, "H")["mag"], of_band(points, "H")["mag_err"]) == (12.0, 0.04)
    assert (of_band(points, "K")["mag"], of_band(points, "K")["limit_mag"]) == (None, 14.5)


def test_no_source_within_the_radius_gives_nothing() -> None:
    assert len(Twomass().parse(answer(dec="60.000806"), AT_REST)) == 3  # 2.9 arcsec
    assert Twomass().parse(answer(dec="60.000861"), AT_REST).is_empty()  # 3.1 arcsec


def test_limits_are_no_magnitudes() -> None:
    points = Twomass().parse(answer(ph_qual="UAA", rd_flg="206", j_msigcom="null"), AT_REST)
    assert points.filter(pl.col("limit_mag") == 12.5)["band"].sort().to_list() == [
        "2MASS(H)", "2MASS(J)", "2MASS(K)",
    ]  # fmt: skip
    assert points["mag"].null_count() == points["mag_err"].null_count() == 3


def test_a_band_without_a_brightness_gives_no_point() -> None:
    points = Twomass().parse(answer(ph_qual="XAA", h_m="null", k_m="-99.999"), AT_REST)
    assert points.is_empty()


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({"ph_qual": "EAA"}, Flag.POOR_QUALITY_AT_SOURCE),
        ({"cc_flg": "p00"}, Flag.POOR_QUALITY_AT_SOURCE),
        ({"cc_flg": "c00"}, Flag.POOR_QUALITY_AT_SOURCE | Flag.BLENDED),
        ({"rd_flg": "322"}, Flag.SATURATED),
        ({"bl_flg": "211"}, Flag.BLENDED),
    ],
)
def test_flags_are_those_of_their_band(changed: dict[str, str], flag: Flag) -> None:
    points = Twomass().parse(answer(**changed), AT_REST)
    assert (of_band(points, "J")["flags"], of_band(points, "H")["flags"]) == (int(flag), 0)


def test_an_error_that_is_a_flag_is_no_error() -> None:
    point = of_band(Twomass().parse(answer(ph_qual="FAA", j_msigcom="9.997"), AT_REST), "J")
    assert (point["mag"], point["mag_err"]) == (12.5, None)
    assert point["flags"] == int(Flag.POOR_QUALITY_AT_SOURCE)


@pytest.mark.parametrize(
    "changed",
    [{"jdate": "null"}, {"jdate": "2460000.5"}, {"ph_qual": "AA"}, {"ra": "361"}, {"j_m": "bright"}],
)
def test_impossible_values_are_drift(changed: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refusal:
        Twomass().parse(answer(**changed), AT_REST)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(column: str) -> None:
    head, rest = answer().decode().split("\n", 1)
    names = ["other" if name == column else name for name in head.split(",")]
    with pytest.raises(Rejected) as refusal:
        Twomass().parse((",".join(names) + "\n" + rest).encode(), AT_REST)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_a_cone_in_the_year_of_the_survey(rows: bytes) -> None:
    moving = Query(target_id=1, name="x", ra_deg=150.0, dec_deg=0.0, pm_dec_mas_yr=-1000.0, epoch=2016.0)
    http = RecordedHttp(answers={TAP_URL: rows})
    assert Twomass().fetch(moving, http) == rows
    assert "FROM fp_psc" in http.questions[0]
    # 16.7 years before 2016, and 1.9 arcsec wider than 3
    assert "CIRCLE('ICRS', 150.00000000, 0.00463889, 0.00136111)" in http.questions[0]


def test_an_error_page_is_for_later(query: Query) -> None:
    with pytest.raises(Transient):
        Twomass().fetch(query, RecordedHttp(answers={TAP_URL: b"<VOTABLE>ERROR</VOTABLE>"}))


def test_a_real_row_gives_its_points(shared: Path) -> None:
    """Gator recorded it in 2013 as VOTable with the date alone; the time of day is made up here."""
    tree = ET.fromstring((shared / "archives" / "twomass" / "irsa_gator_fp_psc_cone.xml").read_bytes())
    names = [field.attrib["name"] for field in tree.iter("FIELD")]
    (cells,) = ([cell.text or "" for cell in row] for row in tree.iter("TR"))
    source = dict(zip(names, cells, strict=True))
    assert source["xdate"] == "1997-10-24"
    asked = {name: source.get(name, "2450745.75") for name in COLUMNS}
    body = (",".join(asked) + "\n" + ",".join(asked.values()) + "\n").encode()
    nucleus = Query(target_id=31, name="M 31", ra_deg=10.68479, dec_deg=41.26906)
    points = Twomass().parse(body, nucleus)
    measured = [of_band(points, band) for band in "JHK"]
    assert [(point["mag"], point["mag_err"]) for point in measured] == [
        (9.453, 0.052), (8.668, 0.051), (8.475, 0.051),
    ]  # fmt: skip
    assert [point["source_ref"] for point in measured] == [f"00424433+4116085/{band}" for band in "JHK"]
    # ph_qual EEE: the nucleus is no star
    assert [point["flags"] for point in measured] == [int(Flag.POOR_QUALITY_AT_SOURCE)] * 3
    assert points["mjd"].to_list() == [50745.25] * 3
