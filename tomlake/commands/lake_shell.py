"""`tomlake sql`, `tomlake config` and `tomlake status`: looking into the lake and the queue."""

import sys
from typing import Annotated

import typer
from rich.table import Table

from lake import queue
from lake.contents import contents
from lake.opening import Lake
from lake.settings import read_settings
from tomlake.commands.session import opened_lake, out

SHOWN_ROWS = 40


def sql(
    statement: Annotated[str, typer.Argument(help="One statement; tables: photometry, frames, batches, ...")],
    csv: Annotated[bool, typer.Option("--csv", help="Write every row as CSV.")] = False,
) -> None:
    """Query the lake; it is attached read-only, under your own rights."""
    with opened_lake() as lake:
        rows = lake.store.query(statement)
    if csv:
        rows.write_csv(sys.stdout.buffer)
        return
    table = Table(*rows.columns)
    for row in rows.head(SHOWN_ROWS).iter_rows():
        table.add_row(*("" if value is None else str(value) for value in row))
    out.print(table)
    hidden = len(rows) - SHOWN_ROWS
    noun = "row" if len(rows) == 1 else "rows"
    out.print(f"{len(rows):,} {noun}" + (f", {hidden:,} not shown: use --csv" if hidden > 0 else ""))


def config() -> None:
    """Show every setting and where its value comes from."""
    table = Table("Setting", "Value", "From")
    for field, value, origin in read_settings().shown():
        table.add_row(field, value or "-", origin)
    out.print(table)


def status() -> None:
    """Show what is in the lake and in the queue."""
    with opened_lake() as lake:
        facts = Table(show_header=False, box=None)
        for label, value in _facts(lake):
            facts.add_row(label, value)
        out.print(facts)
        jobs = Table("Jobs", *[str(state) for state in queue.JobState])
        counts = queue.counts(lake.operations)
        jobs.add_row("", *[f"{counts.get(state, 0):,}" for state in queue.JobState])
        out.print(jobs)


def _facts(lake: Lake) -> list[tuple[str, str]]:
    held = contents(lake.store)
    return [
        ("Data folder", str(lake.settings.data_dir)),
        ("Lake version", f"{held.version:,}"),
        ("Targets with points", f"{held.targets:,}"),
        ("Points", f"{held.points:,}"),
        ("Frames", f"{held.frames:,}"),
    ]
