"""Requests in the shapes that BHTOM's clients in the wild send; hand-made, none is a recording."""

import http.client
import json
from dataclasses import dataclass

import httpx
import pytest
from api_server import PASSWORD, Served

from lake.inbox.accepting import Upload, upload

JSON = "Content-Type: application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said to a request that was written by hand."""

    status: int
    body: str


def say(served: Served, start: str, *headers: str, body: bytes = b"") -> Answer:
    """Send a request line, headers and a body exactly as they stand."""
    method, path = start.split()
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for header in (*headers, f"Content-Length: {len(body)}"):
        connection.putheader(*header.split(": ", 1))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = Answer(status=response.status, body=response.read().decode())
    connection.close()
    return answer


def form(*fields: tuple[str, str], files: tuple[tuple[str, str, str], ...]) -> bytes:
    """Return a multipart body as ``requests`` and ``curl -F`` write it, a field as often as it is named."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    parts += [
        f'Content-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n{content}\r\n"
        for part, name, content in files
    ]
    return ("".join(f"--b0undary\r\n{part}" for part in parts) + "--b0undary--\r\n").encode()


URL_ENCODED = "Content-Type: application/x-www-form-urlencoded; charset=utf-8"
MULTIPART = "Content-Type: multipart/form-data; boundary=b0undary"
FRAME = (("target", "Gaia22bpl"), ("data_product_type", "fits_file"), ("observatory", "ROAD_QHY600M"))


def token(served: Served) -> str:
    return f"Authorization: Token {served.owner_token}"


def sent_by(served: Served, body: bytes) -> list[Upload]:
    answer = say(served, "POST /upload/", token(served), MULTIPART, body=body)
    assert answer.status == 201, answer.body
    numbers = [int(each["id"]) for each in json.loads(answer.body)["Success"]]
    return [upload(served.lake.operations, number, served.owner) for number in numbers]


def test_a_program_knows_its_own_uploads_again_by_file_camera_and_user(
    served: Served, owner: httpx.Client, other: httpx.Client
) -> None:
    sent_by(served, form(*FRAME, files=(("files", "again.fit", "SIMPLE  = again"),)))
    me = owner.get("/common/api/users/me/").json()
    asked = {"data_product_type": "fits_file", "fits_data": "again.fit", "oname": "ROAD_QHY600M", "page": 1}
    for client in (owner, other):
        (found,) = client.post("/common/api/data/", json=asked).json()["data"]
        assert (found["user"], found["user_name"]) == (me["username"], "An Owner")
        assert (found["fits_data"], found["dryRun"], found["status"]) == ("again.fit", False, "C")
        assert (found["ccdphot_result"], found["calibration_data"]["cpcs_results"]) == ({}, {})
    sites = owner.post("/observatory/getObservatoryList/").json()["data"]
    assert found["observatory"] == next(site["id"] for site in sites if site["name"] == "ROAD")
    for oname in ({"oname": "ON"}, {"oname": None, "camera": "ON"}):
        assert owner.post("/common/api/data/", json=asked | oname).json()["data"] == []


def test_options_that_were_not_given_and_fields_of_other_times_do_no_harm(served: Served) -> None:
    empty = [(name, "") for name in ("dry_run", "filter", "mjd", "comment", "match_dist", "group")]
    old = [
        ("radius", "2"),
        ("matching_radius", "2"),
        ("no_plot", "True"),
        ("priority", "2"),
        ("hashtag", "x"),
    ]
    crew = [("observers", "other"), ("observers", "owner"), ("observer", "None")]
    files = (("files", "one.fits", "SIMPLE  = 1"), ("files", "two.fits", "SIMPLE  = 2"), ("file_4", "", ""))
    both = sent_by(served, form(*FRAME, *empty, *old, *crew, files=files))
    assert [each.filename for each in both] == ["one.fits", "two.fits"]
    for each in both:
        assert (each.dry_run, each.requested_filter, each.mjd, each.comment) == (
            False,
            "GaiaSP/any",
            None,
            "",
        )
        assert (each.match_dist_arcsec, each.observers) == (None, ("other", "owner"))


def test_a_group_that_one_does_not_belong_to_is_refused_for_its_file_would_be_seen_by_all(
    served: Served,
) -> None:
    body = form(*FRAME, ("group", "Ours alone"), files=(("files", "g.fits", "SIMPLE  = g"),))
    answer = say(served, "POST /upload/", token(served), MULTIPART, body=body)
    assert (answer.status, list(json.loads(answer.body))) == (400, ["group"])


def test_the_first_bhtoms_script_says_false_for_the_filter_that_nobody_named(served: Served) -> None:
    fields = (("target", "Gaia22bpl"), ("filter", "False"), ("data_product_type", "fits_file"),
              ("matching_radius", "2.0"), ("dry_run", "True"))  # fmt: skip
    body = form(*fields, files=(("files", "first.fits", "SIMPLE  = first"),))
    hashtag = f"hashtag: {served.owner_token}@ROAD_QHY600M"
    answer = say(served, "POST /photometry-upload/", hashtag, MULTIPART, body=body)
    assert (answer.status, answer.body) == (200, '{"target":"Gaia22bpl","filter":"GaiaSP/any"}')


def test_a_token_is_given_though_the_guides_script_forgets_a_comma(served: Served) -> None:
    body = f'{{\n  "username": "owner"\n  "password": {json.dumps(PASSWORD)}\n}}'.encode()
    answer = say(served, "POST /api/token-auth/", JSON, "X-CSRFToken: x", body=body)
    assert answer.status == 200
    assert json.loads(answer.body)["token"].startswith("tl_")
    one_line = say(served, "POST /api/token-auth/", JSON, body=b'{"username": "owner" "password": "x"}')
    assert (one_line.status, "JSON parse error" in one_line.body) == (400, True)


@pytest.mark.parametrize("content_type", [JSON, URL_ENCODED])
def test_a_page_is_asked_for_in_a_form_whatever_its_label(served: Served, content_type: str) -> None:
    answer = say(served, "POST /observatory/getObservatoryList/", token(served), content_type, body=b"page=1")
    assert answer.status == 200
    told = json.loads(answer.body)
    assert (told["num_pages"], told["current_page"], [each["name"] for each in told["data"]]) == (
        1,
        1,
        ["ROAD"],
    )
    assert {camera["prefix"] for camera in told["data"][0]["cameras"]} == {"ROAD_QHY600M", "ON"}


def test_what_the_guides_of_other_years_write_is_understood(served: Served, owner: httpx.Client) -> None:
    made = {"name": "Guided", "ra": 55.5, "dec": 5.5, "epoch": "J2015.5", "importance": 3, "cadence": None,
            "classification": "Supernova imposter", "discovery_date": None}  # fmt: skip
    answer = say(served, "POST /targets/createTarget/", token(served), JSON, body=json.dumps(made).encode())
    told = json.loads(answer.body)
    assert (answer.status, told["epoch"], told["classification"]) == (201, 2015.5, "Supernova impostor")
    asked = "/targets/getTargetList/?name=Guided&classification=Supernova%20imposter&raMin=55&raMax=56"
    with_get = say(served, f"GET {asked}", token(served))
    assert (with_get.status, json.loads(with_get.body)["count"]) == (200, 1)
    assert say(served, f"GET {asked}").status == 401
    bad = owner.post("/targets/createTarget/", json=made | {"name": "Guided2", "ra": 57.5, "epoch": "J20"})
    assert (bad.status_code, bad.json()) == (404, {"epoch": ["A valid number is required."]})
    (kept,) = sent_by(served, form(*FRAME, files=(("files", "by_id.fits", "SIMPLE  = id"),)))
    by_id = owner.post("/calibration/get-calibration-res/", json={"fileId": [kept.upload_id]}).json()
    assert [each["id"] for each in by_id["data"]] == [kept.upload_id]


def test_a_list_of_favourites_is_asked_for_by_name_or_number_of_its_owner(owner: httpx.Client) -> None:
    owner.post("/observatory/addFavouriteObservatory/", json={"oname": "ON"})
    number = owner.get("/common/api/users/me/").json()["id"]
    for user, count in (("owner", 1), (number, 1), (None, 1), (number + 1, 0), ("other", 0)):
        asked = {"user": user, "active_flg": True, "observatory": None, "created_start": None}
        assert owner.post("/observatory/getFavouriteObservatory/", json=asked).json()["count"] == count


def test_who_walks_through_the_pages_of_people_comes_to_their_end(served: Served) -> None:
    with served.client(served.staff_token) as staff:
        everybody = staff.post("/common/api/users/", json={}).json()
        pages = [staff.post("/common/api/users/", json={"page": page}).json() for page in (1, 2, "x", -3)]
    assert {person["username"] for person in everybody} >= {"owner", "other", "staff"}
    assert pages == [everybody, [], everybody, everybody]
