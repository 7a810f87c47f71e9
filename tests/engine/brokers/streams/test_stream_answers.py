"""Streams of alerts: real answers of the brokers become candidates, and each is asked as it is documented.

Bodies written here by hand say so; the others are recorded answers.
"""

import json
from pathlib import Path

import polars as pl
import pytest
from recorded_http import RecordedHttp

from engine.brokers.protocol import Evidence
from engine.brokers.reading.bundle import bundled
from engine.brokers.streams.alerce import Alerce
from engine.brokers.streams.antares import Antares
from engine.brokers.streams.fink import FinkLsst, FinkZtf
from engine.brokers.streams.gaia_alerts import GaiaAlertsIndex
from engine.brokers.streams.lasair import Lasair
from engine.brokers.streams.protocol import CANDIDATES, Rule, Span, Stream
from engine.brokers.streams.registry import STREAMS, stream, streams_table
from engine.brokers.streams.tns import MOST_OBJECTS, Tns
from engine.brokers.streams.transients_fyi import TransientsFyi
from engine.errors import Rejected, Transient

SPAN = Span(first_seen_mjd=61300.0, since_mjd=61312.0, until_mjd=61315.5)
BOT = {"tns_key": "k", "tns_bot_id": "7", "tns_bot_name": "bot", "lasair_token": "t"}
EMPTY = {
    "alerce": b'{"items": []}',
    "antares": b'{"data": []}',
    "transients_fyi": b'{"rows": []}',
    "tns": b"",
}
EMPTY["gaia_alerts"] = b"#Name, Date, RaDeg, DecDeg, AlertMag, Class\n"
# Written by hand in the form of TNS's documentation.
TNS_SEARCH = json.dumps({"id_code": 200, "data": {"reply": [
    {"objname": "2026aab", "prefix": "AT", "objid": 1}, {"objname": "2026zz", "prefix": "SN", "objid": 2},
]}}).encode()  # fmt: skip
TNS_OBJECT = json.dumps({"id_code": 200, "data": {"reply": {
    "objname": "2026aab", "name_prefix": "SN", "radeg": 10.5, "decdeg": -20.25, "discoverymag": 17.8,
    "discoverydate": "2026-10-01 12:00:00.000", "discmagfilter": {"id": 72, "name": "orange"},
    "object_type": {"id": 3, "name": "SN Ia"},
}}}).encode()  # fmt: skip

each_stream = pytest.mark.parametrize("one", STREAMS, ids=lambda one: one.info.key)


def row_of(found: pl.DataFrame) -> dict[str, object]:
    """Return the only candidate."""
    assert len(found) == 1
    return found.row(0, named=True)


def asked(one: Stream, rule: Rule, answer: bytes = b"[]") -> str:
    """Return the question that a stream sends for a rule."""
    http = RecordedHttp(answers={"http": answer}, secrets=BOT)
    one.fetch(rule, SPAN, http)
    return http.questions[0]


@each_stream
def test_an_empty_answer_has_no_candidates_and_every_column(one: Stream) -> None:
    found = one.parse(EMPTY.get(one.info.key, b"[]"))
    assert found.is_empty()
    assert dict(found.schema) == CANDIDATES


@each_stream
@pytest.mark.parametrize("body", [b'{"message": "other"}', b'[{"other": 1}]', b"\xff\xfe", b"[1, 2"])
def test_an_answer_of_another_form_is_drift(one: Stream, body: bytes) -> None:
    broken = bundled({"2026aab": body}) if one.info.key == "tns" else body
    with pytest.raises(Rejected) as refusal:
        one.parse(broken)
    assert refusal.value.code == "schema-drift"


@each_stream
def test_a_page_for_people_is_never_taken_for_an_empty_answer(one: Stream) -> None:
    page = b"<!DOCTYPE html><p>We are away."
    with pytest.raises((Rejected, Transient)):
        one.parse(bundled({"2026aab": page}) if one.info.key == "tns" else page)


@each_stream
def test_a_stream_says_what_it_rests_on(one: Stream) -> None:
    documented = "documentation only" in one.info.basis
    assert documented == (one.info.evidence == Evidence.DOCUMENTED)
    assert stream(one.info.key) is one
    assert one.info.classes


def test_the_documentation_names_every_stream_and_what_it_rests_on() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "watching.md"
    assert streams_table() in page.read_text()


def test_an_unknown_stream_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Rejected, match="fink_ztf") as refusal:
        stream("nonsense")
    assert refusal.value.code == "unknown-stream"


def test_a_negative_difference_of_fink_has_a_place_but_no_magnitude(shared: Path) -> None:
    body = (shared / "archives" / "fink" / "fink_get_alert_0.json").read_bytes()
    newest = max(json.loads(body), key=lambda row: row["i:jd"])
    row = row_of(FinkZtf().parse(body))
    assert (row["name"], row["ra_deg"]) == ("ZTF19aaosfcb", newest["i:ra"])
    assert row["mjd"] == pytest.approx(newest["i:jd"] - 2400000.5)
    assert row["mag"] == (newest["i:magpsf"] if newest["i:isdiffpos"] == "t" else None)
    assert row["first_mjd"] < row["mjd"]


def test_of_several_alerts_of_one_object_the_newest_counts() -> None:
    row = {"i:objectId": "ZTF99aaaaaaa", "i:ra": 10, "i:dec": 20, "i:magpsf": 18.5, "i:fid": 2,
           "i:isdiffpos": "t"}  # fmt: skip
    body = json.dumps([row | {"i:jd": 2461310.5}, row | {"i:jd": 2461312.5, "i:magpsf": 17.5}]).encode()
    found = row_of(FinkZtf().parse(body))  # by hand
    assert (found["mjd"], found["mag"], found["band"]) == (61312.0, 17.5, "ZTF(zr)")


def test_a_name_cannot_lead_a_link_elsewhere() -> None:
    row = {
        "i:objectId": "../@evil.org?a=1",
        "i:ra": 1,
        "i:dec": 2,
        "i:jd": 2461312.5,
        "i:magpsf": 1,
        "i:fid": 1,
    }
    found = row_of(FinkZtf().parse(json.dumps([row]).encode()))  # by hand
    assert found["link"] == "https://ztf.fink-portal.org/..%2F%40evil.org%3Fa%3D1"


def test_fink_is_asked_for_a_class_since_the_last_time() -> None:
    question = asked(FinkZtf(), Rule(classification="SN candidate"))
    assert '"class": "SN candidate"' in question
    assert '"startdate": "2026-09-29 00:00:00"' in question
    assert '"tag": "in_tns"' in asked(FinkLsst(), Rule(classification="in_tns"))


def test_a_flux_of_lsst_becomes_a_magnitude_and_its_time_utc() -> None:
    row = {"r:diaObjectId": 313853517444939794, "r:ra": 150.1, "r:dec": 2.2, "r:midpointMjdTai": 61312.5,
           "r:psfFlux": 7051.382, "r:band": "g"}  # fmt: skip
    found = row_of(FinkLsst().parse(json.dumps([row]).encode()))  # by hand, the flux is a recorded one
    assert found["name"] == "LSST_313853517444939794"
    assert found["mag"] == pytest.approx(31.4 - 2.5 * 3.848274, abs=1e-4)
    assert found["mjd"] == pytest.approx(61312.5 - 37 / 86400, abs=1e-8)
    assert found["band"] == "LSST(g)"


def test_an_object_of_alerce_keeps_when_it_was_seen_first(shared: Path) -> None:
    one = json.loads((shared / "archives" / "alerce" / "alerce_get_alert_0.json").read_bytes())
    listed = one | {"class": "SN", "probability": 0.71}  # the list's own two columns, by hand
    found = row_of(Alerce().parse(json.dumps({"items": [listed]}).encode()))
    assert (found["name"], found["first_mjd"], found["mjd"]) == (
        "ZTF18abcgqmz",
        58288.37787039997,
        58347.19135419978,
    )
    assert (found["classification"], found["probability"], found["mag"]) == ("SN", 0.71, None)


@pytest.mark.parametrize(
    ("word", "classifier"),
    [("SN", "stamp_classifier"), ("SNIa", "lc_classifier"), ("other:SNIa", "other")],
)
def test_a_class_of_alerce_finds_its_classifier(word: str, classifier: str) -> None:
    question = asked(Alerce(), Rule(classification=word, probability_min=0.5))
    assert f"classifier={classifier} class={word.rpartition(':')[2]} " in question
    assert "firstmjd=61300.00000 lastmjd=61312.00000" in question
    assert "probability=0.5" in question


def test_an_object_of_lasair_has_the_band_of_its_latest_flux(shared: Path) -> None:
    name = "lasair_lsst_313637921267122191_object.json"
    one = (shared / "archives" / "lasair" / name).read_bytes()  # with bare NaN
    found = row_of(Lasair().parse(b"[" + one + b"]"))
    assert (found["name"], found["band"]) == ("LSST_313637921267122191", "LSST(i)")
    assert found["mag"] == pytest.approx(20.4422, abs=1e-4)
    assert found["first_mjd"] < found["mjd"] < 60983.20685446523


def test_lasair_is_asked_with_the_conditions_of_a_filter_and_the_token() -> None:
    question = asked(Lasair(), Rule(classification="S'N", conditions="objects.nPosDiaSources > 2"))
    assert "classification = 'S''N'" in question
    assert "AND (objects.nPosDiaSources > 2) ORDER BY" in question
    assert "Authorization: Token t" in question


def test_a_known_asteroid_is_no_candidate_of_antares(shared: Path) -> None:
    body = (shared / "archives" / "antares" / "antares_get_alert_0.json").read_bytes()
    assert Antares().parse(body).is_empty()
    answer = json.loads(body)
    answer["data"][0]["attributes"]["properties"]["ztf_ssnamenr"] = "null"  # what a star would have
    found = row_of(Antares().parse(json.dumps(answer).encode()))
    assert (found["name"], found["mjd"]) == ("ZTF26abeuijw", 61224.49046299979)
    assert found["mag"] == pytest.approx(15.428149)


def test_antares_is_asked_for_a_tag_and_a_time() -> None:
    question = asked(Antares(), Rule(classification="high_snr"), b'{"data": []}')
    assert '{"term": {"tags": "high_snr"}}' in question
    assert '{"properties.newest_alert_observation_time": {"gte": 61312.0}}' in question


def test_the_index_of_gaia_is_read_whole(shared: Path) -> None:
    body = (shared / "archives" / "gaia_alerts" / "alerts_subset.csv").read_bytes()
    found = GaiaAlertsIndex().parse(body)
    row = row_of(found.filter(pl.col("name") == "Gaia24aom"))
    assert (row["mag"], row["classification"]) == (18.62, "unknown")
    assert row["mjd"] == pytest.approx(60341.39878, abs=1e-5)
    assert found["mjd"].is_sorted(descending=True)
    assert len(found) > 270


def test_an_object_of_several_surveys_goes_by_its_name_at_tns(shared: Path) -> None:
    body = (shared / "archives" / "transients_fyi" / "tfyi_table.json").read_bytes()
    found = TransientsFyi().parse(body)
    assert found["name"].to_list() == ["SN 2026aakk", "SN 2026yum", "SN 2018exb"]
    assert found["classification"].to_list() == ["SN Ia", "SN II", "SN Ia"]
    assert found["mag"].to_list()[2] is None
    assert found["link"][0] == "https://transients.fyi/objects/ztf/ZTF26abrxzal"


def test_transients_fyi_is_asked_for_the_window_that_holds_the_time() -> None:
    rule = Rule(brighter_than_mag=19.0, dec_min_deg=-30.0)
    assert "window=7d source=all limit=100 offset=0 mag_max=19 dec_min=-30" in asked(TransientsFyi(), rule)


def test_each_new_object_of_tns_is_asked_for_by_the_bot_and_never_too_many() -> None:
    http = RecordedHttp(answers={"get/search": TNS_SEARCH, "get/object": TNS_OBJECT}, secrets=BOT)
    found = row_of(Tns().parse(Tns().fetch(Rule(), SPAN, http)))  # both answers are the same object
    assert (found["name"], found["mjd"], found["mag"]) == ("SN 2026aab", 61314.5, 17.8)
    assert (found["classification"], found["band"]) == ("SN Ia", "orange")
    assert '"public_timestamp": "2026-09-29 00:00:00"' in http.questions[0]
    assert 'tns_marker{"tns_id": "7", "type": "bot", "name": "bot"}' in http.questions[0]
    many = json.dumps({"data": [{"objname": f"2026a{number:03d}"} for number in range(80)]}).encode()
    http = RecordedHttp(answers={"get/search": many, "get/object": TNS_OBJECT}, secrets=BOT)
    Tns().fetch(Rule(), SPAN, http)
    assert len(http.questions) == 1 + MOST_OBJECTS


@pytest.mark.parametrize("key", ["tns", "lasair"])
def test_a_stream_with_an_account_is_not_asked_without_it(key: str) -> None:
    http = RecordedHttp(answers={"http": b"[]"})
    with pytest.raises(Rejected) as refusal:
        stream(key).fetch(Rule(), SPAN, http)
    assert refusal.value.code == "needs-account"
    assert not http.questions
