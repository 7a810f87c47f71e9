"""`tomlake publish ...` and `tomlake clone`: giving the public lake away, and taking a copy of one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lake.public.place import Place
from lake.public.publish import Terms, publish, terms_of_last
from lake.public.versions import versions
from lake.public.versions import withdraw as take_back
from tomlake.clone import clone as make_copy
from tomlake.commands.session import opened_lake, out, shown_progress

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def publish_now(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Name of the version; the date without it.")] = "",
    with_simulated: Annotated[
        bool | None,
        typer.Option("--with-simulated/--without-simulated", help="As the version before without it."),
    ] = None,
    licence: Annotated[str, typer.Option(help="As the version before, or CC-BY-4.0, without it.")] = "",
    citation: Annotated[str, typer.Option(help="How to cite the version.")] = "",
) -> None:
    """Publish everything that everybody may see as a new version of the public lake."""
    if context.invoked_subcommand is not None:
        return
    with opened_lake() as lake, shown_progress() as progress:
        before = terms_of_last(lake)
        terms = Terms(
            with_simulated=before.with_simulated if with_simulated is None else with_simulated,
            licence=licence or before.licence,
            citation=citation or before.citation,
        )
        done = publish(lake, terms, name=name, progress=progress)
    version = done.version
    if not done.is_new:
        out.print(f"Nothing changed since version {version.name}.")
        return
    out.print(
        f"Published version {version.name}: {version.points:,} points of {version.targets:,} targets, "
        f"{version.size_bytes / 1e6:,.1f} MB; {done.written} of {done.files} files are new."
    )


@app.command("list")
def show_versions() -> None:
    """List the versions of the public lake."""
    table = Table("Version", "Made", "Lake version", "Targets", "Points", "MB", "")
    with opened_lake() as lake:
        for version in versions(Place(lake.settings)):
            remark = f"withdrawn: {version.reason}" if version.reason else "withdrawn"
            simulated = "with simulated" if version.simulated else ""
            table.add_row(
                version.name,
                version.made_utc,
                f"{version.lake_version:,}",
                f"{version.targets:,}",
                f"{version.points:,}",
                f"{version.size_bytes / 1e6:,.1f}",
                remark if version.is_withdrawn else simulated,
            )
    out.print(table)


@app.command("withdraw")
def withdraw(
    name: Annotated[str, typer.Argument(help="Name of the version.")],
    reason: Annotated[str, typer.Option(help="Why; everybody who asks for it is told.")] = "",
) -> None:
    """Take a version back: its files go, and who asks for it is told that it was withdrawn."""
    with opened_lake() as lake:
        gone = take_back(lake, name, reason=reason)
    out.print(f"Version {gone.name} was withdrawn.", markup=False)


def clone(
    url: Annotated[str, typer.Argument(help="Address of a portal, such as https://example.org")],
    folder: Annotated[Path, typer.Argument(help="New folder for the copy.")] = Path("tomlake-clone"),
    version: Annotated[str, typer.Option(help="Name of a version; the newest without it.")] = "",
) -> None:
    """Copy the public lake of a portal; the copy works without network. Run again, it goes on."""
    with shown_progress() as progress:
        origin = make_copy(url, folder.expanduser().absolute(), version=version, progress=progress)
    out.print(f"Copied version {origin.version} of {origin.url}; licence {origin.licence}.", markup=False)
    out.print(f"Cite: {origin.citation}", markup=False)
    out.print(f"Start it with: TOMLAKE_DATA={folder} tomlake up", markup=False)
