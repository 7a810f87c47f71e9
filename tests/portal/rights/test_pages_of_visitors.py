"""What every page sends to every visitor, for every way to share; ``page_rules`` lists the pages."""

import re
from collections.abc import Iterator

import pytest
from browser import Browser, picture_mark, read_files
from page_rules import FOR_STAFF, MISSING, NAMING, PAGES, Visit
from page_visits import words
from shared_lake import Shared
from shared_things import VISITORS, WORDS, Thing, seen_by, told_in

from lake.rights import SYSTEM
from portal import opened
from portal.frame.verdicts import picture_of, verdicts_of_upload
from portal.shell.menu import MENU
from portal.target_tabs import TABS


@pytest.fixture(scope="module")
def browsers(built_shared: Shared) -> Iterator[dict[str, Browser]]:
    opened.use_lake(built_shared.lake)
    with pytest.MonkeyPatch.context() as patches:
        read_files(patches)
        yield {each: Browser(patches, built_shared.sessions.get(each, "")) for each in VISITORS}


@pytest.fixture(scope="module")
def pictures(built_shared: Shared) -> dict[str, str]:
    """Return by what the cut-out of each thing's frame is known again."""
    opened.use_lake(built_shared.lake)
    found = {}
    for kind, thing in built_shared.things.items():
        drawn = picture_of(verdicts_of_upload(thing.upload_id, SYSTEM)[0])
        assert drawn is not None
        found[picture_mark(drawn)] = kind
    assert len(found) == len(built_shared.things)
    return found


def test_every_page_of_the_menu_and_every_part_of_a_targets_page_has_a_rule() -> None:
    assert {entry.name for entry in MENU} == PAGES.keys()
    chosen = {visit.state.get("target_tab") for visit in PAGES["target"]}
    assert {tab.label for tab in TABS} == chosen - {None}


def words_of(shared: Shared, thing: Thing) -> dict[str, object]:
    """Return what stands between braces in a rule."""
    return {
        "word": thing.word,
        "low": thing.target.name.removesuffix("26").lower(),
        "target_id": thing.target.target_id,
        "frame_id": thing.frame_id,
        "spectrum_id": thing.spectrum_id,
        "point_id": thing.point_id,
        "oname": thing.oname,
        "list_id": shared.places.list_id,
        "version": shared.lake.store.version(),
    }


def sent(shared: Shared, browser: Browser, page: str, visit: Visit) -> str:
    """Return everything that a page sends under all addresses of a rule."""
    told = []
    for kind in visit.of or ("public",):
        words = words_of(shared, shared.things[kind])
        query = {name: value.format(**words) for name, value in visit.query.items()}
        told.append(browser.open(page, query, visit.state))
    return "\n".join(told)


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_tells_of_a_thing_whom_it_may_and_nobody_else(
    shared: Shared, browsers: dict[str, Browser], pictures: dict[str, str], page: str, visitor: str
) -> None:
    seen = seen_by(visitor)
    if page == FOR_STAFF and visitor != "staff":
        assert not browsers[visitor].has(page)
        return
    for visit in PAGES[page]:
        text = sent(shared, browsers[visitor], page, visit)
        told = told_in(text) | {kind for mark, kind in pictures.items() if mark in text}
        assert told - seen == frozenset(), visit
        assert told & visit.never == frozenset(), visit
        if visitor in visit.who:
            for kind in seen & frozenset(visit.must):
                proof = visit.proof.format(word=WORDS[kind]).encode().decode("latin-1")
                assert proof in text, (visit, kind)


def neutral(browser: Browser, page: str, query: dict[str, str], asked: dict[str, object]) -> str:
    """Return the words of a page with what was asked for taken out."""
    given = {name: value.format(**asked) for name, value in query.items()}
    browser.open(page, given, {})
    text = words(browser.at)
    for value in given.values():
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "<asked>", text)
    return text


@pytest.mark.parametrize("visitor", ["anonymous", "stranger"])
@pytest.mark.parametrize("page", NAMING)
def test_what_is_closed_looks_as_what_never_was(
    shared: Shared, browsers: dict[str, Browser], page: str, visitor: str
) -> None:
    for query in NAMING[page]:
        never = neutral(browsers[visitor], page, query, MISSING)
        for kind in ("group", "private", "embargoed"):
            asked = words_of(shared, shared.things[kind])
            assert neutral(browsers[visitor], page, query, asked) == never, (query, kind)
