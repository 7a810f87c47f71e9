"""Signing in through another service: whose account it becomes, and what an attacker may try on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from api_server import PASSWORD, running
from installations import settings_in
from joserfc import jwt
from joserfc.jwk import RSAKey
from sign_in_service import CLIENT_ID, CLIENT_SECRET, Claims, SignInService
from sqlalchemy import update

from engine.errors import Rejected
from lake.opening import Lake, open_lake
from lake.operations import users, writing
from lake.people.accounts import check_password, create_user, find_user, open_session, set_password
from lake.people.accounts import user_of_session as whose
from lake.people.audit import audit_log
from lake.people.identities import identities_of, unlink
from lake.rights import SYSTEM
from portal.api.attempts import ATTEMPT_COOKIE
from portal.api.oidc import MOST_ATTEMPTS
from portal.security.cookie import SESSION_COOKIE

PAGE = {"X-Requested-With": "tomlake", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def service() -> Iterator[SignInService]:
    with SignInService() as running_service:
        yield running_service


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, service: SignInService) -> Iterator[tuple[Lake, int]]:
    folder = tmp_path_factory.mktemp("oidc")
    secret_file = folder / "secret"
    secret_file.write_text(CLIENT_SECRET + "\n")
    told = {
        "TOMLAKE_OIDC": "uni, mirror",
        "TOMLAKE_OIDC_UNI_TITLE": "The University",
        "TOMLAKE_OIDC_UNI_ISSUER": service.issuer,
        "TOMLAKE_OIDC_UNI_CLIENT_ID": CLIENT_ID,
        "TOMLAKE_OIDC_UNI_CLIENT_SECRET_FILE": str(secret_file),
        "TOMLAKE_OIDC_MIRROR_ISSUER": service.issuer + "/",  # not what the service calls itself
        "TOMLAKE_OIDC_MIRROR_CLIENT_ID": CLIENT_ID,
        "TOMLAKE_PUBLIC_URL": "https://tomlake.example.org",
    }
    lake = open_lake(settings_in(folder / "data", **told))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portal.api.oidc.MOST_ATTEMPTS", 10_000)  # these tests come from one address
        served = running(lake)
    with served as port:
        yield lake, port
    lake.close()


@pytest.fixture
def lake(built: tuple[Lake, int]) -> Lake:
    return built[0]


@pytest.fixture
def browser(built: tuple[Lake, int]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{built[1]}", trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture(autouse=True)
def honest(service: SignInService, request: pytest.FixtureRequest) -> Iterator[None]:
    """Give each test a person of its own, and an honest service."""
    service.person = {"sub": request.node.name, "name": "Josiah Carberry"}
    service.forge, service.by_post = service.signed, False
    yield


def leave(browser: httpx.Client, **fields: str) -> str:
    answer = browser.post("/session/oidc/uni", json=fields, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["go_to"])


def back(browser: httpx.Client, **query: str) -> httpx.Response:
    return browser.get("/session/oidc/uni/back", params=query)


def sign_in(browser: httpx.Client, service: SignInService, **fields: str) -> httpx.Response:
    asked = service.grant(leave(browser, **fields), code="c0de")
    return back(browser, code="c0de", state=asked["state"])


def signed_in_as(browser: httpx.Client, lake: Lake, username: str) -> str:
    user = find_user(lake.operations, username) or create_user(lake.operations, username, PASSWORD)
    session_id = open_session(lake.operations, user)
    browser.cookies.set(SESSION_COOKIE, session_id, domain="127.0.0.1")
    return session_id


def approve(lake: Lake, username: str) -> None:
    with writing(lake.operations) as connection:
        connection.execute(update(users).where(users.c.username == username).values(is_active=True))


def session_of(answer: httpx.Response) -> str | None:
    return answer.cookies.get(SESSION_COOKIE)


def test_a_stranger_gets_an_account_that_waits_and_signs_in_once_it_is_approved(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    service.person |= {"preferred_username": "josiah@uni.example", "email": "josiah@uni.example"}
    for words in ("was made and waits", "still waits"):
        answer = sign_in(browser, service)
        assert (answer.status_code, session_of(answer)) == (403, None)
        assert words in answer.text
    assert find_user(lake.operations, "josiah") is None
    approve(lake, "josiah")
    answer = sign_in(browser, service, next="/targets")
    assert (answer.status_code, answer.headers["location"]) == (303, "/targets")
    user = whose(lake.operations, session_of(answer) or "")
    assert user is not None
    assert (user.username, user.full_name, user.is_staff) == ("josiah", "Josiah Carberry", False)
    for guess in ("", "!", PASSWORD):
        assert check_password(lake.operations, "josiah", guess) is None


def test_the_same_name_or_address_does_not_make_it_the_same_account(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    create_user(lake.operations, "Prey", PASSWORD)
    service.person |= {"preferred_username": "prey", "email": "prey@uni.example", "email_verified": True}
    assert "The account prey2 was made" in sign_in(browser, service).text
    assert identities_of(lake.operations, find_user(lake.operations, "Prey")) == []  # type: ignore[arg-type]


def test_who_is_signed_in_links_and_later_signs_in_with_it(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    session_id = signed_in_as(browser, lake, "linker")
    answer = sign_in(browser, service, next="/account")
    assert (answer.status_code, session_of(answer)) == (303, None)
    user = whose(lake.operations, session_id)
    assert user is not None
    linked = identities_of(lake.operations, user)
    assert [each.provider for each in linked] == [service.issuer]
    browser.cookies.clear()
    assert whose(lake.operations, session_of(sign_in(browser, service)) or "") == user
    with pytest.raises(Rejected) as refused:
        unlink(lake.operations, create_user(lake.operations, "thief", PASSWORD), linked[0].identity_id)
    assert refused.value.code == "unknown-identity"
    unlink(lake.operations, user, linked[0].identity_id)
    assert identities_of(lake.operations, user) == []
    deeds = [entry.deed for entry in audit_log(lake.operations, SYSTEM, who="linker")]
    assert deeds[:3] == ["unlinked", "signed in", "signed in"]


def test_a_service_that_wants_our_secret_in_the_form_gets_it_there(
    service: SignInService, lake: Lake
) -> None:
    service.by_post = True  # as ORCID does
    with running(lake) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        assert "was made and waits" in sign_in(browser, service).text


def test_an_identity_of_another_account_is_not_taken_over(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    signed_in_as(browser, lake, "first")
    assert sign_in(browser, service).status_code == 303
    browser.cookies.clear()
    signed_in_as(browser, lake, "second")
    answer = sign_in(browser, service)
    assert answer.status_code == 400
    assert "Another account has this identity" in answer.text


def test_the_last_way_in_is_not_unlinked(browser: httpx.Client, service: SignInService, lake: Lake) -> None:
    service.person["preferred_username"] = "nopass"
    sign_in(browser, service)
    approve(lake, "nopass")
    user = find_user(lake.operations, "nopass")
    assert user is not None
    identity_id = identities_of(lake.operations, user)[0].identity_id
    with pytest.raises(Rejected) as refused:
        unlink(lake.operations, user, identity_id)
    assert refused.value.code == "no-password"
    set_password(lake.operations, user, PASSWORD)
    unlink(lake.operations, user, identity_id)


def test_a_session_that_somebody_planted_ends_and_is_not_used(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    service.person["preferred_username"] = "planted"
    sign_in(browser, service)
    approve(lake, "planted")
    browser.cookies.set(SESSION_COOKIE, "planted-by-an-attacker", domain="127.0.0.1")
    answer = sign_in(browser, service)
    assert session_of(answer) not in {None, "planted-by-an-attacker"}
    assert whose(lake.operations, "planted-by-an-attacker") is None


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
def test_sign_in_leads_nowhere_but_to_this_site(
    browser: httpx.Client, service: SignInService, lake: Lake, place: str
) -> None:
    signed_in_as(browser, lake, "linker")
    service.person["sub"] = "open redirect"
    assert sign_in(browser, service, next=place).headers["location"] == "/"


def test_where_the_service_sends_people_back_to_is_not_the_visitors_to_say(browser: httpx.Client) -> None:
    answer = browser.post("/session/oidc/uni", headers={"Host": "evil.example", "X-Forwarded-Host": "evil"})
    back_to = "redirect_uri=https%3A%2F%2Ftomlake.example.org%2Fsession%2Foidc%2Funi%2Fback"
    assert back_to in answer.json()["go_to"]
    assert "evil" not in answer.json()["go_to"]


def test_a_state_is_good_once_and_for_its_own_browser(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    signed_in_as(browser, lake, "linker")
    asked = service.grant(leave(browser), code="one")
    mine = browser.cookies[ATTEMPT_COOKIE]
    for state, cookie in (("guess", mine), ("", mine), (asked["state"], "another"), (asked["state"], "")):
        browser.cookies.set(ATTEMPT_COOKIE, cookie, domain="127.0.0.1", path="/session/oidc")
        answer = httpx.get(
            str(browser.base_url) + "/session/oidc/uni/back",
            params={"code": "one", "state": state},
            headers={"Cookie": f"{ATTEMPT_COOKIE}={cookie}"},
        )
        assert answer.status_code == 400
        assert "begun elsewhere" in answer.text
    browser.cookies.set(ATTEMPT_COOKIE, mine, domain="127.0.0.1", path="/session/oidc")
    assert back(browser, code="one", state=asked["state"]).status_code == 303
    browser.cookies.set(ATTEMPT_COOKIE, mine, domain="127.0.0.1", path="/session/oidc")
    assert back(browser, code="one", state=asked["state"]).status_code == 400


def test_a_code_that_was_used_is_refused(browser: httpx.Client, service: SignInService, lake: Lake) -> None:
    signed_in_as(browser, lake, "linker")
    assert sign_in(browser, service).status_code == 303
    service.codes.clear()
    asked = dict(part.split("=") for part in urlsplit(leave(browser)).query.split("&"))
    answer = back(browser, code="c0de", state=asked["state"])
    assert answer.status_code == 400
    assert "did not confirm" in answer.text


def test_a_code_of_another_sign_in_is_useless_without_its_verifier(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    signed_in_as(browser, lake, "linker")
    service.grant(leave(browser), code="stolen")  # the victim's
    asked = dict(part.split("=") for part in urlsplit(leave(browser)).query.split("&"))
    assert back(browser, code="stolen", state=asked["state"]).status_code == 400


def test_a_sign_in_is_not_finished_for_somebody_who_signed_in_meanwhile(
    browser: httpx.Client, service: SignInService, lake: Lake
) -> None:
    asked = service.grant(leave(browser), code="c")
    signed_in_as(browser, lake, "linker")
    answer = back(browser, code="c", state=asked["state"])
    assert answer.status_code == 400
    assert "Somebody else is signed in" in answer.text


CHANGES: dict[str, Callable[[Claims], Claims]] = {
    "another nonce": lambda claims: claims | {"nonce": "another"},
    "a list of nonces": lambda claims: claims | {"nonce": [claims["nonce"], "x"]},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "another issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "another program": lambda claims: claims | {"aud": "other"},
    "several programs": lambda claims: claims | {"aud": [CLIENT_ID, "other"]},
    "made for another": lambda claims: claims | {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 3600},
    "never ends": lambda claims: claims | {"exp": "never"},
    "from the future": lambda claims: claims | {"iat": claims["iat"] + 3600},
    "nobody": lambda claims: claims | {"sub": ""},
    "a long nobody": lambda claims: claims | {"sub": "x" * 300},
    "a number": lambda claims: claims | {"sub": 7},
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_token_that_says_something_else_is_refused(
    browser: httpx.Client, service: SignInService, lake: Lake, change: str
) -> None:
    session_id = signed_in_as(browser, lake, "careful")
    service.forge = lambda claims: service.signed(CHANGES[change](claims))
    answer = sign_in(browser, service)
    assert answer.status_code == 400
    assert "cannot be trusted" in answer.text
    assert identities_of(lake.operations, whose(lake.operations, session_id)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "forge", ["signed_by_a_stranger", "signed_with_the_public_key", "unsigned", "changed"]
)
def test_a_forged_signature_is_refused(
    browser: httpx.Client, service: SignInService, lake: Lake, forge: str
) -> None:
    session_id = signed_in_as(browser, lake, "careful")
    service.forge = getattr(service, forge)
    answer = sign_in(browser, service)
    assert answer.status_code == 400
    assert "cannot be trusted" in answer.text
    assert identities_of(lake.operations, whose(lake.operations, session_id)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "." * 5, "\ud800", "W10.W10.W10", "x" * 900_000])
def test_noise_for_a_token_is_no_fault_of_ours(
    browser: httpx.Client, service: SignInService, lake: Lake, token: str
) -> None:
    signed_in_as(browser, lake, "careful")
    service.forge = lambda _claims: token
    assert sign_in(browser, service).status_code == 400


def test_new_keys_of_the_service_are_fetched_when_they_are_needed(
    browser: httpx.Client, service: SignInService, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in_as(browser, lake, "rotating")
    assert sign_in(browser, service).status_code == 303
    monkeypatch.setattr("portal.security.oidc.KEYS_AGAIN_S", 0.0)
    monkeypatch.setattr(service, "key", RSAKey.generate_key(2048, {"kid": "two", "use": "sig"}))
    monkeypatch.setattr(service, "forge", lambda claims: _signed_by(service, "two", claims))
    assert sign_in(browser, service).status_code == 303
    service.forge = lambda claims: _signed_by(service, "three", claims)
    assert "a key that it does not show" in sign_in(browser, service).text


def _signed_by(service: SignInService, kid: str, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": kid}, claims, service.key)


def test_a_service_that_calls_itself_otherwise_is_not_used(browser: httpx.Client) -> None:
    answer = browser.post("/session/oidc/mirror", headers=PAGE)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad-provider"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_begins_no_sign_in(browser: httpx.Client, headers: dict[str, str]) -> None:
    answer = browser.post("/session/oidc/uni", headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_an_unknown_service_is_named_and_nothing_is_asked(browser: httpx.Client) -> None:
    assert browser.post("/session/oidc/nowhere", headers=PAGE).status_code == 404
    assert browser.get("/session/oidc/%3Cb%3E/back", params={"state": "x"}).status_code == 400
    assert "<b>" not in browser.get("/session/oidc/%3Cb%3E/back").text


def test_beginning_again_and_again_is_slowed_down(lake: Lake) -> None:
    with running(lake) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        codes = [client.post("/session/oidc/uni", headers=PAGE).status_code for _ in range(MOST_ATTEMPTS + 1)]
    assert codes == [200] * MOST_ATTEMPTS + [429]


def test_a_service_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    told = {
        "TOMLAKE_OIDC": "gone",
        "TOMLAKE_OIDC_GONE_ISSUER": "http://127.0.0.1:9",
        "TOMLAKE_OIDC_GONE_CLIENT_ID": "x",
    }
    lake = open_lake(settings_in(tmp_path / "data", **told))
    with running(lake) as port:
        answer = httpx.post(f"http://127.0.0.1:{port}/session/oidc/gone", headers=PAGE)
    lake.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "provider-away")
