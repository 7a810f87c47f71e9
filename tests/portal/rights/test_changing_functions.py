"""What nobody may change who has no right to, function by function; ``change_rules`` lists them."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from change_rules import CHANGING
from drawn_parts import DRAWN
from function_rules import TELLING
from page_rules import PAGES
from portal_functions import functions_for_people, takes_nobody
from rule_kinds import Changes, ChangesOwn, Deed
from shared_lake import Shared
from shared_things import VISITORS, add_account
from sqlalchemy import select

from engine.errors import TomlakeError
from lake.metadata import metadata
from lake.opening import Lake, open_lake
from lake.operations import reading
from lake.people.accounts import User
from lake.settings import read_settings
from portal import opened

FUNCTIONS = functions_for_people()
OF_OTHERS = sorted(name for name, rule in CHANGING.items() if isinstance(rule, Changes))
OF_ONESELF = sorted(name for name, rule in CHANGING.items() if isinstance(rule, ChangesOwn))
_NAMES = ("username", "created_by", "who")
Row = tuple[str, frozenset[tuple[str, str]]]


def test_every_function_that_takes_a_person_has_one_rule() -> None:
    ruled = [f"portal.{name}" for rules in (TELLING, CHANGING, DRAWN) for name in rules]
    assert sorted(ruled) == sorted(FUNCTIONS)
    assert set(DRAWN.values()) <= PAGES.keys()


@pytest.fixture(scope="module")
def spoilt(built_shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Return a copy of the lake, in which something may change."""
    folder = tmp_path_factory.mktemp("spoilt") / "lake"
    shutil.copytree(built_shared.lake.settings.data_dir, folder)
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(folder), "TOMLAKE_SIGN_UP": "approved"}))
    opened.use_lake(lake)
    yield replace(built_shared, lake=lake)
    lake.close()


def state_of(lake: Lake) -> frozenset[Row]:
    """Return every row of every table of operations, and the version of the points and frames."""
    rows: set[Row] = {("version", frozenset({("version", str(lake.store.version()))}))}
    with reading(lake.operations) as connection:
        for table in metadata.sorted_tables:
            found = connection.execute(select(table)).mappings()
            rows |= {(table.name, frozenset((name, repr(row[name])) for name in row)) for row in found}
    return frozenset(rows)


def try_it(rule: Changes, deed: Deed) -> None:
    try:
        rule.ask(deed)
    except TomlakeError:
        return


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_function_changes_nothing_for_who_may_not(spoilt: Shared, name: str) -> None:
    rule = CHANGING[name]
    assert isinstance(rule, Changes)
    given = rule.prepare(spoilt)
    before = state_of(spoilt.lake)
    for visitor in VISITORS:
        if visitor not in rule.who and (visitor != "anonymous" or takes_nobody(FUNCTIONS[f"portal.{name}"])):
            try_it(rule, Deed(user=spoilt.user(visitor), shared=spoilt, given=given))
            assert state_of(spoilt.lake) == before, visitor
    for visitor in sorted(rule.who):
        given = rule.prepare(spoilt)
        before = state_of(spoilt.lake)
        rule.ask(Deed(user=spoilt.user(visitor), shared=spoilt, given=given))
        assert state_of(spoilt.lake) != before, visitor


def is_of(user: User, row: Mapping[str, str]) -> bool:
    """Return whether a row is of a person, or of what this person made."""
    return row.get("user_id") == repr(user.user_id) or any(
        row.get(name) == repr(user.username) for name in _NAMES
    )


@pytest.mark.parametrize("name", OF_ONESELF)
def test_a_function_changes_what_is_ones_own_and_nothing_else(spoilt: Shared, name: str) -> None:
    rule = CHANGING[name]
    assert isinstance(rule, ChangesOwn)
    user = add_account(spoilt.lake, f"self{OF_ONESELF.index(name)}", "Self")
    before = state_of(spoilt.lake)
    rule.ask(Deed(user=user, shared=spoilt))
    changed = before ^ state_of(spoilt.lake)
    assert changed
    assert [row for row in changed if not is_of(user, dict(row[1]))] == []
