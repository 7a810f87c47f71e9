"""Catalogue search: a name becomes a target, by real answers where there are some."""

import json
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.brokers.catalogue_search import Catalogue, parse_horizons, search
from engine.errors import Rejected, Transient
from engine.target import checked_name

BOT = {"tns_key": "k", "tns_bot_id": "7", "tns_bot_name": "bot"}
# By hand, in the form of the services' documentation.
SIMBAD = b'main_id,ra,dec,pmra,pmdec,otype,alias\n"M 31",10.6847,41.2687,,,G,NGC 224\n'
TNS = json.dumps({"id_code": 200, "data": {
    "objname": "2026aab", "name_prefix": "SN", "radeg": 10.5, "decdeg": -20.25, "discoverymag": 17.8,
    "discoverydate": "2026-10-01 12:00:00.000", "discmagfilter": {"name": "orange"},
    "object_type": {"name": "SN Ia"}, "internal_names": "ATLAS26abc, ZTF26abcdefg",
}}).encode()  # fmt: skip
FINK = json.dumps([
    {"r:diaObjectId": 313853517444939794, "r:ra": 150.1, "r:dec": 2.2, "r:midpointMjdTai": mjd}
    for mjd in (61205.9889914105, 61204.9812346433)
]).encode()  # fmt: skip


def refusal(service: str, term: str, http: RecordedHttp) -> Rejected:
    with pytest.raises(Rejected) as refused:
        search(service, term, http)
    return refused.value


def test_simbad_is_asked_for_any_name() -> None:
    found = search("SIMBAD", " M  31 ", RecordedHttp(answers={"simbad": SIMBAD}))
    assert (found.name, found.ra_deg, found.dec_deg) == ("M 31", 10.6847, 41.2687)


def test_a_gaia_alert_is_found_with_its_name_at_tns(shared: Path) -> None:
    index = (shared / "archives" / "gaia_alerts" / "alerts_subset.csv").read_bytes()
    found = search("Gaia Alerts", "gaia 24AOM", RecordedHttp(answers={"alerts.csv": index}))
    assert (found.name, found.ra_deg, found.dec_deg) == ("Gaia24aom", 263.72436, -42.11582)
    assert found.aliases == (("TNS", "AT2024den"),)
    assert found.discovery_mjd == pytest.approx(60341.39878, abs=1e-5)
    assert "G = 18.62" in found.description
    assert refusal("Gaia Alerts", "Gaia99zzz", RecordedHttp(answers={"alerts.csv": index})).code == (
        "unknown-name"
    )


def test_an_object_of_tns_brings_its_class_and_its_other_names() -> None:
    http = RecordedHttp(answers={"get/object": TNS}, secrets=BOT)
    found = search("TNS", "AT 2026aab", http)
    assert (found.name, found.classification, found.discovery_mjd) == ("SN 2026aab", "SN", 61314.5)
    assert [name for _, name in found.aliases] == ["ATLAS26abc", "ZTF26abcdefg"]
    assert '"objname": "2026aab"' in http.questions[0]
    assert refusal("TNS", "2026aab", RecordedHttp(answers={})).code == "needs-account"


@pytest.mark.parametrize("body", [b'{"data": []}', b'{"data": {"reply": {"objname": {"110": {}}}}}'])
def test_an_object_that_tns_does_not_have_is_unknown(body: bytes) -> None:
    http = RecordedHttp(answers={"get/object": body}, secrets=BOT)
    assert refusal("TNS", "2026aab", http).code == "unknown-name"


def test_an_object_of_alerce_is_found_by_its_ztf_name(shared: Path) -> None:
    body = (shared / "archives" / "alerce" / "alerce_get_alert_0.json").read_bytes()
    found = search("ALeRCE", "ZTF18abcgqmz", RecordedHttp(answers={"objects/ZTF18abcgqmz": body}))
    assert (found.name, found.ra_deg) == ("ZTF18abcgqmz", 279.90476624999997)
    assert found.discovery_mjd == 58288.37787039997
    assert refusal("ALeRCE", "ZTF18zzzzzzz", RecordedHttp(answers={})).code == "unknown-name"


def test_a_number_of_lsst_keeps_all_its_digits(shared: Path) -> None:
    body = (shared / "archives" / "alerce" / "alerce_lsst_get_alert_0.json").read_bytes()
    http = RecordedHttp(answers={"oid=170587116732416143": body})
    found = search("ALeRCE", "170587116732416143", http)
    assert (found.name, found.dec_deg) == ("LSST_170587116732416143", -42.3746911041113)
    assert found.discovery_mjd == pytest.approx(61217.41670499195 - 37 / 86400, abs=1e-8)


def test_an_object_of_fink_is_discovered_at_its_first_alert() -> None:
    http = RecordedHttp(answers={"/sources": FINK})
    found = search("Fink LSST", "LSST_313853517444939794", http)
    assert (found.name, found.ra_deg) == ("LSST_313853517444939794", 150.1)
    assert found.discovery_mjd == pytest.approx(61204.9812346433 - 37 / 86400, abs=1e-8)
    assert refusal("Fink LSST", "313853517444939795", RecordedHttp(answers={"/sources": b"[]"})).code == (
        "unknown-name"
    )


def test_a_body_of_the_solar_system_stands_where_horizons_says(shared: Path) -> None:
    body = (shared / "archives" / "solar_system" / "horizons_ceres_ephemerides_single.txt").read_bytes()
    http = RecordedHttp(answers={"horizons": body})
    found = search("JPL", "Ceres", http)
    assert (found.name, found.designation, found.classification) == ("1 Ceres", "1", "SSO")
    assert (found.ra_deg, found.dec_deg) == (188.70280, 9.09829)
    assert "stood on 2000-01-01 00:00 UTC" in found.description
    assert "COMMAND='Ceres;'" in http.questions[0]


def test_a_body_without_a_name_goes_by_its_designation(shared: Path) -> None:
    body = (shared / "archives" / "solar_system" / "horizons_no_H.txt").read_bytes()
    found = parse_horizons(body, "1935 UZ")
    assert (found.name, found.designation) == ("1935 UZ", "1935 UZ")


@pytest.mark.parametrize(
    ("said", "name", "designation"),
    [
        ("3I/ATLAS (C/2025 N1)", "3I ATLAS", "3I"),
        ("C/2025 N1 (ATLAS)", "C 2025 N1", "C/2025 N1"),
        ("67P/Churyumov-Gerasimenko", "67P Churyumov-Gerasimenko", "67P"),
        ("101955 Bennu (1999 RQ36)", "101955 Bennu", "101955"),
    ],
)
def test_a_comet_and_an_interstellar_body_have_names_that_a_target_can_have(
    shared: Path, said: str, name: str, designation: str
) -> None:
    body = (shared / "archives" / "solar_system" / "horizons_ceres_ephemerides_single.txt").read_bytes()
    found = parse_horizons(body.replace(b"1 Ceres (A801 AA)", said.encode()), said)
    assert (found.name, found.designation) == (name, designation)
    assert checked_name(found.name) == name


@pytest.mark.parametrize(
    ("term", "command"), [("67P", "DES=67P;CAP;NOFRAG"), ("C/2025 N1", "DES=C/2025 N1;")]
)
def test_a_comet_is_asked_for_by_its_newest_apparition(term: str, command: str) -> None:
    http = RecordedHttp(answers={"horizons": b"No matches found.\n"})
    assert refusal("JPL", term, http).code == "unknown-name"
    assert f"COMMAND='{command}" in http.questions[0]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b' Multiple major-bodies match string "MARS*"\n', "ambiguous-name"),
        (b"Matching small-bodies: \n", "ambiguous-name"),
        (b"API VERSION: 1.1\n\nBATVAR: no TLIST values found\n", "schema-drift"),
    ],
)
def test_what_horizons_cannot_tell_is_refused(said: bytes, code: str) -> None:
    assert refusal("JPL", "Mars", RecordedHttp(answers={"horizons": said})).code == code


@pytest.mark.parametrize("service", list(Catalogue))
@pytest.mark.parametrize("term", ["", "x" * 200, "a'; DROP TABLE", "<script>"])
def test_a_name_of_no_kind_is_not_asked(service: str, term: str) -> None:
    http = RecordedHttp(answers={})
    assert refusal(service, term, http).code in {"unknown-name", "name-characters", "name-too-long"}
    assert not http.questions


def test_an_unknown_catalogue_is_refused_with_the_known_ones() -> None:
    told = refusal("NED", "M 31", RecordedHttp(answers={}))
    assert told.code == "unknown-service"
    assert "SIMBAD, Gaia Alerts" in told.reason


@pytest.mark.parametrize(
    ("service", "term"),
    [("SIMBAD", "M 31"), ("Gaia Alerts", "Gaia22dkv"), ("TNS", "2011fe"), ("ALeRCE", "ZTF18abcgqmz"),
     ("Fink LSST", "170587116732416143"), ("JPL", "Ceres")],
)  # fmt: skip
@pytest.mark.parametrize("answer", [Transient("down", code="unreachable"), b"<html>We are away."])
def test_a_catalogue_that_is_down_is_never_taken_for_one_that_knows_nothing(
    service: str, term: str, answer: bytes | Exception
) -> None:
    with pytest.raises((Transient, Rejected)) as error:
        search(service, term, RecordedHttp(answers={"http": answer}, secrets=BOT))
    assert error.value.code in {"unreachable", "answer-is-a-page", "schema-drift"}
