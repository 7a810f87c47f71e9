"""CPCS: the JSON of the closed service, its errors added in squares, its limits, its labels."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.bands import BANDS, MagSystem
from engine.brokers.cpcs import COLUMNS, LABELS, Cpcs
from engine.brokers.protocol import Query
from engine.errors import Rejected


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "cpcs" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "cpcs" / "rows.json").read_bytes()


def changed(rows: bytes, name: str, value: object) -> bytes:
    return json.dumps(json.loads(rows) | {name: value}).encode()


def test_the_hand_made_rows_become_these_points(rows: bytes, query: Query) -> None:
    points = Cpcs().parse(rows, query)
    assert points.select("source_ref", "mjd", "band", "mag", "mag_err", "limit_mag", "facility").rows() == [
        ("1", 58000.25, "r(APASS)", 18.0, pytest.approx(0.05), None, "Hill Top"),
        ("2", 58000.26, "B(APASS)", None, None, 19.0, "Hill Top"),
        ("3", 58000.27, "SDSS(g)", 17.5, pytest.approx(0.1), None, "Valley"),
        ("4", 58000.28, "PS1(z)", 17.4, pytest.approx(0.06), None, "Valley"),
    ]  # the fifth has no magnitude, the sixth a band without a label


def test_the_labels_are_known_bands() -> None:
    assert LABELS["r", "APASS"] == "r(APASS)"
    assert set(LABELS.values()) <= set(BANDS)
    assert BANDS["r(APASS)"].system is MagSystem.AB
    assert BANDS["V(APASS)"].system is MagSystem.VEGA


@given(magerr=st.floats(0.001, 1.0), caliberr=st.floats(0.0, 1.0))
def test_errors_add_in_squares(magerr: float, caliberr: float) -> None:
    body = json.dumps(
        {"id": [1], "mjd": [58000.0], "mag": [18.0], "magerr": [magerr], "caliberr": [caliberr],
         "filter": ["r"], "catalog": ["APASS"], "observatory": ["Hill Top"]}
    ).encode()  # fmt: skip
    points = Cpcs().parse(body, Query(target_id=1, name="x", ra_deg=1.0, dec_deg=1.0))
    assert points["mag_err"][0] ** 2 == pytest.approx(magerr**2 + caliberr**2)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_missing_list_or_one_of_another_length_is_drift(rows: bytes, query: Query, name: str) -> None:
    told = json.loads(rows)
    shorter = changed(rows, name, told[name][:-1])
    del told[name]
    for body in (json.dumps(told).encode(), shorter, changed(rows, name, "words")):
        with pytest.raises(Rejected) as refusal:
            Cpcs().parse(body, query)
        assert refusal.value.code == "schema-drift"


@pytest.mark.parametrize(
    ("name", "value"),
    [("mag", ["bright"] * 6), ("mjd", [1.0] * 6), ("mjd", [None] * 6), ("mag", [[18.0]] * 6)],
)
def test_words_and_impossible_times_are_drift(rows: bytes, query: Query, name: str, value: object) -> None:
    with pytest.raises(Rejected) as refusal:
        Cpcs().parse(changed(rows, name, value), query)
    assert refusal.value.code == "schema-drift"


def test_values_that_are_no_numbers_are_no_points(rows: bytes, query: Query) -> None:
    nan = rows.replace(b"[18.0, 19.0, 17.5, 17.4", b"[NaN, Infinity, null, -999")
    assert Cpcs().parse(nan, query).is_empty()


def test_there_is_nobody_to_ask(query: Query) -> None:
    http = RecordedHttp(answers={})
    assert Cpcs().fetch(query, http) == b""
    assert http.questions == []


def test_a_real_file_gives_its_three_points(shared: Path) -> None:
    body = (shared / "archives" / "cpcs" / "cpcs_get_alert_lc_data_Gaia19drz.json").read_bytes()
    points = Cpcs().parse(body, Query(target_id=8, name="Gaia19drz", ra_deg=300.0, dec_deg=20.0))
    assert points.select("source_ref", "mjd", "band", "mag", "limit_mag").rows() == [
        ("163840", 58728.947504, "B(APASS)", None, 20.23844337463379),
        ("163841", 58728.952083, "V(APASS)", None, 19.472387313842773),
        ("163842", 58728.955911, "r(APASS)", 18.653060913085938, None),
    ]
    # sqrt(0.08244965970516205 ** 2 + 0.12389542907476425 ** 2)
    assert points["mag_err"].to_list() == [None, None, pytest.approx(0.14882212, abs=1e-8)]
    assert set(points["observer"]) == {"Liam Hardy pt5m"}
