"""Orders to the Dask workers of one cluster: each is asked to do one job, and asked again when it ended."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from distributed import Client, Future
from sqlalchemy import Engine

from jobs.dask_worker import Order, do_one_job
from jobs.executor import CLUSTER_KINDS
from jobs.watch import Limits
from lake.queue import Job, Kinds, due_jobs

logger = logging.getLogger(__name__)

PAUSE_S = 10.0  # for a Dask worker that cannot work
CLAIM_S = 1.0  # an order so young may not have claimed its job yet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    future: Future[None]
    given_s: float


class Orders:
    """The orders of one dispatcher: never two at a time to one worker, never more than jobs are due.

    ``wake`` is called, in any thread, when one of them ended.
    """

    def __init__(
        self, client: Client, operations: Engine, *, tasks: str, limits: Limits, wake: Callable[[], None]
    ) -> None:
        self._client = client
        self._operations = operations
        self._tasks = tasks
        self._limits = limits
        self._wake = wake
        self._given: dict[str, _Given] = {}  # by address of the Dask worker
        self._rests_until_s: dict[str, float] = {}
        self._complaints: dict[str, str] = {}

    def tend(self) -> None:
        """Take note of the orders that ended, and give new ones.

        Raises
        ------
        OSError
            The scheduler does not answer.
        """
        if self._client.status == "closed":
            raise ConnectionError("the scheduler is gone")
        if self._client.status != "running":  # it tries for a while to reach the scheduler again
            return
        workers = set(self._client.scheduler_info(n_workers=-1)["workers"])
        self._note_ended(workers)
        now_s = time.monotonic()
        free = sorted(
            address
            for address in workers - self._given.keys()
            if self._rests_until_s.get(address, 0.0) <= now_s
        )
        if not free:
            return
        young = sum(now_s - given.given_s < CLAIM_S for given in self._given.values())
        due = due_jobs(self._operations, kinds=Kinds(only=CLUSTER_KINDS), limit=len(free) + young)
        for address, job in zip(free, due[young:], strict=False):
            self._give(address, job)

    def take_back(self) -> None:
        """Take back what has not begun; jobs that run on the cluster go on to their end."""
        for given in self._given.values():
            given.future.cancel()
        self._given.clear()

    def _note_ended(self, workers: set[str]) -> None:
        for address in list(self._given):
            future = self._given[address].future
            if address in workers and not future.done():
                continue
            del self._given[address]
            if address in workers:
                self._note(address, future)
            else:  # the worker is gone: its job is done by another when its lease runs out
                future.cancel()

    def _note(self, address: str, future: Future[None]) -> None:
        complaint = str(future.exception()) if future.status == "error" else ""
        if complaint:
            self._rests_until_s[address] = time.monotonic() + PAUSE_S
            if self._complaints.get(address) != complaint:
                logger.error("the Dask worker %s does no jobs: %s", address, complaint)
        self._complaints[address] = complaint

    def _give(self, address: str, job: Job) -> None:
        order = Order(
            tasks=self._tasks,
            kinds=tuple(sorted(CLUSTER_KINDS)),
            limits=self._limits,
            job_id=job.job_id,
            created_mjd=job.created_mjd,
        )
        future = self._client.submit(do_one_job, order, workers=[address], pure=False)
        future.add_done_callback(lambda _: self._wake())
        self._given[address] = _Given(future=future, given_s=time.monotonic())
