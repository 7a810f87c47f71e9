"""Where queries on the public lake are taken, be it by route, protocol or page: one turn for all of them."""

from functools import lru_cache

from lake.sandbox.published import PublishedLake
from lake.sandbox.run import Sandbox
from lake.settings import Settings
from portal.security.throttle import Throttle

QUERIES, WINDOW_S = 60, 60.0  # of one address
LOGGED_CHARACTERS = 2000


class Desk:
    """Where queries are taken; one per installation and process."""

    def __init__(self, settings: Settings) -> None:
        self.published = PublishedLake(settings)
        self.sandbox = Sandbox()
        self.throttle = Throttle(attempts=QUERIES, window_s=WINDOW_S)


@lru_cache(maxsize=4)
def desk_of(settings: Settings) -> Desk:
    """Return the desk of an installation."""
    return Desk(settings)
