"""Every command of `tomlake`: its name, where it lives and what it does.

A command's own code is imported when the command is asked for: the engine's libraries take seconds to start.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: a function of a module in ``tomlake.commands``, or an app with commands of its own."""

    name: str
    place: str  # module:name
    tells: str  # a line for the list of commands
    takes_negative_numbers: bool = False  # without a `--` before them


MENU = (
    Entry("up", "processes:up", "Start portal, API, workers and clock; Ctrl-C stops everything."),
    Entry("serve", "processes:serve", "Start the portal and the API only."),
    Entry("work", "processes:work", "Start workers and the clock only."),
    Entry("demo", "demo:demo", "Load the offline demo, all of it simulated, or take it away."),
    Entry("reduce", "photometry:reduce", "Measure images or catalogues here, without storing anything."),
    Entry("harvest", "archives:harvest", "Ask the archives for everything they have of a target."),
    Entry("archives", "archives:archives", "List the archives and how each fares."),
    Entry("canary", "archives:canary", "Ask each archive a question whose answer is known."),
    Entry("import", "archives:import_file", "Read an archive's file that you have as a light curve."),
    Entry("sql", "sql_shell:sql", "Query the lake, read-only: one statement, or a shell."),
    Entry(
        "explain",
        "trace:explain",
        "Print the whole way back from a point to its bytes.",
        takes_negative_numbers=True,
    ),
    Entry("verify", "trace:verify", "Check every byte of the lake and of what it was made from."),
    Entry("reparse", "trace:reparse", "Make rows anew from the kept raw answers, without network."),
    Entry(
        "recalibrate",
        "recalibrate:recalibrate",
        "Reduce old frames anew with today's code, beside what counts.",
    ),
    Entry("promote", "recalibrate:promote", "Let the newest processing of frames count."),
    Entry("demote", "recalibrate:demote", "Let the processing before count again."),
    Entry("config", "lake_shell:config", "Show every setting and where it comes from."),
    Entry("doctor", "doctor:doctor", "Check a deployment: what is broken, unwise or well."),
    Entry("quarantine", "doctor:quarantine", "List the uploads that could not be read, and why."),
    Entry("status", "lake_shell:status", "Show what is in the lake and in the queue."),
    Entry("restore", "safekeeping:restore", "Bring a backup back into an empty place."),
    Entry("move", "safekeeping:move", "Carry the lake over to other places, such as PostgreSQL and S3."),
    Entry("clone", "public:clone", "Copy the public lake of a portal; the copy works without network."),
    Entry("audit", "accounts:audit", "Show who signed in, downloaded and changed what."),
    Entry("lake", "lake_upkeep:app", "Show the health of the lake, and keep it in order."),
    Entry("snapshot", "snapshots:app", "Name versions of the lake, to keep them for ever."),
    Entry("backup", "safekeeping:app", "Make, list and check backups: tomlake backup [URL]."),
    Entry("publish", "public:app", "Publish what everybody may see; list and withdraw versions."),
    Entry("target", "targets:app", "Add, show, list and merge targets."),
    Entry("watch", "watches:app", "Watch streams of alerts; accept what they propose."),
    Entry("client", "client:app", "Ask a portal elsewhere: light curves, uploads, SQL."),
    Entry("user", "accounts:app", "Add and list the people who may sign in."),
    Entry("group", "groups:app", "Groups of people who share targets and uploads."),
    Entry("token", "tokens:app", "Make, list, renew and revoke API tokens: tomlake token USER."),
    Entry("observatory", "observatories:app", "Add, import and approve telescopes and cameras."),
    Entry("references", "photometry:references_app", "Fill the lake with reference stars."),
)
_BY_NAME = {entry.name: entry for entry in MENU}


class Menu(TyperGroup):
    """The commands by their names and lines; each is imported when it is resolved."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - whatever Typer gives a group
        """Fill the list of commands from the table."""
        given["commands"] = {entry.name: TyperCommand(entry.name, help=entry.tells) for entry in MENU}
        super().__init__(**given)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - types private to Typer
        """Return the name, the command itself and the words behind it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and _loaded(_BY_NAME[name]), rest


def _loaded(entry: Entry) -> Any:  # noqa: ANN401 - a class private to Typer
    """Return a command as Typer makes it."""
    module, _, name = entry.place.partition(":")
    found = getattr(import_module(f"tomlake.commands.{module}"), name)
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=entry.name, help=entry.tells)
    else:
        settings = {"ignore_unknown_options": True} if entry.takes_negative_numbers else None
        alone.command(entry.name, context_settings=settings)(found)
    return get_group(alone).commands[entry.name]
