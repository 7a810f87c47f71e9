"""Attacks on the ways in: replayed codes, guessed names, planted sessions, and what staff need."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyotp
import pytest
from api_server import PASSWORD, Served, running
from installations import settings_in
from sqlalchemy import update

from engine.target import Target, Visibility
from engine.times import datetime_of, mjd_now
from lake.opening import Lake, open_lake
from lake.operations import writing
from lake.people.account_tables import second_factors
from lake.people.accounts import User, create_user, issue_token, user_of_session
from lake.people.audit import Kind, audit_log
from lake.people.second_factor import begin_second_factor, confirm_second_factor
from lake.people.sessions import list_sessions
from lake.people.sign_up import waiting_accounts
from lake.rights import SYSTEM
from lake.targets import create_target
from portal.accounts import joining
from portal.security.cookie import SESSION_COOKIE
from portal.security.throttle import Throttle


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Somebody with a second factor."""

    user: User
    secret: str
    recovery: list[str]

    def shown(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(datetime_of(mjd_now()), counter_offset=steps)

    def fields(self, **more: str) -> dict[str, str]:
        return {"username": self.user.username, "password": PASSWORD, **more}


def guarded(served: Served, name: str) -> Guarded:
    return guarding(served.lake, name)


def guarding(lake: Lake, name: str) -> Guarded:
    operations = lake.operations
    user = create_user(operations, name, PASSWORD)
    secret = begin_second_factor(operations, user).secret
    codes = confirm_second_factor(operations, user, pyotp.TOTP(secret).at(datetime_of(mjd_now())))
    with writing(operations) as connection:
        mine = update(second_factors).where(second_factors.c.user_id == user.user_id)
        connection.execute(mine.values(last_step=0))
    return Guarded(user=user, secret=secret, recovery=codes)


def sign_in(client: httpx.Client, **fields: str) -> httpx.Response:
    client.cookies.clear()
    return client.post("/session/login", json=fields)


def test_the_password_alone_opens_neither_session_nor_token(served: Served, anybody: httpx.Client) -> None:
    ann = guarded(served, "ann")
    answer = sign_in(anybody, **ann.fields())
    assert (answer.status_code, answer.json()["lacks"]) == (401, "code")
    assert "set-cookie" not in answer.headers
    assert anybody.post("/api/token-auth/", json=ann.fields()).status_code == 400
    assert audit_log(served.lake.operations, SYSTEM, kind=Kind.SIGN_IN)[0].deed == "asked for code"
    answer = sign_in(anybody, **ann.fields(code=ann.shown()))
    assert answer.status_code == 200
    assert user_of_session(served.lake.operations, answer.cookies[SESSION_COOKIE]) == ann.user


def test_no_code_opens_twice_not_even_by_another_door(served: Served, anybody: httpx.Client) -> None:
    bea = guarded(served, "bea")
    for code in (bea.shown(), bea.recovery[0]):
        assert sign_in(anybody, **bea.fields(code=code)).status_code == 200
        answer = sign_in(anybody, **bea.fields(code=code))
        assert (answer.status_code, answer.json()["lacks"]) == (401, "right code")
        assert anybody.post("/api/token-auth/", json=bea.fields(code=code)).status_code == 400


def test_a_wrong_password_does_not_use_up_a_code(served: Served, anybody: httpx.Client) -> None:
    cat = guarded(served, "cat")
    code = cat.shown()
    answer = sign_in(anybody, username="cat", password="guess guess", code=code)
    assert answer.json() == {"detail": "The user name and the password do not belong together."}
    assert sign_in(anybody, **cat.fields(code=code)).status_code == 200


def test_guessing_codes_is_slowed_down(served: Served, anybody: httpx.Client) -> None:
    dan = guarded(served, "dan")
    codes = [sign_in(anybody, **dan.fields(code=f"{number:06}")).status_code for number in range(9)]
    assert codes == [401] * 8 + [429]
    answer = sign_in(anybody, **dan.fields(code=dan.shown()))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 300


def test_a_planted_session_is_worth_nothing_after_the_sign_in(served: Served, anybody: httpx.Client) -> None:
    anybody.cookies.set(SESSION_COOKIE, "planted-by-somebody-else", domain="127.0.0.1")
    fields = {"username": "owner", "password": PASSWORD}
    headers = {"User-Agent": "Firefox/140"}
    answer = anybody.post("/session/login", json=fields, headers=headers)
    fresh = answer.cookies[SESSION_COOKIE]
    assert fresh != "planted-by-somebody-else"
    assert user_of_session(served.lake.operations, "planted-by-somebody-else") is None
    this = list_sessions(served.lake.operations, served.owner, this=fresh)[0]
    assert (this.is_this, this.browser, this.address) == (True, "Firefox/140", "127.0.0.1")


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_ASKING", Throttle(attempts=3, window_s=3600.0))


def test_sign_up_tells_nobody_who_has_an_account(served: Served, anybody: httpx.Client, asking: None) -> None:
    answers = [
        anybody.post("/session/sign-up", json={"username": name, "password": PASSWORD})
        for name in ("OWNER", "nobody-yet", "owner")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert len(waiting_accounts(served.lake.operations, by=SYSTEM)) == 3
    slow = anybody.post("/session/sign-up", json={"username": "x", "password": PASSWORD})
    assert slow.status_code == 429
    assert 0 < int(slow.headers["retry-after"]) <= 3600


def test_who_waits_for_staff_is_told_what_a_stranger_is_told(anybody: httpx.Client, asking: None) -> None:
    anybody.post("/session/sign-up", json={"username": "patient", "password": PASSWORD})
    waits = sign_in(anybody, username="patient", password=PASSWORD)
    stranger = sign_in(anybody, username="nobody-at-all", password=PASSWORD)
    assert (waits.status_code, waits.text) == (401, stranger.text)


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"username": "bad name", "password": PASSWORD}, {}, 400),
        ({"username": "x", "password": "short"}, {}, 400),
        ({"username": ["x", "a\x00 b"], "password": {"a": 1}, "email": 7}, {}, 400),
        ({"username": "x", "password": PASSWORD}, {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_words(
    anybody: httpx.Client, asking: None, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = anybody.post("/session/sign-up", json=fields, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Served]:
    """Serve an installation whose staff need a second factor, and that has terms of use."""
    terms = tmp_path / "terms.txt"
    terms.write_text("Version 3\nBe kind.")
    lake = open_lake(
        settings_in(tmp_path / "d", TOMLAKE_STAFF_SECOND_FACTOR="yes", TOMLAKE_TERMS_FILE=str(terms))
    )
    staff = create_user(lake.operations, "staff", PASSWORD, is_staff=True)
    token = issue_token(lake.operations, staff, name="all")
    with running(lake) as port:
        yield Served(lake=lake, port=port, owner=staff, owner_token=token, other_token="", staff_token=token)
    lake.close()


def test_staff_are_staff_only_with_a_second_factor_and_everybody_accepts_the_terms(strict: Served) -> None:
    operations = strict.lake.operations
    with strict.client() as anybody, strict.client(strict.staff_token) as script:
        asked = sign_in(anybody, username="staff", password=PASSWORD)
        assert (asked.status_code, asked.json()["lacks"], asked.json()["terms"]) == (401, "terms", "3")
        fields = {"username": "staff", "password": PASSWORD}
        assert anybody.post("/api/token-auth/", json=fields).status_code == 400
        assert sign_in(anybody, **fields, terms="3").status_code == 200
        assert sign_in(anybody, **fields).status_code == 200

        hidden = Target(name="Hidden", ra_deg=1.0, dec_deg=2.0, visibility=Visibility.PRIVATE)
        create_target(operations, hidden, by="somebody")
        given = [script.get("/download/Hidden.csv").status_code]
        secret = begin_second_factor(operations, strict.owner).secret
        given.append(script.get("/download/Hidden.csv").status_code)
        confirm_second_factor(operations, strict.owner, pyotp.TOTP(secret).now())
        given.append(script.get("/download/Hidden.csv").status_code)
        assert given == [404, 404, 200]
