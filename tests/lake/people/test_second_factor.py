"""The second factor as laws, and as the attacks on it."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from installations import settings_in
from sqlalchemy import Engine, select, update

from engine.errors import Rejected
from engine.times import datetime_of, mjd_now
from lake.operations import open_operations, reading, writing
from lake.people.account_tables import recovery_codes, second_factors
from lake.people.accounts import User, create_user
from lake.people.audit import audit_log
from lake.people.second_factor import (
    STEP_S,
    acting,
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    recovery_codes_left,
    remove_second_factor,
    takes_code,
)
from lake.rights import SYSTEM


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("second")).operations_url)
    yield opened
    opened.dispose()


def shown_at(secret: str, *, steps: int = 0) -> str:
    """Return what a device shows now, or so many half minutes from now."""
    return pyotp.TOTP(secret).at(datetime_of(mjd_now()), counter_offset=steps)


def enrolled(operations: Engine, name: str) -> tuple[User, str, list[str]]:
    """Return somebody with a second factor, its secret, and the recovery codes."""
    user = create_user(operations, name, "an honest password")
    secret = begin_second_factor(operations, user).secret
    codes = confirm_second_factor(operations, user, shown_at(secret))
    forget_last_step(operations, user)
    return user, secret, codes


def forget_last_step(operations: Engine, user: User) -> None:
    """Let a code be good although its half minute was used: time goes by faster so."""
    with writing(operations) as connection:
        mine = update(second_factors).where(second_factors.c.user_id == user.user_id)
        connection.execute(mine.values(last_step=0))


def test_a_secret_that_was_not_confirmed_is_not_asked_for(operations: Engine) -> None:
    user = create_user(operations, "ann", "an honest password")
    first = begin_second_factor(operations, user)
    second = begin_second_factor(operations, user)
    assert first.secret != second.secret
    assert f"secret={second.secret}" in second.uri
    assert not has_second_factor(operations, user)
    assert not takes_code(operations, user, shown_at(second.secret))
    with pytest.raises(Rejected) as refusal:
        confirm_second_factor(operations, user, shown_at(first.secret))
    assert refusal.value.code == "wrong-code"
    assert len(set(confirm_second_factor(operations, user, shown_at(second.secret)))) == 10
    assert has_second_factor(operations, user)


def test_a_code_that_was_looked_over_a_shoulder_is_worth_nothing(operations: Engine) -> None:
    user, secret, _ = enrolled(operations, "bea")
    code = shown_at(secret)
    assert takes_code(operations, user, code)
    assert not takes_code(operations, user, code)
    assert not takes_code(operations, user, shown_at(secret, steps=-1))  # an older one neither


def test_the_code_that_confirmed_the_device_signs_nobody_in(operations: Engine) -> None:
    user = create_user(operations, "cat", "an honest password")
    secret = begin_second_factor(operations, user).secret
    code = shown_at(secret)
    confirm_second_factor(operations, user, code)
    assert not takes_code(operations, user, code)


def test_of_two_sign_ins_with_one_code_at_once_one_gets_in(operations: Engine) -> None:
    user, secret, codes = enrolled(operations, "dan")
    for code in (shown_at(secret), codes[0]):
        with ThreadPoolExecutor(8) as pool:
            right = list(pool.map(lambda _, code=code: takes_code(operations, user, code), range(8)))
        assert sorted(right) == [False] * 7 + [True]


@pytest.mark.parametrize("steps", [-1, 1])
def test_the_clock_of_a_device_may_be_half_a_minute_off(operations: Engine, steps: int) -> None:
    user, secret, _ = enrolled(operations, f"eve{steps}")
    assert takes_code(operations, user, shown_at(secret, steps=steps))


@pytest.mark.parametrize("steps", [-10, 10])
def test_a_code_of_another_time_is_refused(operations: Engine, steps: int) -> None:
    user, secret, _ = enrolled(operations, f"fay{steps}")
    near = {shown_at(secret, steps=step) for step in range(-2, 3)}
    far = shown_at(secret, steps=steps)
    assert far in near or not takes_code(operations, user, far)
    assert STEP_S == 30


@pytest.mark.parametrize("code", ["", "0", "12345\u0661", "x" * 100_000, "' or 1=1 --", "\x00"])
def test_what_is_no_code_is_refused(operations: Engine, code: str) -> None:
    user = create_user(operations, f"gus{hash(code)}", "an honest password")
    assert not takes_code(operations, user, code)


def test_each_recovery_code_is_good_once_and_for_its_owner(operations: Engine) -> None:
    user, secret, codes = enrolled(operations, "hal")
    other, _, _ = enrolled(operations, "ida")
    assert not takes_code(operations, other, codes[0])
    assert [takes_code(operations, user, code.upper().replace("-", " ")) for code in codes] == [True] * 10
    assert [takes_code(operations, user, code) for code in codes] == [False] * 10
    assert recovery_codes_left(operations, user) == 0
    assert takes_code(operations, user, shown_at(secret))


def test_the_database_holds_no_recovery_code_and_the_log_no_secret(operations: Engine) -> None:
    user, secret, codes = enrolled(operations, "jim")
    with reading(operations) as connection:
        kept = str(connection.execute(select(recovery_codes)).all())
    assert not any(code.replace("-", "") in kept for code in codes)
    log = str(audit_log(operations, SYSTEM))
    assert "second factor" in log
    assert secret not in log
    assert user.username in log


def test_a_second_device_needs_the_first_one_removed(operations: Engine) -> None:
    user, secret, codes = enrolled(operations, "kim")
    for again in (
        lambda: begin_second_factor(operations, user),
        lambda: confirm_second_factor(operations, user, shown_at(secret)),
    ):
        with pytest.raises(Rejected) as refusal:
            again()
        assert refusal.value.code == "second-factor-already"
    assert remove_second_factor(operations, user, by=user)
    assert not remove_second_factor(operations, user, by=user)
    assert not takes_code(operations, user, shown_at(secret))
    assert not takes_code(operations, user, codes[0])


def test_only_staff_remove_the_second_factor_of_others(operations: Engine) -> None:
    user, _, _ = enrolled(operations, "lea")
    stranger = create_user(operations, "mel", "an honest password")
    with pytest.raises(Rejected) as refusal:
        remove_second_factor(operations, user, by=stranger)
    assert refusal.value.code == "no-right"
    assert has_second_factor(operations, user)
    assert remove_second_factor(operations, user, by=SYSTEM)


def test_staff_who_lack_the_factor_they_need_are_nobody_special(operations: Engine) -> None:
    user, _, _ = enrolled(operations, "ned")
    staff = dataclasses.replace(user, is_staff=True)
    lacking = dataclasses.replace(create_user(operations, "ola", "an honest password"), is_staff=True)
    assert acting(operations, staff, is_required_of_staff=True) == staff
    assert acting(operations, lacking, is_required_of_staff=False) == lacking
    assert acting(operations, lacking, is_required_of_staff=True) == dataclasses.replace(
        lacking, is_staff=False
    )
    assert acting(operations, None, is_required_of_staff=True) is None
