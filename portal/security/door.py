"""Signing in: passwords are checked away from the event loop, two at a time, and guessing is slowed down."""

from functools import partial

import anyio
import anyio.to_thread
from sqlalchemy import Engine

from engine.errors import Transient
from lake.people.accounts import User, check_password
from lake.people.audit import note_sign_in
from portal.security.throttle import Throttle

WINDOW_S = 300.0
ATTEMPTS_PER_NAME = 8  # of one address for one name
ATTEMPTS_PER_ADDRESS = 60  # a classroom behind one address still gets in
HASHES_AT_ONCE = 2  # each takes 64 MB


class Door:
    """Asks for name and password; one per process."""

    def __init__(self) -> None:
        self._names = Throttle(attempts=ATTEMPTS_PER_NAME, window_s=WINDOW_S)
        self._addresses = Throttle(attempts=ATTEMPTS_PER_ADDRESS, window_s=WINDOW_S)
        self._hashing = anyio.CapacityLimiter(HASHES_AT_ONCE)

    async def user(self, operations: Engine, *, username: str, password: str, address: str) -> User | None:
        """Return the user whose password this is, or None.

        Raises
        ------
        Transient
            ``too-many-attempts``: this address must wait ``retry_after_s`` first.
        """
        key = f"{address}\n{username.strip().casefold()}"
        wait_s = self._addresses.attempt(address) or self._names.attempt(key)
        if wait_s:
            raise Transient(
                f"Too many attempts to sign in: try again in {int(wait_s) + 1} seconds.",
                code="too-many-attempts",
                retry_after_s=int(wait_s) + 1,
            )
        user = await anyio.to_thread.run_sync(
            partial(check_password, operations, username, password), limiter=self._hashing
        )
        entry = partial(
            note_sign_in, operations, username=username, address=address, is_right=user is not None
        )
        await anyio.to_thread.run_sync(entry)
        if user is not None:
            self._names.forgive(key)
            self._addresses.forgive(address)
        return user
