"""ZTF data releases: the newest one pinned, the nearest light curve of each camera, cuts, flags, times."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.asking.irsa import TAP_URL
from engine.brokers.protocol import Query
from engine.brokers.reading.bundle import bundled, parts_of
from engine.brokers.ztf import COLUMNS, CUTS, LIGHT_CURVES_URL, Ztf, newest_release
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

CURVES = "light_curves_dr24.csv"
OBJECT_COLUMNS = "oid,ra,dec,filtercode,field,ccdid,qid,ngoodobs"
POOR, SATURATED = int(Flag.POOR_QUALITY_AT_SOURCE), int(Flag.SATURATED)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "ztf" / "query.json").read_text()))


@pytest.fixture
def parts(answers: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((answers / "ztf" / "rows").iterdir())}


def http_of(parts: dict[str, bytes]) -> RecordedHttp:
    return RecordedHttp(
        answers={
            "TAP_SCHEMA": parts["tables.csv"],
            "FROM ztf_objects_dr24": parts["objects_dr24.csv"],
            LIGHT_CURVES_URL: parts[CURVES],
        }
    )


def with_curves(parts: dict[str, bytes], old: str, new: str) -> bytes:
    text = parts[CURVES].decode()
    assert old in text
    return bundled(parts | {CURVES: text.replace(old, new).encode()})


def test_the_nearest_light_curve_of_each_camera_and_band_is_taken(
    parts: dict[str, bytes], query: Query
) -> None:
    points = Ztf().parse(bundled(parts), query)
    red = points.filter(pl.col("band") == "ZTF(zr)")
    assert red.select("source_ref", "mag", "camera").rows() == [
        ("58500.35/zr/701/11/1", 12.4, "701/11/1"),  # not 18.0: another star 1.25 arcsec away
        ("58500.55/zr/1701/3/3", 14.9, "1701/3/3"),  # the same star in another field
    ]  # nothing of 701/12/1, 1.6 arcsec away


def test_epochs_of_clouds_and_impossible_values_are_left_out(parts: dict[str, bytes], query: Query) -> None:
    points = Ztf().parse(bundled(parts), query)
    green = points.filter(pl.col("band") == "ZTF(zg)")
    assert green.select("mag", "flags").rows() == [(15.1, 0), (15.3, POOR), (15.4, POOR), (15.5, 0)]
    assert set(points["mag"]) == {15.1, 15.3, 15.4, 15.5, 12.4, 14.9}  # no 99.99, no error of -999


def test_bright_epochs_are_flagged_as_saturated(parts: dict[str, bytes], query: Query) -> None:
    points = Ztf().parse(bundled(parts), query)
    assert points.filter(pl.col("mag") < 12.5)["flags"].to_list() == [SATURATED]


def test_the_time_is_the_middle_of_the_exposure(parts: dict[str, bytes], query: Query) -> None:
    points = Ztf().parse(bundled(parts), query)
    of = {row["source_ref"]: (row["mjd"], row["exptime_s"]) for row in points.iter_rows(named=True)}
    assert of["58500.25/zg/701/11/1"] == (pytest.approx(58500.25 + 15 / 86400, abs=1e-9), 30.0)
    assert of["58500.55/zr/1701/3/3"] == (pytest.approx(58500.55 + 30 / 86400, abs=1e-9), 60.0)


def test_the_target_is_followed(parts: dict[str, bytes]) -> None:
    moving = Query(
        target_id=8, name="x", ra_deg=150.0, dec_deg=60.0, pm_dec_mas_yr=-1000.0, epoch=2016.0
    )  # 3 arcsec away in 2019
    assert Ztf().parse(bundled(parts), moving).is_empty()


def test_every_cut_is_documented() -> None:
    assert all(any(name in sentence for sentence in Ztf().info.method) for name in CUTS)


def test_the_newest_release_is_the_one_with_the_highest_number() -> None:
    names = ["ztf_objects_dr9", "ztf_objects_dr24", "ztf_objects_dr24_old", "ztf_objects_dr10"]
    assert newest_release("\n".join(["table_name", *names, ""]).encode()) == 24
    with pytest.raises(Rejected) as refusal:
        newest_release(b"table_name\nneowiser_p1bs_psd\n")
    assert refusal.value.code == "schema-drift"


def test_three_questions_pin_one_release(parts: dict[str, bytes], query: Query) -> None:
    http = http_of(parts)
    body = Ztf().fetch(query, http)
    assert parts_of(body, title="ZTF") == parts
    tables, objects, curves = http.questions
    assert tables.startswith(TAP_URL)
    assert "CIRCLE('ICRS', 150.00000000, 60.00000000, 0.00041667)" in objects
    assert "COLLECTION=ztf_dr24" in curves
    assert "FORMAT=csv" in curves
    for oid in ("701101100000001", "1701203300000004"):
        assert oid in curves


def test_no_object_is_an_empty_answer(parts: dict[str, bytes], query: Query) -> None:
    http = http_of(parts | {"objects_dr24.csv": f"{OBJECT_COLUMNS}\n".encode()})
    assert Ztf().fetch(query, http) == b""
    assert len(http.questions) == 2


@pytest.mark.parametrize("name", ["tables.csv", "objects_dr24.csv", CURVES])
def test_a_page_in_place_of_any_answer_is_for_later(parts: dict[str, bytes], query: Query, name: str) -> None:
    with pytest.raises(Transient):
        Ztf().fetch(query, http_of(parts | {name: b"<?xml version='1.0'?><VOTABLE/>"}))


def test_words_of_no_rows_are_an_empty_light_curve(parts: dict[str, bytes], query: Query) -> None:
    assert Ztf().parse(bundled(parts | {CURVES: b"No rows returned\n"}), query).is_empty()


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(parts: dict[str, bytes], query: Query, column: str) -> None:
    head, rest = parts[CURVES].decode().split("\n", 1)
    names = ["other" if name == column else name for name in head.split(",")]
    body = bundled(parts | {CURVES: (",".join(names) + "\n" + rest).encode()})
    with pytest.raises(Rejected) as refusal:
        Ztf().parse(body, query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",zg,", ",zu,"),
        ("0xb", "left"),
        ("58500.2500000,15.1", "2458500.75,15.1"),
        ("58500.2500000,15.1", ",15.1"),
        (",30,1.2", ",null,1.2"),
        (",15.1,", ",bright,"),
        ("701101100000001", "701101100000009"),  # nobody asked for it
    ],
)
def test_impossible_values_are_drift(parts: dict[str, bytes], query: Query, old: str, new: str) -> None:
    with pytest.raises(Rejected) as refusal:
        Ztf().parse(with_curves(parts, old, new), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("name", ["tables.csv", "objects_dr24.csv", CURVES])
def test_a_missing_part_is_drift(parts: dict[str, bytes], query: Query, name: str) -> None:
    left = {key: body for key, body in parts.items() if key != name}
    with pytest.raises(Rejected) as refusal:
        Ztf().parse(bundled(left), query)
    assert refusal.value.code == "schema-drift"


def real(shared: Path, name: str) -> list[str]:
    return (shared / "archives" / "ztf" / name).read_text().splitlines()


def asked_for(*oids: str, curves: str) -> bytes:
    """Return recorded light curves with the two answers that come before them."""
    objects = "".join(f"{oid},0.0,0.0,zr,1,1,1,1\n" for oid in oids)
    return bundled(
        {
            "tables.csv": b"table_name\nztf_objects_dr24\n",
            "objects_dr24.csv": f"{OBJECT_COLUMNS}\n{objects}".encode(),
            CURVES: curves.encode(),
        }
    )


def test_real_rows_are_read_exactly(shared: Path) -> None:
    head, *lines = real(shared, "irsa_nph_light_curves_14of24cols_5rows.csv")
    # the recorded rows have 14 of the 24 columns: chi is added
    curves = "\n".join([f"{head},chi", *(f"{line},1.0" for line in lines), ""])
    oids = ("1499202400017799", "1499102400003467", "1499302400008608")
    query = Query(target_id=6, name="A quasar", ra_deg=44.85905, dec_deg=4.49368)
    points = Ztf().parse(asked_for(*oids, curves=curves), query)
    # 5 rows; the one of catflags 32768 is left out
    assert points.select("band", "mag", "mag_err", "camera", "flags").rows() == [
        ("ZTF(zr)", 19.522747, 0.0971169844, "1499/2/4", 0),
        ("ZTF(zr)", 19.473999, 0.0937293619, "1499/2/4", 0),
        ("ZTF(zg)", 20.2820759, 0.13426283, "1499/2/4", 0),
        ("ZTF(zi)", 19.3195381, 0.0915371999, "1499/2/4", 0),
    ]
    # 30 s exposures: 0.0001736111 d after their beginnings
    assert points["mjd"].to_list() == pytest.approx(
        [58356.3702083, 58357.3940162, 58367.4780671, 58426.3128472], abs=1e-7
    )


def test_real_columns_are_those_that_are_read(shared: Path) -> None:
    (head,) = real(shared, "irsa_nph_light_curves_full_header.csv")
    assert len(head.split(",")) == 24
    assert set(COLUMNS) <= set(head.split(","))
    query = Query(target_id=6, name="x", ra_deg=44.85905, dec_deg=4.49368)
    assert Ztf().parse(asked_for("1", curves=head + "\n"), query).is_empty()


@pytest.mark.parametrize(
    ("oid", "count", "first", "last"),
    [
        ("640202200001881", 107, (58216.51171875, 18.6149997711182), (58431.1328125, 18.69700050354)),
        ("742201400001054", 100, (58231.140625, 17.996000289917), (58482.19921875, 18.0750007629395)),
    ],
)
def test_real_light_curves_keep_every_clean_epoch(
    shared: Path, oid: str, count: int, first: tuple[float, float], last: tuple[float, float]
) -> None:
    head, *lines = real(shared, f"ztf_dr_oid_{oid}.csv")
    # the files were reduced to time, mag, magerr, clrcoeff, catflags, band: the rest is made up here
    names = head.replace("time", "mjd").replace(
        "band", "band,oid,filtercode,ra,dec,chi,exptime,field,ccdid,qid"
    )
    curves = "\n".join(
        [names, *(f"{line},{oid},zr,10.0,20.0,1.0,30,{oid[:3]},0x1,0x1" for line in lines), ""]
    )
    query = Query(target_id=6, name=oid, ra_deg=10.0, dec_deg=20.0)
    points = Ztf().parse(asked_for(oid, curves=curves), query)
    half_exposure_d = 15.0 / 86400.0
    assert len(points) == count
    assert points["limit_mag"].null_count() == count
    for row, (mjd, mag) in ((0, first), (-1, last)):
        assert points.select("mjd", "mag").row(row) == (pytest.approx(mjd + half_exposure_d, abs=1e-9), mag)
