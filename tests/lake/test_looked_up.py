"""A name asked twice goes out once; a no is believed for a day, a place in the Solar System for an hour."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.names import ned, small_bodies, vsx
from engine.brokers.names.simbad import SIMBAD_URL
from engine.errors import Rejected, Transient
from lake.looked_up import look_up

# Answers made by hand in the forms of the services.
HEAD = b"main_id,ra,dec,pmra,pmdec,otype,alias\n"
STAR = HEAD + b'"V* V1 Cyg",300.5,40.25,-1.5,2.5,V*,Gaia22abc\n'
NOBODY = {SIMBAD_URL: HEAD, vsx.URL: b"<VSXObject/>", ned.URL: b'{"ResultCode": 0}',
          small_bodies.LOOKUP_URL: b'{"message": "specified object was not found"}'}  # fmt: skip
TABLE = b" Date, , , R.A._(ICRF), DEC_(ICRF),\n****\n$$SOE\n 2026, , , 10.5, -3.25,\n$$EOE\n"
BODY = {small_bodies.LOOKUP_URL: b'{"object": {"des": "67P"}}', small_bodies.HORIZONS_URL: TABLE}


def made_older(folder: Path, days: float) -> None:
    for path in folder.iterdir():
        told = json.loads(path.read_text())
        path.write_text(json.dumps(told | {"asked_mjd": told["asked_mjd"] - days}))


def test_a_name_asked_twice_goes_out_once_and_means_the_same(tmp_path: Path) -> None:
    http = RecordedHttp(answers={SIMBAD_URL: STAR})
    first = look_up(tmp_path, http, "V1 Cyg")
    assert first.target.aliases == (("Gaia Alerts", "Gaia22abc"),)
    assert look_up(tmp_path, http, " V1 Cyg ") == first
    assert len(http.questions) == 1


@pytest.mark.parametrize(
    ("answers", "name", "young_d", "old_d"),
    [
        ({SIMBAD_URL: STAR}, "V1 Cyg", 29.0, 31.0),
        (NOBODY, "V1 Cyg", 0.9, 1.1),
        (BODY, "67P", 0.9 / 24, 1.1 / 24),
    ],
)
def test_an_answer_ages(
    tmp_path: Path, answers: dict[str, bytes], name: str, young_d: float, old_d: float
) -> None:
    http = RecordedHttp(answers=answers)

    def asked() -> int:
        before = len(http.questions)
        try:
            look_up(tmp_path, http, name)
        except Rejected as refusal:
            assert refusal.code == "unknown-name"
        return len(http.questions) - before

    assert asked() > 0
    made_older(tmp_path, young_d)
    assert asked() == 0
    made_older(tmp_path, old_d - young_d)
    assert asked() > 0


def test_who_was_down_is_asked_again(tmp_path: Path) -> None:
    down = Transient("It is down.", code="unreachable")
    http = RecordedHttp(answers=NOBODY | {SIMBAD_URL: [down, STAR]})
    with pytest.raises(Transient):
        look_up(tmp_path, http, "V1 Cyg")
    assert look_up(tmp_path, http, "V1 Cyg").target.ra_deg == 300.5


def test_a_broken_file_is_asked_anew(tmp_path: Path) -> None:
    http = RecordedHttp(answers={SIMBAD_URL: STAR})
    look_up(tmp_path, http, "V1 Cyg")
    for path in tmp_path.iterdir():
        path.write_text('{"asked_mjd": 6')
    assert look_up(tmp_path, http, "V1 Cyg").by == "SIMBAD"
    assert len(http.questions) == 2
