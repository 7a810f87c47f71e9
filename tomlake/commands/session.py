"""What every command opens: the lake of the settings, a console, and a bar that shows how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lake.opening import Lake, open_lake
from lake.settings import read_settings

out = Console(soft_wrap=True, highlight=False)


@contextmanager
def opened_lake() -> Iterator[Lake]:
    """Give the lake that the settings name, and close it afterwards."""
    lake = open_lake(read_settings())
    try:
        yield lake
    finally:
        lake.close()


@contextmanager
def shown_progress() -> Iterator[Callable[[str, float], None]]:
    """Give the function that shows how far the work is, in words and as a share."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("Opening", total=1.0)
        yield lambda step, done: bar.update(shown, description=step[-60:], completed=done)
