"""`tomlake lake ...`: the health of the lake on one screen, and its upkeep by hand."""

import json
import sys
import time
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from engine.times import datetime_of, mjd_now
from lake.upkeep.health import Health, health
from lake.upkeep.maintain import Scope, maintain
from lake.upkeep.problems import problems
from lake.upkeep.runs import Run, record_run
from tomlake.commands.session import opened_lake, out, shown_progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@app.command("status", help="Show the health of the lake on one screen.")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,
) -> None:
    """Show the health of the lake; exit code 1 when something is to be done."""
    with opened_lake() as lake:
        found = health(lake)
    wrong = problems(found)
    if as_json:
        sys.stdout.write(json.dumps(_plain(found, wrong), indent=2) + "\n")
    else:
        _show(found, wrong)
    if wrong:
        raise typer.Exit(1)


@app.command("maintain", help="Merge small files; with --full everything that is done every night.")
def maintain_now(
    full: Annotated[
        bool, typer.Option("--full", help="Also rewrite deleted rows, let old versions go, remove orphans.")
    ] = False,
) -> None:
    """Do the upkeep now; readers and writers go on meanwhile."""
    scope, began_s = Scope.FULL if full else Scope.LIGHT, time.monotonic()
    with opened_lake() as lake:
        with shown_progress() as told:
            outcome = maintain(lake, scope, tell=told)
        seconds = time.monotonic() - began_s
        record_run(lake.operations, scope, outcome, seconds=seconds, by="command line")
    out.print(f"{outcome.sentence} It took {seconds:,.1f} s.", markup=False)


def _show(found: Health, wrong: list[str]) -> None:
    tables = Table(box=None)
    tables.add_column("Table", no_wrap=True)
    for title in ("Rows", "Files", "Deletes", "Size", "B/row", "Median file", "Deleted"):
        tables.add_column(title, justify="right")
    for table in found.tables:
        tables.add_row(
            table.name,
            f"{table.rows:,}",
            f"{table.files:,}",
            f"{table.delete_files:,}",
            _size(table.size_bytes),
            "-" if table.bytes_per_row is None else f"{table.bytes_per_row:,.1f}",
            _size(table.median_file_bytes) if table.files else "-",
            f"{table.deleted_share:.1%}",
        )
    out.print(tables)
    facts = Table(show_header=False, box=None)
    for label, value in _facts(found):
        facts.add_row(label, value)
    out.print(facts)
    for sentence in wrong:
        out.print(f"! {sentence}", style="yellow", markup=False)
    if not wrong:
        out.print("All is well.", style="green")


def _facts(found: Health) -> list[tuple[str, str]]:
    about = "about " if found.raw.is_estimate else ""
    names = ", ".join(f"{each.name} ({each.version})" for each in found.snapshots[:8])
    more = len(found.snapshots) - 8
    return [
        ("Version", f"{found.version:,}, {found.live_files:,} live files"),
        (
            "Kept versions",
            f"{found.versions:,}, the oldest {found.oldest_version:,} of {_day(found.oldest_mjd)}",
        ),
        ("Named snapshots", (names + (f" and {more} more" if more > 0 else "")) or "none"),
        ("Orphaned files", f"{found.orphans:,}, {_size(found.orphan_bytes)}"),
        ("Catalog", _size(found.catalog_bytes)),
        ("Raw files", f"{about}{found.raw.files:,}, {_size(found.raw.size_bytes)}"),
        ("Last upkeep", _run(found.last_run)),
        ("Writer's lock", "held: somebody writes" if found.lock_is_held else "free"),
        ("Waiting jobs", f"{found.waiting_jobs:,}"),
        ("Disk", f"{_size(found.disk_free_bytes)} free of {_size(found.disk_bytes)}"),
    ]


def _run(run: Run | None) -> str:
    if run is None:
        return "none"
    hours = (mjd_now() - run.finished_mjd) * 24
    return f"{hours:,.1f} h ago, {run.scope.value}, {run.state.value}: {run.reason}"


def _plain(found: Health, wrong: list[str]) -> dict[str, object]:
    facts = asdict(found) | {"live_files": found.live_files, "problems": wrong}
    facts["tables"] = [asdict(table) | {"bytes_per_row": table.bytes_per_row} for table in found.tables]
    return facts


def _size(size_bytes: float) -> str:
    for bound, unit in _UNITS:
        if size_bytes >= bound:
            return f"{size_bytes / bound:,.1f} {unit}"
    return f"{size_bytes:,.0f} B"


def _day(mjd: float) -> str:
    moment: datetime = datetime_of(mjd)
    return f"{moment:%Y-%m-%d %H:%M} UTC"
