"""Running one SELECT over a published version of the lake in a process that is used once."""

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator

from engine.errors import Rejected, Transient
from lake.sandbox.publication import Publication, SandboxLimits
from lake.sandbox.selection import PUBLISHED_KEY, SNAPSHOT_KEY, Selection
from lake.sandbox.worker import Worker

MOST_SQL_CHARACTERS = 20_000
AT_ONCE = 2
TURN_S = 2.0
LIMITS = SandboxLimits()


class Sandbox:
    """Runs queries, a few at once, each in a process of its own; one object serves all threads.

    Parameters
    ----------
    at_once
        How many queries run at the same time; the next ones wait two seconds for their turn.
    spares
        How many processes wait ready, so that a query need not wait for Python to start.
    """

    def __init__(self, *, at_once: int = AT_ONCE, spares: int = 1) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._most_spares = spares
        self._taking = threading.Lock()
        self._spares: list[Worker] = []
        self._running: set[Worker] = set()
        weakref.finalize(self, _close_all, self._spares)  # who forgets to close leaves no process behind

    @contextlib.contextmanager
    def select(
        self, publication: Publication, sql: str, *, limits: SandboxLimits = LIMITS
    ) -> Iterator[Selection]:
        """Give the rows of one SELECT as long as the block lasts.

        Raises
        ------
        Rejected
            ``bad-sql``, ``not-a-select``, ``too-slow``, ``too-large`` or ``sandbox-down``.
        Transient
            ``sandbox-busy``: too many queries run; ``sandbox-down``: no process can be started.
        """
        _check_text(sql)
        with _turn(self._turns) as end_turn:
            worker = self._take()
            self._running.add(worker)
            try:
                request = _request(publication, sql, limits)
                worker.ask(request, wall_clock_s=limits.wall_clock_s, when_late=end_turn)
                with contextlib.closing(Selection(worker, publication, limits)) as selection:
                    yield selection
            finally:
                self._running.discard(worker)
                worker.close()

    def stop(self) -> None:
        """End the queries that run, from another thread."""
        for worker in list(self._running):
            worker.stop()

    def close(self) -> None:
        """End the processes that wait."""
        with self._taking:
            _close_all(self._spares)

    def _take(self) -> Worker:
        """Return a process that waits, or a new one; another one is started in its place."""
        with self._taking:
            for dead in [worker for worker in self._spares if not worker.is_alive()]:
                self._spares.remove(dead)
                dead.close()
            worker = self._spares.pop(0) if self._spares else Worker()
            while len(self._spares) < self._most_spares:
                self._spares.append(Worker())
            return worker


@contextlib.contextmanager
def run_select(publication: Publication, sql: str, *, limits: SandboxLimits = LIMITS) -> Iterator[Selection]:
    """Give the rows of one SELECT, in a process started for it; for a single query, as on a command line."""
    sandbox = Sandbox(at_once=1, spares=0)
    with sandbox.select(publication, sql, limits=limits) as selection:
        yield selection


def _close_all(workers: list[Worker]) -> None:
    while workers:
        workers.pop().close()


@contextlib.contextmanager
def _turn(turns: threading.BoundedSemaphore) -> Iterator[Callable[[], None]]:
    """Give the function that ends the turn early, as when a query is stopped whose rows nobody reads on."""
    if not turns.acquire(timeout=TURN_S):
        raise Transient(
            "Other queries are running; try again in a few seconds.", code="sandbox-busy", retry_after_s=5
        )
    ended = threading.Lock()

    def end() -> None:
        if ended.acquire(blocking=False):  # once, whoever comes first
            turns.release()

    try:
        yield end
    finally:
        end()


def _check_text(sql: str) -> None:
    if not sql.strip():
        raise Rejected("The statement is empty; write one SELECT.", code="not-a-select")
    if "\x00" in sql:
        raise Rejected("The statement holds a zero character; take it out.", code="bad-sql")
    if len(sql) > MOST_SQL_CHARACTERS:
        raise Rejected(
            f"The statement has {len(sql):,} characters; write one with at most {MOST_SQL_CHARACTERS:,}.",
            code="bad-sql",
        )


def _request(publication: Publication, sql: str, limits: SandboxLimits) -> dict[str, object]:
    return {
        "sql": sql,
        "tables": {name: [str(file) for file in files] for name, files in publication.tables.items()},
        "columns": {name: dict(columns) for name, columns in publication.columns.items()},
        "metadata": {PUBLISHED_KEY: publication.name, SNAPSHOT_KEY: str(publication.snapshot)},
        "memory_mb": limits.memory_mb,
        "wall_clock_s": limits.wall_clock_s,
        "cpu_s": limits.cpu_s,
        "rows": limits.rows,
        "result_bytes": limits.result_mb * 1_000_000,
    }
