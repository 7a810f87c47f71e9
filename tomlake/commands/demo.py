"""`tomlake demo`: the offline demo, all of it simulated."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from lake.opening import Lake
from lake.removal import remove_simulated
from tomlake.commands.session import opened_lake, out
from tomlake.demo.load import load_demo, username_of
from tomlake.demo.observatory import OBSERVERS


def demo(
    remove: Annotated[bool, typer.Option("--remove", help="Take everything simulated away.")] = False,
) -> None:
    """Load the offline demo, all of it simulated, or take it away."""
    with opened_lake() as lake:
        if remove:
            removed = remove_simulated(lake, usernames=[username_of(observer) for observer in OBSERVERS])
            out.print(f"Removed {removed} simulated targets and everything that belonged to them.")
            return
        loaded = load_with_progress(lake)
    out.print(f"Loaded {loaded} simulated targets; the workers reduce their frames as soon as they run.")


def load_with_progress(lake: Lake) -> int:
    """Return how many simulated targets were loaded, showing how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("Demo", total=1.0)
        return load_demo(lake, lambda step, done: bar.update(shown, description=step, completed=done))
