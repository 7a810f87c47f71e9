"""What the page of groups shows and changes; rights are the lake's."""

from lake.people.accounts import Role, User
from lake.people.groups import (
    Group,
    Member,
    create_group,
    delete_group,
    list_groups,
    members,
    remove_member,
    set_member,
)
from portal.deed import outcome
from portal.opened import lake

ROLES: dict[str, Role] = {
    "Member: sees what is the group's": Role.MEMBER,
    "Editor: may change it": Role.EDITOR,
    "Leader: says who belongs, and who sees it": Role.LEADER,
}
ROLE_WORDS = {role: words.split(":")[0] for words, role in ROLES.items()}


def groups_of(user: User) -> list[Group]:
    """Return the groups that a person belongs to; for staff all."""
    return list_groups(lake().operations, user)


def members_of(group: Group, user: User) -> list[Member]:
    """Return who belongs to a group."""
    return members(lake().operations, group.group_id, user)


def leads(group: Group, user: User) -> bool:
    """Return whether a person may say who belongs to a group."""
    return user.is_staff or group.group_id in user.groups_as(Role.LEADER)


def make_group(user: User, name: str, description: str) -> str:
    """Make a group; return what to tell the person."""
    return outcome(
        lambda: create_group(lake().operations, name, by=user, description=description[:2000]),
        f"You lead the group {name}.",
    )


def put_member(user: User, group: Group, username: str, role: Role) -> str:
    """Take somebody in, or change what they may do; return what to tell the person."""
    return outcome(
        lambda: set_member(lake().operations, group.group_id, username, role, by=user),
        f"{username} is {role} of {group.name}.",
    )


def take_out(user: User, group: Group, username: str) -> str:
    """Take somebody out of a group; return what to tell the person."""
    return outcome(
        lambda: remove_member(lake().operations, group.group_id, username, by=user),
        f"{username} does not belong to {group.name} any more.",
    )


def end_group(user: User, group: Group) -> str:
    """Delete a group; return what to tell the person."""
    return outcome(lambda: delete_group(lake().operations, group.group_id, by=user), f"{group.name} is gone.")
