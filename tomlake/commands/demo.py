"""`tomlake demo`: the offline demo, all of it simulated."""

from typing import Annotated

import typer

from lake.opening import Lake
from lake.removal import remove_simulated
from tomlake.commands.session import opened_lake, out, shown_progress
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
    with shown_progress() as told:
        return load_demo(lake, told)
