"""Observatories, cameras and a person's own list, by BHTOM's routes and its guide's examples."""

import httpx
from api_server import Served

DOCUMENTED = {  # BHTOM's guide, "Create Observatory"
    "name": "My Observatory", "lon": 45.12345, "lat": -20.6789, "camera_name": "Camera1",
    "calibration_flg": True, "example_file": "observatory_example.txt",
    "comment": "This observatory is for calibration purposes.",
}  # fmt: skip
SITE_FIELDS = [
    "id", "name", "lon", "lat", "altitude", "calibration_flg", "comment", "approx_lim_mag", "origin",
    "telescope", "aperture", "focal_length", "seeing", "filters", "created", "modified", "authors",
    "acknowledgements", "cameras",
]  # fmt: skip
CAMERA_FIELDS = [
    "id", "user", "observatory", "camera_name", "active_flg", "prefix", "gain", "example_file",
    "readout_noise", "binning", "saturation_level", "pixel_scale", "readout_speed", "pixel_size",
    "date_time_keyword", "time_keyword", "exposure_time_keyword", "mode_recognition_keyword",
    "additional_info", "created", "modified",
]  # fmt: skip


def site(client: httpx.Client, name: str) -> dict[str, object]:
    (found,) = client.post("/observatory/getObservatoryList/", json={"name": name}).json()["data"]
    return found


def test_the_documented_observatory_is_made_and_listed_with_every_field(
    owner: httpx.Client, other: httpx.Client
) -> None:
    answer = owner.post("/observatory/createObservatory/", json=DOCUMENTED)
    assert (answer.status_code, answer.content) == (201, b'{"Status":"created"}')
    made = site(other, "My Observatory")
    assert list(made) == SITE_FIELDS
    assert (made["lon"], made["lat"], made["calibration_flg"]) == (45.12345, -20.6789, True)
    (camera,) = made["cameras"]
    assert list(camera) == CAMERA_FIELDS
    assert (camera["prefix"], camera["example_file"]) == (
        "My_Observatory_Camera1", "observatory_example.txt",
    )  # fmt: skip
    again = owner.post("/observatory/createObservatory/", json=DOCUMENTED)
    assert again.status_code == 404


def test_what_is_missing_is_told_by_field(owner: httpx.Client) -> None:
    answer = owner.post("/observatory/createObservatory/", json={"name": "Nowhere", "lon": 1})
    missing = ["This field is required."]
    assert (answer.status_code, answer.json()) == (404, {"lat": missing, "camera_name": missing})
    wrong = owner.post("/observatory/createObservatory/", json=DOCUMENTED | {"name": "N", "gain": "high"})
    assert (wrong.status_code, wrong.json()) == (404, {"gain": ["A valid number is required."]})


def test_only_its_maker_and_staff_change_an_observatory(owner: httpx.Client, other: httpx.Client) -> None:
    owner.post("/observatory/createObservatory/", json=DOCUMENTED | {"name": "Hill"})
    change = {"name": "Hill", "altitude": 900, "approx_lim_mag": 19.5, "calibration_flg": False}
    assert other.patch("/observatory/updateObservatory/", json=change).status_code == 404
    answer = owner.patch("/observatory/updateObservatory/", json=change)
    assert (answer.status_code, answer.content) == (201, b'{"Status":"updated"}')
    now = site(owner, "Hill")
    assert (now["altitude"], now["approx_lim_mag"], now["calibration_flg"]) == (900.0, 19.5, False)
    assert owner.post("/observatory/updateObservatory/", json={"name": "Hill", "lat": 91}).status_code == 404


def test_a_person_keeps_a_list_of_cameras_that_others_do_not_see(
    owner: httpx.Client, other: httpx.Client, served: Served
) -> None:
    by_oname = {"oname": "road_qhy600m", "comment": "ours"}
    added = owner.post("/observatory/addFavouriteObservatory/", json=by_oname)
    assert (added.status_code, added.content) == (201, b'{"Status":"Created"}')
    by_names = {"observatory": "ROAD", "camera": "ROAD_QHY600M"}
    twice = owner.post("/observatory/addFavouriteObservatory/", json=by_names)
    assert (twice.status_code, twice.json()) == (
        404, "This observatory already exists in yours favourite list",
    )  # fmt: skip
    listed = owner.post("/observatory/getFavouriteObservatory/", json={"active_flg": True}).json()
    assert [(each["prefix"], each["comment"]) for each in listed["data"]] == [("ROAD_QHY600M", "ours")]
    assert other.post("/observatory/getFavouriteObservatory/", json={"user": "owner"}).json()["count"] == 0
    assert (
        other.request("DELETE", "/observatory/deleteFavouriteObservatory/", json=by_names).status_code == 404
    )
    gone = owner.request("DELETE", "/observatory/deleteFavouriteObservatory/", json=by_names)
    assert (gone.status_code, gone.content) == (200, b'{"Status":"deleted"}')


def test_a_favourite_needs_a_camera_that_is_there(owner: httpx.Client) -> None:
    nothing = owner.post("/observatory/addFavouriteObservatory/", json={"observatory": "ROAD"})
    assert (nothing.status_code, nothing.json()) == (
        404,
        "Either (Observatory and Camera) or ONAME is required",
    )
    unknown = owner.post("/observatory/addFavouriteObservatory/", json={"oname": "NO"})
    assert (unknown.status_code, unknown.json()) == (404, "Observatory NO does not exist")
