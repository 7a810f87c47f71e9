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
from portal.words import _, marked

ROLES: dict[str, Role] = {
    marked("Member: sees what is the group's"): Role.MEMBER,
    marked("Editor: may change it"): Role.EDITOR,
    marked("Leader: says who belongs, and who sees it"): Role.LEADER,
}
ROLE_WORDS = {Role.MEMBER: marked("Member"), Role.EDITOR: marked("Editor"), Role.LEADER: marked("Leader")}
_NOW = {
    Role.MEMBER: marked("{person} is member of {group}."),
    Role.EDITOR: marked("{person} is editor of {group}."),
    Role.LEADER: marked("{person} is leader of {group}."),
}


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
        _("You lead the group {group}.", group=name),
    )


def put_member(user: User, group: Group, username: str, role: Role) -> str:
    """Take somebody in, or change what they may do; return what to tell the person."""
    return outcome(
        lambda: set_member(lake().operations, group.group_id, username, role, by=user),
        _(_NOW[role], person=username, group=group.name),
    )


def take_out(user: User, group: Group, username: str) -> str:
    """Take somebody out of a group; return what to tell the person."""
    return outcome(
        lambda: remove_member(lake().operations, group.group_id, username, by=user),
        _("{person} does not belong to {group} any more.", person=username, group=group.name),
    )


def end_group(user: User, group: Group) -> str:
    """Delete a group; return what to tell the person."""
    gone = _("{group} is gone.", group=group.name)
    return outcome(lambda: delete_group(lake().operations, group.group_id, by=user), gone)
