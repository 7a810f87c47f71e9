"""What the page of a target says of its light curve as a whole, worked out once per version of the lake."""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from lake.people.accounts import User
from lake.seen import Closed
from lake.store import Store
from portal.data import LastSeen, credits_table, has_simulated, last_seen
from portal.light_curve.curves import closed_of, light_curve_of
from portal.light_curve.moment import read_version
from portal.opened import lake


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A light curve in a few facts."""

    points: int
    is_simulated: bool  # some of it
    last: LastSeen | None
    observers: pl.DataFrame
    sources: tuple[str, ...]


def summary_of(target_id: int, user: User | None) -> Summary:
    """Return the facts of the light curve that a visitor may see."""
    return _summary(lake().store, read_version(), target_id, closed_of(target_id, user))


@lru_cache(maxsize=256)
def _summary(store: Store, version: int, target_id: int, closed: Closed) -> Summary:
    points = light_curve_of(store, version, target_id, closed)
    return Summary(
        points=len(points),
        is_simulated=has_simulated(points),
        last=last_seen(points),
        observers=credits_table(points),
        sources=tuple(sorted(points["source"].unique())),
    )
