"""`tomlake user ...` and `tomlake audit`: who may sign in, and who did what."""

import secrets
from typing import Annotated

import typer
from rich.table import Table

from engine.times import datetime_of
from lake.opening import Lake
from lake.people.accounts import create_user, list_users
from lake.people.audit import audit_log
from lake.rights import SYSTEM
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Username = Annotated[str, typer.Argument(help="Name to sign in with.")]


@app.command("add")
def add(
    username: Username,
    full_name: Annotated[str, typer.Option(help="Name that is credited on light curves.")] = "",
    staff: Annotated[bool, typer.Option("--staff", help="May see and change everything.")] = False,
    password: Annotated[
        str, typer.Option(envvar="TOMLAKE_NEW_PASSWORD", help="Asked for when it is not given.")
    ] = "",
) -> None:
    """Add somebody who may sign in and upload."""
    chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with opened_lake() as lake:
        user = create_user(lake.operations, username, chosen, full_name=full_name, is_staff=staff)
    out.print(f"Added {user.username}.", markup=False)


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


def ensure_administrator(lake: Lake) -> str | None:
    """Return the password of a first administrator made now, or None where somebody has an account."""
    if list_users(lake.operations):
        return None
    password = secrets.token_urlsafe(9)
    create_user(lake.operations, "admin", password, full_name="Administrator", is_staff=True)
    return password
