"""Downloads noted a moment later, many in one transaction: an answer from memory need not wait for a disk.

They are in the log within a second, before this process reads the log, and when it ends or closes its lake.
Where the process is killed, or the machine loses its power, those of the last second are lost; who must not
lose one calls ``lake.people.audit.note_download``.
"""

import atexit
import logging
import threading
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, insert
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import TomlakeError
from lake.people.tables import audit
from lake.remembered import writing_beside

logger = logging.getLogger(__name__)

_AFTER_S = 0.5
_MOST_WAITING = 20_000  # where the log cannot be written nothing more is given away


class _Waiting:
    """What is not in the log of one database yet."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turn = threading.Lock()  # of who writes
        self.rows: list[Mapping[str, object]] = []
        self.timer: threading.Timer | None = None


_ALL: WeakKeyDictionary[Engine, _Waiting] = WeakKeyDictionary()
_ADDING = threading.Lock()


def note_later(operations: Engine, row: Mapping[str, object]) -> None:
    """Put a row into the log within a second; it costs some 10 µs.

    Raises
    ------
    SQLAlchemyError, Rejected
        The log could not be written for so long that too much waits for it.
    """
    waiting = _waiting(operations)
    with waiting.lock:
        waiting.rows.append(row)
        is_too_much = len(waiting.rows) > _MOST_WAITING
        _begin(operations, waiting)
    if is_too_much:
        note_now(operations)


def note_now(operations: Engine) -> None:
    """Put into the log what waits for it."""
    waiting = _ALL.get(operations)
    if waiting is None:
        return
    with waiting.turn:  # who reads the log next finds what another thread is writing
        with waiting.lock:
            rows, waiting.rows = waiting.rows, []
            timer, waiting.timer = waiting.timer, None
        if timer is not None:
            timer.cancel()
        if rows:
            _write(operations, waiting, rows)


def _write(operations: Engine, waiting: _Waiting, rows: list[Mapping[str, object]]) -> None:
    try:
        with writing_beside(operations) as connection:
            connection.execute(insert(audit), [dict(row) for row in rows])
    except BaseException:
        with waiting.lock:
            waiting.rows = rows + waiting.rows
            _begin(operations, waiting)
        raise


def _begin(operations: Engine, waiting: _Waiting) -> None:
    """Let a thread write in a moment, unless one will."""
    if waiting.timer is None:
        waiting.timer = threading.Timer(_AFTER_S, _noted, [operations])
        waiting.timer.daemon = True
        waiting.timer.start()


def _noted(operations: Engine) -> None:
    try:
        note_now(operations)
    except (SQLAlchemyError, TomlakeError):
        logger.exception("downloads could not be noted; they are tried again")


def _waiting(operations: Engine) -> _Waiting:
    with _ADDING:
        return _ALL.setdefault(operations, _Waiting())


@atexit.register
def _note_all() -> None:
    for operations in list(_ALL):
        _noted(operations)
