"""What every command opens: the lake of the settings, and a console."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

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
