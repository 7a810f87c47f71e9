"""A session ends while a page is open: every button says so, changes nothing, and shows what was typed."""

from collections.abc import Callable

import pytest
from drawn import answers, is_plain_sentence, nodes
from forms import LOOSE, buttons_of, forms_of, is_secret, name_of
from page_lakes import PASSWORD, SIMULATED_NAME
from walking import Addresses, Walk

from lake.opening import Lake
from lake.operations import metadata, reading
from lake.people.accounts import create_user, find_user, open_session
from lake.people.comments import add_comment
from lake.people.groups import create_group
from lake.people.sessions import close_session
from portal import opened
from portal.shell.signed_out import TYPED

ADDRESSES: Addresses = {
    "target": {"name": SIMULATED_NAME},
    "camera": {"camera": "Ostrowik_CCD1"},
    "frame": {"frame": "u1"},
}
SECRET, WORDS = "what nobody reads", "words that took long"
Signs = Callable[[str], None]


@pytest.fixture(scope="module")
def lake(built_full_lake: Lake) -> Lake:
    """Return a lake with one of the staff, who leads a group and wrote a note."""
    operations = built_full_lake.operations
    staff = create_user(operations, "sue", PASSWORD, is_staff=True)
    create_group(operations, "Sue and friends", by=staff)
    add_comment(operations, SIMULATED_NAME, "To be taken back.", by=staff)
    return built_full_lake


@pytest.fixture
def sign_in(lake: Lake, signed_in: Signs) -> Callable[[], str]:
    """Return what opens a session of one of the staff."""
    staff = find_user(lake.operations, "sue")
    assert staff is not None

    def begin() -> str:
        session = open_session(lake.operations, staff)
        signed_in(session)
        return session

    opened.use_lake(lake)
    return begin


def kept(lake: Lake) -> dict[str, list[object]]:
    """Return what the operational database holds, but for sessions."""
    with reading(lake.operations) as connection:
        return {
            table.name: sorted(map(str, connection.execute(table.select())))
            for table in metadata.sorted_tables
            if table.name != "sessions"
        }


def test_a_button_pressed_after_the_session_ended_changes_nothing_and_says_so(
    lake: Lake, sign_in: Callable[[], str]
) -> None:
    sign_in()
    walk = Walk()
    pressed = set()
    for place in walk.places(ADDRESSES):
        sign_in()
        for form_id, wanted in buttons_of(walk.at_place(place, ADDRESSES)):
            if (place.page, form_id, wanted) in pressed:  # of all parts of a target
                continue
            session = sign_in()
            at = walk.at_place(place, ADDRESSES)
            form = forms_of(at)[form_id]
            found = [each for each in form.buttons if name_of(each) == wanted]
            # one that is gone was about a session that is over, or about what was typed before
            if not found:
                continue
            for text in form.texts if form_id else ():
                text.set_value(SECRET if is_secret(text) else WORDS)
            typed = [text.key for text in form.texts if form_id and text.key in TYPED]
            before = kept(lake)
            close_session(lake.operations, session)
            at = found[0].click().run()
            button = f"{place} {wanted}"
            assert not at.exception, button
            assert kept(lake) == before, button
            told = [sentence for sentence in answers(at) if sentence.startswith("You are signed out")]
            assert len(told) == 1, button
            assert is_plain_sentence(told[0])
            shown = [code.value for code in at.code]
            assert shown.count(WORDS) >= len(typed), button
            assert SECRET not in " ".join(map(str, shown)), button
            pressed.add((place.page, form_id, wanted))
    forms = {form_id for _, form_id, _ in pressed}
    assert forms >= {"new_target", "new_observatory", "new_watch", "new_group", "note_form", "profile"}
    assert ("camera", LOOSE, "keep") in pressed


def test_what_takes_long_to_write_is_shown_again(lake: Lake, sign_in: Callable[[], str]) -> None:
    sign_in()
    walk = Walk()
    for place in walk.places(ADDRESSES):
        long = [node.key for node in nodes(walk.at_place(place, ADDRESSES)) if node.type == "text_area"]
        assert set(long) <= {*TYPED, "data_sql"}, place  # SQL needs no account
