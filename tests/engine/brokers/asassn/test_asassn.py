"""ASAS-SN v2: the questions to its service, fluxes that become magnitudes or limits, a real light curve."""

import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.asassn import COLUMNS, SERVICE, Asassn
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

SERVERS = b'["asassn-data01.ifa.hawaii.edu", "asassn-data02.ifa.hawaii.edu"]'
BIG_ID = 661430974377123457  # beyond what a float64 holds


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "asassn" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "asassn" / "rows.csv").read_bytes()


def parquet(table: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    table.write_parquet(file)
    return file.getvalue()


def cone(*stars: tuple[int, float, float]) -> bytes:
    names = {"asas_sn_id": pl.Int64(), "ra_deg": pl.Float64(), "dec_deg": pl.Float64()}
    return parquet(pl.DataFrame(list(stars), schema=names, orient="row"))


def block(*ids: int) -> bytes:
    rows = [(each, 2460000.5, 10.0, 0.1, 13.9, 0.011, 17.0, "bE", "G", "g") for each in ids]
    names = [
        "asas_sn_id",
        "jd",
        "flux",
        "flux_err",
        "mag",
        "mag_err",
        "limit",
        "camera",
        "quality",
        "phot_filter",
    ]
    return parquet(pl.DataFrame(rows, schema=names, orient="row"))


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = Asassn().parse(rows, query)
    assert points["source_ref"].to_list() == [f"b{'Ee'[i == 2]}_{i:06d}" for i in range(1, 8)]
    assert points["band"].to_list() == ["ASASSN(g)", "ASASSN(V)", *["ASASSN(g)"] * 5]
    # 0.4 mJy at 4 sigma is a magnitude although the archive writes 99.99; 0.2 and -0.05 are limits
    assert points["mag"].to_list() == [13.9, 13.96, pytest.approx(17.3948500), None, None, 8.9, None]
    # of the last, which has no flux, the archive gives only a limit
    assert points["limit_mag"].to_list() == [None, None, None, *[pytest.approx(17.1525750)] * 2, None, 16.8]
    assert points["flux_ujy"].to_list() == pytest.approx([1e4, 1e4, 400.0, 200.0, -50.0, 1e6, None])


def test_flags_tell_poor_images_saturation_and_uncertain_times(rows: bytes, query: Query) -> None:
    points = Asassn().parse(rows, query)
    time = int(Flag.TIME_UNCERTAIN)
    poor, saturated = int(Flag.POOR_QUALITY_AT_SOURCE), int(Flag.SATURATED)
    assert points["flags"].to_list() == [time, time, time, time | poor, time, time | saturated, time]


@given(flux_mjy=st.floats(-10, 1000), err_mjy=st.floats(0.001, 10))
def test_the_zero_point_makes_magnitudes_of_fluxes_and_limits_of_errors(
    flux_mjy: float, err_mjy: float
) -> None:
    head = "asas_sn_id,jd,flux,flux_err,mag,mag_err,limit,cam\n"
    body = f"{head}1,2460000.5,{flux_mjy},{err_mjy},99.99,99.99,17,bE\n".encode()
    (point,) = Asassn().parse(body, Query(target_id=1, name="x", ra_deg=1.0, dec_deg=1.0)).rows(named=True)
    if flux_mjy >= 3 * err_mjy:
        assert 10 ** ((16.4 - point["mag"]) / 2.5) == pytest.approx(flux_mjy)
    else:
        assert 10 ** ((16.4 - point["limit_mag"]) / 2.5) == pytest.approx(5 * err_mjy)


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "mag"])
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    head, _, rest = rows.decode().partition("\n")
    names = ["other" if name == column else name for name in head.split(",")]
    with pytest.raises(Rejected) as refusal:
        Asassn().parse((",".join(names) + "\n" + rest).encode(), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10.0,0.1", "ten,0.1"),
        ("2460000.6", "60000.1"),
        ("1001,2460001.6", "1002,2460001.6"),
        (",G,V", ",G,i"),
    ],
)
def test_words_impossible_times_other_filters_and_several_sources_are_drift(
    rows: bytes, query: Query, old: str, new: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        Asassn().parse(rows.decode().replace(old, new, 1).encode(), query)
    assert refusal.value.code == "schema-drift"


def test_the_nearest_source_of_the_cone_is_taken_with_its_whole_number(query: Query) -> None:
    http = RecordedHttp(
        answers={
            "lookup_cone": cone((BIG_ID + 1, 90.0, -60.001), (BIG_ID, 90.0, -60.0001)),
            "get_block_servers": SERVERS,
            "get_block/": block(BIG_ID, BIG_ID + 1, BIG_ID),
        }
    )
    body = Asassn().fetch(query, http)
    assert [line.split(",")[0] for line in body.decode().splitlines()] == ["asas_sn_id", *[str(BIG_ID)] * 2]
    assert len(Asassn().parse(body, query)) == 1  # the same exposure twice
    asked, _, taken = http.questions
    assert asked.startswith(f"{SERVICE}/lookup_cone/radius0.0019444_ra90.0000000_dec-60.0000000 ")
    assert '"catalog": "master_list"' in asked
    assert "http://asassn-data01.ifa.hawaii.edu:9006/get_block/query_hash-Y29uZWN0ci0wLjAwMTk0NDRf" in taken
    assert taken.endswith("%0A-block_idx-0-catalog-master_list")


def test_a_cone_without_a_source_is_empty(query: Query) -> None:
    for found in (cone(), cone((1, 90.0, -60.01))):
        assert Asassn().fetch(query, RecordedHttp(answers={"lookup_cone": found})) == b""


def test_another_server_is_asked_where_one_is_down(query: Query) -> None:
    down = Transient("down", code="archive-down")
    answers: dict[str, bytes | Exception | list[bytes | Exception]] = {
        "lookup_cone": cone((7, 90.0, -60.0)), "get_block_servers": SERVERS, "get_block/": [down, block(7)],
    }  # fmt: skip
    assert Asassn().fetch(query, RecordedHttp(answers=answers)).count(b"\n") == 2
    with pytest.raises(Transient):
        Asassn().fetch(query, RecordedHttp(answers=answers | {"get_block/": down}))


def test_pages_are_for_later_and_strange_servers_are_never_asked(query: Query) -> None:
    with pytest.raises(Transient):
        Asassn().fetch(query, RecordedHttp(answers={"lookup_cone": b"<html>ill</html>"}))
    for found, servers in ((b"PAR1 cut off", SERVERS), (cone((7, 90.0, -60.0)), b'["elsewhere.example"]')):
        http = RecordedHttp(answers={"lookup_cone": found, "get_block_servers": servers})
        with pytest.raises(Rejected) as refusal:
            Asassn().fetch(query, http)
        assert refusal.value.code == "schema-drift"
        assert not any("elsewhere" in question for question in http.questions)


def test_a_real_light_curve_with_the_old_columns_is_read_exactly(shared: Path) -> None:
    body = (shared / "archives" / "asassn" / "v2_vxmen_skypatrol.csv").read_bytes()
    points = Asassn().parse(body, Query(target_id=4, name="VX Men", ra_deg=82.0, dec_deg=-73.0))
    assert len(points) == points["mag"].count() == 1065  # no limit among them
    assert set(points["band"]) == {"ASASSN(g)"}
    first, last = points.row(0, named=True), points.row(-1, named=True)
    assert (first["source_ref"], first["mag"], first["mag_err"]) == (
        "bi/2458029.786083", 13.300239499099613, 0.006897552502707865,
    )  # fmt: skip
    assert first["mjd"] == pytest.approx(58029.286083, abs=1e-9)
    assert last["mjd"] == pytest.approx(59085.1284709, abs=1e-9)
    assert last["flux_ujy"] == pytest.approx(22804.991339684385)
    assert (points["mag"].min(), points["mag"].max()) == (12.850662191577815, 13.493463876240526)
    from_flux = 16.4 - 2.5 * (points["flux_ujy"] / 1000.0).log10()
    assert (from_flux - points["mag"]).abs().max() == pytest.approx(0.0, abs=1e-4)
