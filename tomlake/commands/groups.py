"""`tomlake group ...`: people who work together, and what each may do with what is the group's."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from engine.times import datetime_of
from lake.people.accounts import Role
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
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_BY = replace(SYSTEM, username="command line")
Name = Annotated[str, typer.Argument(help="Name or number of the group.")]
Username = Annotated[str, typer.Argument(help="Name to sign in with.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Such as: Night owls.")],
    leader: Annotated[str, typer.Option(help="User who leads it.")],
    description: Annotated[str, typer.Option(help="What it works on.")] = "",
) -> None:
    """Add a group with the person who leads it."""
    with opened_lake() as lake:
        group = create_group(lake.operations, name, by=_BY, description=description, leader=leader)
    out.print(f"{group.name} is group {group.group_id}, led by {leader}.", markup=False)


@app.command("list")
def show_all() -> None:
    """List every group."""
    table = Table("Group", "Name", "Made by", "Description")
    with opened_lake() as lake:
        for group in list_groups(lake.operations, SYSTEM):
            table.add_row(str(group.group_id), group.name, group.created_by, group.description)
    out.print(table, markup=False)


@app.command("show")
def show(name: Name) -> None:
    """List who belongs to a group, and what each may do in it."""
    table = Table("User", "Full name", "May", "Since")
    with opened_lake() as lake:
        group = get_group(lake.operations, name, SYSTEM)
        for each in members(lake.operations, group.group_id, SYSTEM):
            since = f"{datetime_of(each.since_mjd):%Y-%m-%d}"
            table.add_row(each.username, each.full_name or "-", each.role, since)
    out.print(table, markup=False)


@app.command("member")
def member(
    name: Name,
    username: Username,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.MEMBER,
) -> None:
    """Take somebody into a group, or change what they may do in it."""
    with opened_lake() as lake:
        group = get_group(lake.operations, name, SYSTEM)
        set_member(lake.operations, group.group_id, username, role, by=_BY)
    out.print(f"{username} is {role} of {group.name}.", markup=False)


@app.command("remove")
def remove(name: Name, username: Username) -> None:
    """Take somebody out of a group."""
    with opened_lake() as lake:
        group = get_group(lake.operations, name, SYSTEM)
        remove_member(lake.operations, group.group_id, username, by=_BY)
    out.print(f"{username} does not belong to {group.name} any more.", markup=False)


@app.command("delete")
def delete(name: Name) -> None:
    """Delete a group; what was its is from then on its owners' alone, unless it is public."""
    with opened_lake() as lake:
        group = get_group(lake.operations, name, SYSTEM)
        delete_group(lake.operations, group.group_id, by=_BY)
    out.print(f"{group.name} is gone.", markup=False)
