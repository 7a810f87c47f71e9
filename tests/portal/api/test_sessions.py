"""Signing in and out, and what a cookie may do."""

import httpx
import pytest
from api_server import PASSWORD, Served

from lake.people.accounts import create_user, open_session, user_of_session
from portal.security.cookie import SESSION_COOKIE


def test_json_sign_in_sets_a_cookie_that_scripts_cannot_read(anybody: httpx.Client, served: Served) -> None:
    answer = anybody.post("/session/login", json={"username": "Owner", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json() == {"signed_in": True, "username": "owner"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    for part in ("HttpOnly", "SameSite=lax", "Max-Age=1209600", "Path=/"):
        assert part in cookie
    session_id = answer.cookies[SESSION_COOKIE]
    found = user_of_session(served.lake.operations, session_id)
    assert found is not None
    assert found.user_id == served.owner.user_id


def test_a_plain_form_signs_in_and_goes_on_to_its_page(anybody: httpx.Client) -> None:
    fields = {"username": "owner", "password": PASSWORD, "next": "/upload"}
    answer = anybody.post("/session/login", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/upload")


def test_sign_in_does_not_lead_to_another_site(anybody: httpx.Client) -> None:
    fields = {"username": "owner", "password": PASSWORD, "next": "//evil.example/"}
    assert anybody.post("/session/login", data=fields).headers["location"] == "/"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
@pytest.mark.parametrize("path", ["/session/login", "/session/logout"])
def test_another_site_can_sign_nobody_in_or_out(
    anybody: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    fields = {"username": "owner", "password": PASSWORD}
    answer = anybody.post(path, data=fields, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "another site" in answer.text


def test_guessing_is_slowed_down_and_told_how_long(anybody: httpx.Client, served: Served) -> None:
    create_user(served.lake.operations, "victim", PASSWORD)
    wrong = {"username": "victim", "password": "guess"}
    codes = [anybody.post("/session/login", json=wrong).status_code for _ in range(8)]
    assert codes == [401] * 8
    for path, right in (("/session/login", 429), ("/api/token-auth/", 429)):
        answer = anybody.post(path, json={"username": "VICTIM", "password": PASSWORD})
        assert answer.status_code == right
        assert 0 < int(answer.headers["retry-after"]) <= 300
    form = anybody.post("/session/login", data=wrong)
    assert form.status_code == 429
    assert form.headers["content-type"].startswith("text/html")


def test_wrong_and_unknown_names_get_the_same_answer(anybody: httpx.Client) -> None:
    answers = [
        anybody.post("/session/login", json={"username": name, "password": "guess guess"})
        for name in ("owner", "nobody-of-this-name", "<b>")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_signing_out_ends_the_session_on_the_server(anybody: httpx.Client, served: Served) -> None:
    session_id = open_session(served.lake.operations, served.owner)
    anybody.cookies.set(SESSION_COOKIE, session_id, domain="127.0.0.1")
    answer = anybody.post("/session/logout")
    assert answer.status_code == 200
    assert user_of_session(served.lake.operations, session_id) is None


def test_signing_in_again_ends_the_session_before(anybody: httpx.Client, served: Served) -> None:
    before = open_session(served.lake.operations, served.owner)
    anybody.cookies.set(SESSION_COOKIE, before, domain="127.0.0.1")
    fields = {"username": "owner", "password": PASSWORD}
    assert anybody.post("/session/login", json=fields).status_code == 200
    assert user_of_session(served.lake.operations, before) is None


@pytest.fixture
def browser(served: Served, anybody: httpx.Client) -> httpx.Client:
    session_id = open_session(served.lake.operations, served.owner)
    anybody.cookies.set(SESSION_COOKIE, session_id, domain="127.0.0.1")
    return anybody


def test_the_page_puts_a_file_and_gets_its_upload(browser: httpx.Client) -> None:
    answer = browser.put(
        "/session/upload",
        params={"target": "Gaia22bpl", "name": "../m31.fits", "observatory": "ROAD_QHY600M"},
        content=b"SIMPLE  =                    T, from the page",
        headers={"X-Requested-With": "tomlake", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 201
    assert answer.json()["filename"] == "m31.fits"
    assert answer.json()["upload_id"] > 0


@pytest.mark.parametrize("headers", [{}, {"X-Requested-With": "tomlake", "Sec-Fetch-Site": "cross-site"}])
def test_a_cookie_alone_or_from_another_site_writes_nothing(
    browser: httpx.Client, headers: dict[str, str]
) -> None:
    query = {"target": "Gaia22bpl", "name": "a.fits"}
    assert browser.put("/session/upload", params=query, content=b"x", headers=headers).status_code == 401
    made = browser.post("/targets/createTarget/", json={"name": "X", "ra": 1, "dec": 1}, headers=headers)
    assert made.status_code == 401


@pytest.mark.parametrize(
    ("query", "content", "status", "words"),
    [
        ({"target": "No such", "name": "a.fits"}, b"x", 400, "does not exist"),
        ({"target": "Gaia22bpl", "name": "a.fits"}, b"", 400, "empty"),
        ({"target": "Gaia22bpl", "name": "a.fits"}, b"x" * 3_000_001, 413, "3 MB"),
        ({"target": "Gaia22bpl"}, b"x", 400, "name"),
        ({"target": "Gaia22bpl", "name": "a.fits", "mjd": "soon"}, b"x", 400, "mjd: A valid number"),
    ],
)
def test_the_page_gets_one_sentence_when_a_file_is_refused(
    browser: httpx.Client, query: dict[str, str], content: bytes, status: int, words: str
) -> None:
    headers = {"X-Requested-With": "tomlake"}
    answer = browser.put("/session/upload", params=query, content=content, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
