"""Walls around every route: what another site, a broken client or a worn-out token cannot do."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from api_server import PASSWORD, Served
from sqlalchemy import func, select, update
from starlette.routing import Route
from test_uploads import form, fresh_bytes, reduce_jobs, spooled

from lake.inbox.accepting import uploads
from lake.operations import reading, targets, tokens, users, writing
from lake.people.accounts import create_user, issue_token, list_tokens, open_session, revoke_token
from portal.api import app as whole
from portal.api.v1 import app as v1
from portal.frame.uploading import MOST_PARTS
from portal.security.cookie import SESSION_COOKIE

MB = 1_000_000
SIGNING = "/session/"  # these have tests of their own
NAMES = {"name": "Gaia22bpl", "provider": "orcid", "upload_id": "1", "job_id": "1", "frame_id": "1" * 32}


def every_route() -> list[tuple[str, str]]:
    """Return method and address of every route of both APIs, from their own tables."""
    parts = [("", part.router) for part in whole.PARTS] + [("/api/v1", part.router) for part in v1.PARTS]
    found = {
        (method, prefix + filled(route.path))
        for prefix, router in parts
        for route in router.routes
        if isinstance(route, Route)
        for method in (route.methods or ())
    }
    return sorted(found)


def filled(path: str) -> str:
    """Return a path with something in place of what stands in braces."""
    while "{" in path:
        before, _, rest = path.partition("{")
        inside, _, after = rest.partition("}")
        path = before + NAMES.get(inside.partition(":")[0], "1" * 32) + after
    return path


WRITING = [(method, path) for method, path in every_route() if method in {"POST", "PUT", "PATCH", "DELETE"}]


def test_the_table_of_routes_is_not_empty() -> None:
    assert len(WRITING) > 30
    assert {path.split("/")[1] for _, path in WRITING} >= {"api", "upload", "targets", "session"}


def stored(served: Served) -> tuple[int, ...]:
    """Return how many of what a write could make or take away there are."""
    with reading(served.lake.operations) as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (targets, tokens, users)
        ]
    return (*counts, reduce_jobs(served))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Requested-With": "tomlake", "Sec-Fetch-Site": "cross-site"},
        {"X-Requested-With": "tomlake", "Sec-Fetch-Site": "same-site"},
        {"X-Requested-With": "tomlake", "Origin": "https://evil.example"},
        {"X-Requested-With": "tomlake", "Origin": "null"},
    ],
)
def test_a_cookie_alone_writes_nothing_on_any_route(
    served: Served, anybody: httpx.Client, headers: dict[str, str]
) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={create_staff_session(served)}"}
    before = stored(served)
    body = {"name": "Forged", "ra": 1, "dec": 1, "ra_deg": 1.0, "dec_deg": 1.0, "target": "Gaia22bpl"}
    for method, path in WRITING:
        if path.startswith(SIGNING) and path != "/session/upload":
            continue
        nobody = anybody.request(method, path, json=body, headers=headers)
        answer = anybody.request(method, path, json=body, headers={**headers, **cookie})
        assert answer.status_code == nobody.status_code, (method, path, answer.text)
    assert stored(served) == before


def create_staff_session(served: Served) -> str:
    name = f"staff{os.urandom(4).hex()}"
    user = create_user(served.lake.operations, name, PASSWORD, is_staff=True)
    return open_session(served.lake.operations, user)


def test_no_answer_lets_another_site_read_with_the_visitors_cookie(
    served: Served, anybody: httpx.Client
) -> None:
    headers = {"Cookie": f"{SESSION_COOKIE}={create_staff_session(served)}", "Origin": "https://evil.example"}
    for method, path in every_route():
        if method in {"GET", "HEAD"}:
            answer = anybody.request(method, path, headers=headers)
            assert "access-control-allow-credentials" not in answer.headers, path
            assert answer.headers.get("access-control-allow-origin", "*") == "*", path


def test_every_route_answers_with_the_security_headers(served: Served) -> None:
    with served.client() as client:
        for method, path in every_route():
            answer = client.request(method, path)
            assert answer.status_code not in {500, 502}, (method, path, answer.text)
            for name, words in (
                ("content-security-policy", "default-src 'self'"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", ""),
                ("x-frame-options", ""),
            ):
                assert words in answer.headers[name], (method, path)


BODIES = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "no UTF-8": b'{"name": "\xff\xfe\xfa"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "UTF-32": '{"name": "a"}'.encode("utf-32"),
    "a mark first": b'\xef\xbb\xbf{"name": "a"}',
    "half a character": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "a\x00b"}',
    "a number without end": b'{"ra": ' + b"9" * 50_000 + b"}",
    "not finite": b'{"ra": NaN, "dec": 1e999}',
    "a list": b"[1, 2]",
    "a word": b'"x"',
    "gzip": b"\x1f\x8b\x08\x00\x00",
    "many fields": b"&".join(b"f%d=1" % number for number in range(20_000)),
    "percent": b"name=%ff%zz%&ra=%00",
}


@pytest.mark.parametrize("body", list(BODIES))
def test_a_broken_body_is_no_fault_of_the_server_on_any_route(served: Served, body: str) -> None:
    before = stored(served)
    headers = {"Content-Type": "application/json"}
    with served.client(served.other_token) as client:  # who may change nothing that other tests use
        for method, path in WRITING:
            if "upload" in path or (method == "DELETE" and "Gaia22bpl" in path):
                continue  # there any bytes are a file; there no body is read
            if path.startswith(("/api/sql", "/api/vo/tap")):
                continue  # each would start a process of its own; they have tests of their own
            answer = client.request(method, path, content=BODIES[body], headers=headers)
            assert answer.status_code < 500, (method, path, answer.text)
    assert stored(served)[1:] == before[1:]


HUGE = (
    "/targets/getTargetList/", "/api/token-auth/", "/session/login", "/session/oidc/orcid", "/api/v1/targets",
    "/api/v1/transfers", "/api/sql", "/api/vo/tap/sync", "/upload/",
)  # fmt: skip


@pytest.mark.parametrize("path", HUGE)
def test_a_hundred_megabytes_of_json_are_refused_without_being_held(served: Served, path: str) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of memory is read from Linux's /proc")
    block = b'{"a":"' + b"x" * MB

    def body() -> Iterator[bytes]:
        for _ in range(100):
            yield block

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before_kb = peak_kb()
    status = 0
    with served.client(served.owner_token) as client:
        try:
            headers = {"Content-Type": "application/json", "Content-Length": str(100 * len(block))}
            status = client.post(path, content=body(), headers=headers).status_code
        except httpx.TransportError:
            status = 413  # the server had hung up before all of it was sent
    assert status in {400, 404, 413}
    assert peak_kb() - before_kb < 30_000


def peak_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_ten_thousand_parts_are_refused_and_nothing_is_kept(owner: httpx.Client, served: Served) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.fits"\r\n\r\nx\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = owner.post("/upload/", content=part * 10_000 + b"--b--\r\n", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["non_field_errors"][0].startswith(f"One upload may have {MOST_PARTS} parts")
    assert spooled(served) == []


MULTIPARTS = {
    "no boundary in the body": (b"boundary=b", b"no form at all"),
    "no end": (b"boundary=b", b'--b\r\nContent-Disposition: form-data; name="target"\r\n\r\nGaia'),
    "no boundary": (b"", b"--b--\r\n"),
    "an empty boundary": (b"boundary=", b"----\r\n"),
    "a header without end": (b"boundary=b", b"--b\r\n" + b"A" * 200_000),
    "many headers": (b"boundary=b", b"--b\r\n" + b"A: b\r\n" * 20_000 + b"\r\nx\r\n--b--\r\n"),
    "a nested form": (
        b"boundary=b", b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--\r\n",
    ),
    "no disposition": (b"boundary=b", b"--b\r\nX: y\r\n\r\nx\r\n--b--\r\n"),
    "NUL in a header": (
        b"boundary=b", b'--b\r\nContent-Disposition: form-data; name="a\x00"\r\n\r\nx\r\n--b--\r\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("which", list(MULTIPARTS))
def test_a_malformed_form_is_refused_in_a_sentence(owner: httpx.Client, served: Served, which: str) -> None:
    options, body = MULTIPARTS[which]
    headers = {"Content-Type": "multipart/form-data;" + options.decode()}
    answer = owner.post("/upload/", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert spooled(served) == []


@pytest.mark.parametrize(
    ("lengths", "end_early"),
    [
        (["Content-Length: 5000"], True),
        (["Content-Length: -1"], False),
        (["Content-Length: 10", "Content-Length: 4000"], False),
        (["Content-Length: ten"], False),
        (["Content-Length: 99999999999999999999999"], True),
        (["Content-Length: 10", "Transfer-Encoding: chunked"], False),
        (["Transfer-Encoding: chunked, identity"], False),
        (["Transfer-Encoding: chunked"], False),
    ],
)
def test_a_wrong_length_keeps_nothing_and_harms_nobody(
    served: Served, lengths: list[str], end_early: bool
) -> None:
    before = (reduce_jobs(served), len(uploads(served.lake.operations, served.owner, limit=1000)))
    head = [
        "POST /upload/ HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}", f"Authorization: Token {served.owner_token}",
        "Content-Type: multipart/form-data; boundary=b", *lengths, "", "",
    ]  # fmt: skip
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.fits"\r\n\r\nxxxxxxxxxxxxxxxxx'
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall("\r\n".join(head).encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert b"HTTP/1.1 2" not in answer, answer
    after = (reduce_jobs(served), len(uploads(served.lake.operations, served.owner, limit=1000)))
    assert (after, spooled(served)) == (before, [])
    with served.client() as client:
        assert client.get("/api/health").status_code == 200


def worn_out_tokens(served: Served) -> dict[str, str]:
    """Return tokens that were good once, or are nearly good."""
    operations = served.lake.operations
    good = issue_token(operations, served.owner, name="worn out")
    expired = issue_token(operations, served.owner, name="expired", days=1.0)
    with writing(operations) as connection:
        newest = select(func.max(tokens.c.token_id)).scalar_subquery()
        connection.execute(update(tokens).where(tokens.c.token_id == newest).values(expires_mjd=1.0))
    revoked = issue_token(operations, served.owner, name="revoked")
    revoke_token(operations, served.owner, list_tokens(operations, served.owner)[0].token_id)
    name = f"gone{os.urandom(4).hex()}"
    leaver = create_user(operations, name, PASSWORD)
    of_leaver = issue_token(operations, leaver, name="leaver")
    with writing(operations) as connection:
        connection.execute(update(users).where(users.c.username == name).values(is_active=False))
    return {
        "upper": good.upper(), "swapped": good.swapcase(), "lower": good.lower(), "short": good[:-1],
        "long": good + "A",
        "prefix": "tl_", "expired": expired, "revoked": revoked, "of somebody who left": of_leaver,
    }  # fmt: skip


def test_a_worn_out_token_opens_no_route(served: Served, anybody: httpx.Client) -> None:
    for why, token in worn_out_tokens(served).items():
        for scheme in ("Token", "Bearer"):
            headers = {"Authorization": f"{scheme} {token}"}
            for path in ("/targets/getTargetList/", "/upload/", "/common/api/data/"):
                answer = anybody.post(path, headers=headers)
                assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."}), (why, path)
            for path in ("/api/v1/targets", "/download/Gaia22bpl.csv"):
                assert anybody.get(path, headers=headers).status_code == 401, (why, path)


def test_the_same_bytes_at_once_from_eight_clients_are_one_upload_and_one_job(served: Served) -> None:
    body, before = fresh_bytes() * 10_000, reduce_jobs(served)
    ready = threading.Barrier(8)

    def send(number: int) -> str:
        with served.client(served.owner_token) as client:
            ready.wait(10)
            answer = client.post("/upload/", data=form(), files={"files": (f"{number}.fits", body)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["Success"][0]["id"])

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(send, range(8)))
    assert len(ids) == 1
    assert reduce_jobs(served) == before + 1
    assert spooled(served) == []
    (kept,) = [
        each
        for each in uploads(served.lake.operations, served.owner, limit=1000)
        if str(each.upload_id) in ids
    ]
    assert served.lake.raw.is_sound(kept.sha256)


@pytest.mark.parametrize(
    "name",
    ['a"; filename="evil.exe', "a\r\nX-Evil: 1", "a\nSet-Cookie: x=1", "../../../etc/passwd", "..\\..\\x",
     "/etc/passwd", "a\x00.fits", "żółw\u202e.fits", "%2e%2e%2fx", "CON", " ", "." * 300],
)  # fmt: skip
def test_a_hostile_name_becomes_neither_a_path_nor_a_header(served: Served, name: str) -> None:
    data_dir = served.lake.settings.data_dir
    before = {path for path in data_dir.parent.rglob("*") if "passwd" in path.name or "evil" in path.name}
    with served.client(served.owner_token) as client:
        sent = [
            client.put(
                "/session/upload", params={"target": "Gaia22bpl", "name": name}, content=fresh_bytes()
            ),
            client.post(
                "/api/v1/uploads", params={"target": "Gaia22bpl", "filename": name}, content=fresh_bytes()
            ),
            client.get(f"/download/{quote(name, safe='')}.csv"),
            client.get("/api/v1/targets", params={"name": name}),
            client.post("/targets/download-photometry/", json={"name": name}),
        ]
    for answer in sent:
        assert answer.status_code < 500, answer.text
        assert not {"x-evil", "set-cookie"} & set(answer.headers), answer.headers
    for answer in sent[:2]:
        if answer.status_code == 201:
            shown = answer.json()["filename"]
            assert "/" not in shown.replace("</", "")
            assert shown.isprintable()
            assert json.dumps(shown)
    after = {path for path in data_dir.parent.rglob("*") if "passwd" in path.name or "evil" in path.name}
    assert after == before
