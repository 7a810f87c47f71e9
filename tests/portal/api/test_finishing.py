"""The second step after a service: terms and codes are asked for, and what an attacker may try in between."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from api_server import PASSWORD, running
from installations import settings_in
from sign_in_service import CLIENT_ID, CLIENT_SECRET, SignInService
from sqlalchemy import select, update
from test_doors import Guarded, guarding
from test_oidc import back, browser, honest, lake, leave, service, session_of, sign_in

from engine.times import mjd_now
from lake.opening import Lake, open_lake
from lake.operations import reading, users, writing
from lake.people.account_tables import links
from lake.people.accounts import User, create_user, find_user
from lake.people.accounts import user_of_session as whose
from lake.people.audit import Kind, audit_log
from lake.people.departure import delete_account
from lake.people.identities import Identity, account_of, identities_of
from lake.people.identity_tables import identities
from lake.people.sessions import list_sessions
from lake.people.sign_up import approve_account, refuse_account, waiting_accounts
from lake.people.terms import accept_terms, current_terms
from lake.rights import SYSTEM
from portal.api.attempts import FINISH_COOKIE
from portal.security.cookie import SESSION_COOKIE

__all__ = ["browser", "honest", "lake", "service"]  # fixtures
FINISH = "/session/oidc/uni/finish"


def opened_in(folder: Path, service: SignInService, **more: str) -> Lake:
    told = {
        "TOMLAKE_OIDC": "uni",
        "TOMLAKE_OIDC_UNI_TITLE": "The <University>",
        "TOMLAKE_OIDC_UNI_ISSUER": service.issuer,
        "TOMLAKE_OIDC_UNI_CLIENT_ID": CLIENT_ID,
        "TOMLAKE_OIDC_UNI_CLIENT_SECRET": CLIENT_SECRET,
    }
    return open_lake(settings_in(folder, **told, **more))


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    service: SignInService,
) -> Iterator[tuple[Lake, int]]:
    """Serve an installation with terms of use where everybody may sign up."""
    folder = tmp_path_factory.mktemp("finishing")
    terms = folder / "terms.txt"
    terms.write_text("Version 5\nBe <kind>.")
    made = opened_in(folder / "data", service, TOMLAKE_TERMS_FILE=str(terms), TOMLAKE_SIGN_UP="open")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portal.api.oidc.MOST_ATTEMPTS", 10_000)  # these tests come from one address
        served = running(made)
    with served as port:
        yield made, port
    made.close()


def linked(lake: Lake, service: SignInService, user: User) -> User:
    """Link somebody to who the service will name."""
    identity = Identity(provider=service.issuer, subject=str(service.person["sub"]))
    return account_of(lake.operations, identity, signed_in=user).user


def guarded(lake: Lake, service: SignInService, name: str) -> Guarded:
    """Return somebody with a second factor who accepted the terms."""
    made = guarding(lake, name)
    linked(lake, service, made.user)
    terms = current_terms(lake.settings)
    assert terms is not None
    accept_terms(lake.operations, made.user, terms)
    return made


def key_in(page: httpx.Response) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


def finishing(browser: httpx.Client, key: str, **fields: str) -> httpx.Response:
    return browser.post(FINISH, data={"key": key, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


def test_the_terms_are_asked_for_before_the_session_opens(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    user = linked(lake, service, create_user(lake.operations, "tess", PASSWORD))
    page = sign_in(browser, service, next="/targets")
    assert (page.status_code, session_of(page)) == (200, None)
    assert "Be &lt;kind&gt;." in page.text
    assert "The &lt;University&gt; says that you are <strong>tess</strong>" in page.text
    assert not re.search(r"<script|<style|\son\w+=|\sstyle=", page.text)
    assert "script-src 'none'" in page.headers["content-security-policy"]
    for terms in ("", "4"):
        answer = finishing(browser, key_in(page), terms=terms, next="/targets")
        assert (answer.status_code, session_of(answer)) == (401, None)
    answer = finishing(browser, key_in(answer), terms="5", next="/targets")
    assert (answer.status_code, answer.headers["location"]) == (303, "/targets")
    fresh = session_of(answer) or ""
    assert whose(lake.operations, fresh) == user
    this = list_sessions(lake.operations, user, this=fresh)[0]
    assert (this.address, this.browser) == ("127.0.0.1", browser.headers["user-agent"])
    lines = audit_log(lake.operations, SYSTEM, kind=Kind.SIGN_IN, who="tess")
    assert [line.deed for line in lines] == ["signed in", *["asked for terms"] * 3]
    assert {(line.object_kind, line.object_name) for line in lines} == {("service", "uni")}
    browser.cookies.clear()
    assert sign_in(browser, service).status_code == 303


def test_the_second_factor_is_asked_for_and_the_key_is_good_once(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    ann = guarded(lake, service, "ann")
    page = sign_in(browser, service)
    assert (page.status_code, session_of(page)) == (200, None)
    assert "Terms of use" not in page.text
    secret = browser.cookies[FINISH_COOKIE]
    for code in ("", "000000", "x" * 5000):
        answer = finishing(browser, key_in(page), code=code)
        assert (answer.status_code, session_of(answer)) == (401, None)
    answer = finishing(browser, key_in(page), code=ann.shown())
    assert answer.status_code == 303
    assert whose(lake.operations, session_of(answer) or "") == ann.user
    browser.cookies.clear()
    browser.cookies.set(FINISH_COOKIE, secret, domain="127.0.0.1", path="/session/oidc")
    again = finishing(browser, key_in(page), code=ann.recovery[0])
    assert (again.status_code, session_of(again)) == (400, None)


def test_terms_that_were_ticked_stay_ticked_after_a_wrong_code(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    linked(lake, service, guarding(lake, "tic").user)
    page = sign_in(browser, service)
    assert re.search(r'name="terms" value="5" required>', page.text)
    answer = finishing(browser, key_in(page), code="000000", terms="5")
    assert answer.status_code == 401
    assert re.search(r'name="terms" value="5" required checked>', answer.text)
    again = finishing(browser, key_in(page), code="000000", terms="4")
    assert re.search(r'name="terms" value="5" required>', again.text)


def test_the_key_is_worth_nothing_in_another_browser(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    bea = guarded(lake, service, "bea")
    key, code = key_in(sign_in(browser, service)), bea.shown()
    with httpx.Client(base_url=browser.base_url) as thief:
        assert finishing(thief, key, code=code).status_code == 400
        sign_in(thief, service)  # has a secret of its own now
        answer = finishing(thief, key, code=code)
        assert (answer.status_code, session_of(answer)) == (400, None)
    assert finishing(browser, key, code=code).status_code == 303  # nor was the code used up


def test_a_code_that_was_used_at_any_door_is_refused(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    cat = guarded(lake, service, "cat")
    for code in (cat.shown(), cat.recovery[0]):
        assert finishing(browser, key_in(sign_in(browser, service)), code=code).status_code == 303
        browser.cookies.clear()
        answer = finishing(browser, key_in(sign_in(browser, service)), code=code)
        assert (answer.status_code, session_of(answer)) == (401, None)
        assert browser.post("/session/login", json=cat.fields(code=code)).status_code == 401
        browser.cookies.clear()


def test_guessing_codes_is_slowed_down_over_all_keys_and_doors(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    dan = guarded(lake, service, "dan")
    answers = [
        finishing(browser, key_in(sign_in(browser, service)), code=f"{guess:06}").status_code
        for guess in range(8)
    ]
    assert answers == [401] * 8
    answer = finishing(browser, key_in(sign_in(browser, service)), code=dan.shown())
    assert (answer.status_code, session_of(answer)) == (429, None)
    assert 0 < int(answer.headers["retry-after"]) <= 300
    assert browser.post("/session/login", json=dan.fields(code=dan.shown())).status_code == 429


def test_the_step_cannot_be_left_out(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    eve = guarded(lake, service, "eve")
    asked = service.grant(leave(browser), code="c0de")
    page = back(browser, code="c0de", state=asked["state"])
    assert page.status_code == 200
    assert browser.get("/common/api/users/me").status_code == 401
    assert back(browser, code="c0de", state=asked["state"]).status_code == 400
    for secret in (browser.cookies[FINISH_COOKIE], key_in(page)):
        browser.cookies.set(SESSION_COOKIE, secret, domain="127.0.0.1")
        assert browser.get("/common/api/users/me").status_code == 401
    assert browser.get(FINISH).status_code in {404, 405}
    assert list_sessions(lake.operations, eve.user) == []


def test_what_somebody_planted_in_the_browser_is_worth_nothing(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    fay = guarded(lake, service, "fay")
    browser.cookies.set(SESSION_COOKIE, "planted", domain="127.0.0.1")
    browser.cookies.set(FINISH_COOKIE, "planted", domain="127.0.0.1", path="/session/oidc")
    key = key_in(sign_in(browser, service))
    with httpx.Client(base_url=browser.base_url, cookies={FINISH_COOKIE: "planted"}) as thief:
        assert finishing(thief, key, code=fay.recovery[0]).status_code == 400
    fresh = session_of(finishing(browser, key, code=fay.shown()))
    assert fresh not in {None, "planted"}
    assert whose(lake.operations, "planted") is None


def test_the_key_runs_out_and_goes_with_the_account(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    gil = guarded(lake, service, "gil")
    key = key_in(sign_in(browser, service))
    with reading(lake.operations) as connection:
        ends = connection.execute(select(links.c.expires_mjd).where(links.c.about == gil.user.user_id))
        assert 9.0 < (ends.scalar_one() - mjd_now()) * 1440.0 <= 10.0
    with writing(lake.operations) as connection:
        connection.execute(update(links).values(expires_mjd=mjd_now()))
    assert finishing(browser, key, code=gil.recovery[0]).status_code == 400
    key = key_in(sign_in(browser, service))
    delete_account(lake.operations, gil.user, keep_name=True)
    assert finishing(browser, key, code=gil.recovery[0]).status_code == 400
    with reading(lake.operations) as connection:
        query = select(identities.c.identity_id).where(identities.c.user_id == gil.user.user_id)
        assert connection.execute(query).all() == []


def test_another_site_finishes_nothing_and_nobody_is_led_away(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    hal = guarded(lake, service, "hal")
    key, fields = key_in(sign_in(browser, service)), {"code": hal.recovery[0]}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert browser.post(FINISH, data={"key": key, **fields}, headers=headers).status_code == 403
    answer = finishing(browser, key, **fields, next="//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_where_sign_up_is_open_who_is_new_accepts_the_terms_and_is_in(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:  # fmt: skip
    service.person["preferred_username"] = "ida"
    page = sign_in(browser, service)
    assert (page.status_code, session_of(page)) == (200, None)
    answer = finishing(browser, key_in(page), terms="5")
    assert whose(lake.operations, session_of(answer) or "") == find_user(lake.operations, "ida")
    assert browser.get("/common/api/users/me").status_code == 200


def test_where_sign_up_is_closed_who_is_new_gets_a_sentence_and_nothing_is_kept(
    service: SignInService, tmp_path: Path
) -> None:  # fmt: skip
    made = opened_in(tmp_path / "data", service, TOMLAKE_SIGN_UP="closed")
    with running(made) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        answer = sign_in(browser, service)
        assert (answer.status_code, session_of(answer)) == (400, None)
        assert "staff make them" in answer.text
        with reading(made.operations) as connection:
            for table in (users, identities):
                assert connection.execute(select(table)).all() == []
        known = linked(made, service, create_user(made.operations, "known", PASSWORD))
        assert whose(made.operations, session_of(sign_in(browser, service)) or "") == known
    made.close()


def test_where_staff_approve_they_see_the_service_and_decide_once(
    service: SignInService, tmp_path: Path
) -> None:  # fmt: skip
    made = opened_in(tmp_path / "data", service)
    service.person["preferred_username"] = "new"
    with running(made) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        for _ in range(2):
            assert sign_in(browser, service).status_code == 403
        (waiting,) = waiting_accounts(made.operations, by=SYSTEM)
        assert (waiting.provider, waiting.subject) == (service.issuer, service.person["sub"])
        assert (waiting.username, waiting.is_name_taken) == ("new", False)
        refuse_account(made.operations, waiting.sign_up_id, by=SYSTEM)
        with reading(made.operations) as connection:
            for table in (users, identities):
                assert connection.execute(select(table)).all() == []
        assert "was made and waits" in sign_in(browser, service).text
        (waiting,) = waiting_accounts(made.operations, by=SYSTEM)
        user = approve_account(made.operations, waiting.sign_up_id, by=SYSTEM, username="newer")
        assert waiting_accounts(made.operations, by=SYSTEM) == []
        assert whose(made.operations, session_of(sign_in(browser, service)) or "") == user
        assert [each.subject for each in identities_of(made.operations, user)] == [waiting.subject]
    made.close()
