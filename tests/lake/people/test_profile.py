"""What people say of themselves, and how their sessions are listed and ended."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from lake.operations import open_operations
from lake.people.accounts import User, create_user, full_names, open_session, set_password, user_of_session
from lake.people.audit import audit_log
from lake.people.profile import Profile, change_profile, check_digit, clean_email, clean_orcid, profile_of
from lake.people.sessions import end_other_sessions, list_sessions, revoke_session
from lake.rights import SYSTEM

PASSWORD = "an honest password"


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("profile")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def ada(operations: Engine) -> User:
    return create_user(operations, "ada", PASSWORD)


def test_the_full_name_credits_and_the_address_is_nobody_elses(operations: Engine, ada: User) -> None:
    told = Profile(
        full_name=" Ada   Lovelace ",
        affiliation="Ockham Park",
        orcid="https://orcid.org/0000-0002-1825-0097",
        latex_name=r"A.~Lovelace",
        email="ada@example.org",
    )
    kept = change_profile(operations, ada, told)
    assert profile_of(operations, ada) == kept
    assert (kept.full_name, kept.orcid) == ("Ada Lovelace", "0000-0002-1825-0097")
    assert full_names(operations, ["ada"]) == ["Ada Lovelace"]
    log = str(audit_log(operations, SYSTEM))
    assert "Ada Lovelace" in log
    assert "example.org" not in log


# iDs of ORCID's own page on their structure
@pytest.mark.parametrize("orcid", ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"])
def test_real_orcids_are_taken_and_none_with_a_digit_changed(orcid: str) -> None:
    assert clean_orcid(orcid.replace("-", "").lower()) == orcid
    for place, digit in enumerate(orcid):
        if digit in "-X":
            continue
        wrong = orcid[:place] + str((int(digit) + 1) % 10) + orcid[place + 1 :]
        with pytest.raises(Rejected) as refusal:
            clean_orcid(wrong)
        assert refusal.value.code == "bad-orcid"


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_an_orcid(text: str) -> None:
    try:
        clean = clean_orcid(text)
    except Rejected:
        return
    assert clean == "" or check_digit(clean.replace("-", "")[:15]) == clean[-1]


@pytest.mark.parametrize(
    "text", ["a", "a@b", "a@b.c d", "a\n@b.org", "<a@b.org>", "a@b.org,c@d.org", "ü@b.org"]
)
def test_what_no_header_can_hold_is_no_address(text: str) -> None:
    with pytest.raises(Rejected) as refusal:
        clean_email(text)
    assert refusal.value.code == "bad-email"


def test_a_session_tells_where_it_is_and_ends_at_its_owners_word(operations: Engine, ada: User) -> None:
    eve = create_user(operations, "eve", PASSWORD)
    this = open_session(operations, ada, address="10.0.0.1", browser="Firefox")
    lost = open_session(operations, ada, address="10.0.0.2", browser="x" * 5000)
    first, second = list_sessions(operations, ada, this=this)
    assert (first.is_this, first.browser, first.address) == (True, "Firefox", "10.0.0.1")
    assert (second.is_this, len(second.browser)) == (False, 300)
    assert not revoke_session(operations, eve, second.handle)
    for odd in ("", "%" * 16, "_" * 16):
        assert not revoke_session(operations, ada, odd)
    assert revoke_session(operations, ada, second.handle)
    assert user_of_session(operations, lost) is None
    assert user_of_session(operations, this) is not None


def test_all_other_sessions_end_at_once_and_at_a_new_password(operations: Engine) -> None:
    kim, bob = (create_user(operations, name, PASSWORD) for name in ("kim", "bob"))
    strangers = open_session(operations, bob)
    for end in (
        lambda keep: end_other_sessions(operations, kim, keep=keep),
        lambda keep: set_password(operations, kim, "another password", keep=keep),
    ):
        keep, *others = (open_session(operations, kim) for _ in range(3))
        end(keep)
        assert user_of_session(operations, keep) == kim
        assert [user_of_session(operations, each) for each in others] == [None, None]
    end_other_sessions(operations, kim)
    assert list_sessions(operations, kim) == []
    assert user_of_session(operations, strangers) == bob
