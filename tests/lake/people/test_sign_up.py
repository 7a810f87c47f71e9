"""Asking for an account, staff's answer, the first administrator, and leaving."""

import dataclasses
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine, select, update

from engine.errors import Rejected
from lake.operations import open_operations, reading, users, writing
from lake.people import mail
from lake.people.account_tables import links, sign_ups
from lake.people.accounts import (
    User,
    check_password,
    create_user,
    find_user,
    full_names,
    issue_token,
    open_session,
    user_of_session,
    user_of_token,
)
from lake.people.departure import delete_account
from lake.people.first_run import may_set_up, needs_administrator, set_up, set_up_key
from lake.people.profile import Profile, change_profile, profile_of
from lake.people.sign_in import Given, Lacks, what_lacks
from lake.people.sign_up import (
    Next,
    Request,
    approve_account,
    ask_for_account,
    confirm_email,
    refuse_account,
    waiting_accounts,
)
from lake.rights import SYSTEM
from lake.settings import Settings, SignUp

PASSWORD = "an honest password"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def operations(settings: Settings) -> Iterator[Engine]:
    opened = open_operations(settings.operations_url)
    yield opened
    opened.dispose()


@pytest.fixture
def ada(operations: Engine) -> User:
    return create_user(operations, "Ada", PASSWORD, full_name="Ada Lovelace")


def asked_by(name: str, **more: str) -> Request:
    return Request(username=name, password=PASSWORD, **more)


def test_who_waits_for_staff_is_no_user_until_they_are_approved(
    operations: Engine, settings: Settings
) -> None:
    asked = asked_by("Bob", full_name="Bob B.", affiliation="Kraków", email="bob@example.org", note="please")
    assert ask_for_account(operations, settings, asked) is Next.WAIT
    assert check_password(operations, "bob", PASSWORD) is None
    (waiting,) = waiting_accounts(operations, by=SYSTEM)
    assert (waiting.username, waiting.email, waiting.is_name_taken) == ("Bob", "bob@example.org", False)
    user = approve_account(operations, waiting.sign_up_id, by=SYSTEM)
    assert check_password(operations, "bob", PASSWORD) == user
    assert not user.is_staff
    assert profile_of(operations, user).affiliation == "Kraków"
    assert waiting_accounts(operations, by=SYSTEM) == []
    for decide in (approve_account, refuse_account):
        with pytest.raises(Rejected) as refusal:
            decide(operations, waiting.sign_up_id, by=SYSTEM)
        assert refusal.value.code == "unknown-sign-up"


def test_who_is_refused_leaves_nothing_behind(operations: Engine, settings: Settings) -> None:
    ask_for_account(operations, settings, asked_by("bob", email="bob@example.org"))
    refuse_account(operations, waiting_accounts(operations, by=SYSTEM)[0].sign_up_id, by=SYSTEM)
    with reading(operations) as connection:
        assert connection.execute(select(sign_ups)).all() == []
    assert find_user(operations, "bob") is None


def test_only_staff_see_and_decide(operations: Engine, settings: Settings, ada: User) -> None:
    ask_for_account(operations, settings, asked_by("bob"))
    for trial in (
        lambda: waiting_accounts(operations, by=ada),
        lambda: approve_account(operations, 1, by=ada),
        lambda: refuse_account(operations, 1, by=ada),
    ):
        with pytest.raises(Rejected) as refusal:
            trial()
        assert refusal.value.code == "no-right"
    assert len(waiting_accounts(operations, by=SYSTEM)) == 1


@pytest.mark.parametrize("way", [SignUp.APPROVED, SignUp.OPEN])
def test_a_taken_name_gets_the_words_of_a_free_one(
    operations: Engine, settings: Settings, ada: User, way: SignUp
) -> None:
    settings = dataclasses.replace(settings, sign_up=way)
    change_profile(operations, ada, Profile(full_name="Ada", email="ada@example.org"))
    answers = {
        ask_for_account(operations, settings, asked_by(name, email="ada@example.org"))
        for name in ("ADA", "free", "ada")
    }
    assert len(answers) == 1
    assert check_password(operations, "ada", PASSWORD) == find_user(operations, "ada")
    taken = [each for each in waiting_accounts(operations, by=SYSTEM) if each.is_name_taken]
    assert [each.username for each in taken] == ["ADA", "ada"]
    with pytest.raises(Rejected) as refusal:
        approve_account(operations, taken[0].sign_up_id, by=SYSTEM)
    assert refusal.value.code == "username-taken"
    assert approve_account(operations, taken[0].sign_up_id, by=SYSTEM, username="ada2").username == "ada2"


def test_an_open_portal_lets_people_in_at_once_and_a_closed_one_nobody(
    operations: Engine, settings: Settings
) -> None:
    opened, closed = (dataclasses.replace(settings, sign_up=way) for way in (SignUp.OPEN, SignUp.CLOSED))
    assert ask_for_account(operations, opened, asked_by("bob")) is Next.TRY
    assert check_password(operations, "bob", PASSWORD) is not None
    with pytest.raises(Rejected) as refusal:
        ask_for_account(operations, closed, asked_by("eve"))
    assert refusal.value.code == "sign-up-closed"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Request(username="a b", password=PASSWORD), "bad-username"),
        (Request(username="bob", password="short"), "bad-password"),
        (Request(username="bob", password=PASSWORD, email="no address"), "bad-email"),
        (Request(username="bob", password=PASSWORD, email="a@b.c\r\nBcc: x@y.z"), "bad-email"),
        (Request(username="bob", password=PASSWORD, full_name="x" * 301), "bad-profile"),
        (Request(username="bob", password=PASSWORD, note="\x1b[2J"), "bad-profile"),
    ],
)
def test_what_cannot_be_is_told_at_once(
    operations: Engine, settings: Settings, asked: Request, code: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        ask_for_account(operations, settings, asked)
    assert refusal.value.code == code


def test_two_who_approve_at_once_make_one_account(operations: Engine, settings: Settings) -> None:
    ask_for_account(operations, settings, asked_by("bob"))
    number = waiting_accounts(operations, by=SYSTEM)[0].sign_up_id

    def approved(_: int) -> str:
        try:
            return approve_account(operations, number, by=SYSTEM).username
        except Rejected as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approved, range(4))) == ["bob"] + ["unknown-sign-up"] * 3


class PostOffice:
    """Stands for a mail server, which no test may reach: hand-made, it keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    def __enter__(self) -> "PostOffice":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_message(self, message: EmailMessage) -> None:
        self.messages.append(message)


@pytest.fixture
def post_office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = PostOffice()
    monkeypatch.setattr(mail, "_connected", lambda _url: office)
    return office


def test_with_mail_staff_see_who_confirmed_their_address_and_the_link_is_good_once(
    operations: Engine, settings: Settings, post_office: PostOffice, ada: User
) -> None:
    mailing = dataclasses.replace(settings, smtp_url="smtps://mail.example", mail_from="t@example.org")
    with pytest.raises(Rejected) as refusal:
        ask_for_account(operations, mailing, asked_by("bob"))
    assert refusal.value.code == "bad-email"
    for name in ("bob", "ada"):
        assert ask_for_account(operations, mailing, asked_by(name, email="b@example.org")) is Next.CONFIRM
    assert waiting_accounts(operations, by=SYSTEM) == []
    first, second = (message.get_content() for message in post_office.messages)
    key = re.search(r"key=(\S+)", first)[1]
    assert first.replace(key, "") == second.replace(re.search(r"key=(\S+)", second)[1], "")
    assert confirm_email(operations, mailing, key) is Next.WAIT
    assert [each.username for each in waiting_accounts(operations, by=SYSTEM)] == ["bob"]
    with reading(operations) as connection:
        assert key not in str(connection.execute(select(links)).all())
    for bad in (key, "", "x" * 10_000):
        with pytest.raises(Rejected) as refusal:
            confirm_email(operations, mailing, bad)
        assert refusal.value.code == "link-gone"


def test_a_link_runs_out(operations: Engine, settings: Settings, post_office: PostOffice) -> None:
    mailing = dataclasses.replace(settings, smtp_url="smtps://mail.example", mail_from="t@example.org")
    ask_for_account(operations, mailing, asked_by("bob", email="b@example.org"))
    with writing(operations) as connection:
        connection.execute(update(links).values(expires_mjd=60000.0))
    with pytest.raises(Rejected):
        confirm_email(operations, mailing, re.search(r"key=(\S+)", post_office.messages[0].get_content())[1])


def test_new_terms_are_asked_for_at_the_next_sign_in(
    operations: Engine, settings: Settings, ada: User
) -> None:
    settings = dataclasses.replace(settings, terms_file=settings.data_dir / "terms.txt")
    given = Given(username="ada", password=PASSWORD)
    for version in ("1", "2"):
        settings.terms_file.write_text(f"Version {version}\nBe kind.")
        assert what_lacks(operations, settings, ada, given) is Lacks.TERMS
        wrong = dataclasses.replace(given, terms="0")
        assert what_lacks(operations, settings, ada, wrong) is Lacks.TERMS
        right = dataclasses.replace(given, terms=version)
        assert what_lacks(operations, settings, ada, right) is Lacks.NOTHING
        assert what_lacks(operations, settings, ada, given) is Lacks.NOTHING
    with pytest.raises(Rejected) as refusal:
        ask_for_account(operations, settings, asked_by("bob", terms="1"))
    assert refusal.value.code == "terms-not-accepted"
    ask_for_account(operations, settings, asked_by("bob", terms="2"))
    bob = approve_account(operations, waiting_accounts(operations, by=SYSTEM)[0].sign_up_id, by=SYSTEM)
    assert what_lacks(operations, settings, bob, given) is Lacks.NOTHING
    settings.terms_file.write_text("Version 2\nBe kind, or else.")
    assert what_lacks(operations, settings, bob, given) is Lacks.TERMS
    settings.terms_file.write_text("Be kind.")
    with pytest.raises(Rejected) as refusal:
        what_lacks(operations, settings, bob, given)
    assert refusal.value.code == "bad-terms"


def test_the_set_up_link_makes_one_administrator_and_then_nothing(operations: Engine) -> None:
    assert needs_administrator(operations)
    old, key = set_up_key(operations), set_up_key(operations)
    assert not may_set_up(operations, old)
    with pytest.raises(Rejected) as refusal:
        set_up(operations, key, username="root", password="short")
    assert refusal.value.code == "bad-password"

    def made(number: int) -> str:
        try:
            return set_up(operations, key, username=f"root{number}", password=PASSWORD).username
        except Rejected as error:
            return error.code

    with ThreadPoolExecutor(3) as pool:
        results = sorted(pool.map(made, range(3)))
    assert results[:2] == ["link-gone"] * 2
    assert find_user(operations, results[2]).is_staff
    assert not needs_administrator(operations)
    assert not may_set_up(operations, set_up_key(operations))


def test_who_leaves_ends_every_way_in_and_keeps_the_credit(
    operations: Engine, settings: Settings, ada: User
) -> None:
    change_profile(operations, ada, Profile(full_name="Ada Lovelace", email="ada@example.org"))
    token, session = issue_token(operations, ada, name="x"), open_session(operations, ada)
    delete_account(operations, ada, keep_name=True)
    assert user_of_token(operations, token) is None
    assert user_of_session(operations, session) is None
    assert check_password(operations, "ada", PASSWORD) is None
    assert check_password(operations, "ada", "") is None
    assert full_names(operations, ["Ada"]) == ["Ada Lovelace"]
    assert profile_of(operations, ada).email == ""
    with reading(operations) as connection:
        assert connection.execute(select(users.c.password_hash)).scalar_one() == ""
    with pytest.raises(Rejected) as refusal:  # or the next Ada would own the targets of this one
        create_user(operations, "ADA", PASSWORD)
    assert refusal.value.code == "username-taken"


def test_who_leaves_may_become_a_former_observer(operations: Engine, ada: User) -> None:
    delete_account(operations, ada, keep_name=False)
    assert full_names(operations, ["Ada"]) == ["former observer"]


def test_the_last_administrator_cannot_leave(operations: Engine) -> None:
    first, second = (create_user(operations, name, PASSWORD, is_staff=True) for name in ("root", "toor"))

    def left(user: User) -> str:
        try:
            delete_account(operations, user, keep_name=True)
        except Rejected as error:
            return error.code
        return "left"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(left, (first, second))) == ["last-administrator", "left"]
    assert not needs_administrator(operations)
