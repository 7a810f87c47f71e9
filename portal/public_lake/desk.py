"""Where queries on the public lake are taken, be it by route, protocol or page: one turn for all of them."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from engine.errors import TomlakeError, Transient
from lake.people.accounts import User
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

    def take_turn(self, address: str) -> None:
        """Count one query of an address.

        Raises
        ------
        Transient
            ``too-many-queries``: it must wait ``retry_after_s`` first, which are whole seconds.
        """
        wait_s = self.throttle.attempt(address)
        if wait_s:
            seconds = int(wait_s) + 1
            sentence = f"Too many queries: try again in {seconds} seconds."
            raise Transient(sentence, code="too-many-queries", retry_after_s=seconds)


@lru_cache(maxsize=4)
def desk_of(settings: Settings) -> Desk:
    """Return the desk of an installation."""
    return Desk(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A query and who asks it, as the log tells them."""

    logger: logging.Logger
    text: str
    user: User | None
    language: str = "sql"
    event: str = "a query on the public lake ended"


@contextmanager
def noted(asking: Asking, facts: dict[str, object] | None = None) -> Iterator[None]:
    """Write down how a query ended and how long it took, with the facts as they are then."""
    started_s, code = time.monotonic(), "ok"
    try:
        yield
    except TomlakeError as error:
        code = error.code
        raise
    finally:
        told = {
            asking.language: " ".join(asking.text.split())[:LOGGED_CHARACTERS],
            "user": asking.user.username if asking.user else "",
            "code": code,
            "seconds": round(time.monotonic() - started_s, 3),
        }
        asking.logger.info(asking.event, extra=told | (facts or {}))
