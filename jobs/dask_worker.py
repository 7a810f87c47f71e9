"""What runs on a Dask worker: it claims one job, does it under watch and ends it, as any other worker does.

The queue stays the only truth. The process that does a job is the one that holds its lease, so a dead Dask
worker, scheduler or dispatcher is a lease that runs out, and Dask may run this function again at any time.
"""

import logging
import threading
from dataclasses import dataclass
from functools import cache

from distributed import Status, Worker, get_worker
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import Rejected, TomlakeError
from jobs.loop import carry_out, is_full
from jobs.watch import Limits, Watch, used_memory_mb
from jobs.worker import load_tasks, new_name
from lake.opening import Lake, open_lake
from lake.queue import Kinds, claim, get_job
from lake.settings import Settings, read_settings

logger = logging.getLogger(__name__)

_ONE_JOB = threading.Lock()  # the limits of a job are those of its process: never two jobs in one


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a dispatcher asks for; it carries no secret: where the lake is, a Dask worker's settings say."""

    tasks: str  # the place of the tasks, such as jobs.tasks:TASKS
    kinds: tuple[str, ...]
    limits: Limits
    job_id: int  # of any job of the dispatcher's lake, and when it was made
    created_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    lake: Lake
    name: str  # under which this process holds its leases
    at_start_mb: float


class Unfit(Exception):  # noqa: N818 - reads as what is said of the worker
    """This Dask worker cannot work, for the reason in its one sentence."""


def do_one_job(order: Order) -> None:
    """Do one job that is due, if there is any; how it ended is written in the queue, nothing is given back.

    Raises
    ------
    Unfit
        This worker cannot work as it is. Dask carries an error to who asked even when the worker is lost
        right afterwards; for a returned value it would wait.
    """
    if not _ONE_JOB.acquire(blocking=False):
        return
    try:
        _do_one_job(order, get_worker())
    except TomlakeError as error:
        raise Unfit(error.reason) from None
    except SQLAlchemyError as error:
        logger.warning("the operational database did not answer", exc_info=error)
        raise Unfit("The operational database does not answer it.") from None
    finally:
        _ONE_JOB.release()


def _do_one_job(order: Order, worker: Worker) -> None:
    home = _home(read_settings())
    lake, tasks = home.lake, load_tasks(order.tasks)
    _check_same_lake(lake, order)
    with Watch(lake.operations, order.limits, is_ending=lambda: worker.status != Status.running) as watch:
        job = claim(lake.operations, home.name, lease_s=order.limits.lease_s, kinds=Kinds(only=order.kinds))
        if job is not None:
            carry_out(lake, job, tasks, watch)
    if is_full(order.limits, home.at_start_mb):
        worker.loop.add_callback(worker.close_gracefully, restart=True, reason="jobs left memory behind")


@cache
def _home(settings: Settings) -> _Home:
    """Return the lake of this process, opened once."""
    return _Home(lake=open_lake(settings), name=new_name(), at_start_mb=used_memory_mb())


def _check_same_lake(lake: Lake, order: Order) -> None:
    try:
        is_same = get_job(lake.operations, order.job_id).created_mjd == order.created_mjd
    except Rejected:
        is_same = False
    if not is_same:
        raise Rejected(
            "It works on another lake: start it with the TOMLAKE_* settings of the dispatcher.",
            code="other-lake",
        )
