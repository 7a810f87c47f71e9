"""The writer's lock, one short step at a time, so that upkeep never keeps other writers waiting for long."""

from collections.abc import Callable

import duckdb

from lake.backend import Backend
from lake.patience import patiently
from lake.upkeep.done import NOTHING, Done

MEMORY_LIMIT = "400MB"  # DuckDB puts the rest on the disk; the process then stays below 1 GB
_SETTINGS = (f"SET memory_limit = '{MEMORY_LIMIT}'", "SET threads = 1")  # one thread also keeps rows in order
_MESSAGE = "CALL lake.set_commit_message('tomlake', $message, extra_info => '{}')"

Work = Callable[[duckdb.DuckDBPyConnection], Done]


class Turns:
    """Gives upkeep its turns as a writer, on a connection of its own that is content with little memory."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._connection: duckdb.DuckDBPyConnection | None = None

    def step(self, title: str, work: Work) -> Done:
        """Return what the work did, in one transaction; work that finds nothing to do leaves no version.

        Parameters
        ----------
        title
            What the step does, in a word: it stands beside the version that it makes.

        Raises
        ------
        Transient
            ``lake-busy``: others held the writer's lock for too long.
        """
        with self._backend.writer_turn():
            return patiently(lambda: self._transaction(title, work), again=self.close)

    def call(self, work: Work) -> Done:
        """Return what the work did under the writer's lock, each statement for itself."""
        with self._backend.writer_turn():
            try:
                return patiently(lambda: work(self._opened()), again=self.close)
            except BaseException:  # an interrupted statement ends with its connection
                self.close()
                raise

    def close(self) -> None:
        """Close the connection; the next turn opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _transaction(self, title: str, work: Work) -> Done:
        try:
            connection = self._opened()
            connection.execute("BEGIN")
            done = work(connection)
            if done == NOTHING:
                connection.execute("ROLLBACK")
            else:
                connection.execute(_MESSAGE, {"message": f"maintain {title}"})
                connection.execute("COMMIT")
        except BaseException:  # a broken or interrupted transaction ends with its connection
            self.close()
            raise
        return done

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            connection = self._backend.connect(read_only=False)
            for statement in _SETTINGS:
                connection.execute(statement)
            self._connection = connection
        return self._connection
