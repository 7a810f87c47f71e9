"""Names to positions: the first who knows a name tells it, whoever else is down.

The answers of the TNS and NED are made by hand in the form of their documentation; those of JPL are the
recorded ones that astroquery ships, those of Gaia and VSX the recorded ones beside the project.
"""

import importlib.resources
import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.gaia_alerts import INDEX_URL
from engine.brokers.names import gaia_alerts, ned, small_bodies, tns, vsx
from engine.brokers.names.resolve import resolve
from engine.brokers.names.simbad import SIMBAD_URL
from engine.errors import Rejected, Transient

SIMBAD_NOTHING = b"main_id,ra,dec,pmra,pmdec,otype,alias\n"
SIMBAD_STAR = SIMBAD_NOTHING + b'"V* V9999 Cyg",300.0,40.0,,,XB*,"V* V9999 Cyg"\n'
VSX_NOTHING = b'<?xml version="1.0" encoding="UTF-8"?>\n<VSXObject/>\n'
VSX_STAR = b'<?xml version="1.0"?><VSXObject Name="V1 Tst" RA2000="1.5" Declination2000="-2.5"/>'
NED_NOTHING = b'{"ResultCode": 0, "StatusCode": 100}'
NED_GALAXY = json.dumps({
    "ResultCode": 3, "Preferred": {
        "Name": "NGC 9999", "ObjType": {"Value": "G"}, "Position": {"RA": 12.5, "Dec": -7.25},
    },
}).encode()  # fmt: skip
JPL_NOTHING = b'{"code": "200", "message": "specified object was not found"}'
TNS_OBJECT = json.dumps({"id_code": 200, "data": {
    "objname": "2024abc", "name_prefix": "AT", "radeg": 20.5, "decdeg": -10.25,
    "object_type": {"id": None, "name": None}, "internal_names": "ZTF24abcdefg, Gaia24xyz, BGEM J01",
}}).encode()  # fmt: skip
ACCOUNT = {"tns_key": "k", "tns_bot_id": "7", "tns_bot_name": "b"}
DOWN = Transient("It is down.", code="unreachable")
NOBODY = {
    SIMBAD_URL: SIMBAD_NOTHING, vsx.URL: VSX_NOTHING, ned.URL: NED_NOTHING,
    small_bodies.LOOKUP_URL: JPL_NOTHING,
}  # fmt: skip


def jpl(name: str) -> bytes:
    return (importlib.resources.files("astroquery.jplsbdb") / "tests" / "data" / f"{name}.dat").read_bytes()


@pytest.fixture
def horizons(shared: Path) -> bytes:
    return (shared / "archives" / "solar_system" / "horizons_ceres_ephemerides_single.txt").read_bytes()


@pytest.mark.parametrize(
    ("answers", "by", "ra_deg"),
    [
        ({SIMBAD_URL: SIMBAD_STAR}, "SIMBAD", 300.0),
        ({vsx.URL: VSX_STAR}, "VSX", 1.5),
        ({ned.URL: NED_GALAXY}, "NED", 12.5),
        ({SIMBAD_URL: DOWN, ned.URL: NED_GALAXY}, "NED", 12.5),
    ],
)
def test_the_first_who_knows_a_name_tells_it(answers: dict[str, bytes], by: str, ra_deg: float) -> None:
    found = resolve(RecordedHttp(answers=NOBODY | answers), "Some object 1")
    assert (found.by, found.target.ra_deg, found.target.name) == (by, ra_deg, "Some object 1")
    assert by in found.target.description


def test_who_knows_a_name_ends_the_asking() -> None:
    http = RecordedHttp(answers=NOBODY | {SIMBAD_URL: SIMBAD_STAR})
    resolve(http, "V9999 Cyg")
    assert len(http.questions) == 1


def test_a_name_that_nobody_knows_is_refused_with_those_who_were_asked() -> None:
    with pytest.raises(Rejected, match="SIMBAD, VSX, NED, JPL") as refusal:
        resolve(RecordedHttp(answers=NOBODY), "Nothing 1")
    assert refusal.value.code == "unknown-name"


def test_a_name_may_be_known_by_somebody_who_is_down() -> None:
    with pytest.raises(Transient) as trouble:
        resolve(RecordedHttp(answers=NOBODY | {ned.URL: DOWN}), "Nothing 1")
    assert trouble.value.code == "unreachable"


def test_an_answer_that_cannot_be_read_is_no_no() -> None:
    with pytest.raises(Rejected) as refusal:
        resolve(RecordedHttp(answers=NOBODY | {ned.URL: b'{"ResultCode": "three"}'}), "Nothing 1")
    assert refusal.value.code == "not-all-asked"


def test_a_name_that_cannot_be_one_is_not_asked() -> None:
    http = RecordedHttp(answers={})
    with pytest.raises(Rejected) as refusal:
        resolve(http, "a;DROP/TABLE")
    assert refusal.value.code == "name-characters"
    assert not http.questions


def test_the_real_index_of_alerts_places_an_alert_by_both_its_names(shared: Path) -> None:
    index = (shared / "archives" / "gaia_alerts" / "alerts_subset.csv").read_bytes()
    http = RecordedHttp(answers={INDEX_URL: index, SIMBAD_URL: SIMBAD_NOTHING, ned.URL: NED_NOTHING})
    alert = resolve(http, "gaia24AOM")
    assert alert.by == "Gaia Science Alerts"
    assert (alert.target.ra_deg, alert.target.dec_deg) == (263.72436, -42.11582)
    assert dict(alert.target.aliases) == {"Gaia Alerts": "Gaia24aom", "TNS": "AT2024den"}
    assert resolve(http, "AT 2024den").target.ra_deg == 263.72436  # though the TNS has no account here
    assert not any(tns.URL in question for question in http.questions)
    with pytest.raises(Rejected, match="TNS needs an account"):
        resolve(http, "SN 2099zzz")
    with pytest.raises(Rejected):
        gaia_alerts.find(http, "2024zzz")  # an alert without a TNS name is not every unknown one


def test_the_tns_is_asked_with_the_mark_of_our_bot() -> None:
    http = RecordedHttp(answers={f"{tns.URL}/object": TNS_OBJECT}, secrets=ACCOUNT)
    found = resolve(http, "AT 2024abc")
    assert (found.by, found.target.ra_deg, found.target.dec_deg) == ("TNS", 20.5, -10.25)
    assert found.target.description == "TNS: AT 2024abc, type not classified."
    assert found.target.aliases == (
        ("Gaia Alerts", "Gaia24xyz"),
        ("TNS", "AT2024abc"),
        ("ZTF", "ZTF24abcdefg"),
    )
    (question,) = http.questions
    assert '"objname": "2024abc"' in question
    assert 'User-Agent: tns_marker{"tns_id": "7", "type": "bot", "name": "b"}' in question


def test_the_tns_knows_a_survey_s_own_name() -> None:
    listed = b'{"id_code": 200, "data": [{"objname": "2024abc", "prefix": "AT", "objid": 1}]}'
    answers = {f"{tns.URL}/search": listed, f"{tns.URL}/object": TNS_OBJECT}
    assert resolve(RecordedHttp(answers=answers, secrets=ACCOUNT), "ZTF24abcdefg").target.dec_deg == -10.25


@pytest.mark.parametrize("answer", [
    b'{"id_code": 200, "data": {"reply": {"objname": {"110": {"message": "No results found."}}}}}',
    b'{"id_code": 404, "id_message": "Not found", "data": []}',
    Rejected("www.wis-tns.org has no object.", code="not-found"),
])  # fmt: skip
def test_each_no_of_the_tns_is_a_no(answer: bytes | Rejected) -> None:
    http = RecordedHttp(answers={f"{tns.URL}/object": answer}, secrets=ACCOUNT)
    with pytest.raises(Rejected) as refusal:
        tns.find(http, "SN2024abc")
    assert refusal.value.code == "unknown-name"


def test_the_real_answer_of_vsx_places_a_star(shared: Path) -> None:
    body = (shared / "archives" / "aavso" / "vsx_api_object_xcrb.xml").read_bytes()
    star = vsx.parse(body, "X CrB")
    assert (star.ra_deg, star.dec_deg) == (237.22304, 36.24794)
    assert star.aliases == (("AAVSO", "000-BBW-584"),)
    assert star.description == "VSX: X CrB, type M."


@pytest.mark.parametrize("body", [b"<VSXObject", b"<other/>", b'<VSXObject RA2000="x" Declination2000="1"/>',
                                  b'<!DOCTYPE a [<!ENTITY b "c">]><VSXObject/>'])  # fmt: skip
def test_vsx_in_another_form_is_drift_or_ill(body: bytes) -> None:
    with pytest.raises((Rejected, Transient)) as refusal:
        vsx.parse(body, "X CrB")
    assert refusal.value.code in {"schema-drift", "answer-is-a-page"}


@pytest.mark.parametrize(
    ("file", "asked", "name", "designation", "aliases"),
    [
        ("67P", "67P/Churyumov-Gerasimenko", "67P Churyumov-Gerasimenko", "67P",
         {"67P/Churyumov-Gerasimenko", "67P", "67P/1975 P1", "67P/1969 R1"}),
        ("apophis", "(99942) Apophis", "99942 Apophis", "99942", {"99942 Apophis (2004 MN4)", "2004 MN4"}),
        ("ceres", "Ceres", "Ceres", "1", {"1 Ceres", "1943 XB", "A899 OF"}),
    ],
)  # fmt: skip
def test_a_real_body_becomes_a_target_with_its_designation(
    horizons: bytes, file: str, asked: str, name: str, designation: str, aliases: set[str]
) -> None:
    http = RecordedHttp(
        answers=NOBODY | {small_bodies.LOOKUP_URL: jpl(file), small_bodies.HORIZONS_URL: horizons}
    )
    found = resolve(http, asked)
    assert (found.by, found.target.name, found.target.designation) == ("JPL", name, designation)
    assert (found.target.ra_deg, found.target.dec_deg) == (188.70280, 9.09829)
    assert found.target.classification == "SSO"
    assert {alias for _, alias in found.target.aliases} == aliases
    assert "Its place is that of" in found.target.description


@pytest.mark.parametrize(("designation", "command"), [
    ("433", "'433;'"), ("2024 AA1", "'DES=2024 AA1;'"), ("67P", "'DES=67P;CAP;NOFRAG'"),
    ("3I", "'DES=3I;CAP;NOFRAG'"),
    ("C/2025 N1", "'DES=C/2025 N1;CAP;NOFRAG'"),
])  # fmt: skip
def test_horizons_is_asked_for_the_newest_orbit_of_one_body(
    horizons: bytes, designation: str, command: str
) -> None:
    body = json.dumps({"object": {"des": designation, "fullname": designation}}).encode()
    http = RecordedHttp(answers={small_bodies.LOOKUP_URL: body, small_bodies.HORIZONS_URL: horizons})
    small_bodies.find(http, designation)
    assert f"COMMAND={command}" in http.questions[1]


def test_a_name_of_several_bodies_is_refused() -> None:
    several = Rejected("ssd-api.jpl.nasa.gov refused the question with status 300: {}", code="refused")
    for answer in (several, b'{"code": 300, "list": [{"pdes": "1"}, {"pdes": "2"}]}'):
        with pytest.raises(Rejected) as refusal:
            resolve(RecordedHttp(answers={small_bodies.LOOKUP_URL: answer}), "73P")
        assert refusal.value.code == "ambiguous-name"


def test_horizons_without_a_table_is_drift(shared: Path) -> None:
    error = (shared / "archives" / "solar_system" / "horizons_tlist_error.txt").read_bytes()
    with pytest.raises(Rejected, match="WLDINI") as refusal:
        small_bodies.parse_place(error)
    assert refusal.value.code == "schema-drift"
