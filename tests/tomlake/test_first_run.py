"""The first administrator, and what the commands do for people who wait or are locked out."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
import typer
from installations import opened_in
from typer.testing import CliRunner

from engine.errors import Rejected
from lake.opening import Lake
from lake.people.accounts import check_password, create_user, list_users, open_session, user_of_session
from lake.people.first_run import may_set_up, set_up
from lake.people.identities import Identity, account_of
from lake.people.second_factor import begin_second_factor, confirm_second_factor, has_second_factor
from lake.people.sign_up import Request, ask_for_account
from lake.settings import child_environment
from tomlake.commands.first_run import ensure_administrator
from tomlake.main import app

PASSWORD = "a long enough one"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))
    opened = opened_in(tmp_path / "data", TOMLAKE_PUBLIC_URL="https://t.example")
    monkeypatch.setenv("TOMLAKE_OPERATIONS_URL", opened.settings.operations_url)
    yield opened
    opened.close()


def key_in(sentence: str | None) -> str:
    return re.search(r"https://t\.example/set_up\?key=(\S+)$", sentence or "")[1]


def said(*words: str) -> str:
    result = CliRunner().invoke(app, ["user", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_without_password_and_terminal_there_is_a_link_and_no_account(lake: Lake) -> None:
    key = key_in(ensure_administrator(lake))
    assert list_users(lake.operations) == []
    again = key_in(ensure_administrator(lake))
    assert not may_set_up(lake.operations, key)
    set_up(lake.operations, again, username="root", password=PASSWORD)
    assert ensure_administrator(lake) is None


def test_a_password_of_the_environment_makes_the_administrator_and_is_not_repeated(lake: Lake) -> None:
    with pytest.raises(Rejected) as refusal:
        ensure_administrator(lake, password="short")
    assert refusal.value.code == "bad-password"
    sentence = ensure_administrator(lake, password=PASSWORD)
    assert PASSWORD not in str(sentence)
    user = check_password(lake.operations, "admin", PASSWORD)
    assert user is not None
    assert user.is_staff
    assert ensure_administrator(lake, password="another long one") is None
    assert check_password(lake.operations, "admin", "another long one") is None


@pytest.mark.parametrize("answers", [["short", PASSWORD], [""]])
def test_who_sits_at_a_terminal_is_asked(
    lake: Lake, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter(answers)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(given))
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    sentence = ensure_administrator(lake)
    assert (check_password(lake.operations, "admin", PASSWORD) is not None) is bool(answers[-1])
    assert ("set_up?key=" in str(sentence)) is not bool(answers[-1])
    assert next(given, None) is None


def test_people_without_an_administrator_get_a_link_and_nobody_is_asked(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_user(lake.operations, "ada", PASSWORD)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: pytest.fail("asked"))
    assert key_in(ensure_administrator(lake))


def test_no_program_that_is_started_learns_the_password(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOMLAKE_ADMIN_PASSWORD", "TOMLAKE_NEW_PASSWORD"):
        monkeypatch.setenv(name, "hunter2hunter2")
    assert "hunter2hunter2" not in str(child_environment(lake.settings))


def test_a_new_password_by_command_ends_every_session(lake: Lake) -> None:
    ada = create_user(lake.operations, "ada", PASSWORD)
    session = open_session(lake.operations, ada)
    said("password", "ada", "--password", "another long one")
    assert check_password(lake.operations, "ada", "another long one") == ada
    assert user_of_session(lake.operations, session) is None


def test_somebody_locked_out_gets_in_by_their_password_again(lake: Lake) -> None:
    ada = create_user(lake.operations, "ada", PASSWORD)
    secret = begin_second_factor(lake.operations, ada).secret
    confirm_second_factor(lake.operations, ada, pyotp.TOTP(secret).now())
    assert "password alone" in said("remove-second-factor", "ADA")
    assert not has_second_factor(lake.operations, ada)
    assert "no second factor" in said("remove-second-factor", "ada")


def test_who_waits_is_listed_approved_and_refused(lake: Lake) -> None:
    for name in ("bob", "eve"):
        asked = Request(username=name, password=PASSWORD, note="[red]hello[/red]")
        ask_for_account(lake.operations, lake.settings, asked)
    assert "[red]hello[/red]" in said("waiting").replace("\n", "")
    assert "robert may sign in" in said("approve", "1", "--username", "robert")
    said("refuse", "2")
    assert "bob" not in said("waiting")
    assert [user.username for user in list_users(lake.operations)] == ["robert"]


def test_who_came_through_a_service_is_listed_with_it_and_approved(lake: Lake) -> None:
    identity = Identity(provider="https://sso.example", subject="[b]007[/b]", username="kit")
    account_of(lake.operations, identity, signed_in=None)
    row = re.sub(r"[\s│]+", "", said("waiting"))
    assert "1kitsignsinwithhttps://sso.exampleas[b]007[/b]" in row
    assert "kit may sign in" in said("approve", "1")
    assert [user.username for user in list_users(lake.operations)] == ["kit"]
