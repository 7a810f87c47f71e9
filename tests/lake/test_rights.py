"""The rule of who sees what is the same in Python and in SQL, for targets and for uploads."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installations import settings_in
from sqlalchemy import Connection, Engine, delete, insert, select

from engine.errors import Rejected
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.inbox.uploads import shown_to
from lake.operations import open_operations, reading, targets, uploads, writing
from lake.people.accounts import Role, User, create_user, find_user
from lake.people.groups import create_group, set_member
from lake.rights import SYSTEM, Shared, can_change, can_see, can_share, is_open_to, upload_open_to, visible_to
from lake.target_rows import row_of
from lake.targets import create_target, delete_target, get_target, update_target

NAMES = ("ada", "bob", "cy")
GROUPS = (1, 2)
PASSWORD = "right horse"

moments = st.sampled_from([None, -1.0, 1.0]).map(lambda step: None if step is None else mjd_now() + step)
roles = st.dictionaries(st.sampled_from(GROUPS), st.sampled_from(Role)).map(
    lambda each: tuple(sorted(each.items()))
)
people = st.one_of(
    st.none(),
    st.builds(
        lambda name, roles, is_staff: User(user_id=1, username=name, roles=roles, is_staff=is_staff),
        st.sampled_from(NAMES), roles, st.booleans(),
    ),
)  # fmt: skip
shared = st.builds(
    Shared,
    owner=st.sampled_from(NAMES),
    visibility=st.sampled_from(Visibility),
    group_id=st.sampled_from([None, *GROUPS]),
    embargo_until_mjd=moments,
)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("rights")).operations_url)
    yield opened
    opened.dispose()


def as_target(thing: Shared, number: int) -> Target:
    return Target(
        target_id=number,
        name=f"T{number}",
        ra_deg=10.0,
        dec_deg=10.0,
        created_by=thing.owner,
        visibility=thing.visibility,
        group_id=thing.group_id,
        embargo_until_mjd=thing.embargo_until_mjd,
    )


def store(connection: Connection, things: list[Shared], of_uploads: list[Shared]) -> None:
    connection.execute(delete(uploads))
    connection.execute(delete(targets))
    for number, thing in enumerate(things, 1):
        row = row_of(as_target(thing, number)) | {"created_by": thing.owner, "created_mjd": 60000.0}
        connection.execute(insert(targets).values(row | {"target_id": number}))
    for number, thing in enumerate(of_uploads, 1):
        row = {"upload_id": number, "sha256": f"{number}", "size_bytes": 1, "kind": "fits_file",
               "target_id": (number - 1) % len(things) + 1, "uploaded_by": thing.owner,
               "received_mjd": 60000.0,
               "visibility": thing.visibility.value, "group_id": thing.group_id,
               "embargo_until_mjd": thing.embargo_until_mjd}  # fmt: skip
        connection.execute(insert(uploads).values(row))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(things=st.lists(shared, min_size=1, max_size=5), sent=st.lists(shared, max_size=6), user=people)
def test_python_and_sql_agree_on_who_sees_what(
    operations: Engine, things: list[Shared], sent: list[Shared], user: User | None
) -> None:
    with writing(operations) as connection:
        store(connection, things, sent)
    with reading(operations) as connection:
        seen = set(connection.execute(select(targets.c.target_id).where(visible_to(user))).scalars())
        open_uploads = set(
            connection.execute(select(uploads.c.upload_id).where(upload_open_to(user))).scalars()
        )
        listed = {row["upload_id"] for row in connection.execute(shown_to(user)).mappings()}
    places = {number: as_target(thing, number) for number, thing in enumerate(things, 1)}
    with writing(operations) as connection:
        store(connection, [], [])  # PostgreSQL would give their numbers again
    assert seen == {number for number, target in places.items() if can_see(target, user)}
    assert open_uploads == {number for number, thing in enumerate(sent, 1) if is_open_to(thing, user)}
    own = {number for number, thing in enumerate(sent, 1) if user and user.username == thing.owner}
    through = {number for number in open_uploads if (number - 1) % len(things) + 1 in seen}
    assert listed == own | through


@given(thing=shared, user=people)
def test_who_may_change_sees_and_who_may_share_may_change(thing: Shared, user: User | None) -> None:
    target = as_target(thing, 1)
    assert can_see(target, user) or not can_change(target, user)
    assert can_change(target, user) or not can_share(target, user)


@given(thing=shared, user=people)
def test_nobody_sees_less_by_an_account_or_a_role(thing: Shared, user: User | None) -> None:
    assert is_open_to(thing, user) or not is_open_to(thing, None)
    if user is not None:
        assert is_open_to(thing, user) or not is_open_to(thing, replace(user, roles=()))


def a_team(operations: Engine, tag: str) -> tuple[int, dict[str, User]]:
    """Return a group and its people, by their role, with a stranger."""
    names = {role: f"{role}{tag}" for role in ("leader", "editor", "member", "stranger")}
    for name in names.values():
        create_user(operations, name, PASSWORD)
    group = create_group(operations, f"Team {tag}", by=now(operations, names["leader"]))
    for role in (Role.EDITOR, Role.MEMBER):
        set_member(operations, group.group_id, names[role], role, by=now(operations, names["leader"]))
    return group.group_id, {role: now(operations, name) for role, name in names.items()}


def now(operations: Engine, name: str) -> User:
    user = find_user(operations, name)
    assert user is not None
    return user


def test_a_target_of_a_group_is_worked_on_by_its_members_as_their_roles_say(operations: Engine) -> None:
    group_id, team = a_team(operations, "a")
    mine = Target(name="Shared a", ra_deg=1.0, dec_deg=1.0, visibility=Visibility.GROUP, group_id=group_id)
    made = create_target(operations, mine, by=team["member"].username)
    for role in ("leader", "editor", "member"):
        assert get_target(operations, "Shared a", team[role]).group_id == group_id
    for user in (team["stranger"], None):
        with pytest.raises(Rejected) as refusal:
            get_target(operations, "Shared a", user)
        assert refusal.value.code == "unknown-target"
    update_target(operations, replace(made, description="of an editor"), user=team["editor"])
    opened = replace(made, visibility=Visibility.PUBLIC, group_id=None)
    with pytest.raises(Rejected, match="say who sees it"):
        update_target(operations, opened, user=team["editor"])
    with pytest.raises(Rejected, match="say who sees it"):
        delete_target(operations, made.target_id or 0, user=team["editor"])
    update_target(operations, opened, user=team["leader"])
    assert get_target(operations, "Shared a", None).visibility == Visibility.PUBLIC


def test_nobody_gives_a_target_to_a_group_of_others(operations: Engine) -> None:
    group_id, team = a_team(operations, "b")
    target = Target(name="Shared b", ra_deg=2.0, dec_deg=2.0, visibility=Visibility.GROUP, group_id=group_id)
    with pytest.raises(Rejected) as refusal:
        create_target(operations, target, by=team["stranger"].username)
    assert refusal.value.code == "unknown-group"
    own = create_target(
        operations, replace(target, visibility=Visibility.PUBLIC, group_id=None), by="stranger"
    )
    with pytest.raises(Rejected) as refusal:
        update_target(operations, replace(own, group_id=group_id), user=User(user_id=9, username="stranger"))
    assert refusal.value.code == "unknown-group"


def test_a_groups_target_names_its_group(operations: Engine) -> None:
    target = Target(name="Shared c", ra_deg=3.0, dec_deg=3.0, visibility=Visibility.GROUP)
    with pytest.raises(Rejected) as refusal:
        create_target(operations, target, by=SYSTEM.username)
    assert refusal.value.code == "no-group"
