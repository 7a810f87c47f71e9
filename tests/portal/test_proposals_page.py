"""New on the sky: what everybody may see and do there, and that a broker's words stay plain text."""

from collections.abc import Callable, Iterator

import pytest
from page_lakes import HOSTILE_TEXT, PASSWORD
from page_visits import visit, words
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from engine.brokers.streams.protocol import Rule, candidates
from engine.target import Target, Visibility
from lake.opening import Lake
from lake.operations import jobs, targets, watches, writing
from lake.people.accounts import User, create_user, open_session
from lake.proposals import ProposalState, list_proposals, store_candidates
from lake.queue import enqueue
from lake.rights import SYSTEM
from lake.targets import create_target, get_target
from lake.watches import Watch, add_watch, list_watches

SignIn = Callable[[str], None]
DEC_DEG = 45.0  # of everything found here
RULE = Rule(classification="SN candidate")


@pytest.fixture(scope="module")
def eve(built_full_lake: Lake) -> User:
    return create_user(built_full_lake.operations, "eve", PASSWORD)


@pytest.fixture
def watched(full_lake: Lake, eve: User) -> Iterator[Watch]:
    """Return a watch of Eve's that found three things, one of them with hostile words."""
    watch = Watch(name="eves *own*", stream="fink_ztf", rule=RULE)
    watch = add_watch(full_lake.operations, watch, by=eve.username)
    rows = [
        {"name": name, "ra_deg": 200.0 + place, "dec_deg": DEC_DEG, "mag": 17.5, "band": "ZTF(zg)",
         "mjd": 61312.0, "classification": word, "link": f"https://ztf.fink-portal.org/{place}"}
        for place, (name, word) in enumerate([("ZTF26one", "SN Ia"), ("ZTF26two", ""), ("*x*", HOSTILE_TEXT)])
    ]  # fmt: skip
    store_candidates(full_lake.operations, watch, candidates(rows))
    yield watch
    with writing(full_lake.operations) as connection:
        connection.execute(delete(watches))
        connection.execute(delete(targets).where(targets.c.dec_deg == DEC_DEG))
        connection.execute(delete(jobs).where(jobs.c.kind.in_(("watch", "harvest"))))


@pytest.fixture
def eve_is_here(full_lake: Lake, eve: User, signed_in: SignIn) -> None:
    signed_in(open_session(full_lake.operations, eve))


def press(at: AppTest, label: str, place: int = 0) -> AppTest:
    """Press one of the buttons of this name."""
    return [button for button in at.button if button.label == label][place].click().run()


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def test_nobody_sees_proposals_without_signing_in(watched: Watch) -> None:
    at = visit("proposals")
    assert "Sign in to see what is new" in words(at)
    assert "ZTF26one" not in words(at)
    assert not at.button


def test_an_empty_list_says_how_a_watch_is_added(
    full_lake: Lake,
    observer_session: str,
    signed_in: SignIn,
) -> None:
    signed_in(observer_session)
    at = visit("proposals")
    assert not at.exception
    assert "Add a watch above" in words(at)


@pytest.mark.usefixtures("eve_is_here")
def test_a_proposal_becomes_a_target_by_one_button(watched: Watch, full_lake: Lake) -> None:
    at = visit("proposals")
    assert "17\\.50 mag ZTF\\(zg\\), SN Ia" in words(at)
    at = press(at, "Make a target", place=2)  # the newest stands first
    assert not at.exception
    assert "ZTF26one is a target" in at.info[0].value
    made = get_target(full_lake.operations, "ZTF26one", None)
    assert (made.created_by, made.classification) == ("eve", "SN")
    assert labels(at).count("Make a target") == 2
    at.segmented_control(key="proposals_state").set_value("Accepted").run()
    assert "**ZTF26one**" in [link.proto.label for link in at.get("page_link")]


@pytest.mark.usefixtures("eve_is_here")
def test_proposals_are_put_aside_one_by_one_or_all_that_are_shown(watched: Watch, full_lake: Lake) -> None:
    at = press(visit("proposals"), "Dismiss")
    assert labels(at).count("Dismiss") == 2
    at = press(at, "Dismiss these 2")
    assert "Nothing here" in words(at)
    found = list_proposals(full_lake.operations, SYSTEM, state=ProposalState.DISMISSED)
    assert {proposal.decided_by for proposal in found} == {"eve"}


@pytest.mark.usefixtures("eve_is_here")
def test_a_brokers_words_stay_plain_text(watched: Watch) -> None:
    shown = words(visit("proposals"))
    assert HOSTILE_TEXT not in shown
    assert r"\<img src\=x" in shown
    assert r"**\*x\***" in shown


def test_somebody_elses_watch_has_no_name_here(
    watched: Watch,
    observer_session: str,
    signed_in: SignIn,
) -> None:
    signed_in(observer_session)
    at = visit("proposals")
    assert "ZTF26one" in words(at)
    assert "eves" not in words(at)
    assert "Rest" not in labels(at)


def test_a_private_target_at_the_place_is_not_named(
    watched: Watch,
    full_lake: Lake,
    observer_session: str,
    signed_in: SignIn,
) -> None:
    hidden = Target(name="HiddenHere", ra_deg=201.0, dec_deg=DEC_DEG, visibility=Visibility.PRIVATE)
    create_target(full_lake.operations, hidden, by="maker")
    signed_in(observer_session)
    at = press(visit("proposals"), "Make a target", place=1)
    assert "private target" in at.info[0].value
    assert "HiddenHere" not in words(at) + at.info[0].value


@pytest.mark.usefixtures("eve_is_here")
def test_a_watch_is_added_asked_and_rests(watched: Watch, full_lake: Lake, eve: User) -> None:
    at = visit("proposals")
    fields = {text.label: text for text in at.text_input}
    fields["Name of the watch"].set_value("near M 31")
    fields["Class"].set_value("SN candidate")
    fields["Cone: RA"].set_value("00:42:44.3")
    fields["Cone: Dec"].set_value("41.27")
    next(number for number in at.number_input if number.label == "Radius (°)").set_value(2.0)
    at = press(at, "Add watch")
    assert not at.exception
    assert "near M 31 is watched" in at.info[0].value
    made = list_watches(full_lake.operations, eve)[-1]
    assert (made.name, made.makes_targets) == ("near M 31", False)
    assert made.rule.cone_ra_deg == pytest.approx(10.684583, abs=1e-5)
    at = press(at, "Ask now", place=1)
    assert "look again in a minute" in at.info[0].value
    assert "wait a little" in press(at, "Ask now", place=1).info[0].value
    at = press(at, "Rest", place=1)
    assert "near M 31 rests" in at.info[0].value
    assert labels(at).count("Go on") == 1


@pytest.mark.usefixtures("eve_is_here")
@pytest.mark.parametrize(
    ("field", "value"), [("Class", ""), ("Name of the watch", ""), ("Cone: RA", "east"), ("Cone: Dec", "5")]
)
def test_a_watch_that_cannot_be_is_refused_in_one_sentence(watched: Watch, field: str, value: str) -> None:
    at = visit("proposals")
    fields = {text.label: text for text in at.text_input}
    fields["Name of the watch"].set_value("refused")
    fields["Class"].set_value("SN candidate")
    fields[field].set_value(value)
    at = press(at, "Add watch")
    assert not at.exception
    assert len(at.warning) == 1


@pytest.mark.usefixtures("eve_is_here")
@pytest.mark.parametrize("stream", ["ALeRCE", "Lasair LSST", "Transient Name Server", "Gaia Science Alerts"])
def test_the_form_asks_only_for_what_a_stream_can_judge_by(watched: Watch, stream: str) -> None:
    at = visit("proposals")
    at.selectbox(key="watch_stream").set_value(stream).run()
    assert not at.exception
    numbers = {number.label for number in at.number_input}
    assert ("Brighter than (mag)" in numbers) == (stream != "ALeRCE")
    assert ("Probability from" in numbers) == (stream == "ALeRCE")
    assert any(area.label.startswith("Conditions") for area in at.text_area) == (stream == "Lasair LSST")
    assert ("account of this installation" in words(at)) == (stream.startswith(("Lasair", "Transient")))


def test_the_job_of_a_watch_is_listed_for_those_who_may_see_the_watch(
    watched: Watch,
    full_lake: Lake,
    eve: User,
    observer_session: str,
    signed_in: SignIn,
) -> None:
    enqueue(full_lake.operations, "watch", {"watch_id": str(watched.watch_id)})
    kinds = {}
    for session in ("", observer_session, open_session(full_lake.operations, eve)):
        signed_in(session)
        kinds[session] = visit("jobs").dataframe[0].value["For"].to_list().count("eves *own*")
    assert list(kinds.values()) == [0, 0, 1]
