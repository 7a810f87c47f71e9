"""`tomlake user ...` and `tomlake audit`: who may sign in, and who did what."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from engine.errors import Rejected
from engine.times import datetime_of
from lake.opening import Lake
from lake.people.accounts import User, create_user, find_user, list_users, set_password
from lake.people.audit import audit_log
from lake.people.second_factor import remove_second_factor
from lake.people.sign_up import approve_account, refuse_account, waiting_accounts
from lake.rights import SYSTEM
from lake.settings import NEW_PASSWORD
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Username = Annotated[str, typer.Argument(help="Name to sign in with.")]


@app.command("add")
def add(
    username: Username,
    full_name: Annotated[str, typer.Option(help="Name that is credited on light curves.")] = "",
    staff: Annotated[bool, typer.Option("--staff", help="May see and change everything.")] = False,
    password: Annotated[str, typer.Option(envvar=NEW_PASSWORD, help="Asked for when it is not given.")] = "",
) -> None:
    """Add somebody who may sign in and upload."""
    chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with opened_lake() as lake:
        user = create_user(lake.operations, username, chosen, full_name=full_name, is_staff=staff)
    out.print(f"Added {user.username}.", markup=False)


@app.command("password")
def change_password(
    username: Username,
    password: Annotated[str, typer.Option(envvar=NEW_PASSWORD, help="Asked for when it is not given.")] = "",
) -> None:
    """Give somebody a new password; every session of theirs ends."""
    with opened_lake() as lake:
        user = _known(lake, username)
        chosen = password or typer.prompt("New password", hide_input=True, confirmation_prompt=True)
        set_password(lake.operations, user, chosen)
    out.print(f"{user.username} has a new password.", markup=False)


@app.command("remove-second-factor")
def drop_second_factor(username: Username) -> None:
    """Let somebody in by their password alone who lost their device and their recovery codes."""
    with opened_lake() as lake:
        user = _known(lake, username)
        was_there = remove_second_factor(lake.operations, user, by=SYSTEM)
    out.print(
        f"{user.username} is asked for the password alone now."
        if was_there
        else f"{user.username} has no second factor.",
        markup=False,
    )


@app.command("waiting")
def waiting() -> None:
    """List who asks for an account."""
    table = Table("Number", "Name", "Full name", "Affiliation", "E-mail", Column("Note", overflow="fold"), "")
    with opened_lake() as lake:
        for each in waiting_accounts(lake.operations, by=SYSTEM):
            service = f"signs in with {each.provider} as {each.subject}" if each.provider else ""
            told = (each.username, each.full_name, each.affiliation, each.email, each.note or service)
            taken = "the name is taken" if each.is_name_taken else ""
            table.add_row(str(each.sign_up_id), *map(escape, told), taken)
    out.print(table)


@app.command("approve")
def approve(
    number: Annotated[int, typer.Argument(help="As `tomlake user waiting` lists it.")],
    username: Annotated[str, typer.Option(help="Another name, where the one asked for is taken.")] = "",
) -> None:
    """Give an account to somebody who asked for one."""
    with opened_lake() as lake:
        user = approve_account(lake.operations, number, by=SYSTEM, username=username)
    out.print(f"{user.username} may sign in now.", markup=False)


@app.command("refuse")
def refuse(
    number: Annotated[int, typer.Argument(help="As `tomlake user waiting` lists it.")],
) -> None:
    """Drop a request for an account."""
    with opened_lake() as lake:
        refuse_account(lake.operations, number, by=SYSTEM)
    out.print("Dropped.")


@app.command("list")
def show_all() -> None:
    """List everybody who may sign in."""
    table = Table("Name", "Full name", "Staff")
    with opened_lake() as lake:
        for user in list_users(lake.operations):
            table.add_row(user.username, user.full_name or "-", "yes" if user.is_staff else "")
    out.print(table)


def audit(
    kind: Annotated[str, typer.Option(help="sign-in, download or change; all without it.")] = "",
    who: Annotated[str, typer.Option(help="User name.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Show the newest lines of the audit log."""
    table = Table("When (UTC)", "Kind", "What", "Who", "Address", "Of")
    with opened_lake() as lake:
        for line in audit_log(lake.operations, SYSTEM, kind=kind, who=who, limit=limit):
            when = f"{datetime_of(line.at_mjd):%Y-%m-%d %H:%M:%S}"
            table.add_row(when, line.kind, line.deed, line.who or "-", line.address or "-", line.object_name)
    out.print(table, markup=False)


def _known(lake: Lake, username: str) -> User:
    user = find_user(lake.operations, username)
    if user is None:
        raise Rejected(f"Nobody is called {username}; add them with `tomlake user add`.", code="unknown-user")
    return user
