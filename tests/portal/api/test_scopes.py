"""What a token is not for is refused; who asks too often waits as long as told."""

import asyncio
import json

import httpx
import pytest
from api_server import Served
from starlette.types import Message, Receive, Scope, Send

from lake.people.accounts import find_user
from lake.people.tokens import Scope as TokenScope
from lake.people.tokens import issue_token
from portal.security.rate import MOST_KEYS, Buckets, RateLimit
from portal.security.scopes import needed_scope

READ, UPLOAD, WRITE = TokenScope.READ, TokenScope.UPLOAD, TokenScope.WRITE


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/download/a.csv", READ),
        ("POST", "/targets/getTargetList/", READ),
        ("POST", "/targets/download-photometry", READ),
        ("POST", "/upload/", UPLOAD),
        ("POST", "/dataproducts/upload/", UPLOAD),
        ("PUT", "/session/upload", UPLOAD),
        ("POST", "/api/v1/uploads", UPLOAD),
        ("PATCH", "/api/v1/transfers/0a", UPLOAD),
        ("POST", "/api/v1/targets", WRITE),
        ("POST", "/targets/createTarget/", WRITE),
        ("DELETE", "/targets/deleteTarget/", WRITE),
        ("PATCH", "/targets/updateTarget/getTargetList/", WRITE),
        ("POST", "/a/route/nobody/named", WRITE),
    ],
)
def test_a_request_needs_the_scope_of_what_it_does(method: str, path: str, scope: TokenScope) -> None:
    assert needed_scope(method, path) == scope


def test_a_token_does_only_what_it_is_for(served: Served) -> None:
    asked = {
        READ: ("POST", "/targets/getTargetList/"),
        UPLOAD: ("POST", "/upload/"),
        WRITE: ("POST", "/targets/createTarget/"),
    }
    for own in asked:
        secret = issue_token(served.lake.operations, served.owner, name="one", scopes=(own,))
        with served.client(secret) as client:
            for scope, (method, path) in asked.items():
                answer = client.request(method, path)
                assert (answer.status_code == 403) == (scope != own), (own, path, answer.text)
                if answer.status_code == 403:
                    assert answer.json() == {
                        "detail": f"This token may not {scope}: make one with that scope."
                    }


def test_a_staff_token_without_admin_does_not_see_what_is_private(served: Served) -> None:
    staff = find_user(served.lake.operations, "staff")
    assert staff is not None
    for scopes, status in (((READ,), 404), ((READ, TokenScope.ADMIN), 200)):
        secret = issue_token(served.lake.operations, staff, name="narrow", scopes=scopes)
        with served.client(secret) as client:
            assert client.get("/download/Hidden1.csv").status_code == status


def test_a_bucket_fills_as_time_goes_by() -> None:
    clock = [0.0]
    buckets = Buckets(per_min=3, now_s=lambda: clock[0])
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    wait_s = buckets.take("a")
    assert wait_s == pytest.approx(20.0)
    assert buckets.take("b") == 0.0
    clock[0] += wait_s
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0.0
    clock[0] += 60.0
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]


def test_invented_tokens_do_not_get_round_the_limit_of_an_address() -> None:
    buckets = Buckets(per_min=5, now_s=lambda: 0.0)
    waits = [buckets.take("address x", f"token {number}") for number in range(8)]
    assert [wait > 0 for wait in waits] == [False] * 5 + [True] * 3


def test_many_keys_do_not_fill_the_memory() -> None:
    buckets = Buckets(per_min=5, now_s=lambda: 0.0)
    for number in range(2 * MOST_KEYS):
        buckets.take(f"address {number}")
    assert len(buckets._full_at_s) <= MOST_KEYS


def test_who_asks_too_often_is_told_how_long_to_wait() -> None:
    sent: list[Message] = []

    async def inside(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def asking() -> None:
        limited = RateLimit(inside, buckets=Buckets(per_min=1, now_s=lambda: 0.0))
        scope = {"type": "http", "path": "/", "client": ("10.0.0.1", 1), "headers": []}

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        for _ in range(2):
            await limited(scope, receive, send)

    asyncio.run(asking())
    assert [message["status"] for message in sent if "status" in message] == [200, 429]
    headers = dict(sent[1]["headers"])
    assert headers[b"retry-after"] == b"60"
    assert "60 seconds" in json.loads(sent[2]["body"])["detail"]


def test_an_expired_token_is_invalid(served: Served) -> None:
    secret = issue_token(served.lake.operations, served.owner, name="gone", days=1e-9)
    with served.client(secret) as client:
        answer: httpx.Response = client.post("/targets/getTargetList/")
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})
