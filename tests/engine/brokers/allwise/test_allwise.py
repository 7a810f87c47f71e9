"""AllWISE: both forms of answer, each quality cut, the digits of W3 and W4, limits, real light curves."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.allwise import COLUMNS, Allwise
from engine.brokers.asking.irsa import GATOR_URL, TAP_URL
from engine.brokers.neowise import CUTS
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUALITY = {
    "qual_frame": "10", "qi_fact": "1", "saa_sep": "5", "moon_masked": "0000", "cc_flags": "0000",
    "nb": "1", "na": "0",
}  # fmt: skip
LONG_WAVES = {f"w{number}{name}_ep": "" for number in "34" for name in ("mpro", "sigmpro")}
TIMEWISE_NAMES = {
    "W1_mag": "w1mpro_ep", "W1_mag_error": "w1sigmpro_ep",
    "W2_mag": "w2mpro_ep", "W2_mag_error": "w2sigmpro_ep",
}  # fmt: skip


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "allwise" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "allwise" / "rows.csv").read_bytes()


def changed(rows: bytes, column: str, value: str) -> bytes:
    head, *lines = rows.decode().splitlines()
    place = head.split(",").index(column)
    cells = [line.split(",") for line in lines]
    return "\n".join([head, *(",".join([*c[:place], value, *c[place + 1 :]]) for c in cells), ""]).encode()


def bands_at(points: pl.DataFrame, mjd: float) -> list[str]:
    return sorted(band[6] for band in points.filter((pl.col("mjd") - mjd).abs() < 1e-6)["band"])


def test_an_exposure_gives_a_point_in_each_band(rows: bytes, query: Query) -> None:
    points = Allwise().parse(rows, query)
    assert len(points) == 30
    assert bands_at(points, 55300.12345678) == ["1", "2", "3", "4"]
    first = points.filter(pl.col("source_ref") == "55300.123457/W1").row(0, named=True)
    assert (first["mag"], first["mag_err"], first["exptime_s"]) == (12.1, 0.02, 7.7)
    assert (first["facility"], first["calib_version"]) == ("AllWISE", "allwise-cuts-1")


def test_a_magnitude_without_an_error_is_a_limit(rows: bytes, query: Query) -> None:
    points = Allwise().parse(rows, query)
    limit = points.filter(pl.col("source_ref") == "55300.25/W2").row(0, named=True)
    assert (limit["mag"], limit["mag_err"], limit["limit_mag"]) == (None, None, 12.2)
    assert set(points.filter(pl.col("band") == "WISE(W4)")["limit_mag"]) == {8.4}


def test_bright_points_are_flagged_as_saturated(rows: bytes, query: Query) -> None:
    points = Allwise().parse(rows, query)
    saturated = points.filter(pl.col("flags") == int(Flag.SATURATED))
    assert saturated["source_ref"].sort().to_list() == ["55300.375/W1", "55300.375/W3"]


def test_long_waves_need_their_own_digit_clean(rows: bytes, query: Query) -> None:
    points = Allwise().parse(rows, query)
    assert bands_at(points, 55300.5) == ["1", "2", "4"]  # cc_flags 00h0
    assert bands_at(points, 55300.625) == ["1", "2", "3"]  # moon_masked 0001


def test_impossible_magnitudes_and_errors_give_no_point(rows: bytes, query: Query) -> None:
    assert bands_at(Allwise().parse(rows, query), 55301.375) == ["3", "4"]


def test_a_source_counts_within_three_arcsec_and_the_nearer_of_two_is_taken(
    rows: bytes, query: Query
) -> None:
    points = Allwise().parse(rows, query)
    assert bands_at(points, 55300.875)  # 2.9 arcsec away
    assert not bands_at(points, 55301.0)  # 3.1 arcsec away
    assert points.filter(pl.col("source_ref") == "55301.25/W1")["mag"].to_list() == [12.15]


@pytest.mark.parametrize(
    ("column", "value"),
    [("qual_frame", "0"), ("qi_fact", "0"), ("saa_sep", "4.9"), ("moon_masked", "0100"),
     ("cc_flags", "p000"), ("nb", "3"), ("na", "1")],
)  # fmt: skip
def test_each_cut_leaves_exposures_out(rows: bytes, query: Query, column: str, value: str) -> None:
    assert Allwise().parse(changed(rows, column, value), query).is_empty()


def test_every_cut_is_documented() -> None:
    assert all(any(name in sentence for sentence in Allwise().info.method) for name in CUTS)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    head, rest = rows.split(b"\n", 1)
    names = [b"other" if name == column.encode() else name for name in head.split(b",")]
    with pytest.raises(Rejected) as refusal:
        Allwise().parse(b",".join(names) + b"\n" + rest, query)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_a_cone_in_the_year_of_the_survey(rows: bytes) -> None:
    moving = Query(target_id=1, name="x", ra_deg=150.0, dec_deg=0.0, pm_dec_mas_yr=1000.0, epoch=2016.0)
    http = RecordedHttp(answers={TAP_URL: rows})
    assert Allwise().fetch(moving, http) == rows
    assert "FROM allwise_p3as_mep" in http.questions[0]
    # 5.4 years before 2016, and 0.6 arcsec wider than 5
    assert "CIRCLE('ICRS', 150.00000000, -0.00150000, 0.00155556)" in http.questions[0]


def test_gator_is_asked_where_tap_cannot_answer(rows: bytes, query: Query) -> None:
    down = Transient("down", code="archive-down")
    http = RecordedHttp(answers={TAP_URL: down, GATOR_URL: rows})
    assert Allwise().fetch(query, http) == rows
    assert "catalog=allwise_p3as_mep" in http.questions[1]
    page = RecordedHttp(answers={TAP_URL: b"<VOTABLE/>", GATOR_URL: b"<html>503</html>"})
    with pytest.raises(Transient):
        Allwise().fetch(query, page)


def real(shared: Path, name: str) -> bytes:
    return (shared / "archives" / "wise" / name).read_bytes()


def widened(table: bytes, columns: dict[str, str]) -> bytes:
    """Return a recorded IPAC table with columns that its question had not asked for."""
    lines = table.decode().splitlines()
    names = next(number for number, line in enumerate(lines) if line.startswith("|"))
    width = len(lines[names].rstrip())
    heads = "".join(f"{name:>14}|" for name in columns)
    blank = (" " * 14 + "|") * len(columns)
    cells = "".join(f"{value or 'null':>14} " for value in columns.values())
    added = [
        line
        if line.startswith("\\")
        else line.rstrip().ljust(width) + (heads if number == names else blank if line[:1] == "|" else cells)
        for number, line in enumerate(lines)
    ]
    return ("\n".join(added) + "\n").encode()


def test_a_real_gator_table_gives_its_light_curve(shared: Path) -> None:
    body = widened(real(shared, "allwise_mep_gator_Gaia20fnr.tbl"), LONG_WAVES | QUALITY)
    query = Query(target_id=3, name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.96770)
    points = Allwise().parse(body, query)
    # 34 exposures of 0.123 arcsec away, all with an error in both bands
    assert points.group_by("band").len().sort("band").rows() == [("WISE(W1)", 34), ("WISE(W2)", 34)]
    assert points["limit_mag"].null_count() == 68
    w1 = points.filter(pl.col("band") == "WISE(W1)").select("mjd", "mag", "mag_err").rows()
    w2 = points.filter(pl.col("band") == "WISE(W2)").select("mjd", "mag", "mag_err").rows()
    assert (w1[0], w1[-1]) == ((55270.0076399, 10.809, 0.024), (55470.0246549, 10.887, 0.028))
    assert (w2[0], w2[-1]) == ((55270.0076399, 10.855, 0.031), (55470.0246549, 10.983, 0.035))


def test_a_real_gator_table_without_the_quality_columns_is_refused(shared: Path) -> None:
    query = Query(target_id=3, name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.96770)
    with pytest.raises(Rejected) as refusal:
        Allwise().parse(real(shared, "allwise_mep_gator_Gaia20fnr.tbl"), query)
    assert refusal.value.code == "schema-drift"


def test_a_real_empty_gator_table_is_empty(shared: Path, query: Query) -> None:
    body = widened(real(shared, "allwise_mep_gator_norows.tbl"), LONG_WAVES | QUALITY)
    assert Allwise().parse(body, query).is_empty()


def of_timewise(shared: Path, orig_id: str) -> bytes:
    """Return one object of timewise's file under the archive's names, with the cuts of its query."""
    head, *lines = real(shared, "allwise_mep_tap_timewise_chunk0.csv").decode().splitlines()
    names = [TIMEWISE_NAMES.get(name, name) for name in head.split(",")]
    added = LONG_WAVES | QUALITY
    kept = [line for line in lines if line.endswith(f",{orig_id}")]
    return "\n".join(
        [",".join([*names, *added]), *(",".join([line, *added.values()]) for line in kept), ""]
    ).encode()


@pytest.mark.parametrize(
    ("orig_id", "ra_deg", "dec_deg", "counts"),
    [
        ("21", 267.7546372, 14.9183971, (43, 42, 1)),  # one W2 is a limit, one was not measured
        # two tiles list the 52 exposures twice; the nearer source (0.22 arcsec) has two limits in W2
        ("24", 343.7032652, 77.3529674, (51, 52, 2)),
        ("1", 257.278578935, 26.8556946632, (0, 0, 0)),  # the source lies 5.86 arcsec away
    ],
)
def test_real_tap_tables_give_their_light_curves(
    shared: Path, orig_id: str, ra_deg: float, dec_deg: float, counts: tuple[int, int, int]
) -> None:
    query = Query(target_id=3, name=orig_id, ra_deg=ra_deg, dec_deg=dec_deg)
    points = Allwise().parse(of_timewise(shared, orig_id), query)
    bands = points["band"].to_list()
    limits = len(points) - points["limit_mag"].null_count()
    assert (bands.count("WISE(W1)"), bands.count("WISE(W2)"), limits) == counts


def test_a_real_tap_table_is_read_exactly(shared: Path) -> None:
    query = Query(target_id=3, name="AT2019dsg", ra_deg=314.2623926, dec_deg=14.2044063)
    points = Allwise().parse(of_timewise(shared, "0"), query)
    w1 = points.filter(pl.col("band") == "WISE(W1)").select("mjd", "mag", "mag_err").rows()
    assert (w1[0], w1[-1]) == ((55328.5920322, 13.31, 0.04), (55514.166707, 13.3, 0.039))
