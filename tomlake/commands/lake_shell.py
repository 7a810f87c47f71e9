"""`tomlake config` and `tomlake status`: looking into the settings, the lake and the queue."""

from rich.table import Table

from lake import queue
from lake.contents import contents
from lake.opening import Lake
from lake.seen import Unseen
from lake.settings import read_settings
from tomlake.commands.session import opened_lake, out


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
    held = contents(lake.store, Unseen())
    return [
        ("Data folder", str(lake.settings.data_dir)),
        ("Lake version", f"{held.version:,}"),
        ("Targets with points", f"{held.targets:,}"),
        ("Points", f"{held.points:,}"),
        ("Frames", f"{held.frames:,}"),
    ]
