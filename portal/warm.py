"""What a first visitor would otherwise wait for: imports, the open lake, one read of each kind."""

from portal import charts, data  # noqa: F401 - to be imported is the purpose
from portal.opened import lake


def warm_up() -> None:
    """Open the lake and read from it once."""
    lake().store.version()
    data.numbers(None)
