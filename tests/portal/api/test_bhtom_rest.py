"""BHTOM's smaller routes: deleting an upload, people, cameras, the archive by place, and files by address."""

from collections.abc import Iterator

import httpx
import pytest
from api_server import Served
from measured import upload_measured

from engine.target import Target, Visibility
from lake.targets import create_target, get_target


@pytest.fixture
def staff(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.staff_token) as client:
        yield client


@pytest.fixture(scope="module")
def ids(served: Served) -> dict[str, int]:
    for name, ra_deg, visibility in (
        ("Rest1", 210.0, Visibility.PUBLIC),
        ("Rest2", 210.0003, Visibility.PRIVATE),
    ):
        target = Target(
            name=name, ra_deg=ra_deg, dec_deg=-40.0 + (ra_deg - 210.0) * 10, visibility=visibility
        )
        create_target(served.lake.operations, target, by="owner")
    return {
        "open": upload_measured(served.lake, "Rest1", "r_open.fits"),
        "shut": upload_measured(served.lake, "Rest2", "r_shut.fits", mjd=60002.5),
        "doomed": upload_measured(served.lake, "Rest1", "r_doomed.fits", mjd=60003.5),
    }


def test_the_archive_is_asked_by_place_and_tells_no_secrets(
    owner: httpx.Client, other: httpx.Client, ids: dict[str, int]
) -> None:
    asked = {"ra": 210.0, "dec": -40.0, "radius": 60}
    mine, theirs = (
        client.post("/calibration/get-cpcs-archive/", json=asked).json()["Result"]
        for client in (owner, other)
    )
    assert {row["alert_name"] for row in mine} == {"Rest1", "Rest2"}
    assert {row["alert_name"] for row in theirs} == {"Rest1"}
    first = {name: theirs[0][name] for name in ("mjd", "mag", "magerr", "filter", "catalog", "observatory")}
    assert first == {
        "mjd": 60000.5, "mag": 15.5, "magerr": 0.02, "filter": "g", "catalog": "GaiaSP",
        "observatory": "ROAD",
    }  # fmt: skip
    wrong = other.post("/calibration/get-cpcs-archive/", data={"radius": "5"})
    assert (wrong.status_code, wrong.json()) == (400, {"Error": "ra and dec can't be None"})
    assert other.post("/calibration/get-cpcs-archive/", json=asked | {"dec": -95}).status_code == 400


def test_a_file_is_had_by_the_address_that_bhtom_gives_out(
    owner: httpx.Client, other: httpx.Client, anybody: httpx.Client, ids: dict[str, int]
) -> None:
    answer = other.get(f"/dataproducts/download/photometry/{ids['open']}/")
    assert answer.status_code == 200
    assert answer.text.startswith("#   1 NUMBER")
    assert other.get(f"/dataproducts/download/photometry/{ids['shut']}/").status_code == 404
    assert owner.get(f"/dataproducts/download/photometry/{ids['shut']}").status_code == 200
    assert owner.get("/dataproducts/download/photometry/x/").status_code == 400
    assert anybody.get(f"/dataproducts/download/photometry/{ids['open']}/").status_code == 401


def test_an_upload_is_deleted_by_its_sender_with_its_points_and_nobody_finds_it_again(
    owner: httpx.Client, other: httpx.Client, served: Served, ids: dict[str, int]
) -> None:
    doomed = {"id": str(ids["doomed"])}
    refused = other.request("DELETE", "/common/api/deleteDataProduct/", json=doomed)
    assert refused.status_code == 403
    hidden = other.request("DELETE", "/common/api/deleteDataProduct/", json={"id": ids["shut"]})
    assert hidden.status_code == 404
    target_id = get_target(served.lake.operations, "Rest1", None).target_id or 0
    assert 60003.5 in served.lake.store.light_curve(target_id)["mjd"]
    answer = owner.request("DELETE", "/common/api/deleteDataProduct", json=doomed)
    assert (answer.status_code, answer.json()) == (200, {"Success": "DataProduct deleted successfully."})
    assert 60003.5 not in served.lake.store.light_curve(target_id)["mjd"]
    assert owner.post("/common/api/data/", json={"id": ids["doomed"]}).json()["count"] == 0
    again = owner.request("DELETE", "/common/api/deleteDataProduct/", json=doomed)
    assert (again.status_code, again.json()) == (
        404,
        {"Error": f"File with id {ids['doomed']} does not exist"},
    )
    nothing = owner.request("DELETE", "/common/api/deleteDataProduct/")
    assert (nothing.status_code, nothing.json()) == (400, {"Error": "Missing required parameter 'id'."})


def test_people_are_listed_for_staff_only(owner: httpx.Client, staff: httpx.Client, served: Served) -> None:
    refused = owner.post("/common/api/users/", json={})
    assert (refused.status_code, refused.json()) == (
        403, {"detail": "You do not have permission to perform this action."},
    )  # fmt: skip
    (found,) = staff.post("/common/api/users/", json={"username": "Owner", "created": "2023-01-01"}).json()
    assert (found["id"], found["username"], found["first_name"]) == (served.owner.user_id, "owner", "An")
    assert found["date_joined"].endswith("Z")
    assert staff.post("/common/api/users/", json={"created": "2999-01-01"}).json() == []
    assert staff.post("/common/api/users/", json={"created": "soon"}).status_code == 400


def test_the_form_is_offered_the_cameras_that_are_on_a_list_and_those_that_are_not(
    owner: httpx.Client, other: httpx.Client, served: Served
) -> None:
    site = owner.post("/observatory/getObservatoryList/", json={"name": "ROAD"}).json()["data"][0]
    address = f"{site['id']}/{served.owner.user_id}"
    owner.post("/observatory/addFavouriteObservatory/", json={"oname": "ON"})
    listed = owner.get(f"/observatory/get-favorite-cameras/{address}/").json()
    rest = owner.get(f"/observatory/get-cameras/{address}").json()
    assert [each["camera_name"] for each in listed] == ["ON"]
    assert [list(each) for each in rest] == [["id", "camera_name"]]
    assert [each["camera_name"] for each in rest] == ["ROAD_QHY600M"]
    assert other.get(f"/observatory/get-cameras/{address}/").status_code == 403
    assert owner.get("/observatory/get-cameras/x/1/").status_code == 400
    owner.request(
        "DELETE", "/observatory/deleteFavouriteObservatory/", json={"observatory": "ROAD", "camera": "ON"}
    )
