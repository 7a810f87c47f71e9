"""SDSS: asinh magnitudes, a time for each band, repeat scans, and what is asked."""

import json
import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.protocol import Query
from engine.brokers.sdss import COLUMNS, SQL_URL, Sdss, maggies_of, table_of
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "sdss" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "sdss" / "rows.csv").read_bytes()


def test_each_run_gives_its_nearest_object_and_secondaries_count(rows: bytes, query: Query) -> None:
    points = Sdss().parse(rows, query)
    objects = points["source_ref"].str.head(19).unique(maintain_order=True).to_list()
    # ...02 is farther in the same run, ...04 is 3.4 arcsec away, ...05 is the parent of a blend
    assert objects == ["1237000000000000001", "1237000000000000003"]


def test_each_band_has_its_own_time_in_utc(rows: bytes, query: Query) -> None:
    first = Sdss().parse(rows, query).head(5)
    assert first["band"].to_list() == [f"SDSS({band})" for band in "riuzg"]
    # TAI - UTC was 32 s in 2001; the bands follow each other by 72 s
    seconds = [(mjd - 52000.0) * 86400.0 for mjd in first["mjd"]]
    assert seconds == pytest.approx([0.0, 72.0, 144.0, 216.0, 288.0], abs=1e-3)


def test_a_faint_band_is_a_limit_and_a_missing_one_no_point(rows: bytes, query: Query) -> None:
    second = Sdss().parse(rows, query).filter(pl.col("source_ref").str.starts_with("1237000000000000003"))
    assert sorted(second["band"]) == ["SDSS(g)", "SDSS(r)", "SDSS(u)", "SDSS(z)"]  # i is -9999
    u = second.filter(pl.col("band") == "SDSS(u)").row(0, named=True)
    # u = 24.5 +- 1.5: 2 b sinh(-0.92103 * 24.5 - ln b) = 3.48e-11 and error 3.9e-10 maggies
    assert u["flux_ujy"] == pytest.approx(0.126430, abs=1e-6)
    assert u["flux_err_ujy"] == pytest.approx(1.415330, abs=1e-6)
    assert u["mag"] is None
    assert u["limit_mag"] == pytest.approx(23.9 - 2.5 * math.log10(5 * 1.415330), abs=1e-6)


def test_unclean_photometry_is_kept_and_flagged(rows: bytes, query: Query) -> None:
    flags = Sdss().parse(rows, query).group_by("flags", maintain_order=True).len().rows()
    assert flags == [(0, 5), (int(Flag.POOR_QUALITY_AT_SOURCE), 4)]


@settings(deadline=None)
@given(mag=st.floats(10.0, 25.5), err=st.floats(0.001, 2.0), b=st.sampled_from([0.9e-10, 1.4e-10, 7.4e-10]))
def test_fluxes_give_back_their_asinh_magnitudes(mag: float, err: float, b: float) -> None:
    flux, flux_err = pl.select(
        each.alias(name)
        for name, each in zip("fe", maggies_of(pl.lit(mag), pl.lit(err), softening=b), strict=True)
    ).row(0)
    assert -1.0857362 * (math.asinh(flux / (2 * b)) + math.log(b)) == pytest.approx(mag, abs=1e-5)
    assert flux_err > 0
    if mag < 18.0:  # bright magnitudes are ordinary ones
        assert -2.5 * math.log10(flux) == pytest.approx(mag, abs=1e-3)
        assert flux_err / flux == pytest.approx(err / 1.0857362, rel=1e-3)


def test_the_question_holds_the_target_through_the_survey(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={SQL_URL: rows})
    assert Sdss().fetch(query, http) == rows
    assert "fGetNearbyObjAllEq(150.0000000, 20.0000000, 0.025000)" in http.questions[0]
    assert "p.mode IN (1, 2)" in http.questions[0]
    moving = RecordedHttp(answers={SQL_URL: rows})
    Sdss().fetch(replace(query, pm_dec_mas_yr=500.0), moving)
    # 2 arcsec north in 2004, and 3 arcsec wider for the years before and after
    assert "fGetNearbyObjAllEq(150.0000000, 20.0005556, 0.075000)" in moving.questions[0]


def test_a_moving_star_is_found_where_it_was_at_each_scan(rows: bytes, query: Query) -> None:
    moving = replace(query, pm_dec_mas_yr=-1000.0, epoch=2001.3)
    refs = Sdss().parse(rows, moving)["source_ref"].str.head(19).unique().to_list()
    assert sorted(refs) == ["1237000000000000001", "1237000000000000003"]
    assert Sdss().parse(rows, replace(moving, epoch=2016.0)).is_empty()


def test_nothing_found_is_empty_and_a_page_is_for_later(query: Query) -> None:
    nothing = RecordedHttp(answers={SQL_URL: b"#Table1\nNo objects have been found\n"})
    assert Sdss().fetch(query, nothing) == b""
    with pytest.raises(Transient):
        Sdss().fetch(query, RecordedHttp(answers={SQL_URL: b"<html>down</html>"}))


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_drift(rows: bytes, query: Query, column: str) -> None:
    first, head, rest = rows.split(b"\n", 2)
    names = [b"other" if name == column.encode() else name for name in head.split(b",")]
    with pytest.raises(Rejected) as refusal:
        Sdss().parse(b"\n".join([first, b",".join(names), rest]), query)
    assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize("column", ["TAI_r", "ra", "clean", "objID"])
def test_impossible_values_are_drift(rows: bytes, query: Query, column: str) -> None:
    first, head, row, rest = rows.split(b"\n", 3)
    cells = row.split(b",")
    cells[head.split(b",").index(column.encode())] = b"-9999"
    with pytest.raises(Rejected) as refusal:
        Sdss().parse(b"\n".join([first, head, b",".join(cells), rest]), query)
    assert refusal.value.code == "schema-drift"


def test_real_answers_of_skyserver_are_read_exactly(shared: Path) -> None:
    folder = shared / "archives" / "sdss"
    photo = table_of(
        (folder / "skyserver_sql_csv_photoobj.txt").read_bytes(), required=("ra", "dec", "objid")
    )
    assert len(photo) == 18
    assert photo.row(0) == (
        "2.02344282607",
        "14.8398204075",
        "1237653651835781245",
        "1904",
        "301",
        "3",
        "163",
    )
    assert photo.row(-1)[2] == "1237649953859240023"  # more digits than a float has
    spec = table_of((folder / "skyserver_sql_csv_specobj.txt").read_bytes(), required=("mjd",))
    assert spec["specobjid"].to_list() == ["845594848269461504"]


def as_skyserver(body: str) -> bytes:
    """Return a reshaped light curve of Stripe 82 in the archive's form: one object for each scan."""
    scans: list[dict[str, tuple[float, str, str]]] = []
    for line in body.splitlines()[1:]:
        time, mag, err, band = line.split(",")
        if not scans or float(time) - min(each[0] for each in scans[-1].values()) > 0.01:
            scans.append({})
        scans[-1][band] = (float(time), mag, err)
    lines = ["#Table1", ",".join(COLUMNS)]
    for number, scan in enumerate(scans):
        usual_mjd = min(each[0] for each in scan.values())
        cells = {"objID": str(1000 + number), "run": str(number), "camcol": "1", "ra": "10", "dec": "0"}
        cells |= {"mode": "2", "clean": "1"}
        for band in "ugriz":
            mjd, mag, err = scan.get(band, (usual_mjd, "-9999", "-9999"))
            cells |= {f"psfMag_{band}": mag, f"psfMagErr_{band}": err, f"TAI_{band}": f"{mjd * 86400:.3f}"}
        lines.append(",".join(cells[name] for name in COLUMNS))
    return ("\n".join(lines) + "\n").encode()


# file: points, first and last (mjd TAI, band, mag)
STRIPE_82 = {
    "stripe82_RRLyr_1013184.csv": (291, (51081.346189, "r", 17.236), (54402.383312, "g", 17.574)),
    "stripe82_RRLyr_114272.csv": (263, (51081.283661, "r", 18.521), (54402.320839, "g", 18.596)),
    "stripe82_RRLyr_4099.csv": (284, (51075.300784, "r", 16.654), (54412.235813, "u", 18.476)),
}


@pytest.mark.parametrize("name", STRIPE_82)
def test_real_light_curves_of_stripe_82_are_kept_whole(shared: Path, name: str) -> None:
    text = (shared / "archives" / "sdss" / name).read_text()
    points = Sdss().parse(as_skyserver(text), Query(target_id=1, name="x", ra_deg=10.0, dec_deg=0.0))
    count, first, last = STRIPE_82[name]
    assert len(points) == count
    assert points["limit_mag"].null_count() == count  # RR Lyrae of 17 to 20 mag are always seen
    # TAI - UTC was 31 s in September 1998 and 33 s in October 2007
    for row, (mjd_tai, band, mag), leap_s in ((0, first, 31.0), (-1, last, 33.0)):
        point = points.row(row, named=True)
        assert point["mjd"] == pytest.approx(mjd_tai - leap_s / 86400.0, abs=1e-6)
        assert point["band"] == f"SDSS({band})"
        assert point["mag"] == pytest.approx(mag, abs=2e-4)  # asinh and ordinary magnitudes differ so little
