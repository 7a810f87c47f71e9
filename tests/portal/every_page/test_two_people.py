"""Two people at one target: whoever comes second is told, and nobody's change is lost unseen."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from drawn import answers, is_plain_sentence
from page_lakes import PASSWORD
from page_visits import visit
from streamlit.testing.v1 import AppTest

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.inbox.changes import share_upload
from lake.inbox.uploads import uploads
from lake.merging.merging import merge
from lake.opening import Lake
from lake.people.accounts import create_user, find_user, open_session
from lake.people.comments import CommentFilter, list_comments
from lake.rights import SYSTEM, Shared, shared_upload
from lake.targets import create_target, delete_target, get_target, update_target

NOTES = ":material/forum: Notes"
NAME, OTHER = "Shared26a", "Shared26b"
As = Callable[[str], None]


@pytest.fixture(scope="module")
def sessions(built_full_lake: Lake) -> dict[str, str]:
    """Return a session each of the maker of a target and of one of the staff."""
    operations = built_full_lake.operations
    people = {
        name: create_user(operations, name, PASSWORD, is_staff=name == "second")
        for name in ("first", "second")
    }
    return {name: open_session(operations, person) for name, person in people.items()}


@pytest.fixture
def come_as(full_lake: Lake, sessions: dict[str, str], signed_in: As) -> As:
    return lambda name: signed_in(sessions[name])


@pytest.fixture
def target(full_lake: Lake) -> Iterator[Target]:
    yield create_target(full_lake.operations, Target(name=NAME, ra_deg=310.0, dec_deg=60.0), by="first")
    for name in (NAME, OTHER):
        try:
            left = get_target(full_lake.operations, name, SYSTEM)
        except Rejected:
            continue
        delete_target(full_lake.operations, left.target_id or 0, user=SYSTEM)


def now(lake: Lake) -> Target:
    return get_target(lake.operations, NAME, SYSTEM)


def share(at: AppTest, who: str) -> AppTest:
    """Choose who sees the target, and press the button."""
    next(box for box in at.selectbox if box.label == "Who sees it").set_value(who)
    return next(button for button in at.button if button.label == "Share so").click().run()


def write(at: AppTest, text: str) -> AppTest:
    at.text_area(key="note_text").set_value(text)
    return next(button for button in at.button if button.label == "Write").click().run()


def told(at: AppTest) -> str:
    """Return the one sentence that a page answers."""
    assert not at.exception
    (sentence,) = answers(at)
    assert is_plain_sentence(sentence)
    return sentence


def test_whoever_shares_second_is_told_what_the_first_did_and_decides(
    full_lake: Lake, target: Target, come_as: As
) -> None:
    come_as("first")
    first = visit("target", name=NAME)
    come_as("second")
    share(visit("target", name=NAME), "Only me")
    assert now(full_lake).visibility == Visibility.PRIVATE

    come_as("first")
    sentence = told(share(first, "Everybody"))
    assert "seen by its owner" in sentence
    assert now(full_lake).visibility == Visibility.PRIVATE  # nothing was lost

    assert not answers(share(first, "Everybody"))
    assert now(full_lake).visibility == Visibility.PUBLIC  # on purpose this time


def test_what_others_changed_of_a_target_stays_and_the_same_field_is_refused(
    full_lake: Lake, target: Target
) -> None:
    seen = now(full_lake)
    update_target(full_lake.operations, replace(seen, importance=9.0), user=SYSTEM, seen=seen)
    both = update_target(full_lake.operations, replace(seen, description="mine"), user=SYSTEM, seen=seen)
    assert (both.importance, both.description) == (9.0, "mine")
    same = update_target(full_lake.operations, replace(seen, importance=9.0), user=SYSTEM, seen=seen)
    assert same.description == "mine"
    with pytest.raises(Rejected) as refusal:
        update_target(full_lake.operations, replace(seen, importance=1.0), user=SYSTEM, seen=seen)
    assert refusal.value.code == "changed-meanwhile"
    assert now(full_lake).importance == 9.0


def test_a_file_that_was_shared_anew_is_not_shared_over_unseen(full_lake: Lake) -> None:
    maker = find_user(full_lake.operations, "maker")
    assert maker is not None
    sent = uploads(full_lake.operations, maker, limit=1)[0]
    seen = shared_upload(sent)
    private = Shared(owner=seen.owner, visibility=Visibility.PRIVATE)
    share_upload(full_lake, sent.upload_id, private, user=maker, seen=seen)
    with pytest.raises(Rejected) as refusal:
        share_upload(full_lake, sent.upload_id, seen, user=maker, seen=seen)
    assert refusal.value.code == "changed-meanwhile"
    assert share_upload(full_lake, sent.upload_id, seen, user=maker, seen=private).visibility == "public"


def test_a_note_on_a_target_that_was_deleted_is_not_lost_for_its_writer(
    full_lake: Lake, target: Target, come_as: As
) -> None:
    come_as("first")
    at = visit("target", name=NAME)
    at.session_state["target_tab"] = NOTES
    at.run()
    delete_target(full_lake.operations, target.target_id or 0, user=SYSTEM)
    assert "deleted this target" in told(write(at, "It is *fading*."))
    assert [code.value for code in at.code] == ["It is *fading*."]


def test_a_note_on_a_target_that_was_merged_stays_in_its_field(
    full_lake: Lake, target: Target, come_as: As
) -> None:
    kept = create_target(full_lake.operations, Target(name=OTHER, ra_deg=310.0, dec_deg=60.002), by="first")
    come_as("first")
    at = visit("target", name=NAME)
    at.session_state["target_tab"] = NOTES
    at.run()
    merge(full_lake, kept.target_id or 0, target.target_id or 0, by=SYSTEM)
    assert f"merged into {OTHER}" in told(write(at, "Which one is it?"))
    assert at.text_area(key="note_text").value == "Which one is it?"
    wanted = CommentFilter(target_id=kept.target_id)
    assert not list_comments(full_lake.operations, wanted, SYSTEM, limit=9)
    assert not answers(write(at, "Which one is it?"))
    assert [note.text for note in list_comments(full_lake.operations, wanted, SYSTEM, limit=9)] == [
        "Which one is it?"
    ]
    assert at.text_area(key="note_text").value == ""
