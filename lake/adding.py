"""A target is added: from that moment on all archives are asked for it."""

from engine.brokers.registry import served
from engine.target import Target
from lake.archives import ASKED_PRIORITY, request_all
from lake.ephemerides import Wanted, ask_ephemeris
from lake.opening import Lake
from lake.public.origin import origin_of
from lake.queue import enqueue
from lake.targets import create_target


def add_target(lake: Lake, target: Target, *, by: str) -> Target:
    """Return the target with its id; jobs that ask the archives, and for its other names or
    its ephemeris, wait already.

    A copy of somebody's public lake asks nobody: the archives are asked where the lake is at home.

    Raises
    ------
    Rejected
        As ``create_target``.
    """
    added = create_target(lake.operations, target, by=by)
    if origin_of(lake.settings) is None:
        if not (added.simulated or added.designation):
            key = f"aliases:{added.target_id}"
            args = {"target_id": str(added.target_id)}
            enqueue(lake.operations, "aliases", args, dedupe=key, lock=key, priority=ASKED_PRIORITY)
        if added.designation and not added.simulated:
            ask_ephemeris(lake.operations, Wanted(target_id=added.target_id or 0))
        request_all(lake.operations, served(lake.settings.secrets), added)
    return added
