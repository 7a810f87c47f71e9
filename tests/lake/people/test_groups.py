"""Groups: who makes one leads it, strangers do not learn of it, and it never stands without a leader."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.operations import open_operations
from lake.people.accounts import Role, User, create_user, find_user
from lake.people.groups import (
    create_group,
    delete_group,
    get_group,
    list_groups,
    members,
    remove_member,
    set_member,
)
from lake.rights import SYSTEM
from lake.targets import create_target, get_target


@pytest.fixture
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("groups")).operations_url)
    for name in ("ada", "bob", "eve"):
        create_user(opened, name, "right horse")
    yield opened
    opened.dispose()


def person(operations: Engine, name: str) -> User:
    found = find_user(operations, name)
    assert found is not None
    return found


def code_of(refusal: pytest.ExceptionInfo[Rejected]) -> str:
    return refusal.value.code


def test_who_makes_a_group_leads_it(operations: Engine) -> None:
    group = create_group(operations, " Night  owls ", by=person(operations, "ada"))
    ada = person(operations, "ada")
    assert (group.name, ada.roles) == ("Night owls", ((group.group_id, Role.LEADER),))
    assert [member.username for member in members(operations, group.group_id, ada)] == ["ada"]
    with pytest.raises(Rejected) as refusal:
        create_group(operations, "NIGHT OWLS", by=ada)
    assert code_of(refusal) == "group-taken"


def test_a_stranger_does_not_learn_that_a_group_exists(operations: Engine) -> None:
    group = create_group(operations, "Owls", by=person(operations, "ada"))
    eve = person(operations, "eve")
    assert list_groups(operations, eve) == []
    words = []
    for name in ("Owls", "Nothing"):
        with pytest.raises(Rejected) as refusal:
            get_group(operations, name, eve)
        words.append((code_of(refusal), refusal.value.reason.replace(name, "?")))
    assert words[0] == words[1]
    for group_id in (group.group_id, 999):
        for act in (
            lambda each: set_member(operations, each, "eve", Role.LEADER, by=eve),
            lambda each: delete_group(operations, each, by=eve),
            lambda each: members(operations, each, eve),
        ):
            with pytest.raises(Rejected) as refusal:
                act(group_id)
            assert code_of(refusal) == "unknown-group"


def test_a_member_cannot_make_themselves_leader(operations: Engine) -> None:
    ada = person(operations, "ada")
    group = create_group(operations, "Owls", by=ada)
    set_member(operations, group.group_id, "bob", Role.MEMBER, by=person(operations, "ada"))
    with pytest.raises(Rejected) as refusal:
        set_member(operations, group.group_id, "bob", Role.LEADER, by=person(operations, "bob"))
    assert code_of(refusal) == "no-right"


def test_who_was_put_out_of_a_group_leads_it_no_longer_with_an_old_page(operations: Engine) -> None:
    group = create_group(operations, "Owls", by=person(operations, "ada"))
    set_member(operations, group.group_id, "bob", Role.LEADER, by=person(operations, "ada"))
    before = person(operations, "bob")
    remove_member(operations, group.group_id, "bob", by=person(operations, "ada"))
    with pytest.raises(Rejected):
        set_member(operations, group.group_id, "eve", Role.MEMBER, by=before)


def test_a_group_keeps_a_leader(operations: Engine) -> None:
    group = create_group(operations, "Owls", by=person(operations, "ada"))
    ada = person(operations, "ada")
    for act in (
        lambda: remove_member(operations, group.group_id, "ada", by=ada),
        lambda: set_member(operations, group.group_id, "ada", Role.MEMBER, by=ada),
    ):
        with pytest.raises(Rejected) as refusal:
            act()
        assert code_of(refusal) == "last-leader"
    assert person(operations, "ada").roles == ((group.group_id, Role.LEADER),)


def test_what_was_a_deleted_groups_is_its_owners_alone(operations: Engine) -> None:
    group = create_group(operations, "Owls", by=person(operations, "ada"))
    set_member(operations, group.group_id, "bob", Role.MEMBER, by=person(operations, "ada"))
    target = Target(
        name="Owl1", ra_deg=1.0, dec_deg=1.0, visibility=Visibility.GROUP, group_id=group.group_id
    )
    create_target(operations, target, by="ada")
    assert get_target(operations, "Owl1", person(operations, "bob")).name == "Owl1"
    delete_group(operations, group.group_id, by=SYSTEM)
    assert get_target(operations, "Owl1", person(operations, "ada")).group_id is None
    with pytest.raises(Rejected):
        get_target(operations, "Owl1", person(operations, "bob"))


def test_staff_who_act_as_nobody_special_do_not_lead_other_peoples_groups(operations: Engine) -> None:
    group = create_group(operations, "Owls", by=person(operations, "ada"))
    staff = create_user(operations, "sam", "right horse", is_staff=True)
    set_member(operations, group.group_id, "sam", Role.MEMBER, by=person(operations, "ada"))
    acting = replace(person(operations, "sam"), is_staff=False)  # as with a token without the scope admin
    with pytest.raises(Rejected) as refusal:
        set_member(operations, group.group_id, "eve", Role.MEMBER, by=acting)
    assert code_of(refusal) == "no-right"
    set_member(operations, group.group_id, "eve", Role.MEMBER, by=staff)
