"""Uploads over a real socket: what is taken, what is refused, and what is left of either."""

import os
import signal
import socket
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import httpx
import pytest
from api_server import Served
from installations import settings_in
from sqlalchemy import func, select

from engine.target import Target
from lake.inbox.accepting import upload, uploads
from lake.opening import open_lake
from lake.operations import jobs, reading
from lake.people.accounts import create_user, issue_token
from lake.settings import child_environment
from lake.targets import create_target

NUMBERS = count()
MB = 1_000_000


def fresh_bytes() -> bytes:
    return b"SIMPLE  =                    T" + str(next(NUMBERS)).encode()


def form(**changes: str) -> dict[str, str]:
    return {"target": "Gaia22bpl", "data_product_type": "fits_file", "observatory": "ROAD_QHY600M"} | changes


def reduce_jobs(served: Served) -> int:
    with reading(served.lake.operations) as connection:
        return int(connection.execute(select(func.count()).where(jobs.c.kind == "reduce")).scalar_one())


def spooled(served: Served) -> list[Path]:
    return list(served.lake.raw.spool_dir.iterdir())


def test_several_files_of_any_part_name_become_several_uploads(owner: httpx.Client, served: Served) -> None:
    files = [("file_0", ("a.fits", fresh_bytes())), ("x", ("b.fits.fz", fresh_bytes()))]
    answer = owner.post("/dataproducts/upload/", data=form(), files=files)
    assert answer.status_code == 201
    names = [entry["file name:"] for entry in answer.json()["Success"]]
    assert names == ["a.fits", "b.fits.fz"]
    assert len({entry["id"] for entry in answer.json()["Success"]}) == 2
    assert spooled(served) == []


def test_the_same_bytes_twice_are_one_upload_and_one_job(owner: httpx.Client, served: Served) -> None:
    body, before = fresh_bytes(), reduce_jobs(served)
    ids = [
        owner.post("/upload/", data=form(), files={"files": (name, body)}).json()["Success"][0]["id"]
        for name in ("a.fits", "again.fits")
    ]
    assert ids[0] == ids[1]
    assert reduce_jobs(served) == before + 1


def test_the_path_without_its_slash_takes_the_same_upload(owner: httpx.Client) -> None:
    for path in ("/upload", "/dataproducts/upload"):
        answer = owner.post(path, data=form(), files={"files": ("a.fits", fresh_bytes())})
        assert answer.status_code == 201


def test_photometry_keeps_its_time_and_its_matching_radius(owner: httpx.Client, served: Served) -> None:
    fields = form(data_product_type="photometry", mjd="60000.5", match_dist="2", filter="GaiaSP/V")
    answer = owner.post("/upload/", data=fields, files={"files": ("stars.dat", fresh_bytes())})
    assert answer.status_code == 201
    kept = upload(served.lake.operations, int(answer.json()["Success"][0]["id"]), served.owner)
    assert (kept.kind, kept.mjd, kept.match_dist_arcsec) == ("photometry", 60000.5, 2.0)
    assert kept.requested_filter == "GaiaSP/V"


@pytest.mark.parametrize(
    ("sent", "kept"), [("no", "GaiaSP/any"), ("None", "GaiaSP/any"), ("2MASS/J", "2MASS/J")]
)
def test_no_filter_means_the_automatic_choice(
    owner: httpx.Client, served: Served, sent: str, kept: str
) -> None:
    answer = owner.post("/upload/", data=form(filter=sent), files={"files": ("a.fits", fresh_bytes())})
    upload_id = int(answer.json()["Success"][0]["id"])
    assert upload(served.lake.operations, upload_id, served.owner).requested_filter == kept


def test_observers_are_credited_and_strangers_named_in_the_comment(
    owner: httpx.Client, served: Served
) -> None:
    fields = form(comment="None") | {"observers": ["other", "Jan Kowalski"], "no_plot": "True", "radius": "1"}
    answer = owner.post("/upload/", data=fields, files={"files": ("a.fits", fresh_bytes())})
    kept = upload(served.lake.operations, int(answer.json()["Success"][0]["id"]), served.owner)
    assert kept.observers == ("other",)
    assert kept.comment == "Observers: Jan Kowalski."


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"target": "No such"}, {"non_field_errors": ["Target 'No such' does not exist."]}),
        ({"target": ""}, {"target": ["This field is required."]}),
        ({"data_product_type": ""}, {"data_product_type": ["This field is required."]}),
        ({"data_product_type": "photometry"}, {"mjd": ["This field is required."]}),
        ({"mjd": "yesterday"}, {"mjd": ["A valid number is required."]}),
        ({"mjd": "nan"}, {"mjd": ["A valid number is required."]}),
        ({"dry_run": "perhaps"}, {"dry_run": ["Must be a valid boolean."]}),
        (
            {"observatory": "Nowhere"},
            {"non_field_errors": ["Observatory with camera doesn't exist on your list"]},
        ),
    ],
)
def test_what_is_wrong_is_told_in_bhtoms_envelope(
    owner: httpx.Client, served: Served, changes: dict[str, str], body: dict[str, list[str]]
) -> None:
    before = reduce_jobs(served)
    answer = owner.post("/upload/", data=form(**changes), files={"files": ("a.fits", fresh_bytes())})
    assert answer.status_code == 400
    assert answer.json() == body
    assert spooled(served) == []
    assert reduce_jobs(served) == before


def test_a_kind_that_is_not_read_yet_is_refused_with_a_sentence(owner: httpx.Client) -> None:
    fields = form(data_product_type="photometry_nondetection")
    answer = owner.post("/upload/", data=fields, files={"files": ("a.txt", fresh_bytes())})
    assert answer.status_code == 400
    assert "'photometry_nondetection'" in answer.json()["data_product_type"][0]


@pytest.mark.parametrize("files", [{"files": ("a.fits", b"")}, {"files": ("", b"")}])
def test_an_upload_without_bytes_is_refused(owner: httpx.Client, files: dict[str, tuple[str, bytes]]) -> None:
    answer = owner.post("/upload/", data=form(), files=files)
    assert answer.status_code == 400


def test_a_body_that_is_no_form_is_refused(owner: httpx.Client) -> None:
    answer = owner.post("/upload/", json=form())
    assert answer.status_code == 400
    assert answer.json() == {"non_field_errors": ["Send the file as multipart/form-data."]}


def test_a_file_above_the_limit_gets_413_and_is_forgotten(owner: httpx.Client, served: Served) -> None:
    files = {"files": ("a.fits", os.urandom(3 * MB + 1))}
    answer = owner.post("/upload/", data=form(), files=files)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "A file may have 3 MB at most; compress it (.fz) or cut it."}
    assert spooled(served) == []


def test_a_request_above_five_files_worth_gets_413(owner: httpx.Client, served: Served) -> None:
    files = [("files", (f"{number}.fits", os.urandom(3 * MB))) for number in range(6)]
    answer = owner.post("/upload/", data=form(), files=files)
    assert answer.status_code == 413
    assert spooled(served) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\m 31.fits", "m 31.fits"),
        ("dir/..", "unnamed"),
        ("zażółć.fits", "zażółć.fits"),
        ("a\u202eb.fits", "ab.fits"),
        ("<script>alert(1)</script>.fits", "script>.fits"),
        ("x" * 500 + ".fits", "x" * 195 + ".fits"),
    ],
)
def test_a_hostile_file_name_stays_text(owner: httpx.Client, served: Served, sent: str, kept: str) -> None:
    answer = owner.post("/upload/", data=form(), files={"files": (sent, fresh_bytes())})
    assert answer.status_code == 201
    assert answer.json()["Success"][0]["file name:"] == kept
    data_dir = served.lake.settings.data_dir
    assert not [
        path for path in data_dir.parent.rglob("*") if path.suffix == ".fits" or path.name == "passwd"
    ]


def test_without_a_token_no_byte_is_kept(anybody: httpx.Client, served: Served) -> None:
    answer = anybody.post("/upload/", data=form(), files={"files": ("a.fits", os.urandom(MB))})
    assert answer.status_code == 401
    assert answer.text == '{"detail":"Authentication credentials were not provided."}'
    assert answer.headers["www-authenticate"] == "Token"
    assert spooled(served) == []


END = b"\r\n--cut--\r\n"


def half_an_upload(token: str, port: int, body: bytes, **changes: str) -> socket.socket:
    """Start an upload on a socket and stop in the middle of the file; as many bytes are announced again."""
    boundary = "cut"
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form(**changes).items()
    )
    start = parts + f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="a.fits"\r\n\r\n'
    head = (
        f"POST /upload/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Token {token}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(start) + 2 * len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(head.encode() + start.encode() + body)
    return connection


def wait_for(condition: object, *, seconds: float = 10.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline_s, "waited too long"
        time.sleep(0.02)


def test_a_client_that_leaves_in_the_middle_leaves_nothing(served: Served) -> None:
    before = reduce_jobs(served)
    connection = half_an_upload(served.owner_token, served.port, os.urandom(2 * MB))
    wait_for(lambda: spooled(served))
    connection.close()
    wait_for(lambda: not spooled(served))
    assert reduce_jobs(served) == before


SERVER = """
import sys, uvicorn
from lake.opening import open_lake
from lake.settings import read_settings
from lake.targets import create_target
from portal.api.app import build_api
lake = open_lake(read_settings())
uvicorn.run(build_api(lambda: lake), fd=int(sys.argv[1]), log_level="warning")
"""


def test_after_kill_9_there_is_a_whole_upload_or_none(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    user = create_user(lake.operations, "owner", "long enough")
    token = issue_token(lake.operations, user, name="test")
    create_target(lake.operations, Target(name="Gaia22bpl", ra_deg=10.0, dec_deg=20.0), by="owner")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        command = [sys.executable, "-c", SERVER, str(listening.fileno())]
        web = subprocess.Popen(command, pass_fds=[listening.fileno()], env=child_environment(settings))
    half = os.urandom(2 * MB)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            client.headers["Authorization"] = f"Token {token}"
            files = {"files": ("a.fits", b"whole")}
            assert client.post("/upload/", data=form(observatory=""), files=files).status_code == 201
        in_the_middle = half_an_upload(token, port, half, observatory="")
        at_the_end = half_an_upload(token, port, half[::-1], observatory="")
        wait_for(lambda: len(list(lake.raw.spool_dir.iterdir())) == 2)
        at_the_end.sendall(half[: -len(END)] + END)  # killed anywhere between its last byte and our answer
    finally:
        web.send_signal(signal.SIGKILL)
        web.wait(10)
    in_the_middle.close()
    at_the_end.close()
    lake.close()
    again = open_lake(settings)
    kept = uploads(again.operations, user)
    assert [each.size_bytes for each in kept] in ([5], [4 * MB - len(END), 5])
    for each in kept:
        assert again.raw.is_sound(each.sha256)
        assert each.job_id is not None
    assert list(again.raw.spool_dir.iterdir()) == []
    again.close()
