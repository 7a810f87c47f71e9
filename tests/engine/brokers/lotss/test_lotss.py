"""LoTSS: one flux of the nearest source, whose time nobody knows."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.asking.tapvizier import SYNC_URL, catalogue_of
from engine.brokers.lotss import COLUMNS, MIDDLE_MJD, Lotss
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "lotss" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "lotss" / "rows.json").read_bytes()


def test_a_real_answer_without_rows_is_an_empty_sky(shared: Path) -> None:
    body = (shared / "archives" / "lotss" / "tapvizier_lotss_dr2_3c273_empty.json").read_bytes()
    answer = catalogue_of(body, title="LoTSS", required=COLUMNS)
    assert answer.rows.height == 0
    assert answer.rows.width == 11
    assert answer.units["SpeakTot"] == answer.units["e_SpeakTot"] == "mJy"
    quasar = Query(target_id=1, name="3C 273", ra_deg=187.2779154, dec_deg=2.0523883)
    assert Lotss().parse(body, quasar).is_empty()


def test_the_nearest_source_gives_its_integrated_flux(rows: bytes, query: Query) -> None:
    (point,) = Lotss().parse(rows, query).to_dicts()
    assert point["source_ref"] == "ILTJ100000.07+300000.7"
    assert point["flux_ujy"] == 8000.0
    assert point["flux_err_ujy"] == pytest.approx(1000.0)  # sqrt(0.6**2 + 0.8**2) mJy
    assert point["mag"] is None


def test_the_time_is_the_middle_of_the_survey_and_flagged(rows: bytes, query: Query) -> None:
    (point,) = Lotss().parse(rows, query).to_dicts()
    assert point["mjd"] == MIDDLE_MJD == (56800.0 + 58884.0) / 2
    assert point["flags"] == int(Flag.TIME_UNCERTAIN)


def test_a_catalogue_in_other_units_is_read_in_them(rows: bytes, query: Query) -> None:
    jansky = Lotss().parse(rows.replace(b"mJy", b"Jy"), query)
    assert jansky["flux_ujy"].to_list() == [8e6]


def test_the_question_is_a_cone_in_the_catalogue(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={SYNC_URL: rows})
    assert Lotss().fetch(query, http) == rows
    (question,) = http.questions
    assert "FORMAT=json" in question
    assert "FROM \"J/A+A/659/A1/catalog\" WHERE CONTAINS(POINT('ICRS', RAJ2000, DEJ2000)" in question


def test_a_page_is_never_an_empty_sky(query: Query) -> None:
    with pytest.raises(Transient):
        Lotss().fetch(query, RecordedHttp(answers={SYNC_URL: b"<VOTABLE>an error</VOTABLE>"}))


@pytest.mark.parametrize(
    ("old", "new"), [(b'"data"', b'"rows"'), (b"150.0003", b'"far"'), (b"150.0003", b"null"), (b"[", b"{")]
)
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        Lotss().parse(rows.replace(old, new), query)
    assert refusal.value.code == "schema-drift"
