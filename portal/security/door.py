"""Signing in: passwords are checked away from the event loop, two at a time, and guessing is slowed down."""

from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread

from engine.errors import Transient
from lake.opening import Lake
from lake.people.accounts import User, check_password
from lake.people.audit import note_sign_in
from lake.people.sign_in import Given, Lacks, what_lacks
from portal.security.throttle import Throttle

WINDOW_S = 300.0
ATTEMPTS_PER_NAME = 8  # of one address for one name
ATTEMPTS_PER_ADDRESS = 60  # a classroom behind one address still gets in
CODES_PER_PERSON = 8  # from all addresses together: only who has the password can use them up
HASHES_AT_ONCE = 2  # each takes 64 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Who came in, or what they lack still; neither where name and password do not belong together."""

    user: User | None = None
    lacks: Lacks = Lacks.NOTHING


class Door:
    """Asks for name, password and what else is needed; one per process."""

    def __init__(self) -> None:
        self._names = Throttle(attempts=ATTEMPTS_PER_NAME, window_s=WINDOW_S)
        self._addresses = Throttle(attempts=ATTEMPTS_PER_ADDRESS, window_s=WINDOW_S)
        self._codes = Throttle(attempts=CODES_PER_PERSON, window_s=WINDOW_S)
        self._hashing = anyio.CapacityLimiter(HASHES_AT_ONCE)

    async def enter(self, lake: Lake, given: Given, *, address: str) -> Entrance:
        """Return who comes in, or what is missing.

        Raises
        ------
        Transient
            ``too-many-attempts``: this address, or this person, must wait ``retry_after_s`` first.
        """
        key = f"{address}\n{given.username.strip().casefold()}"
        _refuse_after(self._addresses.attempt(address) or self._names.attempt(key))
        user = await anyio.to_thread.run_sync(
            partial(check_password, lake.operations, given.username, given.password), limiter=self._hashing
        )
        if user is None:
            entry = partial(note_sign_in, lake.operations, username=given.username, address=address)
            await anyio.to_thread.run_sync(partial(entry, is_right=False))
            return Entrance()
        lacks = await anyio.to_thread.run_sync(partial(self.ask, lake, user, given, address=address))
        if lacks is not Lacks.NOTHING:
            return Entrance(lacks=lacks)
        self._names.forgive(key)
        self._addresses.forgive(address)
        return Entrance(user=user)

    def ask(self, lake: Lake, user: User, given: Given, *, address: str, service: str = "") -> Lacks:
        """Return what somebody lacks still whose password was right, or whom a service named; it is noted.

        Raises
        ------
        Transient
            ``too-many-attempts``: the person gave too many codes and must wait ``retry_after_s`` first.
        """
        if given.code.strip():
            _refuse_after(self._codes.attempt(user.username))
        lacks = what_lacks(lake.operations, lake.settings, user, given)
        is_right = lacks is Lacks.NOTHING
        note_sign_in(
            lake.operations,
            username=user.username,
            address=address,
            is_right=is_right,
            lacks=lacks.value,
            service=service,
        )
        if is_right:
            self._codes.forgive(user.username)
        return lacks


def _refuse_after(wait_s: float) -> None:
    if wait_s:
        raise Transient(
            f"Too many attempts to sign in: try again in {int(wait_s) + 1} seconds.",
            code="too-many-attempts",
            retry_after_s=int(wait_s) + 1,
        )
