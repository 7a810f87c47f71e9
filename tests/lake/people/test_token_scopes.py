"""Tokens: what each may do, how long, and how one is renewed."""

from collections.abc import Iterator

import pytest
from installations import settings_in
from sqlalchemy import Engine, select, update

from engine.errors import Rejected
from engine.times import mjd_now
from lake.operations import open_operations, reading, tokens, writing
from lake.people.accounts import User, create_user
from lake.people.audit import Kind, audit_log
from lake.people.tokens import (
    DAYS_MAX,
    Scope,
    bearer_of,
    issue_token,
    list_tokens,
    revoke_token,
    rotate_token,
)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("tokens")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def staff(operations: Engine) -> User:
    return create_user(operations, "staff", "right horse", is_staff=True)


def test_without_the_scope_admin_a_token_is_nobody_special(operations: Engine, staff: User) -> None:
    for scopes, is_staff in (((Scope.READ, Scope.WRITE), False), ((Scope.ADMIN,), True)):
        bearer = bearer_of(operations, issue_token(operations, staff, name="a", scopes=scopes))
        assert bearer is not None
        assert (bearer.user.is_staff, bearer.scopes) == (is_staff, frozenset(scopes))


@pytest.mark.parametrize(("scopes", "days"), [((), None), ((Scope.READ,), 0.0), ((Scope.READ,), 4000.0)])
def test_a_token_for_nothing_or_for_no_time_is_refused(
    operations: Engine, staff: User, scopes: tuple[Scope, ...], days: float | None
) -> None:
    with pytest.raises(Rejected) as refusal:
        issue_token(operations, staff, name="a", scopes=scopes, days=days)
    assert refusal.value.code == "bad-token"


def test_a_token_runs_out(operations: Engine, staff: User) -> None:
    secret = issue_token(operations, staff, name="short", days=1.0)
    newest = list_tokens(operations, staff)[0]
    assert newest.expires_mjd == pytest.approx(mjd_now() + 1.0, abs=0.01)
    assert bearer_of(operations, secret) is not None
    with writing(operations) as connection:
        this = tokens.c.token_id == newest.token_id
        connection.execute(update(tokens).where(this).values(expires_mjd=mjd_now() - 1e-6))
    assert bearer_of(operations, secret) is None


def test_a_renewed_token_keeps_what_it_may_and_ends_the_old_one(operations: Engine, staff: User) -> None:
    old = issue_token(operations, staff, name="dome", scopes=(Scope.UPLOAD,), days=30.0)
    before = list_tokens(operations, staff)[0]
    new = rotate_token(operations, staff, before.token_id)
    after = list_tokens(operations, staff)[0]
    assert bearer_of(operations, old) is None
    assert (after.name, after.scopes) == ("dome", (Scope.UPLOAD,))
    assert after.expires_mjd == pytest.approx(mjd_now() + 30.0, abs=0.01)
    assert bearer_of(operations, new) is not None
    with pytest.raises(Rejected):
        rotate_token(operations, staff, before.token_id)


@pytest.mark.parametrize("days", [DAYS_MAX, 1e-300])
def test_the_longest_and_the_shortest_token_can_be_renewed(
    operations: Engine, staff: User, days: float
) -> None:
    issue_token(operations, staff, name="dome", days=days)
    new = rotate_token(operations, staff, list_tokens(operations, staff)[0].token_id)
    assert bearer_of(operations, new) is not None


def test_nobody_renews_or_revokes_the_token_of_another(operations: Engine, staff: User) -> None:
    secret = issue_token(operations, staff, name="mine")
    token_id = list_tokens(operations, staff)[0].token_id
    eve = create_user(operations, "eve", "right horse")
    assert not revoke_token(operations, eve, token_id)
    with pytest.raises(Rejected) as refusal:
        rotate_token(operations, eve, token_id)
    assert refusal.value.code == "unknown-token"
    assert bearer_of(operations, secret) is not None


def test_of_a_secret_only_its_hash_is_kept(operations: Engine, staff: User) -> None:
    secret = issue_token(operations, staff, name="hidden")
    assert secret.startswith("tl_")
    with reading(operations) as connection:
        rows = str(connection.execute(select(tokens)).all())
    assert secret not in rows
    assert secret[8:] not in rows


def test_the_log_tells_what_became_of_a_token_but_no_secret(operations: Engine, staff: User) -> None:
    first = issue_token(operations, staff, name="logged", scopes=(Scope.READ,), days=2.0)
    second = rotate_token(operations, staff, list_tokens(operations, staff)[0].token_id)
    revoke_token(operations, staff, list_tokens(operations, staff)[0].token_id)
    lines = audit_log(operations, staff, kind=Kind.CHANGE, limit=3)[::-1]
    assert [(line.deed, line.object_name) for line in lines] == [
        ("made", first[:8]),
        (f"renewed {first[:8]}", second[:8]),
        ("revoked", second[:8]),
    ]
    assert lines[0].after["scopes"] == ["read"]
    assert not any(secret[8:] in str(lines) for secret in (first, second))
