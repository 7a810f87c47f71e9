"""Of many clocks one leads: it holds a lock, in a file or in PostgreSQL, until it gives it up or dies."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from lake.lock import try_lock

_ADVISORY_KEY = 7_086_932  # one number for tomlake's clocks in a PostgreSQL database
_TAKE = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=_ADVISORY_KEY)
_FREE = text("SELECT pg_advisory_unlock(:key)").bindparams(key=_ADVISORY_KEY)


class Leadership(Protocol):
    """The right to act as the clock of one installation."""

    def is_held(self) -> bool:
        """Return whether this process leads, after trying to."""
        ...

    def give_up(self) -> None:
        """Let another process lead."""
        ...


def leadership_of(operations: Engine, lock_file: Path) -> Leadership:
    """Return the leadership that every clock of these operations can see, also on other machines."""
    is_shared = operations.dialect.name == "postgresql"
    return ServerLeadership(operations) if is_shared else FileLeadership(lock_file)


class FileLeadership:
    """A lock on a file, for the processes of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def is_held(self) -> bool:
        """Return whether this process leads, after trying to."""
        if self._handle is not None:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not try_lock(handle):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def give_up(self) -> None:
        """Let another process lead."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class ServerLeadership:
    """A lock of PostgreSQL; it ends with its session, so a server that restarts lets any clock lead."""

    def __init__(self, operations: Engine) -> None:
        self._operations = operations
        self._asking = threading.Lock()
        self._session: Connection | None = None

    def is_held(self) -> bool:
        """Return whether this process leads, after trying to; while the server is away nobody does."""
        with self._asking:
            try:
                return self._is_alive() or self._took_it()
            except DBAPIError:
                self._leave()
                return False

    def give_up(self) -> None:
        """Let another process lead."""
        with self._asking:
            self._leave()

    def _is_alive(self) -> bool:
        if self._session is None:
            return False
        self._session.execute(text("SELECT 1"))
        return True

    def _took_it(self) -> bool:
        session = self._operations.connect().execution_options(isolation_level="AUTOCOMMIT")
        session.detach()  # closed for good, so that no other user of the pool inherits the lock
        try:
            taken = session.execute(_TAKE).scalar()
        except BaseException:
            session.close()
            raise
        if taken is not True:
            session.close()
            return False
        self._session = session
        return True

    def _leave(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        with suppress(SQLAlchemyError):
            session.execute(_FREE)  # a session that only closes is ended by the server some time later
        with suppress(SQLAlchemyError):
            session.close()
