"""Minor Planet Center: reported magnitudes in ADES, and in real records of 80 columns."""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.bands import BANDS as KNOWN
from engine.brokers.mpc import BANDS, SPELT, URL, Mpc, observations
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

MOMMERT = Query(target_id=8, name="12893", ra_deg=0.0, dec_deg=0.0)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "mpc" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "mpc" / "rows.json").read_bytes()


def test_observations_with_a_magnitude_become_points(rows: bytes, query: Query) -> None:
    points = Mpc().parse(rows, query)
    # left out: withdrawn, no magnitude, no place, a nuclear magnitude
    assert points.select("source_ref", "band", "mag", "mag_err", "facility").rows() == [
        ("L0006", "MPC(B)", 18.9, None, "MPC 809"),
        ("L0005", "MPC(C)", 18.5, None, "MPC 704"),
        ("L0001", "MPC(w)", 20.5, 0.15, "MPC F51"),
        ("L0002", "MPC(G)", 20.2, None, "MPC G96"),
        ("L0004", "MPC(o)", 19.9, 0.3, "MPC T05"),
    ]
    assert points["mjd"][2] == 58849.5  # 2020-01-01 at noon


def test_a_band_that_was_not_told_is_flagged(rows: bytes, query: Query) -> None:
    flags = Mpc().parse(rows, query)["flags"].to_list()
    assert flags == [int(Flag.NON_STANDARD_BAND)] * 2 + [0, 0, 0]


def test_barycentric_times_follow_the_body(rows: bytes, query: Query) -> None:
    points = Mpc().parse(rows, query)
    lead_s = ((points["bjd_tdb"] - 2400000.5 - points["mjd"]) * 86400).to_list()
    # 69.184 s from UTC to TDB in 2020, and light that comes 300 s earlier to the barycentre in Leo in January
    assert 200 < lead_s[2] - 69.184 < 499
    assert lead_s[0] != pytest.approx(lead_s[2], abs=100)  # another place, another year


@pytest.mark.parametrize(
    ("old", "new"),
    [(b", 200]", b", 500]"), (b"ADES_DF", b"XML"), (b'"20.5"', b'"bright"'), (b"2020-01-01T12", b"noon"),
     (b'[{"ADES_DF"', b'{"ADES_DF"')],
)  # fmt: skip
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Mpc().parse(rows.replace(old, new), query)
    assert refusal.value.code == "schema-drift"


def test_names_are_read_as_ades_spells_them_too(rows: bytes, query: Query) -> None:
    ades = rows.replace(b"obstime", b"obsTime").replace(b"rmsmag", b"rmsMag").replace(b"obsid", b"obsID")
    assert Mpc().parse(ades, query)["source_ref"].to_list()[2] == "L0001"


def test_every_band_has_a_label() -> None:
    assert set(BANDS.values()) <= set(SPELT)
    assert {f"MPC({name})" for name in SPELT} <= set(KNOWN)


def test_the_question_is_a_designation_in_json(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={URL: rows})
    assert Mpc().fetch(query, http) == rows
    assert http.questions == [f'{URL} {{"desigs": ["999999"], "output_format": ["ADES_DF"]}}']
    star = Query(target_id=1, name="A star", ra_deg=1.0, dec_deg=1.0)
    with pytest.raises(Rejected) as refusal:
        Mpc().fetch(star, http)
    assert refusal.value.code == "no-designation"
    with pytest.raises(Transient):
        Mpc().fetch(query, RecordedHttp(answers={URL: b"<html>502</html>"}))


def test_records_of_80_columns_are_read(answers: Path) -> None:
    table = observations((answers / "mpc" / "records.json").read_bytes())
    assert table.select("mjd", "ra", "dec", "mag", "band", "stn").rows() == [
        (58849.5, 150.0, -10.0, 20.5, "V", "F51"),
        (47894.25, 15.0, pytest.approx(1.51), None, "", "809"),
    ]


@pytest.mark.parametrize(("old", "new"), [("C2020", "C20"), ("2020 01 01", "2020 13 01"), ("10 00", "ab 00")])
def test_a_record_that_is_none_is_drift(answers: Path, old: str, new: str) -> None:
    body = (answers / "mpc" / "records.json").read_text().replace(old, new)
    with pytest.raises(Rejected) as refusal:
        observations(body.encode())
    assert refusal.value.code == "schema-drift"


def test_real_records_are_read_exactly(shared: Path) -> None:
    body = (
        shared / "archives" / "solar_system" / "mpc_search_db_observations_12893_300rows.json"
    ).read_bytes()
    assert len(observations(body)) == 300
    points = Mpc().parse(body, MOMMERT)
    # 300 observations, 34 without a magnitude; 2 on plates, 207 unfiltered, 38 V, 19 R
    assert points.group_by("band").len().sort("band").rows() == [
        ("MPC(B)", 2), ("MPC(C)", 207), ("MPC(R)", 19), ("MPC(V)", 38),
    ]  # fmt: skip
    first, last = points.row(0, named=True), points.row(-1, named=True)
    # 1993 09 18.25000 00 51 28.32 +05 26 26.0 18.4, from 809
    assert (first["mjd"], first["mag"], first["facility"]) == (49248.25, 18.4, "MPC 809")
    assert first["band"] == "MPC(B)"
    assert points["limit_mag"].count() == 0
    # 2003 12 23.21292 03 51 49.24 +16 59 51.7 18.5 without a band, from 704
    assert last["mjd"] == pytest.approx(52996.21292, abs=1e-9)
    assert (last["band"], last["mag"], last["facility"]) == ("MPC(C)", 18.5, "MPC 704")
    place = observations(body).filter(pl.col("mjd") == 49248.25).row(0, named=True)
    assert place["ra"] == pytest.approx(12.868, abs=1e-9)  # (51 / 60 + 28.32 / 3600) * 15
    assert place["dec"] == pytest.approx(5.4405555556, abs=1e-9)
