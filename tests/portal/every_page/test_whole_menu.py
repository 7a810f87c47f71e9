"""Every page of the menu and every part of a target's page: each kind of lake, each kind of visitor."""

from collections.abc import Callable, Iterator

import pytest
from drawn import answers, armed, is_plain_sentence
from page_lakes import HOSTILE_NAME, PASSWORD, SIMULATED_NAME
from sparse_lakes import CAMERA, FRAME, SESSION, TARGET, fill_sparsely, rows_of_tables
from sqlalchemy import update
from walking import Addresses, Walk

from lake.opening import Lake, open_lake
from lake.operations import users, writing
from lake.people.accounts import create_user, open_session
from lake.settings import read_settings
from portal import opened
from portal.shell.menu import MENU
from portal.target_tabs import TABS

WITH_NULLS = {"one row": False, "nulls": True}
_THERE = {"target": {"name": TARGET}, "camera": {"camera": CAMERA}, "frame": {"frame": FRAME}}
_FULL = {
    "target": {"name": SIMULATED_NAME},
    "camera": {"camera": "Ostrowik_CCD1"},
    "frame": {"frame": "u1"},
}
ADDRESSES: dict[str, Addresses] = {"empty": {}, "full": _FULL, "one row": _THERE, "nulls": _THERE}
Come = Callable[[str, str], Walk]


@pytest.fixture(scope="module")
def sparse_lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lake]]:
    lakes = {}
    for name, with_nulls in WITH_NULLS.items():
        folder = tmp_path_factory.mktemp(name.replace(" ", "_"))
        lakes[name] = open_lake(read_settings({"TOMLAKE_DATA": str(folder)}))
        fill_sparsely(lakes[name], with_nulls=with_nulls)
        assert set(rows_of_tables(lakes[name]).values()) == {1}
    yield lakes
    for lake in lakes.values():
        lake.close()


@pytest.fixture
def come(
    sparse_lakes: dict[str, Lake],
    built_empty_lake: Lake,
    built_full_lake: Lake,
    staff_session: str,
    observer_session: str,
    signed_in: Callable[[str], None],
) -> Come:
    """Return what lets a visitor of a kind begin to walk through a lake of a kind."""
    lakes = {"empty": built_empty_lake, "full": built_full_lake, **sparse_lakes}

    def begin(kind: str, visitor: str) -> Walk:
        opened.use_lake(lakes[kind])
        if visitor != "anonymous":
            of_full = {"user": observer_session, "staff": staff_session}
            signed_in(of_full[visitor] if kind == "full" else session_of(lakes[kind], kind, visitor))
        return Walk()

    return begin


def session_of(lake: Lake, kind: str, visitor: str) -> str:
    """Return the session of a visitor; the only account of a sparse lake becomes what is wanted."""
    is_staff = visitor == "staff"
    if kind == "empty":
        made = create_user(lake.operations, f"walks_as_{visitor}", PASSWORD, is_staff=is_staff)
        return open_session(lake.operations, made)
    with writing(lake.operations) as connection:
        connection.execute(update(users).values(is_staff=is_staff))
    return SESSION


@pytest.mark.parametrize(
    ("kind", "visitor"),
    [(kind, visitor) for kind in ADDRESSES for visitor in ("anonymous", "staff")]
    + [("empty", "user"), ("full", "user")],  # staff see of sparse lakes what a user sees, and more
)
def test_every_page_is_good_whatever_the_lake_holds_and_whoever_looks(
    kind: str, visitor: str, come: Come
) -> None:
    walk = come(kind, visitor)
    faults, titles = [], {}
    for name, at in walk.everywhere(ADDRESSES[kind]):
        titles[name] = at.title[0].value if at.title else ""
        faults += [f"{name}: {each.value}" for each in at.exception]
        faults += [f"{name}: unescaped in {each}" for each in armed(at)]
        faults += [f"{name}: says {each!r}" for each in answers(at) if not is_plain_sentence(each)]
    assert not faults
    seen = {entry.name for entry in MENU if visitor == "staff" or entry.name != "admin"}
    assert {name for name, title in titles.items() if title} >= seen
    assert (titles["account"] == "Sign in") == (visitor == "anonymous")
    if kind != "empty":
        assert {tab.label for tab in TABS} <= set(titles)
        missing = {title for title in titles.values() if title.startswith("No such")}
        # an upload without a target is its sender's alone
        assert missing <= ({"No such frame"} if (kind, visitor) == ("nulls", "anonymous") else set())


def test_a_hostile_name_is_plain_text_in_every_part_of_its_page(come: Come) -> None:
    walk = come("full", "staff")
    for name, at in walk.everywhere({"target": {"name": HOSTILE_NAME}}):
        assert not at.exception, name
        assert not armed(at), name
