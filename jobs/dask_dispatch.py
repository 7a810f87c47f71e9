"""The dispatcher: keeps a Dask cluster busy with the jobs that are due; it holds no job itself.

``python -m jobs.dask_dispatch`` runs it with the settings of the environment. What jobs make never passes
here: Dask workers write it to the lake and the queue.
"""

import argparse
import logging
import os
import signal
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from distributed import Client
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import Rejected
from jobs.dask_orders import Orders
from jobs.executor import check_executor
from jobs.watch import Limits
from jobs.worker import EXIT_REFUSED, TASKS
from lake.operations import open_operations
from lake.settings import Settings, read_settings

logger = logging.getLogger(__name__)

POLL_S = 0.3
ANSWER_S = 5.0  # for a scheduler to answer
RETRY_S = 1.0  # between two tries to reach it


class Bell:
    """Wakes the dispatcher when an order ended, and tells it when to end."""

    def __init__(self, *, parent_pid: int | None = None) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()  # a signal's handler may put into it at any moment
        self._parent_pid = parent_pid
        self._is_told = False

    @property
    def is_over(self) -> bool:
        """Return whether the dispatcher shall end: it was told to, or its parent is gone."""
        return self._is_told or self._parent_pid not in {None, os.getppid()}

    def ring(self) -> None:
        """End the present wait."""
        self._rung.put(None)

    def end(self, _number: int, _frame: object) -> None:
        """Take a signal to end."""
        self._is_told = True
        self.ring()

    def wait(self, seconds: float) -> None:
        """Wait until it is rung, at most so long."""
        try:
            self._rung.get(timeout=seconds)
        except Empty:
            return


def run_dispatcher(
    settings: Settings, *, tasks: str = TASKS, limits: Limits | None = None, parent_pid: int | None = None
) -> None:
    """Run a dispatcher until SIGTERM, or until ``parent_pid`` is its parent no more.

    Parameters
    ----------
    tasks
        The place where Dask workers find the functions by kind of job.
    limits
        What one job may use there; by default what the settings say.

    Raises
    ------
    Rejected
        ``no-scheduler``, ``no-dask``, ``bad-setting``.
    """
    check_executor(settings)
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it says is said here, once
    bell = Bell(parent_pid=parent_pid)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, bell.end)
    limits = limits or Limits(wall_clock_s=settings.job_wall_clock_s, memory_mb=settings.job_memory_mb)
    dispatch(settings.scheduler, open_operations(settings.operations_url), bell, tasks=tasks, limits=limits)


def dispatch(scheduler: str, operations: Engine, bell: Bell, *, tasks: str, limits: Limits) -> None:
    """Keep the cluster of a scheduler busy until the bell says that it is over."""
    is_told = False
    while not bell.is_over:
        try:
            with Client(scheduler, timeout=ANSWER_S, set_as_default=False, name="tomlake") as client:
                logger.info("the Dask scheduler at %s answers", scheduler)
                is_told = False
                _give_orders(Orders(client, operations, tasks=tasks, limits=limits, wake=bell.ring), bell)
        except OSError as error:
            if not is_told:
                reason = "does not answer: its jobs wait, and it is asked again until it does"
                logger.error("The Dask scheduler at %s %s.", scheduler, reason)
                logger.debug("why it does not answer", exc_info=error)
            is_told = True
            bell.wait(RETRY_S)


def _give_orders(orders: Orders, bell: Bell) -> None:
    try:
        while not bell.is_over:
            try:
                orders.tend()
            except SQLAlchemyError:
                logger.warning("the operational database did not answer", exc_info=True)
            bell.wait(POLL_S)
    finally:
        orders.take_back()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a dispatcher with the settings of the environment."""
    parser = argparse.ArgumentParser(prog="python -m jobs.dask_dispatch", description="Give jobs to Dask.")
    parser.add_argument("--tasks", default=TASKS, help="MODULE:NAME of a dict of tasks")
    parser.add_argument("--child", action="store_true", help="end when the parent process ends")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        run_dispatcher(read_settings(), tasks=given.tasks, parent_pid=os.getppid() if given.child else None)
    except Rejected as refusal:
        logger.error("%s", refusal, exc_info=refusal.__cause__)
        raise SystemExit(EXIT_REFUSED) from refusal


if __name__ == "__main__":
    main()
