"""The tabs Cite, History, Passport and Notes of a target's page: who sees what there."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import polars as pl
import pytest
from page_lakes import HOSTILE_NAME, HOSTILE_TEXT, PASSWORD, REAL_NAME, SIMULATED_NAME, example_points
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.errors import Rejected
from engine.lightcurve import light_curve
from engine.target import Visibility
from lake.citing import papers_of
from lake.history import deeds_on, touches_of
from lake.inbox.changes import share_upload
from lake.inbox.uploads import uploads
from lake.notices.mentions import mentions
from lake.opening import Lake
from lake.people.accounts import User, create_user, find_user, open_session
from lake.people.comments import CommentFilter, list_comments
from lake.people.profile import Profile, change_profile
from lake.provenance import new_batch
from lake.raw_answer import raw_answer
from lake.rights import SYSTEM, Shared
from lake.seen import seen_light_curve
from lake.targets import get_target, update_target
from lake.trace.explain import explain
from portal.target_tabs.notes import note_markdown

TABS = {
    "Sky": ":material/explore: Sky",
    "Spectra": ":material/waves: Spectra",
    "Passport": ":material/badge: Passport",
    "Notes": ":material/forum: Notes",
    "Cite": ":material/format_quote: Cite",
    "History": ":material/history: History",
}
As = Callable[[str], None]


def person(lake: Lake, name: str) -> User:
    found = find_user(lake.operations, name)
    return found or create_user(lake.operations, name, PASSWORD, full_name=name.title())


def open_tab(tab: str, name: str, **query: str) -> AppTest:
    at = visit("target", name=name, **query)
    at.session_state["target_tab"] = TABS[tab]
    return at.run()


def shown(at: AppTest) -> str:
    bodies = [block.proto.body for block in at.get("html")]
    return "\n".join([words(at), *(code.value for code in at.code), *bodies])


@pytest.fixture
def come_as(full_lake: Lake, signed_in: As) -> As:
    return lambda name: signed_in(open_session(full_lake.operations, person(full_lake, name)))


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("name", [SIMULATED_NAME, REAL_NAME, HOSTILE_NAME])
def test_a_tab_is_good_for_everybody_with_and_without_points(tab: str, name: str, full_lake: Lake) -> None:
    assert not open_tab(tab, name).exception


def test_the_tab_cite_gives_the_sentences_and_the_observers_of_frames(full_lake: Lake) -> None:
    maker = person(full_lake, "maker")
    change_profile(
        full_lake.operations,
        maker,
        Profile(
            full_name="Mia Maker", affiliation="Hill & Co", latex_name=r"M{\i}a", email="mia@example.org"
        ),
    )
    at = open_tab("Cite", REAL_NAME)
    text = shown(at)
    assert "has 40 points, 5 upper limits among them" in text
    assert "@MISC{2019PASP..131a8003M," in text
    assert "mia@example.org" not in text


@pytest.fixture
def closed_point(full_lake: Lake) -> Iterator[str]:
    """Make all files of the simulated target their sender's alone; give the measured one's point."""
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    sent = uploads(full_lake.operations, SYSTEM, target_id=target.target_id, limit=9)
    maker = person(full_lake, "maker")

    def share(visibility: Visibility) -> None:
        for each in sent:
            share_upload(full_lake, each.upload_id, Shared(owner="maker", visibility=visibility), user=maker)

    sha256 = next(each.sha256 for each in sent if each.filename.startswith("measured"))
    points = full_lake.store.light_curve(target.target_id or 0)
    share(Visibility.PRIVATE)
    yield str(points.filter(pl.col("source_ref").str.starts_with(sha256))["point_id"][0])
    share(Visibility.PUBLIC)


def test_nothing_of_a_closed_upload_is_in_any_tab_of_a_stranger(
    full_lake: Lake, come_as: As, closed_point: str
) -> None:
    for tab in TABS:
        text = shown(open_tab(tab, SIMULATED_NAME, point=closed_point))
        assert "measured" not in text
        assert "Mia" not in text
    assert f"has no point {closed_point}" in shown(open_tab("Passport", SIMULATED_NAME, point=closed_point))
    come_as("maker")
    assert "measured*.fits" in shown(open_tab("Passport", SIMULATED_NAME, point=closed_point))
    assert "Mia" in shown(open_tab("Cite", SIMULATED_NAME))


def touching_sources(lake: Lake, user: User | None) -> list[str]:
    target_id = get_target(lake.operations, SIMULATED_NAME, SYSTEM).target_id or 0
    points = seen_light_curve(lake.operations, lake.store, target_id, user)
    return [each.source for each in touches_of(lake, lake.store, points, target_id)]


def test_the_versions_of_a_stranger_do_not_tell_of_a_closed_upload(
    full_lake: Lake, closed_point: str
) -> None:
    assert touching_sources(full_lake, None) == ["ztf"]
    assert sorted(touching_sources(full_lake, person(full_lake, "maker"))) == ["upload", "upload", "ztf"]


def test_only_who_may_change_a_target_reads_who_changed_it(full_lake: Lake, come_as: As) -> None:
    operations = full_lake.operations
    target = get_target(operations, "Many07", SYSTEM)
    update_target(operations, replace(target, classification="Nova"), user=person(full_lake, "maker"))
    assert "changed the target" not in shown(open_tab("History", "Many07"))
    with pytest.raises(Rejected) as refusal:
        deeds_on(operations, target, person(full_lake, "stranger"))
    assert refusal.value.code == "no-right"
    come_as("maker")
    text = shown(open_tab("History", "Many07"))
    assert r"changed the target: class from Unknown to Nova" in text


def test_a_passport_leads_from_a_point_of_a_frame_to_its_bytes(full_lake: Lake) -> None:
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    points = full_lake.store.light_curve(target.target_id or 0).filter(pl.col("source") == "upload")
    row = points.row(0, named=True)
    at = visit("target", name=SIMULATED_NAME, point=str(row["point_id"]))
    text = shown(at)  # the address opens the tab
    assert not at.exception
    assert row["source_ref"].split(":")[0] in text
    assert f"point={row['point_id']}" in text
    assert "bytes, sound" in text


def test_a_point_of_another_target_or_no_number_is_refused(full_lake: Lake) -> None:
    other = get_target(full_lake.operations, REAL_NAME, SYSTEM)
    point_id = full_lake.store.light_curve(other.target_id or 0)["point_id"][0]
    for asked in (str(point_id), "<script>", "9" * 400, "²"):
        at = visit("target", name=SIMULATED_NAME, point=asked)
        assert not at.exception
        assert "has no point" in words(at)


def test_the_raw_answer_of_an_archive_is_given_but_no_persons_file(full_lake: Lake) -> None:
    target = get_target(full_lake.operations, "Many11", SYSTEM)
    body = b"oid,mag\n1,17.5\n"  # hand-made
    sha256 = full_lake.raw.put(body)
    for source, is_shown in (("ztf", True), ("kmtnet", None), ("upload", False)):
        points = example_points(target.target_id or 0, count=3).with_columns(
            source=pl.lit(source), point_id=pl.lit(None, dtype=pl.Int64())
        )
        batch = new_batch("harvest", source, target_id=target.target_id, raw_sha256=sha256)
        full_lake.store.replace_points(target.target_id or 0, source, light_curve(points), batch=batch)
        held = full_lake.store.light_curve(target.target_id or 0).filter(pl.col("source") == source)
        given = raw_answer(full_lake, explain(full_lake, int(held["point_id"][0]), None))
        if is_shown is not None:
            assert (given is not None and given.body == body) == is_shown


def test_a_note_is_written_read_escaped_and_taken_back_by_its_writer_alone(
    full_lake: Lake, come_as: As
) -> None:
    assert not [button for button in open_tab("Notes", "Many09").button if button.label == "Write"]
    come_as("writer")
    at = open_tab("Notes", "Many09")
    next(area for area in at.text_area if area.label == "Note").set_value(f"{HOSTILE_TEXT} @maker look")
    next(button for button in at.button if button.label == "Write").click().run()
    assert not at.exception
    text = words(at)
    assert (
        ":violet[**@maker**] look" in text and r"\<img" in text and "<img" not in text.replace(r"\<img", "")
    )
    come_as("reader")
    at = open_tab("Notes", "Many09")
    assert not [button for button in at.button if button.label == "Remove"]
    come_as("writer")
    at = open_tab("Notes", "Many09")
    next(button for button in at.button if button.label == "Remove").click().run()
    assert list_comments(full_lake.operations, CommentFilter(target_name="Many09"), None, limit=5) == []


def test_an_empty_note_is_refused_in_a_sentence(full_lake: Lake, come_as: As) -> None:
    come_as("writer")
    at = open_tab("Notes", "Many09")
    next(button for button in at.button if button.label == "Write").click().run()
    assert any("1 to 5000 characters" in warning.value for warning in at.warning)


def test_mentions_are_user_names_and_no_addresses() -> None:
    assert mentions("@ada, ask @bob.smith. Write to x@example.org, @@ and @ada") == ["ada", "bob.smith"]
    assert note_markdown("hi @ada!\nsee # this", "Ada") == "hi :orange[**@ada**]\\!  \nsee \\# this"


def test_credits_are_of_the_accounts_that_sent_the_points_given(full_lake: Lake) -> None:
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    points = full_lake.store.light_curve(target.target_id or 0)
    known = papers_of(full_lake.operations, full_lake.store, points)
    assert {person.name for people in known.people.values() for person in people} == {"Mia Maker"}
    nobody = papers_of(full_lake.operations, full_lake.store, points.filter(pl.col("source") != "upload"))
    assert not nobody.people
