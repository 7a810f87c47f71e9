"""A target is added: from that moment on all archives are asked for it."""

from sqlalchemy import Connection

from engine.brokers.registry import served
from engine.target import Target
from lake.archives import ASKED_PRIORITY, request_all_within
from lake.ephemerides import Wanted, ask_ephemeris_within
from lake.opening import Lake
from lake.public.origin import origin_of
from lake.queue import enqueue_within
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

    def ask(connection: Connection, added: Target) -> None:
        request_all_within(connection, served(lake.settings.secrets), added)
        _ask_who_it_is(connection, added)

    is_copy = origin_of(lake.settings) is not None
    return create_target(lake.operations, target, by=by, then=None if is_copy else ask)


def _ask_who_it_is(connection: Connection, added: Target) -> None:
    if added.simulated:
        return
    if added.designation:
        ask_ephemeris_within(connection, Wanted(target_id=added.target_id or 0))
        return
    key = f"aliases:{added.target_id}"
    args = {"target_id": str(added.target_id)}
    enqueue_within(connection, "aliases", args, dedupe=key, lock=key, priority=ASKED_PRIORITY)
