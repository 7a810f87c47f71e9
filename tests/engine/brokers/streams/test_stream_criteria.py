"""A person's rule: what it may say, what a stream can do with it, and which candidates fit it."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.class_words import class_of
from engine.brokers.streams.alerce import INFO as ALERCE
from engine.brokers.streams.criteria import checked_rule, criteria_of, fitting, rule_of, told
from engine.brokers.streams.fink import ZTF
from engine.brokers.streams.gaia_alerts import INFO as GAIA
from engine.brokers.streams.lasair import INFO as LASAIR
from engine.brokers.streams.protocol import Rule, candidates
from engine.errors import Rejected

NOW_MJD = 61315.0
FOUND = candidates(
    [
        {"name": "new", "ra_deg": 10.0, "dec_deg": 41.0, "mjd": 61314.0, "mag": 17.0,
         "classification": "SN Ia", "probability": 0.9},
        {"name": "old", "ra_deg": 10.0, "dec_deg": 41.0, "mjd": 61314.5, "first_mjd": 61000.0, "mag": 16.0},
        {"name": "faint", "ra_deg": 10.1, "dec_deg": -41.0, "mjd": 61312.0, "mag": 20.5,
         "classification": "CV"},
        {"name": "unmeasured", "ra_deg": 200.0, "dec_deg": 1.0, "mjd": 61311.0, "probability": 0.4},
        {"name": "plane", "ra_deg": 266.4, "dec_deg": -29.0, "mjd": 61310.0, "mag": 18.0},
    ]
)  # fmt: skip


def names(rule: Rule) -> list[str]:
    return fitting(FOUND, rule, GAIA, now_mjd=NOW_MJD)["name"].to_list()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(), ["new", "faint", "unmeasured", "plane"]),
        (Rule(newer_than_d=400.0), ["old", "new", "faint", "unmeasured", "plane"]),
        (Rule(newer_than_d=2.0), ["new"]),
        (Rule(brighter_than_mag=18.0), ["new", "plane"]),
        (Rule(classification="sn"), ["new"]),
        (Rule(probability_min=0.5), ["new"]),
        (Rule(dec_min_deg=0.0), ["new", "unmeasured"]),
        (Rule(dec_max_deg=0.0), ["faint", "plane"]),
        (Rule(gal_lat_min_deg=10.0), ["new", "faint", "unmeasured"]),
        (Rule(cone_ra_deg=359.0, cone_dec_deg=41.0, cone_radius_deg=9.0), ["new"]),
    ],
)
def test_only_what_fits_the_rule_is_proposed(rule: Rule, expected: list[str]) -> None:
    assert names(rule) == expected


def test_a_class_that_the_stream_chose_itself_is_written_where_it_said_none() -> None:
    found = fitting(FOUND, Rule(classification="SN candidate"), ZTF, now_mjd=NOW_MJD)
    assert found["classification"].to_list() == ["SN Ia", "CV", "SN candidate", "SN candidate"]


@given(
    ra=st.floats(0, 359.9), dec=st.floats(-89, 89), radius=st.floats(0.1, 10),
    offset=st.floats(-12, 12, allow_subnormal=False),
)  # fmt: skip
def test_a_cone_holds_what_is_nearer_than_its_radius(
    ra: float, dec: float, radius: float, offset: float
) -> None:
    place = max(-90.0, min(90.0, dec + offset))
    found = candidates([{"name": "x", "ra_deg": ra, "dec_deg": place, "mjd": NOW_MJD}])
    rule = Rule(cone_ra_deg=ra, cone_dec_deg=dec, cone_radius_deg=radius)
    if abs(abs(place - dec) - radius) > 1e-6:
        assert len(fitting(found, rule, GAIA, now_mjd=NOW_MJD)) == (abs(place - dec) < radius)


def test_a_candidate_without_a_name_or_a_place_is_none() -> None:
    rows = [
        {"name": " ", "ra_deg": 1, "dec_deg": 1},
        {"name": "a"},
        {"name": "b", "ra_deg": 1, "dec_deg": 95},
    ]
    assert candidates(rows).is_empty()


def test_a_rule_survives_being_stored() -> None:
    rule = Rule(classification="SN", brighter_than_mag=18.5, newer_than_d=3.0, cone_ra_deg=1.0,
                cone_dec_deg=2.0, cone_radius_deg=3.0)  # fmt: skip
    assert rule_of(criteria_of(rule)) == rule
    assert rule_of({}) == Rule()


@pytest.mark.parametrize(
    "criteria",
    [
        {"colour": "red"},
        {"newer_than_d": 0},
        {"newer_than_d": float("nan")},
        {"brighter_than_mag": "bright"},
        {"brighter_than_mag": True},
        {"dec_min_deg": 10, "dec_max_deg": -10},
        {"gal_lat_min_deg": 91},
        {"cone_ra_deg": 1.0},
        {"classification": "x" * 200},
        {"conditions": "a\x00b"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(criteria: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        rule_of(criteria)
    assert refusal.value.code == "bad-rule"


@pytest.mark.parametrize(
    ("info", "rule"),
    [
        (ZTF, Rule()),
        (ALERCE, Rule(classification="SN", brighter_than_mag=18.0)),
        (ZTF, Rule(classification="SN candidate", probability_min=0.5)),
        (GAIA, Rule(conditions="mag < 18")),
    ],
)
def test_a_rule_that_the_stream_cannot_judge_by_is_refused(info, rule: Rule) -> None:  # noqa: ANN001
    with pytest.raises(Rejected) as refusal:
        checked_rule(info, rule)
    assert refusal.value.code == "bad-rule"
    assert checked_rule(LASAIR, Rule(conditions="objects.nuSources > 1")).conditions


def test_a_rule_is_told_in_plain_words() -> None:
    rule = Rule(classification="SN", brighter_than_mag=18.5, newer_than_d=3.0, dec_min_deg=-30.0,
                cone_ra_deg=1.0, cone_dec_deg=2.0, cone_radius_deg=3.0)  # fmt: skip
    assert told(rule) == (
        "SN, brighter than 18.5 mag, first seen at most 3 d ago, Dec from -30°, within 3° of 1 +2"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("SN Ia-91T-like", "SN"),
        ("lc_classifier:SNIa", "SN"),
        ("Early SN Ia candidate", "SN"),
        ("SLSN-II", "SLSN"),
        ("Microlensing candidate", "Microlensing Event"),
        ("unknown", "Unknown"),
        ("", "Unknown"),
        ("QSO", "QSO"),
        ("in_tns", "Unknown"),
        ("CV Candidate", "CV"),
    ],
)
def test_a_brokers_class_becomes_one_of_ours(words: str, expected: str) -> None:
    assert class_of(words) == expected


def test_the_table_of_candidates_keeps_large_identifiers_whole() -> None:
    found = candidates([{"name": "LSST_313853517444939794", "ra_deg": 1.0, "dec_deg": 1.0}])
    assert found.select(pl.col("name")).item() == "LSST_313853517444939794"
