"""BHTOM's own scripts, byte for byte as they speak, against our server: only host and token differ."""

import http.client
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from api_server import PASSWORD, Served

from engine.lightcurve import light_curve
from lake.frames import frames_of_upload
from lake.inbox.accepting import upload
from lake.provenance import new_batch
from lake.targets import get_target

EMPTY_CSV = b"MJD;Magnitude;Error;Facility;Filter;Observer\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request as it was recorded on the wire."""

    client: str
    start: str
    headers: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What our server said."""

    status: int
    headers: dict[str, str]
    body: bytes


def recorded_requests(path: Path) -> list[Recorded]:
    found = []
    for block in path.read_bytes().split(b"######## ")[1:]:
        title, _, rest = block.partition(b"\n")
        if not rest.startswith(b">>> "):
            continue  # this script never got as far as a request
        head, _, tail = rest.removeprefix(b">>> ").partition(b"\n\n\n")
        start, *headers = head.decode().splitlines()
        length = int(re.search(r"Content-Length: (\d+)", head.decode())[1])
        body = tail[:length]
        found.append(Recorded(client=title.decode(), start=start, headers=tuple(headers), body=body))
    return found


def replay(request: Recorded, served: Served) -> Answer:
    lines = [request.start]
    for header in request.headers:
        ours = re.sub(r"^Host: .*", f"Host: 127.0.0.1:{served.port}", header)
        lines.append(ours.replace("Token TOK", f"Token {served.owner_token}"))
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.body)
        response = http.client.HTTPResponse(connection)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=headers, body=response.read())


@pytest.fixture(scope="module")
def requests_by_client(shared: Path) -> dict[str, Recorded]:
    return {each.client: each for each in recorded_requests(shared / "wire" / "requests_raw.txt")}


@pytest.fixture(scope="module")
def answers(requests_by_client: dict[str, Recorded], served: Served) -> dict[str, Answer]:
    """Replay everything in its order; the target that a script made gets two points before the downloads."""
    given = {}
    for client, request in requests_by_client.items():
        given[client] = replay(request, served)
        if client.startswith("create_target.py"):
            give_points(served)
    return given


def give_points(served: Served) -> None:
    target = get_target(served.lake.operations, "T", None)
    common = {"target_id": target.target_id, "source": "upload"}
    rows = [
        {"source_ref": "b", "mjd": 60000.123456, "band": "V(GaiaSP)", "mag": 15.2, "mag_err": 0.03,
         "facility": "ROAD", "observer": "A B"},
        {"source_ref": "a", "mjd": 59000.5, "band": "GSA(G)", "limit_mag": 18.0, "facility": "GSA; x"},
        {"source_ref": "c", "mjd": 55197.0, "band": "g(GaiaSP)", "mag": 0.00001, "facility": 'F"q'},
        {"source_ref": "e", "mjd": 60001.5, "band": "VLASS(Flux 3GHz)", "flux_ujy": 1500.0,
         "flux_err_ujy": 250.0, "facility": "VLA"},
        {"source_ref": "d", "mjd": 55198.0, "band": "g(GaiaSP)", "flux_ujy": 3.0},
    ]  # fmt: skip
    points = light_curve(pl.DataFrame([common | row for row in rows]))
    served.lake.store.append_points(points, batch=new_batch("test", "upload"))


def test_all_ten_recorded_requests_are_there(requests_by_client: dict[str, Recorded]) -> None:
    assert len(requests_by_client) == 10


@pytest.mark.parametrize(
    ("client", "target", "dry_run", "comment"),
    [
        ("send_fits_to_bhtom.py", "Gaia22bpl", True, ""),
        ("upload_files_script.py", "Gaia22bpl", False, "hi Observers: john."),
        ("vast bhtom_upload.sh", "T", False, ""),
    ],
)
def test_an_uploading_script_gets_its_receipt(
    answers: dict[str, Answer], served: Served, client: str, target: str, dry_run: bool, comment: str
) -> None:
    answer = answers[client]
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    match = re.fullmatch(
        rb'\{"Success":\[\{"file name:":"a\.fits","id":"(\d+)","message":"Received plain FITS file\."\}\]\}',
        answer.body,
    )
    assert match is not None
    kept = upload(served.lake.operations, int(match[1]), served.owner)
    assert (kept.target_name, kept.dry_run, kept.comment) == (target, dry_run, comment)
    assert (kept.filename, kept.requested_filter, kept.uploaded_by) == ("a.fits", "GaiaSP/any", "owner")
    with served.lake.raw.open(kept.sha256) as stream:
        assert stream.read() == b"SIMPLE  =                    T"


def test_create_target_is_echoed(answers: dict[str, Answer]) -> None:
    answer = answers["create_target.py --name T --ra 1.5 --dec -2.5 --token TOK"]
    assert answer.status == 201
    assert answer.body == (
        b'{"name":"T","ra":1.5,"dec":-2.5,"epoch":2000.0,"description":null,"classification":"Unknown",'
        b'"discovery_date":"2023-01-01T00:00:01Z","importance":9.97,"cadence":1.0,"has_optical":false,'
        b'"has_infrared":false,"has_radio":false,"has_xray":false,"has_gamma":false,"has_polarimetry":false}'
    )


def test_photometry_comes_as_bhtom_writes_it(answers: dict[str, Answer]) -> None:
    answer = answers["download_photometry.py TOK T"]
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv"
    assert answer.headers["content-disposition"] == 'attachment; filename="target_T_photometry.csv"'
    assert answer.body == EMPTY_CSV + (
        b'55197.0;1e-05;;"F""q";g(GaiaSP);\n'
        b'59000.5;18.0;-1.0;"GSA; x";GSA(G);\n'
        b"60000.123456;15.2;0.03;ROAD;V(GaiaSP);A B\n"
    )


@pytest.mark.parametrize("client", ["get_token_interactive.sh", "agatawoz get_token"])
def test_a_wrong_password_is_told_in_bhtoms_words(answers: dict[str, Answer], client: str) -> None:
    assert answers[client].status == 400
    assert answers[client].body == b'{"non_field_errors":["Unable to log in with provided credentials."]}'


@pytest.mark.parametrize("client", ["get_token_interactive.sh", "agatawoz get_token"])
def test_the_right_password_gives_a_token_that_works(
    requests_by_client: dict[str, Recorded], served: Served, client: str
) -> None:
    request = requests_by_client[client]
    body = request.body.replace(b'"u"', b'"owner"').replace(b'"p"', json.dumps(PASSWORD).encode())
    headers = tuple(
        f"Content-Length: {len(body)}" if header.startswith("Content-Length") else header
        for header in request.headers
    )
    answer = replay(Recorded(client=client, start=request.start, headers=headers, body=body), served)
    assert answer.status == 200
    token = json.loads(answer.body)["token"]
    assert answer.body == json.dumps({"token": token}, separators=(",", ":")).encode()
    with served.client(token) as client_with_token:
        assert client_with_token.post("/targets/getTargetList/").status_code == 200


def test_the_script_with_broken_json_is_told_where_it_breaks(answers: dict[str, Answer]) -> None:
    assert answers["get_token.sh"].status == 400
    assert answers["get_token.sh"].body == (
        b'{"detail":"JSON parse error - Expecting value: line 2 column 15 (char 16)"}'
    )


def test_radio_fluxes_come_as_bhtom_writes_them(answers: dict[str, Answer]) -> None:
    answer = answers["download_radio.py TOK T"]
    assert answer.status == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="target_T_radio.csv"'
    assert answer.body == b"MJD;mJy;Error;Facility;Filter;Observer\n60001.5;1.5;0.25;VLA;VLASS(Flux 3GHz);\n"


def test_the_list_of_ids_and_names_that_bhtom_rejects_is_understood(
    answers: dict[str, Answer], served: Served
) -> None:
    answer = answers["get_calib_res.py TOK 1 abc --get_plot"]
    assert answer.status == 200
    body = json.loads(answer.body)
    assert (body["count"], body["num_pages"], body["current_page"]) == (1, 1, 1)
    (item,) = body["data"]  # no file has abc in its name
    assert (item["id"], item["use_catalog"], item["dataproduct"]) == (1, "GaiaSP/any", 1)
    assert (item["plot"] is None) == frames_of_upload(served.lake.store, 1).is_empty()


def test_a_route_that_is_not_there_says_so_in_json(served: Served) -> None:
    with served.client(served.owner_token) as client:
        answer = client.post("/calibration/get-nothing/")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("tomlake does not answer POST /")
