"""The list of targets as people use it: filters, sky, saved lists, files, and what nobody else may see."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
import streamlit as st
from page_lakes import HOSTILE_NAME, PASSWORD, REAL_NAME, SIMULATED_NAME
from page_visits import SHELL, TIMEOUT_S, visit, words
from streamlit.testing.v1 import AppTest

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.opening import Lake
from lake.people.accounts import User, create_user, find_user, open_session
from lake.people.comments import add_comment
from lake.people.saved_lists import lists_of, save_targets
from lake.rights import SYSTEM
from lake.target_groups import add_to_group, list_groups
from lake.target_list import TargetFilter, target_places
from lake.targets import create_target, delete_target, find_targets, get_target
from portal.security.cookie import SESSION_COOKIE
from portal.target_list import choices
from portal.target_list.choices import Choices
from portal.target_list.sky_map import FRAMES, sky_rows, sky_spec
from portal.target_list.target_search import search_of

SignIn = Callable[[str], User]
HOSTILE_TEXTS = (
    "x" * 10_000, "\u202egnp.exe", "🔭" * 3000, "<script>alert(1)</script>", "'; DROP TABLE targets; --",
    "../../etc/passwd", "=HYPERLINK(1)", "%_\\", "a\0b", "**bold** :red[x] $y$",
)  # fmt: skip


@pytest.fixture
def sign_in(full_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Return how to come in by name, as somebody who is made where there is nobody yet."""

    def send(name: str) -> User:
        found = find_user(full_lake.operations, name) or create_user(full_lake.operations, name, PASSWORD)
        cookies = property(lambda _: {SESSION_COOKIE: open_session(full_lake.operations, found)})
        monkeypatch.setattr(type(st.context), "cookies", cookies)
        return found

    return send


def shown(at: AppTest) -> list[str]:
    return at.dataframe[0].value["Target"].to_list() if at.dataframe else []


def found(lake: Lake, user: User | None = None, **chosen: object) -> list[str]:
    search = search_of(lake, Choices(**chosen), user)  # type: ignore[arg-type]
    return [row.target.name for row in find_targets(lake.operations, search.wanted, user)[0]]


def test_a_position_in_the_address_finds_what_lies_near_and_a_name_does_as_well(full_lake: Lake) -> None:
    assert shown(visit("targets", near="00:40:00 -20:00:00", radius="1")) == [SIMULATED_NAME]
    assert shown(visit("targets", near=REAL_NAME, radius="1")) == [REAL_NAME]
    at = visit("targets", near="nowhere at all")
    assert not at.exception
    assert not at.dataframe
    assert "Write a position as RA and Dec" in words(at)


def test_every_filter_stands_in_the_address_and_comes_back_from_it() -> None:
    chosen = Choices(
        name="gaia", classification="SN", near="10 20", radius=5.5, brighter=18.0, fainter=9.0,
        importance=2.0, points=3, most_points=900, seen="Last week",
        flags=(choices.OVERDUE, choices.MINE), group="My, group", saved=7,
        up="Mount & Hill", show="Observed", order="Name", view="Sky",
    )  # fmt: skip
    assert len(chosen.address()) == len(choices.FIELDS)
    assert choices.of_address(chosen.address()) == chosen


def test_a_click_on_filters_narrows_the_list_and_is_told_above_it(full_lake: Lake) -> None:
    at = visit("targets", view="List")
    at.number_input(key="targets_points").set_value(1).run()
    assert sorted(shown(at)) == [REAL_NAME, SIMULATED_NAME]
    assert at.query_params["points"] == "1"
    assert "points from 1" in words(at)
    at.pills(key="targets_flags").set_value([choices.OVERDUE]).run()
    assert not at.exception
    assert at.query_params["flags"] == choices.OVERDUE
    next(button for button in at.button if button.label == "Clear all filters").click().run()
    assert len(shown(at)) == choices.PAGE_SIZE
    assert not at.query_params


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_in_any_field_or_address_breaks_the_page(text: str, full_lake: Lake) -> None:
    fields = {"q": text, "near": text, "group": text, "up": text, "list": text, "flags": text, "radius": text}
    at = visit("targets", **fields)
    assert not at.exception
    assert at.title[0].value == "Targets"
    for field in ("name", "near"):
        at.text_input(key=f"targets_{field}").set_value(text).run()
        assert not at.exception
    assert "<script>" not in "".join(str(block.proto.body) for block in at.get("html"))


@pytest.mark.parametrize("view", choices.VIEWS)
@pytest.mark.parametrize("name", ["maker", "stranger", "boss", None])
def test_a_private_target_shows_in_no_view_of_a_stranger(
    view: str, name: str | None, full_lake: Lake, sign_in: SignIn
) -> None:
    if name == "boss" and find_user(full_lake.operations, "boss") is None:
        create_user(full_lake.operations, "boss", PASSWORD, is_staff=True)
    user = sign_in(name) if name else None
    at = visit("targets", q="Secret", view=view)
    assert not at.exception
    may = name in {"maker", "boss"}
    assert ("1 target" in words(at)) == may
    places, total = target_places(full_lake.operations, TargetFilter(name="Secret"), user, limit=10)
    assert (places["name"].to_list(), total) == ((["Secret1"], 1) if may else ([], 0))
    assert ("Secret1" in found(full_lake, user, near="40 -20")) == may
    assert ("Secret1" in found(full_lake, user, flags=(choices.CLOSED,))) == may
    refused = search_of(full_lake, Choices(near="Secret1"), user).refusals
    assert refused == (() if may else search_of(full_lake, Choices(near="Secret9"), user).refusals)


def test_a_list_of_somebody_else_is_like_one_that_never_was(full_lake: Lake, sign_in: SignIn) -> None:
    maker = sign_in("maker")
    target_id = get_target(full_lake.operations, REAL_NAME, None).target_id or 0
    list_id = save_targets(full_lake.operations, "Mine", [target_id], by=maker)
    assert shown(visit("targets", list=str(list_id))) == [REAL_NAME]
    sign_in("stranger")
    told = [
        words(visit("targets", list=str(number))).replace(str(number), "N") for number in (list_id, 987_654)
    ]
    assert told[0] == told[1]
    assert "not yours" in told[0]
    assert REAL_NAME not in told[0]


def test_filters_are_saved_opened_and_forgotten(full_lake: Lake, sign_in: SignIn) -> None:
    user = sign_in("keeper")
    at = visit("targets", q="Many0", order="Name")
    at.text_input(key="save_list_name").set_value("*First* ten")
    next(button for button in at.button if button.label == "Save").click().run()
    assert not at.exception
    (kept,) = lists_of(full_lake.operations, user)
    assert dict(kept.filters) == {"q": "Many0", "order": "Name"}
    at = visit("targets")
    at.button(key=f"open_list_{kept.list_id}").click().run()
    assert len(shown(at)) == 10
    assert at.query_params["q"] == "Many0"
    at.button(key=f"forget_list_{kept.list_id}").click().run()
    assert lists_of(full_lake.operations, user) == []


def test_a_group_narrows_the_list_and_files_ask_for_the_same(full_lake: Lake, sign_in: SignIn) -> None:
    for name in (REAL_NAME, "Secret1"):
        add_to_group(full_lake.operations, "Follow & up", name, by=SYSTEM)
    at = visit("targets", group="Follow & up")
    assert shown(at) == [REAL_NAME]
    links = {link.proto.label: link.proto.url for link in at.get("link_button")}
    assert set(links) == {"CSV", "JSON", "VOTable"}
    assert parse_qs(urlsplit(links["CSV"]).query) == {"group": ["Follow & up"]}
    assert [group.name for group in list_groups(full_lake.operations, None)] == ["Follow & up"]


def test_what_is_up_tonight_from_a_site_is_asked_for_by_its_name(full_lake: Lake) -> None:
    everything = len(found(full_lake))
    assert everything == choices.PAGE_SIZE
    north = create_target(
        full_lake.operations, Target(name="Always up", ra_deg=0.0, dec_deg=80.0), by="maker"
    )
    south = create_target(
        full_lake.operations, Target(name="Never up", ra_deg=0.0, dec_deg=-80.0), by="maker"
    )
    try:
        named = found(full_lake, up="Ostrowik")
        assert "Always up" in named
        assert "Never up" not in named
        assert "Never up" in found(full_lake, name="Never")
        refused = search_of(full_lake, Choices(up="Atlantis"), None)
        assert refused.wanted.target_ids == frozenset()
        assert "No observatory is named" in refused.refusals[0]
    finally:
        for made in (north, south):
            delete_target(full_lake.operations, made.target_id or 0, user=SYSTEM)


def test_a_file_of_targets_is_judged_first_and_added_when_asked(full_lake: Lake, sign_in: SignIn) -> None:
    assert not [area for area in visit("targets").text_area if area.key == "import_text"]
    sign_in("bringer")
    at = visit("targets")
    at.text_area(key="import_text").set_value("name,ra,dec\nBrought 1,333,44\nbad:name,1,1\n").run()
    at.button(key="import_check").click().run()
    verdicts = next(frame.value for frame in at.dataframe if "Says" in frame.value.columns)
    assert verdicts["Row"].to_list() == ["to mend", "good"]
    with pytest.raises(Rejected):
        get_target(full_lake.operations, "Brought 1", None)
    at.button(key="import_store").click().run()
    assert not at.exception
    made = get_target(full_lake.operations, "Brought 1", None)
    assert (made.ra_deg, made.created_by) == (333.0, "bringer")
    assert "1 target added" in " ".join(str(each.value) for each in at.success)
    delete_target(full_lake.operations, made.target_id or 0, user=SYSTEM)


def test_the_sky_holds_every_target_that_has_a_place(full_lake: Lake) -> None:
    at = visit("targets", view="Sky", q="Many0")
    assert not at.exception
    assert "10 targets on the whole sky" in at.get("vega_lite_chart")[0].proto.alt
    places, _ = target_places(full_lake.operations, TargetFilter(name="Many0"), None, limit=100)
    for frame in FRAMES:
        marks = sky_rows(places, frame).filter(pl.col("kind") == "target")
        assert sorted(marks["name"]) == sorted(places["name"])
        assert ((marks["x"] / 2) ** 2 + marks["y"] ** 2 <= 1.0 + 1e-9).all()
    assert sky_spec() is sky_spec()
    assert not sky_rows(places.clear(), FRAMES[0]).filter(pl.col("kind") == "target").height


def test_hostile_names_stay_plain_on_cards_and_the_front_page(full_lake: Lake) -> None:
    add_comment(full_lake.operations, HOSTILE_NAME, "<img src=x> **loud** " + "y" * 4000, by=SYSTEM)
    told = words(visit("targets", view="Cards", q="#1"))
    at = visit("home")
    assert not at.exception
    assert "**loud**" not in "".join(str(markdown.value) for markdown in at.markdown)
    said = next(text.value for text in at.text if "loud" in text.value)
    assert len(said) < 200
    assert "[x]" not in told


def test_the_front_page_tells_everybody_only_what_they_may_see(full_lake: Lake, sign_in: SignIn) -> None:
    hidden = get_target(full_lake.operations, "Secret1", SYSTEM)
    assert hidden.visibility == Visibility.PRIVATE
    add_comment(full_lake.operations, "Secret1", "A secret remark.", by=SYSTEM)
    assert "secret remark" not in words(visit("home"))
    sign_in("stranger")
    assert "secret remark" not in words(visit("home"))
    sign_in("maker")
    assert "secret remark" in words(visit("home"))


def test_the_front_page_plans_the_night_from_the_site_that_is_chosen(
    full_lake: Lake, sign_in: SignIn
) -> None:
    at = visit("home")
    assert "Choose where you observe" in words(at)
    at.selectbox(key="home_telescope").set_value("Ostrowik").run()
    assert not at.exception
    assert "Choose where you observe" not in words(at)
    sign_in("maker")  # who registered Ostrowik
    at = visit("home")
    assert at.selectbox(key="home_telescope").value == "Ostrowik"


def test_the_front_page_reads_no_light_curve(full_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a light curve was read")

    monkeypatch.setattr(type(full_lake.store), "light_curve", refuse)
    at = AppTest.from_file(SHELL, default_timeout=TIMEOUT_S).run()
    assert not at.exception
    assert "than usual" in words(at) or "bright as usual" in words(at)
