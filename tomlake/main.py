"""The `tomlake` command: one face for those who run it, observe with it and look things up in it."""

import logging
import sys

import typer
from rich.console import Console
from rich.logging import RichHandler

from engine.errors import TomlakeError, Transient
from tomlake.commands import (
    accounts,
    archives,
    client,
    demo,
    doctor,
    groups,
    lake_shell,
    lake_upkeep,
    merging,
    observatories,
    photometry,
    processes,
    public,
    recalibrate,
    safekeeping,
    snapshots,
    sql_shell,
    targets,
    tokens,
    trace,
    watches,
)

EXIT_FAILED = 1
EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h

app = typer.Typer(
    name="tomlake",
    help="Target and observation manager for time-domain astronomy.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up", help="Start portal, API, workers and clock; Ctrl-C stops everything.")(processes.up)
app.command("serve", help="Start the portal and the API only.")(processes.serve)
app.command("work", help="Start workers and the clock only.")(processes.work)
app.command("demo", help="Load the offline demo, all of it simulated, or take it away.")(demo.demo)
app.command("reduce", help="Measure images or catalogues here, without storing anything.")(photometry.reduce)
app.command("harvest", help="Ask the archives for everything they have of a target.")(archives.harvest)
app.command("archives", help="List the archives and how each fares.")(archives.archives)
app.command("canary", help="Ask each archive a question whose answer is known.")(archives.canary)
app.command("import", help="Read an archive's file that you have as a light curve.")(archives.import_file)
app.command("sql", short_help="Query the lake, read-only: one statement, or a shell.")(sql_shell.sql)
app.command(
    "explain", help="Print the whole way back from a point to its bytes.", context_settings=trace.NUMBERS
)(trace.explain)
app.command("verify", help="Check every byte of the lake and of what it was made from.")(trace.verify)
app.command("reparse", help="Make rows anew from the kept raw answers, without network.")(trace.reparse)
app.command("recalibrate", help="Reduce old frames anew with today's code, beside what counts.")(
    recalibrate.recalibrate
)
app.command("promote", help="Let the newest processing of frames count.")(recalibrate.promote)
app.command("demote", help="Let the processing before count again.")(recalibrate.demote)
app.command("config", help="Show every setting and where it comes from.")(lake_shell.config)
app.command("doctor", help="Check a deployment: what is broken, unwise or well.")(doctor.doctor)
app.command("quarantine", help="List the uploads that could not be read, and why.")(doctor.quarantine)
app.command("status", help="Show what is in the lake and in the queue.")(lake_shell.status)
app.command("restore", help="Bring a backup back into an empty place.")(safekeeping.restore)
app.command("move", help="Carry the lake over to other places, such as PostgreSQL and S3.")(safekeeping.move)
app.command("clone", help="Copy the public lake of a portal; the copy works without network.")(public.clone)
app.command("audit", help="Show who signed in, downloaded and changed what.")(accounts.audit)
app.add_typer(lake_upkeep.app, name="lake", help="Show the health of the lake, and keep it in order.")
app.add_typer(snapshots.app, name="snapshot", help="Name versions of the lake, to keep them for ever.")
app.add_typer(safekeeping.app, name="backup", help="Make, list and check backups: tomlake backup [URL].")
app.add_typer(public.app, name="publish", help="Publish what everybody may see; list and withdraw versions.")
targets.app.command("duplicates")(merging.duplicates)
targets.app.command("merge")(merging.merge)
targets.app.command("unmerge")(merging.unmerge)
app.add_typer(targets.app, name="target", help="Add, show, list and merge targets.")
app.add_typer(watches.app, name="watch", help="Watch streams of alerts; accept what they propose.")
app.add_typer(client.app, name="client", help="Ask a portal elsewhere: light curves, uploads, SQL.")
app.add_typer(accounts.app, name="user", help="Add and list the people who may sign in.")
app.add_typer(groups.app, name="group", help="Groups of people who share targets and uploads.")
app.add_typer(tokens.app, name="token", help="Make, list, renew and revoke API tokens: tomlake token USER.")
app.add_typer(observatories.app, name="observatory", help="Add, import and approve telescopes and cameras.")
app.add_typer(photometry.references_app, name="references", help="Fill the lake with reference stars.")


@app.callback()
def main(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Tell what happens, line by line."),
) -> None:
    """Set up the log before any command."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(name)s: %(message)s",
        handlers=[RichHandler(console=Console(stderr=True), show_path=False)],
    )


def run() -> None:
    """Run the command line; a failure that a person can read is one sentence and an exit code."""
    try:
        app()
    except TomlakeError as error:
        Console(stderr=True, soft_wrap=True).print(error.reason, style="red", markup=False, highlight=False)
        sys.exit(EXIT_TRY_AGAIN if isinstance(error, Transient) else EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
