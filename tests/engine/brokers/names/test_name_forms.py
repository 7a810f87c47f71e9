"""What a name looks like decides who is asked."""

import pytest

from engine.brokers.names.forms import alert_of, asked_name, is_body, name_of_body, transient_of
from engine.brokers.names.resolve import knowers_of
from engine.errors import Rejected


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("Gaia22dkv", ["Gaia Science Alerts", "SIMBAD"]),
        ("SN 2023ixf", ["TNS", "Gaia Science Alerts", "SIMBAD", "NED"]),
        ("2024den", ["TNS", "Gaia Science Alerts", "SIMBAD", "NED"]),
        ("ZTF22abcdefg", ["TNS", "SIMBAD", "NED"]),
        ("67P/Churyumov-Gerasimenko", ["JPL"]),
        ("3I/ATLAS", ["JPL"]),
        ("C/2025 N1 (ATLAS)", ["JPL"]),
        ("2004 MN4", ["JPL"]),
        ("(433) Eros", ["JPL"]),
        ("433 Eros", ["SIMBAD", "VSX", "NED", "JPL"]),  # 61 Cyg is written like it
        ("V404 Cyg", ["SIMBAD", "VSX", "NED", "JPL"]),
        ("M 31", ["SIMBAD", "VSX", "NED", "JPL"]),
    ],
)
def test_those_are_asked_who_can_know_a_name_of_this_form(name: str, titles: list[str]) -> None:
    assert [knower.title for knower in knowers_of(name)] == titles


@pytest.mark.parametrize(
    ("name", "transient"),
    [
        ("SN2023ixf", "2023ixf"), ("at 2024DEN", "2024den"), ("sn1987a", "1987A"), ("2024A", "2024A"),
        ("2024 AA", None), ("2024AA", None), ("Gaia22dkv", None), ("SN", None), ("3123abc", None),
    ],
)  # fmt: skip
def test_a_transient_is_told_from_an_asteroid(name: str, transient: str | None) -> None:
    assert transient_of(name) == transient


@pytest.mark.parametrize(
    "name", ["47 Tuc", "61 Cyg", "HD 209458", "NGC 5139", "3C 273", "4U 1626-67", "PG 1302"]
)
def test_a_star_is_no_body_of_the_solar_system(name: str) -> None:
    assert not is_body(name)


def test_an_alert_is_spelt_as_its_archive_does() -> None:
    assert alert_of("GAIA 22DKV") == "Gaia22dkv"
    assert alert_of("Gaia DR3 4472832130942575872") is None


def test_a_slash_is_allowed_in_a_body_and_nowhere_else() -> None:
    assert asked_name(" C/2025  N1 (ATLAS) ") == "C/2025 N1 (ATLAS)"
    assert name_of_body("C/2025 N1 (ATLAS)") == "C 2025 N1 ATLAS"
    with pytest.raises(Rejected) as refusal:
        asked_name("M/31")
    assert refusal.value.code == "name-characters"
