"""Lists of targets that people save: their own alone, and never a way round the rights of a target."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.operations import open_operations
from lake.people.accounts import User, create_user
from lake.people.departure import delete_account
from lake.people.saved_lists import (
    MOST_LISTS,
    forget_list,
    lists_of,
    save_filters,
    save_targets,
    targets_of_list,
)
from lake.rights import SYSTEM
from lake.targets import create_target, delete_target, get_target, update_target

PASSWORD = "an honest password"


@pytest.fixture
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("lists")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture
def ada(operations: Engine) -> User:
    return create_user(operations, "ada", PASSWORD)


@pytest.fixture
def bob(operations: Engine) -> User:
    return create_user(operations, "bob", PASSWORD)


def make(operations: Engine, name: str, ra_deg: float, *, by: str, is_private: bool = False) -> int:
    visibility = Visibility.PRIVATE if is_private else Visibility.PUBLIC
    target = Target(name=name, ra_deg=ra_deg, dec_deg=1.0, visibility=visibility)
    return create_target(operations, target, by=by).target_id or 0


def code_of(function: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Rejected) as refusal:
        function(*args, **kwargs)  # type: ignore[operator]
    return refusal.value.code


def test_filters_and_targets_come_back_to_who_saved_them_and_to_nobody_else(
    operations: Engine, ada: User, bob: User
) -> None:
    one, two = (make(operations, f"T{number}", 10.0 * number, by="ada") for number in (1, 2))
    save_filters(operations, "  Bright   ones ", {"brighter": "15"}, by=ada)
    chosen = save_targets(operations, "Tonight", [one, two, one], by=ada)
    assert [
        (each.name, each.is_set, dict(each.filters), each.targets) for each in lists_of(operations, ada)
    ] == [
        ("Bright ones", False, {"brighter": "15"}, 0),
        ("Tonight", True, {}, 2),
    ]
    assert targets_of_list(operations, chosen, ada) == {one, two}
    assert lists_of(operations, bob) == []
    assert (
        targets_of_list(operations, chosen, bob) == targets_of_list(operations, chosen, None) == frozenset()
    )
    assert not forget_list(operations, chosen, by=bob)
    assert forget_list(operations, chosen, by=ada)
    assert targets_of_list(operations, chosen, ada) == frozenset()


def test_two_people_may_use_one_name_and_one_person_once(operations: Engine, ada: User, bob: User) -> None:
    target = make(operations, "T", 5.0, by="ada")
    for user in (ada, bob):
        save_filters(operations, "Novae", {"class": "Nova"}, by=user)
    assert code_of(save_filters, operations, "NOVAE", {}, by=ada) == "list-taken"
    assert code_of(save_targets, operations, "novae", [target], by=ada) == "list-taken"


def test_a_list_of_targets_grows_and_never_counts_what_its_owner_may_not_see(
    operations: Engine, ada: User, bob: User
) -> None:
    seen, closed = (
        make(operations, "Open", 1.0, by="ada"),
        make(operations, "Closed", 2.0, by="ada", is_private=True),
    )
    chosen = save_targets(operations, "Mine", [closed], by=bob)
    assert [each.targets for each in lists_of(operations, bob)] == [0]
    assert save_targets(operations, "mine", [seen, 999_999], by=bob) == chosen
    assert targets_of_list(operations, chosen, bob) == {seen}
    shut = get_target(operations, seen, SYSTEM)
    update_target(operations, replace(shut, visibility=Visibility.PRIVATE), user=SYSTEM)
    assert [each.targets for each in lists_of(operations, bob)] == [0]


def test_a_list_forgets_targets_that_are_deleted_and_goes_with_its_account(
    operations: Engine, ada: User, bob: User
) -> None:
    gone = make(operations, "Gone", 3.0, by="ada")
    chosen = save_targets(operations, "Mine", [gone], by=bob)
    delete_target(operations, gone, user=SYSTEM)
    assert targets_of_list(operations, chosen, bob) == frozenset()
    create_user(operations, "boss", PASSWORD, is_staff=True)
    delete_account(operations, bob, keep_name=True)
    assert lists_of(operations, bob) == []


def test_what_cannot_be_saved_is_refused(operations: Engine, ada: User) -> None:
    assert code_of(save_filters, operations, " ", {}, by=ada) == "bad-list"
    assert code_of(save_filters, operations, "a" * 10_000, {}, by=ada) == "bad-list"
    assert code_of(save_filters, operations, "a\u202eb", {}, by=ada) == "bad-list"
    assert code_of(save_filters, operations, "Long", {"q": "x" * 10_000}, by=ada) == "bad-list"
    assert code_of(save_targets, operations, "None", [], by=ada) == "list-full"
    assert code_of(save_targets, operations, "Many", range(6000), by=ada) == "list-full"
    for number in range(MOST_LISTS):
        save_filters(operations, f"List {number}", {}, by=ada)
    assert code_of(save_filters, operations, "One more", {}, by=ada) == "too-many-lists"
