"""Where jobs run: all in the worker processes of this machine, or the heavy kinds on a Dask cluster."""

import importlib.util
import sys

from engine.errors import Rejected
from lake.settings import Executor, Settings

CANARY = "canary"
WATCH = "watch"
EPHEMERIS = "ephemeris"
HARVEST = "harvest"  # the harvester does these, many at once
CLUSTER_KINDS = frozenset({"reduce", "recalibrate", HARVEST, "references"})
DISPATCHER = (sys.executable, "-m", "jobs.dask_dispatch", "--child")
SCHEMES = ("tcp://", "tls://")


def left_to_cluster(settings: Settings) -> frozenset[str]:
    """Return the kinds of jobs that the worker processes of this machine do not take."""
    return CLUSTER_KINDS if settings.executor == Executor.DASK else frozenset()


def check_executor(settings: Settings) -> None:
    """Refuse settings with which no heavy job could ever run.

    Raises
    ------
    Rejected
        ``no-scheduler``: its address is missing or none; ``no-dask``: Dask is not installed.
    """
    if settings.executor != Executor.DASK:
        return
    if not settings.scheduler.startswith(SCHEMES):
        raise Rejected(
            f"The address of the Dask scheduler is {settings.scheduler!r:.80}; give one such as "
            "tcp://host:8786 with --scheduler or in TOMLAKE_SCHEDULER.",
            code="no-scheduler",
        )
    if importlib.util.find_spec("distributed") is None:
        raise Rejected("Dask is not installed here: pip install 'tomlake[dask]'.", code="no-dask")
