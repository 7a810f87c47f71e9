"""Names to positions by SIMBAD; the answers here are made by hand in the form of its CSV."""

import pytest
from recorded_http import RecordedHttp

from engine.brokers.names.simbad import SIMBAD_URL, find, parse_resolved, question
from engine.errors import Rejected, Transient

HEAD = "main_id,ra,dec,pmra,pmdec,otype,alias\n"
STAR = '"NAME Invented  Star",269.45,4.69,-801.5,10362.4,BY*'
BODY = (HEAD + "".join(f"{STAR},{alias}\n" for alias in (
    '"Gaia DR3 4472832130942575872"', '"Gaia22abc"', '"AT 2022abc"', '"V*  V9999 Oph"', '"ZTF22abcdefg"',
))).encode()  # fmt: skip


def test_a_name_becomes_a_target_at_its_position() -> None:
    http = RecordedHttp(answers={SIMBAD_URL: BODY})
    target = find(http, "  Invented star ")
    assert (target.name, target.ra_deg, target.dec_deg, target.epoch) == (
        "Invented star",
        269.45,
        4.69,
        2000.0,
    )
    assert (target.pm_ra_mas_yr, target.pm_dec_mas_yr) == (-801.5, 10362.4)
    assert target.target_id is None
    assert target.description == "SIMBAD: NAME Invented Star, type BY*."


def test_names_that_archives_know_become_aliases() -> None:
    aliases = dict(parse_resolved(BODY, "Invented star").aliases)
    assert aliases == {
        "Gaia DR3": "Gaia DR3 4472832130942575872",
        "Gaia Alerts": "Gaia22abc",
        "TNS": "AT 2022abc",
        "ZTF": "ZTF22abcdefg",
    }
    assert "Gaia Alerts" not in dict(parse_resolved(BODY, "Gaia22abc").aliases)


def test_a_quote_in_a_name_stays_inside_the_name() -> None:
    assert question("Barnard's star").endswith("WHERE asked.id = 'Barnard''s star'")


@pytest.mark.parametrize("body", [HEAD.encode(), (HEAD + "X,,,,,Rad,X\n").encode()])
def test_an_object_that_simbad_does_not_place_is_unknown(body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        find(RecordedHttp(answers={SIMBAD_URL: body}), "Nothing 1")
    assert refusal.value.code == "unknown-name"


def test_a_name_that_cannot_be_one_is_not_asked() -> None:
    http = RecordedHttp(answers={})
    with pytest.raises(Rejected) as refusal:
        find(http, "a;DROP/TABLE")
    assert refusal.value.code == "name-characters"
    assert not http.questions


@pytest.mark.parametrize(
    "answer",
    [Transient("down", code="unreachable"), b"<?xml version='1.0'?><VOTABLE><INFO value='ERROR'/></VOTABLE>"],
)
def test_simbad_down_is_for_later(answer: bytes | Transient) -> None:
    with pytest.raises(Transient):
        find(RecordedHttp(answers={SIMBAD_URL: answer}), "M 31")


def test_an_answer_of_another_form_is_drift() -> None:
    with pytest.raises(Rejected) as refusal:
        parse_resolved(b"main_id,ra\nM 31,10\n", "M 31")
    assert refusal.value.code == "schema-drift"
