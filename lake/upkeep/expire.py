"""Let old versions go, named ones excepted; their files stay for a while, until ``lake.upkeep.leftovers``."""

from collections.abc import Iterator

import duckdb
from sqlalchemy import Engine

from engine.times import SECONDS_PER_DAY
from lake.snapshots import list_snapshots
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.live import METADATA
from lake.upkeep.turns import Turns

STEP_VERSIONS = 1000
_US_PER_DAY = SECONDS_PER_DAY * 1e6
_NEWEST = f"""
    SELECT max(snapshot_id), arg_max(epoch_us(snapshot_time::TIMESTAMPTZ), snapshot_id), epoch_us(now())
    FROM {METADATA}.ducklake_snapshot
"""  # noqa: S608 - our own names
_OLD_VERSIONS = f"""
    SELECT snapshot_id
    FROM {METADATA}.ducklake_snapshot
    WHERE snapshot_id < $newest
      AND epoch_us(snapshot_time::TIMESTAMPTZ) < $before_us
      AND NOT list_contains($named, snapshot_id)
    ORDER BY snapshot_id
    LIMIT $most
"""  # noqa: S608 - our own names
_EXPIRE = "CALL ducklake_expire_snapshots('lake', versions => $versions)"


def expire_versions(operations: Engine, turns: Turns, *, keep_d: float) -> Iterator[Done]:
    """Give what each step did until no version older than ``keep_d`` is left that has no name."""

    def expire(lake: duckdb.DuckDBPyConnection) -> Done:
        named = [each.version for each in list_snapshots(operations)]  # nobody names one during our turn
        newest, newest_us, now_us = lake.execute(_NEWEST).fetchall()[0]
        # ages count from the newest version at the latest: a clock that runs ahead lets nothing go
        before_us = min(newest_us, now_us) - int(keep_d * _US_PER_DAY)
        parameters = {"newest": newest, "before_us": before_us, "named": named, "most": STEP_VERSIONS}
        old = [version for (version,) in lake.execute(_OLD_VERSIONS, parameters).fetchall()]
        if old:
            lake.execute(_EXPIRE, {"versions": old})
        return Done(expired=len(old))

    while (done := turns.call(expire)) != NOTHING:
        yield done
