"""Signing up, setting up, and what people change of their own account on its page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from installations import settings_in
from page_visits import visit
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from engine.errors import Rejected
from engine.times import mjd_now
from lake.opening import Lake, open_lake
from lake.operations import sessions, writing
from lake.people.account_tables import second_factors
from lake.people.accounts import (
    User,
    check_password,
    create_user,
    find_user,
    open_session,
    user_of_session,
)
from lake.people.first_run import set_up_key
from lake.people.identities import Identity, account_of
from lake.people.newcomers import set_first_password
from lake.people.profile import profile_of
from lake.people.second_factor import (
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    recovery_codes_left,
)
from lake.people.sessions import list_sessions
from lake.people.sign_up import waiting_accounts
from lake.rights import SYSTEM
from lake.settings import SignUp
from portal import opened
from portal.accounts import joining, my_account
from portal.security.cookie import SESSION_COOKIE
from portal.security.throttle import Throttle

PASSWORD = "correct horse battery"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    terms = tmp_path / "terms.txt"
    terms.write_text("Version 7\nCite *everybody*.")
    made = open_lake(settings_in(tmp_path / "data", TOMLAKE_TERMS_FILE=str(terms)))
    opened.use_lake(made)
    monkeypatch.setattr(my_account, "_PROOFS", Throttle(attempts=8, window_s=300.0))
    monkeypatch.setattr(joining, "_ASKING", Throttle(attempts=30, window_s=3600.0))
    yield made
    made.close()


@pytest.fixture
def ada(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> User:
    """Return Ada, who is signed in in this browser and in another one."""
    user = create_user(lake.operations, "ada", PASSWORD, full_name="Ada")
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    this = open_session(lake.operations, user, browser=firefox, address="10.0.0.1")
    open_session(lake.operations, user, address="10.0.0.2")
    monkeypatch.setattr("portal.session.st.context.__class__.cookies", {SESSION_COOKIE: this}, raising=False)
    return user


def told(at: AppTest) -> str:
    assert not at.exception
    kinds = (at.title, at.header, at.markdown, at.caption, at.text, at.success, at.error, at.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def labelled(at: AppTest, label: str):  # noqa: ANN201
    return next(each for each in (*at.text_input, *at.checkbox, *at.button) if each.label == label)


def test_somebody_asks_for_an_account_and_staff_see_it(lake: Lake) -> None:
    at = visit("sign_up")
    assert "Cite *everybody*." in told(at)
    for label, text in (("User name", "bob"), ("Full name", "Bob"), ("Password", PASSWORD)):
        labelled(at, label).set_value(text)
    labelled(at, "Ask for an account").click().run()
    assert "differ" in told(at)
    labelled(at, "Password again").set_value(PASSWORD)
    labelled(at, "Ask for an account").click().run()
    assert "accept the terms" in told(at) or "Read and accept" in told(at)
    labelled(at, "I accept the terms of use").check()
    labelled(at, "Ask for an account").click().run()
    assert "Staff look at every request" in told(at)
    assert [each.username for each in waiting_accounts(lake.operations, by=SYSTEM)] == ["bob"]


def test_a_closed_portal_shows_no_form_and_a_wrong_link_says_so(tmp_path: Path, lake: Lake) -> None:
    at = visit("sign_up", key="no such key")
    labelled(at, "Confirm").click().run()
    assert "ran out" in told(at)
    with_closed = open_lake(settings_in(tmp_path / "closed", TOMLAKE_SIGN_UP="closed"))
    opened.use_lake(with_closed)
    assert not visit("sign_up").text_input
    assert "no terms" in told(visit("terms"))
    with_closed.close()


def test_the_first_administrator_is_made_by_the_link_once(lake: Lake) -> None:
    assert not visit("set_up").text_input
    key = set_up_key(lake.operations)
    assert not visit("set_up", key=key + "x").text_input
    at = visit("set_up", key=key)
    for label in ("Password", "Password again"):
        labelled(at, label).set_value(PASSWORD)
    labelled(at, "Make the account").click().run()
    assert "admin may sign in now" in told(at)
    admin = check_password(lake.operations, "admin", PASSWORD)
    assert admin is not None
    assert admin.is_staff
    assert not visit("set_up", key=key).text_input


def test_a_profile_is_kept_and_a_wrong_orcid_told(lake: Lake, ada: User) -> None:
    at = visit("account")
    labelled(at, "ORCID iD").set_value("0000-0002-1825-0098")
    labelled(at, "Keep profile").click().run()
    assert "no ORCID iD" in told(at)
    labelled(at, "ORCID iD").set_value("0000-0002-1825-0097")
    labelled(at, "E-mail").set_value("ada@example.org")
    labelled(at, "Keep profile").click().run()
    assert "Your profile is kept" in told(at)
    assert profile_of(lake.operations, ada).orcid == "0000-0002-1825-0097"


def test_a_new_password_needs_the_old_one_and_ends_the_other_session(lake: Lake, ada: User) -> None:
    at = visit("account")
    for old, words in (("wrong", "not your password"), (PASSWORD, "password is changed")):
        at.text_input(key="old_password").set_value(old)
        at.text_input(key="new_password").set_value("another password")
        at.text_input(key="new_password_again").set_value("another password")
        labelled(at, "Change password").click().run()
        assert words in told(at)
    assert check_password(lake.operations, "ada", PASSWORD) is None
    assert [each.address for each in list_sessions(lake.operations, ada)] == ["10.0.0.1"]


def test_guessing_the_password_of_a_page_left_open_is_slowed_down(lake: Lake, ada: User) -> None:
    at = visit("account")
    for _ in range(9):
        at.text_input(key="leave_password").set_value("guess")
        at.checkbox(key="leave_sure").check()
        labelled(at, "Delete account").click().run()
    assert "Too many attempts" in told(at)
    assert find_user(lake.operations, "ada") == ada


def test_a_second_factor_is_set_up_and_its_secret_and_codes_are_shown_once(lake: Lake, ada: User) -> None:
    at = visit("account")
    at.text_input(key="guard_password").set_value(PASSWORD)
    labelled(at, "Set up a second factor").click().run()
    secret = next(code.value for code in at.code if re.fullmatch("[A-Z2-7]{32}", code.value))
    at.text_input(key="confirm_code").set_value("000000")
    labelled(at, "Confirm").click().run()
    assert "not the code" in told(at)
    shown = pyotp.TOTP(secret).now()
    at.text_input(key="confirm_code").set_value(shown)
    labelled(at, "Confirm").click().run()
    assert "shown only this once" in told(at)
    codes = next(code.value for code in at.code if "\n" in code.value).split("\n")
    assert len(codes) == 10
    assert has_second_factor(lake.operations, ada)
    at = visit("account")
    assert not at.code
    assert "10 recovery codes left" in told(at)
    for code, is_gone in ((shown, False), (codes[3], True)):  # the first is a replay
        at.text_input(key="drop_password").set_value(PASSWORD)
        at.text_input(key="drop_code").set_value(code)
        labelled(at, "Remove second factor").click().run()
        assert has_second_factor(lake.operations, ada) is not is_gone


def test_a_session_elsewhere_is_named_and_ended(lake: Lake, ada: User) -> None:
    at = visit("account")
    assert "Firefox on Linux - this one" in told(at)
    assert "another program" in told(at)
    labelled(at, "End").click().run()
    assert [each.address for each in list_sessions(lake.operations, ada)] == ["10.0.0.1"]
    open_session(lake.operations, ada)
    at = visit("account")
    labelled(at, "End all others").click().run()
    assert [each.address for each in list_sessions(lake.operations, ada)] == ["10.0.0.1"]


def test_an_account_is_deleted_only_by_who_is_sure_and_has_both_factors(lake: Lake, ada: User) -> None:
    secret = begin_second_factor(lake.operations, ada).secret
    confirm_second_factor(lake.operations, ada, pyotp.TOTP(secret).now())
    with writing(lake.operations) as connection:
        connection.execute(update(second_factors).values(last_step=0))
    at = visit("account")
    for password, code, is_sure, is_gone in (
        (PASSWORD, pyotp.TOTP(secret).now(), False, False),
        (PASSWORD, "", True, False),
        (PASSWORD, pyotp.TOTP(secret).now(), True, True),
    ):
        at.text_input(key="leave_password").set_value(password)
        at.text_input(key="leave_code").set_value(code)
        at.checkbox(key="leave_sure").set_value(is_sure)
        labelled(at, "Delete account").click().run()
        assert (find_user(lake.operations, "ada") is None) is is_gone
    assert "Sign in" in told(at)
    assert recovery_codes_left(lake.operations, ada) == 0


def test_a_first_password_is_set_just_after_the_sign_in_and_never_over_another(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(provider="https://sso.example", subject="s", username="kit")
    kit = account_of(lake.operations, identity, signed_in=None, sign_up=SignUp.OPEN).user
    this = open_session(lake.operations, kit)
    monkeypatch.setattr("portal.session.st.context.__class__.cookies", {SESSION_COOKIE: this}, raising=False)
    for age_minutes, words in ((11.0, "Sign out and in again"), (9.0, "Change password")):
        with writing(lake.operations) as connection:
            opened_mjd = mjd_now() - age_minutes / 1440.0
            connection.execute(update(sessions).values(created_mjd=opened_mjd))
        other = open_session(lake.operations, kit)
        at = visit("account")
        assert not any(each.label == "Your password" and each.key == "old_password" for each in at.text_input)
        at.text_input(key="first_password_new").set_value(PASSWORD)
        at.text_input(key="first_password_again").set_value(PASSWORD)
        labelled(at, "Set password").click().run()
        assert words in told(at) + str([button.label for button in at.button])
    assert check_password(lake.operations, "kit", PASSWORD) == kit
    assert user_of_session(lake.operations, other) is None
    assert user_of_session(lake.operations, this) == kit
    for session, code in ((this, "password-already"), (other, "old-session"), ("", "old-session")):
        with pytest.raises(Rejected) as refusal:
            set_first_password(lake.operations, kit, "another password", this=session)
        assert refusal.value.code == code
    with pytest.raises(Rejected) as refusal:  # nor with the fresh session of somebody else
        stranger = create_user(lake.operations, "lee", PASSWORD)
        theirs = open_session(lake.operations, stranger)
        set_first_password(lake.operations, kit, "another password", this=theirs)
    assert refusal.value.code == "old-session"
    assert check_password(lake.operations, "kit", PASSWORD) == kit
