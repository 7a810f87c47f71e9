"""Notifications on the page Account and in the menu, and the switch that follows a target."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installations import settings_in
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.target import Target, Visibility
from lake.notices.following import follow_of
from lake.notices.kinds import Kind, Mail, Wish
from lake.notices.notices import count_unread
from lake.notices.wishes import wishes_of
from lake.opening import Lake, open_lake
from lake.people.accounts import User, create_user, open_session
from lake.people.comments import add_comment
from lake.people.profile import Profile, change_profile
from lake.targets import create_target
from portal import opened
from portal.accounts.notices_section import SHOWN_AT_ONCE
from portal.shell.menu import MENU, entry_of

PASSWORD = "correct horse battery"
TARGET = "[x]* _#1"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    mail = {"TOMLAKE_SMTP_URL": "smtps://mail.invalid", "TOMLAKE_MAIL_FROM": "tomlake@example.org"}
    made = open_lake(settings_in(tmp_path / "data", **mail))
    opened.use_lake(made)
    yield made
    made.close()


@pytest.fixture
def ada(lake: Lake, signed_in: Callable[[str], None]) -> User:
    user = create_user(lake.operations, "ada", PASSWORD)
    signed_in(open_session(lake.operations, user))
    return user


@pytest.fixture
def bob(lake: Lake) -> User:
    return create_user(lake.operations, "bob", PASSWORD)


def make(lake: Lake, name: str, *, by: str, visibility: Visibility = Visibility.PUBLIC) -> int:
    target = Target(name=name, ra_deg=10.0 * len(name), dec_deg=1.0, visibility=visibility)
    return create_target(lake.operations, target, by=by).target_id or 0


def button(at: AppTest, label: str):  # noqa: ANN201
    return next(each for each in at.button if each.label == label)


def account_title(lake: Lake, user: User) -> str:
    account = next(each for each in MENU if each.name == "account")
    return entry_of(account, user, unread=count_unread(lake.operations, user)).title


def test_what_happened_is_listed_counted_and_marked_read(lake: Lake, ada: User, bob: User) -> None:
    assert "Nothing has happened yet" in words(visit("account"))
    seen, hidden = (
        make(lake, TARGET, by="bob"),
        make(lake, "Secret1", by="bob", visibility=Visibility.PRIVATE),
    )
    for _ in range(SHOWN_AT_ONCE + 1):
        add_comment(lake.operations, seen, "@ada", by=bob)
    add_comment(lake.operations, hidden, "@ada", by=bob)
    at = visit("account")
    assert not at.exception
    assert words(at).count(f"bob mentions you in a note on {TARGET}.") == SHOWN_AT_ONCE
    assert "Secret1" not in words(at)
    assert account_title(lake, ada) == f"ada · {SHOWN_AT_ONCE + 1}"
    button(at, "Older").click().run()
    assert words(at).count("bob mentions you") == SHOWN_AT_ONCE + 1
    button(at, "Mark all read").click().run()
    assert not at.exception
    assert account_title(lake, ada) == "ada"
    assert not [each for each in at.button if each.label == "Mark all read"]


def test_what_came_while_the_page_was_open_stays_unread(lake: Lake, ada: User, bob: User) -> None:
    target_id = make(lake, TARGET, by="bob")
    add_comment(lake.operations, target_id, "@ada", by=bob)
    at = visit("account")
    add_comment(lake.operations, target_id, "@ada again", by=bob)
    button(at, "Mark all read").click().run()
    assert account_title(lake, ada) == "ada · 1"


def test_wishes_are_kept_and_staff_alone_are_asked_of_what_is_theirs(lake: Lake, ada: User) -> None:
    at = visit("account")
    assert "write your e-mail address" in words(at)
    change_profile(lake.operations, ada, Profile(email="ada@example.org"))
    at = visit("account")
    assert "write your e-mail address" not in words(at)
    assert not [each for each in at.checkbox if each.key == "wish_waiting"]
    at.checkbox(key="wish_points").uncheck()
    at.selectbox(key="wish_mail_mention").set_value(Mail.DAILY)
    before = wishes_of(lake.operations, ada)
    button(at, "Keep wishes").click().run()
    assert not at.exception
    changed = {Kind.POINTS: Wish(in_portal=False), Kind.MENTION: Wish(mail=Mail.DAILY)}
    assert wishes_of(lake.operations, ada) == before | changed


def test_a_target_is_followed_and_left_on_its_page(lake: Lake, ada: User) -> None:
    target_id = make(lake, TARGET, by="bob")
    at = visit("target", name=TARGET)
    at.toggle(key="follow_switch").set_value(True).run()
    assert not at.exception
    at.number_input(key="follow_change_mag").set_value(1.5).run()
    kept = follow_of(lake.operations, target_id, ada)
    assert kept is not None
    assert kept.change_mag == 1.5
    assert visit("target", name=TARGET).number_input(key="follow_change_mag").value == 1.5
    at.toggle(key="follow_switch").set_value(False).run()
    assert not at.exception
    assert follow_of(lake.operations, target_id, ada) is None


def test_who_is_not_signed_in_follows_nothing(lake: Lake) -> None:
    make(lake, TARGET, by="bob")
    assert not [each for each in visit("target", name=TARGET).toggle if each.key == "follow_switch"]


def test_a_notice_of_a_note_opens_the_notes(lake: Lake, ada: User, bob: User) -> None:
    comment_id = add_comment(lake.operations, make(lake, TARGET, by="bob"), "Rising at last", by=bob)
    at = visit("target", name=TARGET, note=str(comment_id))
    assert not at.exception
    assert "Rising at last" in words(at)
