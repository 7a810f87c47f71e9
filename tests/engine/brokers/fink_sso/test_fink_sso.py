"""Fink: ZTF's alerts of a body."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.fink_sso import URL, FinkSso, cuts
from engine.brokers.protocol import Query
from engine.errors import Rejected, Transient


@pytest.fixture
def query(answers: Path) -> Query:
    return Query(**json.loads((answers / "fink_sso" / "query.json").read_text()))


@pytest.fixture
def rows(answers: Path) -> bytes:
    return (answers / "fink_sso" / "rows.json").read_bytes()


def test_alerts_become_points_at_mid_exposure(rows: bytes, query: Query) -> None:
    points = FinkSso().parse(rows, query)
    # left out: a hole in the image, 2.7 sigma, not measured
    assert points.select("source_ref", "band", "mag", "mag_err").rows() == [
        ("2700000000000000001", "ZTF(zg)", 18.2, 0.05),
        ("2700000000000000002", "ZTF(zr)", 17.7, 0.04),
    ]
    assert points["mjd"].to_list() == pytest.approx([59000.000173611, 59001.000173611], abs=1e-9)
    assert points["limit_mag"].count() == 0


def test_every_cut_is_documented() -> None:
    for name in cuts():
        assert any(name in sentence for sentence in FinkSso().info.method)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"2459000.5", b"59000.0"), (b'"i:fid": 2', b'"i:fid": 7'), (b'"i:ra": 150.0', b'"i:ra": null'),
     (b"18.2", b'"bright"')],
)  # fmt: skip
def test_another_form_is_drift(rows: bytes, query: Query, old: bytes, new: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        FinkSso().parse(rows.replace(old, new), query)
    assert refusal.value.code == "schema-drift"


def test_the_question_is_a_designation(rows: bytes, query: Query) -> None:
    http = RecordedHttp(answers={URL: rows})
    assert FinkSso().fetch(query, http) == rows
    assert '"n_or_d": "999999"' in http.questions[0]
    with pytest.raises(Transient):
        FinkSso().fetch(query, RecordedHttp(answers={URL: b"<html>Bad Gateway</html>"}))
    with pytest.raises(Rejected) as refusal:
        FinkSso().fetch(Query(target_id=1, name="A star", ra_deg=1.0, dec_deg=1.0), http)
    assert refusal.value.code == "no-designation"


def test_a_message_of_failure_is_drift(query: Query) -> None:
    with pytest.raises(Rejected) as refusal:
        FinkSso().parse(b'{"status": "error", "text": "no table"}', query)
    assert refusal.value.code == "schema-drift"
