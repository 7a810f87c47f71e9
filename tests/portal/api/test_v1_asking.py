"""How the new API is asked: from other sites, with narrow tokens, twice at once, for raw answers."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import polars as pl
import pytest
from api_server import Served
from starlette.types import Message, Receive, Scope, Send

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from lake.people.tokens import Scope as TokenScope
from lake.people.tokens import issue_token
from lake.provenance import new_batch
from lake.targets import create_target
from portal.security.rate import Buckets, RateLimit

RAW = b'{"made by hand": "for a test"}'
OPEN, SECRET = "Asking1", "Asking2"


@pytest.fixture(scope="module", autouse=True)
def answered(served: Served) -> None:
    for name, dec_deg, visibility in (
        (OPEN, -60.0, Visibility.PUBLIC),
        (SECRET, -61.0, Visibility.PRIVATE),
    ):
        target = Target(name=name, ra_deg=220.0, dec_deg=dec_deg, visibility=visibility)
        target_id = create_target(served.lake.operations, target, by="owner").target_id or 0
        row = {"target_id": target_id, "source": "ztf", "source_ref": "a", "mjd": 60000.5,
               "band": "ZTF(zg)", "mag": 15.5}  # fmt: skip
        papers = new_batch("harvest", "ztf", target_id=target_id, raw_sha256=served.lake.raw.put(RAW))
        served.lake.store.replace_points(target_id, "ztf", light_curve(pl.DataFrame([row])), batch=papers)


def test_a_point_leads_to_what_its_archive_answered(
    owner: httpx.Client, other: httpx.Client, anybody: httpx.Client
) -> None:
    (point,) = anybody.get(f"/api/v1/targets/{OPEN}/light-curve").json()["points"]
    at = f"/api/v1/targets/{OPEN}/archives/ztf/answers"
    (told,) = anybody.get(at).json()
    assert (told["batch_id"], told["is_kept"]) == (point["batch_id"], True)
    answer = anybody.get(f"{at}/{point['batch_id']}")
    assert answer.content == RAW
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    closed = f"/api/v1/targets/{SECRET}/archives/ztf/answers"
    (hidden,) = owner.get(closed).json()
    for address in (closed, f"{closed}/{hidden['batch_id']}"):
        assert other.get(address).json()["code"] == "unknown-target"
    foreign = other.get(f"{at}/{hidden['batch_id']}")  # through a target that is open
    assert (foreign.status_code, foreign.json()["code"]) == (404, "unknown-answer")


def test_jobs_of_mine_are_those_that_measure_what_i_sent(
    owner: httpx.Client, other: httpx.Client, anybody: httpx.Client
) -> None:
    jobs: dict[str, int] = {}
    for name, client in (("owner", owner), ("other", other)):
        about = {"target": OPEN, "filename": f"{name}.fits"}
        body = f"SIMPLE of {name}".encode()
        jobs[name] = client.post("/api/v1/uploads", params=about, content=body).json()["job_id"]
    mine = [each["job_id"] for each in other.get("/api/v1/jobs", params={"mine": True}).json()["items"]]
    assert jobs["other"] in mine
    assert jobs["owner"] not in mine
    assert anybody.get("/api/v1/jobs", params={"mine": True}).status_code == 401


def test_a_token_for_uploads_sends_a_file_in_pieces_and_changes_nothing_else(served: Served) -> None:
    secret = issue_token(
        served.lake.operations, served.owner, name="camera", scopes=(TokenScope.READ, TokenScope.UPLOAD)
    )
    with served.client(secret) as camera:
        told = {"target": OPEN, "filename": "p.fits", "size_bytes": 6}
        begun = camera.post("/api/v1/transfers", json=told)
        sent = camera.patch(begun.headers["location"], content=b"SIMPLE", headers={"Upload-Offset": "0"})
        assert sent.json()["upload"]["target_name"] == OPEN
        refused = camera.patch(f"/api/v1/targets/{OPEN}", json={"importance": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "no-right")


def test_the_description_names_the_scope_of_every_route(anybody: httpx.Client, served: Served) -> None:
    paths = anybody.get("/api/v1/openapi.json").json()["paths"]
    scopes = {
        (method, path): way["token"][0]
        for path, item in paths.items()
        for method, told in item.items()
        for way in told["security"]
        if "token" in way
    }
    assert scopes["post", "/transfers"] == "upload"
    assert scopes["get", "/targets"] == "read"
    narrow = {
        scope: issue_token(served.lake.operations, served.owner, name=scope, scopes=(scope,))
        for scope in (TokenScope.READ, TokenScope.UPLOAD, TokenScope.WRITE)
    }
    for (method, path), needed in scopes.items():
        address = "/api/v1" + path.replace("{transfer_id}", "0" * 32).replace("{", "1").replace("}", "")
        for scope, secret in narrow.items():
            with served.client(secret) as client:
                answer = client.request(method, address)
            is_refused = answer.status_code == 403 and (
                method == "head" or "This token may not" in answer.text
            )
            assert is_refused == (scope != needed), (method, path, scope, answer.text)


def test_two_equal_keys_at_once_do_the_work_once(served: Served) -> None:
    body = {"name": "Asked twice", "ra_deg": 33.0, "dec_deg": -70.0}

    def ask(_number: int) -> httpx.Response:
        with served.client(served.owner_token) as client:
            return client.post("/api/v1/targets", json=body, headers={"Idempotency-Key": "a race"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    made = [each for each in answers if each.status_code == 201]
    waiting = [each for each in answers if each.status_code != 201]
    assert len({each.json()["target_id"] for each in made}) == 1
    assert sum("idempotent-replayed" not in each.headers for each in made) == 1
    for each in waiting:
        assert (each.status_code, each.json()["code"]) == (409, "still-answering")
        assert int(each.headers["retry-after"]) >= 1


def test_a_script_of_another_site_reads_with_a_token_and_never_with_a_cookie(anybody: httpx.Client) -> None:
    site = {"Origin": "https://notebook.example"}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = anybody.options(f"/api/v1/targets/{OPEN}", headers=site | asked)
    assert preflight.status_code == 200
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    answer = anybody.get(f"/api/v1/targets/{OPEN}", headers=site)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    for each in (preflight, answer):
        assert "access-control-allow-credentials" not in each.headers


def test_a_line_break_in_a_path_is_refused_in_the_shape_of_all_refusals(anybody: httpx.Client) -> None:
    answer = anybody.get("/api/v1/targets/a%0Ab")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-target")


def test_a_path_names_every_method_that_it_has(anybody: httpx.Client) -> None:
    for path, methods in (
        ("/api/v1/targets", "GET, POST"),
        (f"/api/v1/targets/{OPEN}", "DELETE, GET, PATCH"),
        ("/api/vo/tap/sync", "GET, POST"),
    ):
        answer = anybody.put(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods), path


def test_who_asks_is_told_how_many_requests_are_left_and_refused_in_the_shape_of_the_new_api() -> None:
    sent: list[Message] = []

    async def inside(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def asking() -> None:
        limited = RateLimit(inside, buckets=Buckets(per_min=2, now_s=lambda: 0.0))
        scope = {"type": "http", "path": "/api/v1/targets", "client": ("10.0.0.1", 1), "headers": []}
        for _ in range(3):
            await limited(scope, receive, send)

    asyncio.run(asking())
    heads = [dict(message["headers"]) for message in sent if "status" in message]
    assert [head[b"ratelimit-remaining"] for head in heads] == [b"1", b"0", b"0"]
    assert [head[b"ratelimit-reset"] for head in heads] == [b"30", b"60", b"60"]
    assert heads[2][b"retry-after"] == b"30"
    assert heads[2][b"content-type"] == b"application/problem+json"
    assert json.loads(sent[-1]["body"])["code"] == "too-many-requests"
