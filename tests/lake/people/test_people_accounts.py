from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters
from installations import settings_in
from sqlalchemy import Engine, select, update

from engine.errors import Rejected
from lake.operations import open_operations, reading, sessions, tokens, users, writing
from lake.people import accounts
from lake.people.accounts import (
    User,
    check_password,
    close_session,
    create_user,
    find_user,
    issue_token,
    list_tokens,
    list_users,
    open_session,
    remove_expired_sessions,
    revoke_token,
    set_password,
    user_of_session,
    user_of_token,
)

PASSWORD = "an honest password"


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("accounts")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def ada(operations: Engine) -> User:
    return create_user(operations, "Ada", PASSWORD, full_name="Ada Lovelace", is_staff=True)


def test_the_right_password_gives_the_user_in_any_case_of_the_name(operations: Engine, ada: User) -> None:
    assert check_password(operations, "ada", PASSWORD) == ada
    assert check_password(operations, " ADA ", PASSWORD) == ada


def test_a_wrong_password_and_an_unknown_name_give_nobody(operations: Engine, ada: User) -> None:
    assert check_password(operations, "ada", PASSWORD + "x") is None
    assert check_password(operations, "nobody", PASSWORD) is None


def test_a_user_who_was_shut_out_gets_in_by_no_door(operations: Engine) -> None:
    user = create_user(operations, "mallory", PASSWORD)
    token, session = issue_token(operations, user, name="x"), open_session(operations, user)
    with writing(operations) as connection:
        connection.execute(update(users).where(users.c.user_id == user.user_id).values(is_active=False))
    assert check_password(operations, "mallory", PASSWORD) is None
    assert user_of_token(operations, token) is None
    assert user_of_session(operations, session) is None
    assert find_user(operations, "mallory") is None
    assert "mallory" not in [user.username for user in list_users(operations)]


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("ADA", PASSWORD, "username-taken"),
        ("", PASSWORD, "bad-username"),
        ("two words", PASSWORD, "bad-username"),
        ("bob", "short", "bad-password"),
        ("bob", "x" * 1000, "bad-password"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    operations: Engine, ada: User, username: str, password: str, code: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        create_user(operations, username, password)
    assert refusal.value.code == code


def test_no_secret_is_kept_in_clear(operations: Engine, ada: User) -> None:
    token, session = issue_token(operations, ada, name="script"), open_session(operations, ada)
    with reading(operations) as connection:
        kept = str([connection.execute(select(table)).all() for table in (users, tokens, sessions)])
    assert token not in kept
    assert session not in kept
    assert PASSWORD not in kept


def test_a_token_works_until_it_is_revoked_by_its_owner(operations: Engine, ada: User) -> None:
    bob = create_user(operations, "bob", PASSWORD)
    secret = issue_token(operations, bob, name="telescope")
    (token,) = list_tokens(operations, bob)
    assert secret.startswith("tl_")
    assert secret.startswith(token.prefix)
    assert user_of_token(operations, secret) == bob
    assert user_of_token(operations, secret + "x") is None
    assert not revoke_token(operations, ada, token.token_id)
    assert revoke_token(operations, bob, token.token_id)
    assert user_of_token(operations, secret) is None
    assert list_tokens(operations, bob) == []


def test_a_session_ends_when_it_is_closed_or_runs_out(operations: Engine, ada: User) -> None:
    session, short = open_session(operations, ada), open_session(operations, ada, days=-1.0)
    assert user_of_session(operations, session) == ada
    assert user_of_session(operations, short) is None
    assert remove_expired_sessions(operations) == 1
    close_session(operations, session)
    assert user_of_session(operations, session) is None


def test_a_new_password_ends_old_sessions(operations: Engine) -> None:
    eve = create_user(operations, "eve", PASSWORD)
    session = open_session(operations, eve)
    set_password(operations, eve, "another password")
    assert user_of_session(operations, session) is None
    assert check_password(operations, "eve", PASSWORD) is None
    assert check_password(operations, "eve", "another password") == eve


def test_a_weaker_hash_is_renewed_at_the_next_sign_in(operations: Engine) -> None:
    kim = create_user(operations, "kim", PASSWORD)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    mine = users.c.user_id == kim.user_id
    with writing(operations) as connection:
        connection.execute(update(users).where(mine).values(password_hash=weak))
    assert check_password(operations, "kim", PASSWORD) == kim
    with reading(operations) as connection:
        assert connection.execute(select(users.c.password_hash).where(mine)).scalar_one() != weak
    assert check_password(operations, "kim", PASSWORD) == kim


def test_an_unknown_name_costs_the_work_of_a_known_one(operations: Engine, ada: User) -> None:
    with reading(operations) as connection:
        query = select(users.c.password_hash).where(users.c.user_id == ada.user_id)
        real = connection.execute(query).scalar_one()
    assert extract_parameters(accounts._NOBODY) == extract_parameters(real)
