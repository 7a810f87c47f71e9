"""What a first visitor would otherwise wait for: imports, the open lake, one read of each kind."""

from portal import data
from portal.frame import verdicts
from portal.opened import lake


def warm_up() -> None:
    """Open the lake and read from it once."""
    lake().store.version()
    data.numbers(None)
    verdicts.latest_observations(None)
    data.position_of(0.0, 0.0)
