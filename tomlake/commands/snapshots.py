"""`tomlake snapshot ...`: names for versions of the lake, kept for ever, such as for a paper."""

from typing import Annotated

import typer
from rich.table import Table

from engine.errors import Rejected
from engine.times import datetime_of
from lake.rights import SYSTEM
from lake.snapshots import create_snapshot, delete_snapshot, find_snapshot, list_snapshots, version_of
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Such as paper-2026a.")]


@app.command("create", help="Name a version of the lake; it is kept for ever and can be read by its name.")
def create(
    name: Name,
    note: Annotated[str, typer.Option(help="What it is for, such as a paper's title.")] = "",
    at: Annotated[
        str, typer.Option(help="A version, or a date or time in UTC; the newest version where left out.")
    ] = "",
) -> None:
    """Name the newest version, or an earlier one."""
    with opened_lake() as lake:
        version = version_of(lake, at) if at.strip() else None
        made = create_snapshot(lake, name, note=note, by="command line", version=version)
    out.print(f"{made.name} is version {made.version} from now on.", markup=False)


@app.command("list", help="List the named snapshots, the newest first.")
def show_all() -> None:
    """List every named snapshot."""
    table = Table("Name", "Version", "Named", "By", "Note")
    with opened_lake() as lake:
        for each in list_snapshots(lake.operations):
            day = f"{datetime_of(each.created_mjd):%Y-%m-%d}"
            table.add_row(each.name, str(each.version), day, each.created_by, each.note)
    out.print(table)


@app.command("delete", help="Take a name away; its version is let go when it is old enough.")
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a name away, after asking."""
    with opened_lake() as lake:
        found = find_snapshot(lake.operations, name)
        words = f"Take the name {found.name} from version {found.version}? A paper may point to it."
        if not (yes or typer.confirm(words)):
            raise Rejected("Nothing was changed.", code="not-confirmed")
        delete_snapshot(lake.operations, name, user=SYSTEM)
    out.print(f"{found.name} is no name any more.", markup=False)
