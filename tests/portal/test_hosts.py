"""The names under which the portal answers, and how long it waits for a request."""

from collections.abc import Callable

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from lake.settings import read_settings
from portal.security.hosts import WRONG_HOST, HostCheck, is_ours, names_of
from portal.security.patience import GRACE_S, Patience

NAMES = names_of(
    read_settings(
        {
            "TOMLAKE_PUBLIC_URL": "https://Tomlake.example.org",
            "TOMLAKE_ALLOWED_HOSTS": "lake.local, b.example",
        }
    )
)


@pytest.mark.parametrize(
    "host",
    [
        "tomlake.example.org", "TOMLAKE.EXAMPLE.ORG:443", "tomlake.example.org.", "lake.local:8501",
        "b.example", "localhost", "localhost:8501", "app.localhost",
        "127.0.0.1:8501", "10.0.0.7", "[::1]:8501",
    ],
)  # fmt: skip
def test_the_portal_answers_to_its_names_and_to_numbers(host: str) -> None:
    assert is_ours(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "tomlake.example.org.evil.example", "eviltomlake.example.org", "",
        "localhost.evil.example", "tomlake.example.org@evil.example",
        "evil.example/tomlake.example.org", "127.0.0.1.evil.example",
        "tomlake.example.org,evil.example", "tomlake.example.org evil", "[::1", "0x7f.1", "127.1", "a:b:c",
    ],
)  # fmt: skip
def test_the_portal_does_not_answer_to_another_name(host: str) -> None:
    assert not is_ours(host, NAMES)


@given(st.text(max_size=40))
def test_no_text_for_a_host_is_a_fault_of_ours(host: str) -> None:
    is_ours(host, NAMES)


def test_a_portal_without_an_address_of_its_own_answers_to_the_machines_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Dome7")
    assert is_ours("dome7:8501", names_of(read_settings({})))
    assert not is_ours("dome7:8501", NAMES)


def ask_app(app: Callable[..., object], **request: object) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request("GET", "/", **request)  # type: ignore[arg-type]

    return anyio.run(ask)


def page(_request: Request) -> Response:
    return PlainTextResponse("a page")


SITE = HostCheck(Starlette(routes=[Route("/", page)]), names=NAMES)


def test_a_foreign_name_gets_one_sentence_and_no_page() -> None:
    answer = ask_app(SITE, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (WRONG_HOST, "wrong-host")
    assert "evil" not in answer.text
    assert ask_app(SITE).text == "a page"


def test_two_names_in_one_request_are_refused() -> None:
    headers = [("Host", "localhost"), ("Host", "evil.example")]
    assert ask_app(SITE, headers=headers).status_code == WRONG_HOST


def test_a_websocket_under_a_foreign_name_is_closed() -> None:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"host", b"evil.example")]}
    anyio.run(SITE, scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def drip(request: Request) -> Response:
    async def parts():  # noqa: ANN202
        for _ in range(3):
            await anyio.sleep(0.08)
            yield b"x"

    return StreamingResponse(parts())


def answer_to(
    messages: list[tuple[float, bytes, bool]], *, clock: Callable[[], float], path: str = "/"
) -> int:
    """Return the status for a body that comes in these parts, each after so many seconds."""
    status: list[int] = []
    app = Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/drip", drip)])
    left = list(messages)

    async def receive() -> dict[str, object]:
        if not left:
            await anyio.sleep_forever()
        pause_s, body, more = left.pop(0)
        await anyio.sleep(pause_s)
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            status.append(int(str(message["status"])))

    scope = {
        "type": "http", "method": "POST" if path == "/" else "GET", "path": path, "headers": [],
        "query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    patient = Patience(app, stall_s=0.1, now_s=clock)

    async def run() -> None:
        with anyio.fail_after(5):
            await patient(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(run)
    return status[0]


def still() -> float:
    return 0.0


def test_a_body_that_stops_is_answered_in_time() -> None:
    assert answer_to([(0.0, b"x", True)], clock=still) == 408
    assert answer_to([], clock=still) == 408


def test_a_body_that_comes_steadily_is_taken() -> None:
    assert answer_to([(0.04, b"x", True), (0.04, b"y", True), (0.04, b"z", False)], clock=still) == 200


def test_a_body_that_trickles_for_minutes_is_refused() -> None:
    times_s = iter([0.0, 1.0, 2.0, GRACE_S + 1.0, GRACE_S + 2.0])
    parts = [(0.0, b"x", True)] * 4
    assert answer_to(parts, clock=lambda: next(times_s)) == 408


def test_an_answer_that_takes_its_time_is_not_cut() -> None:
    assert answer_to([], clock=still, path="/drip") == 200
