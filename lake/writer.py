"""Writing the lake: one transaction at a time, under the lock that all writers of all processes share."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from lake.backend import Backend
from lake.changes import Change, apply_change
from lake.patience import patiently
from lake.provenance import Batch


class Writer:
    """Holds the connection that writes; only who holds the lock touches it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._threads_set = 0
        self._in_use = threading.Lock()  # the turn can end early, where PostgreSQL that kept it went away

    def commit(self, plan: Callable[[], Sequence[Change]], batch: Batch) -> int:
        """Return the version in which what was planned stands as a whole; without changes, the newest one.

        Parameters
        ----------
        plan
            Called while no other writer is at work, so that what it reads stays true.

        Raises
        ------
        Transient
            ``lake-busy``: other writers did not let this one through.
        """
        with self._backend.writer_turn(), self._in_use:
            changes = plan()
            if changes:
                patiently(lambda: self._transaction(changes, batch))
            return self._backend.newest_version()

    @contextmanager
    def exclusive(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection, outside a transaction and with all cores, while no other writer is at work.

        Raises
        ------
        Transient
            ``lake-busy``: others held the writer's lock for too long.
        """
        with self._backend.writer_turn(), self._in_use:
            try:
                with self._threads(os.cpu_count() or 1) as connection:
                    yield connection
            except BaseException:  # a broken or interrupted statement ends with its connection
                self.forget()
                raise

    def forget(self) -> None:
        """Close the connection; it is opened again when needed."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(
            duckdb.Error
        ):  # closed in mid-transaction it would end the process where PostgreSQL left
            connection.execute("ROLLBACK")
        connection.close()

    def _transaction(self, changes: Sequence[Change], batch: Batch) -> None:
        try:
            with self._threads(1) as connection:  # more make a million rows slower, and small commits too
                connection.execute("BEGIN")
                for change in changes:
                    apply_change(connection, change)
                _sign(connection, batch)
                connection.execute("COMMIT")
        except BaseException:  # a broken or interrupted transaction ends with its connection
            self.forget()
            raise

    @contextmanager
    def _threads(self, number: int) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._connection is None:
            self._connection, self._threads_set = self._backend.connect(read_only=False), 0
        if number != self._threads_set:  # setting it costs more than many a statement
            self._connection.execute(f"SET threads = {number}")
            self._threads_set = number
        yield self._connection


def _sign(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Let the version tell who made it, and by which batch."""
    connection.execute(
        "CALL lake.set_commit_message($author, $message, extra_info => $extra)",
        {
            "author": batch.by or batch.task,
            "message": f"{batch.task} {batch.source}",
            "extra": json.dumps({"batch_id": batch.batch_id}),
        },
    )
