"""What is wrong with a lake, each in a sentence that says what to do."""

from collections.abc import Iterator

from engine.times import mjd_now
from lake.job_rows import JobState
from lake.upkeep.health import Health

FULL_DISK_SHARE = 0.1  # free
MANY_FILES = 5000  # an hour of many small batches stays below
MANY_DELETED = 0.3
MANY_WAITING = 1000
OVERDUE_D = 2.0


def problems(health: Health) -> list[str]:
    """Return what somebody should do; nothing where all is well."""
    return [*_damage(health), *_room(health), *_upkeep(health)]


def _damage(health: Health) -> Iterator[str]:
    if health.missing:
        yield (
            f"{len(health.missing):,} files of the newest version are missing, such as {health.missing[0]}: "
            "stop the portal and bring them back with `tomlake restore`."
        )


def _room(health: Health) -> Iterator[str]:
    share = health.disk_free_bytes / health.disk_bytes
    if share < FULL_DISK_SHARE:
        yield (
            f"Only {health.disk_free_bytes / 1e9:,.1f} GB ({share:.0%}) are free on the disk: make room, or "
            "carry the data over to a larger place with `tomlake move`."
        )


def _upkeep(health: Health) -> Iterator[str]:
    if health.live_files > MANY_FILES:
        yield (
            f"{health.live_files:,} files make reading slow: run `tomlake lake maintain --full`, and see "
            "that `tomlake work` runs."
        )
    for table in health.tables:
        if table.deleted_share > MANY_DELETED:
            yield (
                f"{table.deleted_share:.0%} of the stored rows of {table.name} are deleted ones: run "
                "`tomlake lake maintain --full`."
            )
    if health.orphans:
        yield (
            f"{health.orphans:,} files belong to nothing, left by programs that were killed: the next "
            "`tomlake lake maintain --full` removes those older than a day."
        )
    last = health.last_run
    if last is not None and last.state != JobState.DONE:
        yield f"The last upkeep failed: {last.reason} Run `tomlake lake maintain` to see if it passes now."
    elif health.live_files and (last is None or mjd_now() - last.finished_mjd > OVERDUE_D):
        yield (
            "There was no upkeep in the last two days: start `tomlake work`, or run `tomlake lake maintain "
            "--full`."
        )
    if health.waiting_jobs > MANY_WAITING:
        yield f"{health.waiting_jobs:,} jobs wait: start `tomlake work`, with a larger TOMLAKE_WORKERS."
