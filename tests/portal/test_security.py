"""Doors and walls: throttling, cross-site requests, headers, places to go after sign-in."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from portal.security.cookie import is_https, set_session_cookie
from portal.security.headers import CONTENT_SECURITY_POLICY, SecurityHeaders
from portal.security.origin import is_cross_site, is_local_path
from portal.security.throttle import MOST_KEYS, Throttle


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_ninth_attempt_within_the_window_has_to_wait() -> None:
    clock = Clock()
    throttle = Throttle(attempts=8, window_s=300.0, now_s=clock)
    assert [throttle.attempt("a") for _ in range(8)] == [0.0] * 8
    clock.now_s = 100.0
    assert throttle.attempt("a") == pytest.approx(200.0)
    assert throttle.attempt("b") == 0.0
    clock.now_s = 300.5
    assert throttle.attempt("a") == 0.0


def test_the_right_password_forgives_the_wrong_ones() -> None:
    throttle = Throttle(attempts=1, window_s=300.0, now_s=Clock())
    assert throttle.attempt("a") == 0.0
    assert throttle.attempt("a") > 0.0
    throttle.forgive("a")
    assert throttle.attempt("a") == 0.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 50)), max_size=60))
def test_no_window_ever_holds_more_attempts_than_allowed(steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    throttle = Throttle(attempts=3, window_s=60.0, now_s=clock)
    allowed: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    for key, pause_s in steps:
        clock.now_s += pause_s
        if throttle.attempt(key) == 0.0:
            allowed[key].append(clock.now_s)
    for times_s in allowed.values():
        for first_s in times_s:
            assert sum(first_s <= time_s < first_s + 60.0 for time_s in times_s) <= 3


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    throttle = Throttle(attempts=1, window_s=60.0, now_s=Clock())
    for number in range(3 * MOST_KEYS):
        throttle.attempt(str(number))
    assert len(throttle._times_s) <= MOST_KEYS


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://here:1"}, True),
        ({"origin": "http://here:1"}, False),
        ({"origin": "https://tomlake.example"}, False),
        ({"origin": "http://here:2"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
    ],
)
def test_a_request_from_another_site_is_told_apart(headers: dict[str, str], foreign: bool) -> None:
    assert is_cross_site({"host": "here:1", **headers}, public_url="https://tomlake.example") is foreign


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "x", "/a\nb"]
)
def test_sign_in_leads_nowhere_but_to_this_site(path: str) -> None:
    assert not is_local_path(path)


def test_a_path_of_ours_is_a_place_to_go_to() -> None:
    assert is_local_path("/target?name=Gaia22bpl")


async def page(scope: object, receive: object, send: object) -> None:
    reply = PlainTextResponse("hello", headers={"X-Frame-Options": "DENY"})
    await reply(scope, receive, send)  # type: ignore[arg-type]


async def answer_headers(scheme: str) -> dict[str, str]:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "scheme": scheme}
    await SecurityHeaders(page)(scope, receive, send)  # type: ignore[arg-type]
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}  # type: ignore[attr-defined]


def test_every_answer_carries_the_content_policy() -> None:
    headers = anyio.run(answer_headers, "http")
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in headers


def test_https_answers_ask_for_https_next_time() -> None:
    assert "strict-transport-security" in anyio.run(answer_headers, "https")


def test_the_policy_lets_no_other_site_in_by_default() -> None:
    assert "default-src 'self'" in CONTENT_SECURITY_POLICY
    assert "http:" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


def request_to(host: str, scheme: str) -> Request:
    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "scheme": scheme,
        "server": (host, 80), "headers": [(b"host", host.encode())],
    }  # fmt: skip
    return Request(scope)


@pytest.mark.parametrize(
    ("host", "scheme", "secure"),
    [("here", "http", False), ("here", "https", True), ("tomlake.example", "http", True)],
)
def test_the_cookie_is_secure_where_the_visitor_came_by_https(host: str, scheme: str, secure: bool) -> None:
    request = request_to(host, scheme)
    assert is_https(request, public_url="https://tomlake.example") is secure
    reply = PlainTextResponse("")
    set_session_cookie(reply, request, "id", public_url="https://tomlake.example")
    cookie = reply.headers["set-cookie"]
    assert ("Secure" in cookie) is secure
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=1209600" in cookie
