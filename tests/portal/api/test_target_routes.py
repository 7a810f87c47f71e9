"""Targets by BHTOM's routes: creating, listing, filtering, paging."""

from itertools import count

import httpx
import pytest
from api_server import Served
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from engine.target import Target
from lake.operations import targets, writing
from lake.target_rows import row_of
from lake.targets import create_target
from portal.api.target_fields import parse_date
from portal.api.target_list import PAGE_SIZE

DECLINATIONS = count(-8900)


def made(**changes: object) -> dict[str, object]:
    dec = next(DECLINATIONS) / 100
    return {"name": f"Made{dec}", "ra": 200.0, "dec": dec} | changes


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"name": "a/b"}, {"name": ["Target name cannot contain any of: ( ) / \\ :"]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"name": "x" * 101}, {"name": ["Ensure this field has no more than 100 characters."]}),
        ({"name": "gaia22BPL"}, {"name": ["target with this Name already exists."]}),
        ({"ra": None}, {"ra": ["This field is required."]}),
        ({"ra": "north"}, {"ra": ["A valid number is required."]}),
        ({"dec": True}, {"dec": ["A valid number is required."]}),
        ({"ra": 400}, {"non_field_errors": ["Coordinates beyond range"]}),
        ({"dec": -90.1}, {"non_field_errors": ["Coordinates beyond range"]}),
        ({"colour": "red"}, {"non_field_errors": ["Unknown field(s): colour"]}),
        ({"classification": "Dragon"}, {"classification": ['"Dragon" is not a valid choice.']}),
        ({"importance": "high"}, {"importance": ["A valid number is required."]}),
        ({"importance": 11}, {"importance": ["The importance is a number from 0 to 10."]}),
        ({"ra": 100.0, "dec": 12.0 + 2.9 / 3600},
         ["Source found already at these coordinates (rad 3 arcsec)"]),
    ],
)  # fmt: skip
def test_a_wrong_target_gets_404_in_bhtoms_words(
    owner: httpx.Client, changes: dict[str, object], body: object
) -> None:
    answer = owner.post("/targets/createTarget/", json=made(**changes))
    assert (answer.status_code, answer.json()) == (404, body)


def test_a_wrong_date_names_the_formats(owner: httpx.Client) -> None:
    answer = owner.post("/targets/createTarget/", json=made(discovery_date="next week"))
    assert answer.status_code == 404
    assert answer.json()["discovery_date"][0].startswith("Datetime has wrong format.")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2023-01-01T0:00:01Z", "2023-01-01T00:00:01+00:00"),
        ("2023-01-01 10:20", "2023-01-01T10:20:00+00:00"),
        ("2023-01-01", "2023-01-01T00:00:00+00:00"),
        ("2023-01-01T12:00:00.25+0200", "2023-01-01T12:00:00.250000+02:00"),
        ("2023-01-01T12:00:00-03:30", "2023-01-01T12:00:00-03:30"),
    ],
)
def test_dates_of_every_client_are_read(text: str, iso: str) -> None:
    assert parse_date(text).isoformat() == iso


def test_sexagesimal_coordinates_are_read(owner: httpx.Client) -> None:
    answer = owner.post("/targets/createTarget", data=made(name="Sexa", ra="05:30:00", dec="-10:30:00"))
    assert answer.status_code == 201
    assert (answer.json()["ra"], answer.json()["dec"]) == pytest.approx((82.5, -10.5))


def names(client: httpx.Client, **filters: object) -> list[str]:
    answer = client.post("/targets/getTargetList/", json=filters)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["data"]]


@pytest.fixture(scope="module")
def family(served: Served) -> list[str]:
    """Make four targets near RA 0 and the north pole that the filters tell apart."""
    rows = [
        Target(name="F1", ra_deg=359.9, dec_deg=85.0, importance=3.0, classification="AGN"),
        Target(name="F2", ra_deg=0.1, dec_deg=85.0, importance=4.0, classification="SN"),
        Target(name="F3", ra_deg=180.0, dec_deg=89.9, importance=5.0, description="three words long"),
        Target(name="F4", ra_deg=266.4, dec_deg=-29.0, importance=6.0, aliases=(("ZTF", "ZTF20abc"),)),
    ]
    for row in rows:
        create_target(served.lake.operations, row, by="owner")
    return [row.name for row in rows]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": "F1"}, {"F1"}),
        ({"name": "F"}, set()),
        ({"decMin": 84, "decMax": "86"}, {"F1", "F2"}),
        ({"raMin": 359, "raMax": 1, "decMin": 80}, {"F1", "F2"}),
        ({"importanceMin": 4, "importanceMax": 5}, {"F2", "F3"}),
        ({"classification": "AGN"}, {"F1"}),
        ({"coneSearchRaDecRadius": "0,85,0.02"}, {"F1", "F2"}),
        ({"coneSearchRaDecRadius": "0,90,0.2"}, {"F3"}),
        ({"coneSearchTarget": "ZTF20abc,0.1"}, {"F4"}),
        ({"galacticLatMin": -1, "galacticLatMax": 1}, {"F4"}),
        ({"description": "three words long"}, {"F3"}),
        ({"description": "three"}, set()),
        ({"priority": 30.0}, {"F1"}),
        ({"type": "NON_SIDEREAL"}, set()),
        ({"targetGroup": "Mine"}, set()),
        ({"sunSeparationMin": 181}, set()),
        ({"lastMagMin": 1}, set()),
    ],
)
def test_each_filter_chooses_what_bhtom_means(
    owner: httpx.Client, family: list[str], filters: dict[str, object], expected: set[str]
) -> None:
    assert set(names(owner, **filters)) & set(family) == expected


@pytest.mark.parametrize(
    "filters",
    [{"raMin": "east"}, {"coneSearchRaDecRadius": "1,2"}, {"coneSearchTarget": "Nobody,1"},
     {"coneSearchTarget": "F1"}, {"coneSearchRaDecRadius": "1,200,3"}, {"hasRadio": True}, {"decMin": "nan"}],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_a_wrong_format(
    owner: httpx.Client, family: list[str], filters: dict[str, object]
) -> None:
    answer = owner.post("/targets/getTargetList/", json=filters)
    assert answer.status_code == 400
    assert answer.json().startswith("Wrong format: ")


def test_an_item_has_every_field_of_bhtoms_model_but_the_id(owner: httpx.Client, family: list[str]) -> None:
    item = owner.post("/targets/getTargetList/", json={"name": "F4"}).json()["data"][0]
    assert "id" not in item
    assert len(item) == 58
    assert item["type"] == "SIDEREAL"
    assert item["aliases"] == [["ZTF", "ZTF20abc"]]
    assert item["groups"] == []
    assert (item["mjd_last"], item["mag_last"], item["filter_last"]) == (0.0, 100.0, "")
    assert item["constellation"] == "Sagittarius"
    assert item["galactic_lat"] == pytest.approx(-0.05, abs=0.1)
    assert item["created"].endswith("Z")
    assert 0 <= item["sun_separation"] <= 180


@pytest.fixture(scope="module")
def crowd(served: Served) -> int:
    """Make so many targets that they fill two pages and a bit."""
    members = [
        Target(name=f"Crowd{number}", ra_deg=300.0, dec_deg=number / 100, classification="QSO")
        for number in range(2 * PAGE_SIZE + 1)
    ]
    rows = [row_of(target) | {"created_by": "owner", "created_mjd": 61000.0} for target in members]
    with writing(served.lake.operations) as connection:
        connection.execute(insert(targets), rows)
    return 2 * PAGE_SIZE + 1


@pytest.mark.parametrize(
    ("page", "current", "items"),
    [(None, 1, 200), (2, 2, 200), ("3", 3, 1), (99, 3, 1), (0, 3, 1), ("second", 1, 200), (2.5, 1, 200)],
)
@pytest.mark.parametrize("computed", [{}, {"galacticLatMin": -90}])
def test_pages_are_counted_as_bhtom_counts_them(
    owner: httpx.Client, crowd: int, page: object, current: int, items: int, computed: dict[str, object]
) -> None:
    filters = {"classification": "QSO", **computed} | ({} if page is None else {"page": page})
    answer = owner.post("/targets/getTargetList/", json=filters).json()
    assert list(answer) == ["count", "num_pages", "current_page", "data"]
    assert (answer["count"], answer["num_pages"], answer["current_page"]) == (crowd, 3, current)
    assert len(answer["data"]) == items


def test_a_page_sent_url_encoded_under_the_name_of_json_is_understood(
    owner: httpx.Client, crowd: int
) -> None:
    headers = {"Content-Type": "application/json"}
    content = "page=2&classification=QSO"
    assert owner.post("/targets/getTargetList", content=content, headers=headers).json()["current_page"] == 2


def test_an_empty_list_has_one_page(owner: httpx.Client) -> None:
    answer = owner.post("/targets/getTargetList/", json={"name": "nobody"}).json()
    assert answer == {"count": 0, "num_pages": 1, "current_page": 1, "data": []}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
filter_names = st.sampled_from(
    ["name", "raMin", "page", "coneSearchTarget", "coneSearchRaDecRadius", "description", "priority", "dec"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(filter_names, json_values, max_size=3))
def test_no_json_makes_the_server_stumble(owner: httpx.Client, fields: dict[str, object]) -> None:
    for path in ("/targets/getTargetList/", "/targets/createTarget/"):
        answer = owner.post(path, json=fields)
        assert answer.status_code < 500, (path, fields, answer.text)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60))
def test_no_bytes_make_the_server_stumble(owner: httpx.Client, body: bytes) -> None:
    for path in ("/targets/getTargetList/", "/targets/createTarget/", "/api/token-auth/x"):
        assert owner.post(path, content=body).status_code < 500


def test_a_body_above_a_megabyte_is_refused(owner: httpx.Client) -> None:
    answer = owner.post("/targets/getTargetList/", content=b"x" * 1_000_001)
    assert answer.status_code == 413
