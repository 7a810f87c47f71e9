"""Which target stands for one that was merged into it."""

from enum import StrEnum

from sqlalchemy import Connection, select

from lake.operations import merges, targets

_STEPS_MAX = 100


class MergeState(StrEnum):
    """How far a merge is; a step that was cut short is gone through again."""

    MERGING = "merging"  # the gone target is hidden, its rows in the lake are on their way
    MERGED = "merged"
    PARTING = "parting"  # the target is back, its rows in the lake are on their way
    PARTED = "parted"


IN_FORCE = (MergeState.MERGING.value, MergeState.MERGED.value)


def leads_to(connection: Connection, target_id: int) -> int:
    """Return the number of the target that stands for this one: its own while it is there."""
    for _ in range(_STEPS_MAX):
        there = connection.execute(select(targets.c.target_id).where(targets.c.target_id == target_id))
        if there.first() is not None:
            return target_id
        query = (
            select(merges.c.kept_id)
            .where(merges.c.gone_id == target_id, merges.c.state.in_(IN_FORCE))
            .order_by(merges.c.merge_id.desc())
            .limit(1)
        )
        kept_id = connection.execute(query).scalar_one_or_none()
        if kept_id is None:
            return target_id
        target_id = int(kept_id)
    return target_id
