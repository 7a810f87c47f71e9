"""FAVA: weekly counts relative to the mean."""

import json
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_http import RecordedHttp

from engine.brokers.fava import URL, Fava
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag

QUERY = Query(target_id=1, name="x", ra_deg=150.0, dec_deg=30.0)


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "fava" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "fava" / "rows.json").read_bytes()


def test_counts_become_magnitudes_relative_to_the_mean(rows: bytes, query: Query) -> None:
    low = Fava().parse(rows, query).filter(pl.col("band") == "LAT(>100MeV)")
    # twice, once and 0.9 times the mean; errors 1.0857 / sqrt(200), / sqrt(100), / sqrt(90)
    assert low["mag"].to_list() == pytest.approx([-0.752575, 0.0, 0.114394], abs=1e-6)
    assert low["mag_err"].to_list() == pytest.approx([0.076773, 0.108574, 0.114446], abs=1e-6)


def test_few_photons_are_a_limit(rows: bytes, query: Query) -> None:
    high = Fava().parse(rows, query).filter(pl.col("band") == "LAT(>800MeV)")
    assert high["mag"].to_list() == [pytest.approx(0.0), None, None]  # 16, 4 and no photons
    # five times two photons of twenty; five photons of ten
    assert high["limit_mag"].to_list() == [None, pytest.approx(0.752575), pytest.approx(0.752575)]


def test_a_week_without_exposure_gives_no_point(rows: bytes, query: Query) -> None:
    assert Fava().parse(rows, query).group_by("band").len().sort("band")["len"].to_list() == [3, 3]


def test_times_are_brought_from_tt_to_utc_and_flagged(rows: bytes, query: Query) -> None:
    point = Fava().parse(rows, query).row(0, named=True)
    # 300000000 s is 3472.222222222222 d; 64.184 s - 66.184 s are -2 s
    assert point["mjd"] == pytest.approx(55382.222222222222 - 2.0 / 86400.0, abs=1e-9)
    assert point["flags"] == int(Flag.TIME_UNCERTAIN)


@given(counts=st.integers(10, 100000), mean=st.floats(0.5, 1e5))
def test_a_magnitude_is_the_ratio_of_counts(counts: int, mean: float) -> None:
    record = {"time": 3e8, "nev": counts, "avnev": mean, "he_nev": 0, "he_avnev": 0}
    point = Fava().parse(json.dumps([record]).encode(), QUERY).row(0, named=True)
    assert 10 ** (-0.4 * point["mag"]) == pytest.approx(counts / mean)
    assert point["mag_err"] == pytest.approx(2.5 / math.log(10) / math.sqrt(counts))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"nev":"200"', b'"nev":"-3"'), (b'"nev":"200"', b'"nev":"many"'), (b"300000000", b"55382"),
     (b"[{", b'{"rows":[{')],
)  # fmt: skip
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Fava().parse(rows.replace(old, new), query)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_a_position(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={URL: rows})
    assert Fava().fetch(query, http) == rows
    assert http.questions == [f"{URL} ra=150.000000 dec=30.000000"]
    with pytest.raises(Transient):
        Fava().fetch(query, RecordedHttp(answers={URL: b"<br />\n<b>Warning</b>: no database"}))
