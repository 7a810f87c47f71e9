"""Every example of BHTOM's API guide, as ``curl`` and ``requests`` send it, with the answer it must get.

The order matters: what is made first is changed, read and deleted later.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
import requests
from api_server import PASSWORD, Served

from lake.people.comments import add_comment
from lake.target_groups import add_to_group
from lake.targets import get_target

ENVELOPE = ["count", "num_pages", "current_page", "data"]
CSRF = "uUz2fRnXhPuvD9YuuiDW9cD1LsajeaQnE4hwtEAfR00SgV9bD5HCe5i8n4m4KcOr"  # a constant that scripts send
TARGET_FIELDS = ["name", "ra", "dec", "epoch", "description", "classification", "discovery_date",
                 "importance", "cadence", "has_optical", "has_infrared", "has_radio", "has_xray", "has_gamma",
                 "has_polarimetry"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example of the guide."""

    method: str
    path: str
    body: str | None = None
    status: int = 200
    keys: list[str] = field(default_factory=list)  # of the answer, in their order
    says: object = None  # the whole answer, where it is known
    staff: bool = False
    count: int | None = None


def created(**more: object) -> dict[str, object]:
    told: dict[str, object] = dict.fromkeys(TARGET_FIELDS, False) | {"description": None}
    return told | more


MY_TARGET = {
    "name": "My Target", "ra": 123.456, "dec": -45.678, "epoch": 2000.0, "classification": "Star",
    "discovery_date": "2023-09-28T10:00:00Z", "importance": 5, "cadence": 24,
}  # fmt: skip
SITE = """{
    "name": "My Observatory",
    "lon": 45.12345,
    "lat": -20.67890,
    "camera_name": "Camera1",
    "calibration_flg": true,
    "example_file": "observatory_example.txt",
    "comment": "This observatory is for calibration purposes.",
}"""
FAVOURITES = """{"user": "owner", "active_flg": true, "camera": "Camera1",
    "created_start": "2023-01-01T00:00:00Z", "created_end": "2923-12-31T23:59:59Z"}"""
DATA = """{"data_product_type": "photometry", "id": 1, "status": "Dataproduct status",
    "fits_data": "fits file name", "photometry_data": "photometry file name", "oname": "BIALKOW_ANDOR-DW432",
    "created_start": "2024-01-01", "created_end": "2024-01-02", "mjd": "2", "target_name": "Star123",
    "target_id": 42, "mag_min": 15.0, "mag_max": 20.0, "magerr_min": 0.01, "magerr_max": 0.1,
    "filter": "GaiaSP/U", "mjd_min": 59000.0, "mjd_max": 59010.0, "page": 2}"""
POINT = """{"target_name": "My Target", "mjd": 59580.123456, "mag": 15.123, "magerr": 0.001, "filter": "V",
    "observer": "ObserverName", "delete_associated_data_product": true}"""
RESTART = """"filter": 32, "old_filter": 31, "match_dist": 0, "oname": 1, "comment": "anew", "status": 1,
    "status_message": "Calibration restarted"}"""
NO_POINTS = {"Error": "No calibration is there to start anew."}
STAFF_ONLY = {"detail": "You do not have permission to perform this action."}

EXAMPLES = (
    Example(method="POST", path="/targets/createTarget/", body=json.dumps(MY_TARGET), status=201,
            says=created(**MY_TARGET | {"importance": 5.0, "cadence": 24.0})),
    Example(method="PATCH", path="/targets/updateTarget/My%20Target/", status=201, says={"Status": "updated"},
            body='{"ra": 135.789, "dec": -30.123, "epoch": "J2023", "classification": "Galaxy", '
                 '"discovery_date": "2022-12-15T08:30:00Z", "importance": 3, "cadence": 12}'),
    Example(method="POST", path="/targets/getTargetList/?name=My%20Target&raMin=100.0&raMax=200.0"
                                "&decMin=-31.0&decMax=30.0", keys=ENVELOPE, count=1),
    Example(method="POST", path="/targets/getTargetList/?name=My%20Target&raMin=140", keys=ENVELOPE, count=0),
    Example(method="POST", path="/targets/get-plots/", body='{"targetNames": ["My Target"]}',
            says={"Plots": {"My Target": "None"}}),
    Example(method="POST", path="/targets/get-plots/", body='{"targetNames": ["My Target", "Target2"]}',
            status=400, says={"Error ": "Target does not exist in the database "}),
    Example(method="POST", path="/targets/cleanTargetListCache/", status=403, says=STAFF_ONLY),
    Example(method="POST", path="/targets/cleanTargetListCache/", staff=True, says="OK"),
    Example(method="POST", path="/targets/cleanTargetDetailsCache/", staff=True, says="OK"),
    Example(method="POST", path="/targets/cleanTargetDetailCache/", staff=True, says="OK"),
    Example(method="POST", path="/targets/getDownloadedTargetList/", status=404,
            says="You have no permissions, Admin Only"),
    Example(method="POST", path="/targets/getDownloadedTargetList/", staff=True, keys=ENVELOPE,
            body='{"target": "My Target", "user": "admin", "created_from": "2023-01-01T00:00:00Z", '
                 '"created_to": "2024-01-01T00:00:00Z", "download_type": "R", "page": 1}', count=0),
    Example(method="POST", path="/targets/target-groups/", body='{"page": 1}', keys=ENVELOPE),
    Example(method="POST", path="/targets/targets-from-group/", body='{"name": "Guide", "page": 1}',
            keys=[*ENVELOPE, "group"], count=1),
    Example(method="POST", path="/targets/targets-from-group/", body='{"id": 999, "page": 1}', status=404,
            keys=["detail"]),
    Example(method="POST", path="/common/api/comments/", keys=ENVELOPE, count=1,
            body='{"target": "My Target", "user": "owner", "text": "guide", "created_start": "2024-01-01", '
                 '"created_end": "2924-10-01", "page": 1}'),
    Example(method="POST", path="/observatory/createObservatory/", body=SITE, status=201,
            says={"Status": "created"}),
    Example(method="POST", path="/observatory/getObservatoryList/", keys=ENVELOPE, count=1,
            body='{"name": "My Observatory", "lon": 45.12345, "active_flg": true, '
                 '"created_start": "2023-09-01T12:00:00Z", "created_end": "2923-09-30T23:59:59Z", '
                 '"page": 1,}'),
    Example(method="PATCH", path="/observatory/updateObservatory/", status=201, says={"Status": "updated"},
            body='{"name": "My Observatory", "lon": 45.2, "calibration_flg": true, "comment": "Updated."}'),
    Example(method="POST", path="/observatory/addFavouriteObservatory/", status=201,
            says={"Status": "Created"},
            body='{"observatory": "My Observatory", "camera": "Camera1", "comment": "optional"}'),
    Example(method="POST", path="/observatory/addFavouriteObservatory/", status=404,
            body='{"oname": "My_Observatory_Camera1", "comment": "again"}',
            says="This observatory already exists in yours favourite list"),
    Example(method="POST", path="/observatory/getFavouriteObservatory/", body=FAVOURITES, keys=ENVELOPE,
            count=1),
    Example(method="DELETE", path="/observatory/deleteFavouriteObservatory/", says={"Status": "deleted"},
            body='{"observatory": "My Observatory", "camera": "Camera1"}'),
    Example(method="POST", path="/common/api/data/", keys=ENVELOPE),
    Example(method="POST", path="/common/api/data/", body=DATA, keys=ENVELOPE, count=0),
    Example(method="POST", path="/common/api/reducedDatum/", body='{"target_name": "My Target", "page": 1}',
            keys=ENVELOPE, count=0),
    Example(method="POST", path="/common/api/reducedDatum/", status=400, keys=["error"],
            body='{"target_name": "My Target", "target_id": 1, "page": "1",}'),
    Example(method="DELETE", path="/common/api/deleteReducedDatum/", body=POINT, status=403, says=STAFF_ONLY),
    Example(method="DELETE", path="/common/api/deleteReducedDatum/", body=POINT, status=404, staff=True,
            keys=["Error"]),
    Example(method="POST", path="/common/api/deactivateReducedDatum/", body=POINT, status=404, staff=True,
            keys=["Error"]),
    Example(method="DELETE", path="/common/api/deleteDataProduct/", body='{"id": "12345"}', status=404,
            says={"Error": "File with id 12345 does not exist"}),
    Example(method="POST", path="/calibration/get-calibration-res/", keys=ENVELOPE, count=3,
            body='{"filename": ["other_file_name_without_extension"], "calibid": [91234, 23212, 12345], '
                 '"getPlot": true, "page": 2}'),
    Example(method="GET", path="/calibration/get-catalogs/?page=1", keys=ENVELOPE, count=21),
    Example(method="POST", path="/calibration/restart-calib-by-id/", status=403, says=STAFF_ONLY,
            body='{"id_from": 100, "id_to": 200, ' + RESTART),
    Example(method="POST", path="/calibration/restart-calib-by-id/", status=404, says=NO_POINTS, staff=True,
            body='{"id_from": 9100, "id_to": 9200, ' + RESTART),
    Example(method="POST", path="/calibration/restart-calib-by-target/", status=404, says=NO_POINTS,
            staff=True, body='{"target_name": "My Target", "mjd_max": 59580, "mjd_min": 59579, ' + RESTART),
    Example(method="POST", path="/calibration/restart-calib-by-dataproduct/", status=404, says=NO_POINTS,
            staff=True, body='{"data_product_id": 9123, ' + RESTART),
    Example(method="POST", path="/api/get-users-details/", staff=True, says=[],
            body='{"username": "john", "created": "2023-01-01"}'),
    Example(method="POST", path="/api/change-observers/", status=404,
            says={"Error": "File with id 123456 does not exist"},
            body='{"id": "123456", "observers": ["alice", "bob"]}'),
    Example(method="DELETE", path="/targets/deleteTarget/", body='{"name": "My Target"}',
            says={"status": "deleted"}),
)  # fmt: skip


@pytest.fixture(scope="module")
def tokens(served: Served) -> Mapping[bool, str]:
    return {False: served.owner_token, True: served.staff_token}


@pytest.fixture(scope="module")
def answers(served: Served, tokens: Mapping[bool, str]) -> Iterator[list[requests.Response]]:
    """Send everything in its order, with what the guide's headers say."""
    given = []
    with requests.Session() as session:
        session.trust_env = False
        for example in EXAMPLES:
            headers = {
                "accept": "application/json",
                "Authorization": f"Token {tokens[example.staff]}",
                "X-CSRFToken": CSRF,
            }
            if example.body is not None:
                headers["Content-Type"] = "application/json"
            answer = session.request(
                example.method, served.url + example.path, data=example.body, headers=headers,
                verify=False, timeout=20, allow_redirects=False,
            )  # fmt: skip
            given.append(answer)
            if example.path == "/targets/createTarget/":
                said_of_target(served)
    yield given


def said_of_target(served: Served) -> None:
    target = get_target(served.lake.operations, "My Target", served.owner)
    add_to_group(served.lake.operations, "Guide", "My Target", by=served.owner)
    add_comment(served.lake.operations, target.target_id or 0, "as the guide says", by=served.owner)


@pytest.mark.parametrize(
    "number", range(len(EXAMPLES)), ids=[f"{each.method} {each.path}" for each in EXAMPLES]
)
def test_an_example_of_the_guide_is_answered_as_it_says(
    answers: list[requests.Response], number: int
) -> None:
    example, answer = EXAMPLES[number], answers[number]
    assert answer.status_code == example.status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["correlation-id"]) == 32
    told = answer.json()
    if example.says is not None:
        assert told == example.says
    if example.keys:
        assert list(told) == example.keys
    if example.count is not None:
        assert told["count"] == example.count
        assert (told["num_pages"], told["current_page"]) == (1, 1)  # beyond the end: the last page


def test_the_echo_of_a_new_target_has_its_fields_in_bhtoms_order(answers: list[requests.Response]) -> None:
    assert list(answers[0].json()) == TARGET_FIELDS


@pytest.mark.parametrize("word", ["", "Token ", "Token nonsense", "Token a b", "Basic b3duZXI6eA=="])
def test_without_a_good_token_the_answer_is_401_in_the_frameworks_words(served: Served, word: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": word} if word else {}
        for example in EXAMPLES:
            answer = session.request(example.method, served.url + example.path, headers=headers)
            assert answer.status_code == 401, example.path
            assert answer.headers["www-authenticate"] == "Token"
            assert list(answer.json()) == ["detail"]


def test_curl_gets_a_token_and_uses_it(served: Served) -> None:
    asked = json.dumps({"username": "owner", "password": PASSWORD}, indent=2)
    common = ["curl", "-sS", "--noproxy", "*", "-X", "POST", "-H", "Content-Type: application/json"]
    said = subprocess.run(
        [*common, f"{served.url}/api/token-auth/", "-H", "accept: application/json", "-d", asked],
        capture_output=True, check=True, timeout=20,
    ).stdout  # fmt: skip
    token = json.loads(said)["token"]
    listed = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "-X", "POST", "-H", f"Authorization: Token {token}",
         f"{served.url}/targets/getTargetList/?name=Gaia22bpl"],
        capture_output=True, check=True, timeout=20,
    ).stdout  # fmt: skip
    assert json.loads(listed)["count"] == 1
