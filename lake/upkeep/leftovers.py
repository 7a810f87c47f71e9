"""Remove files that no kept version needs any more: those merged into others, and those of versions let go.

DuckLake has a call for it, but with a catalog in SQLite it compares times as text: a file let go a minute ago
counts as older than a day just after midnight. It would also hold the writer's lock while it removes.
"""

from collections.abc import Iterator
from contextlib import suppress

import duckdb

from engine.times import SECONDS_PER_DAY
from lake.backend import Backend
from lake.files import filesystem_of
from lake.readable import Readable
from lake.upkeep.done import Done
from lake.upkeep.live import METADATA
from lake.upkeep.orphans import stored_files
from lake.upkeep.turns import Turns

KEEP_FILES_D = 1.0  # a reader that still works on what was let go keeps its files this long
STEP_FILES = 1000
_US_PER_DAY = SECONDS_PER_DAY * 1e6
_SCHEDULED = f"""
    SELECT path
    FROM {METADATA}.ducklake_files_scheduled_for_deletion
    WHERE epoch_us(schedule_start::TIMESTAMPTZ) <= epoch_us(now()) - $keep_us
    ORDER BY path
"""  # noqa: S608 - our own names
_FORGET = f"""
    DELETE FROM {METADATA}.ducklake_files_scheduled_for_deletion WHERE list_contains($paths, path)
"""  # noqa: S608 - our own names


def remove_leftovers(store: Readable, backend: Backend, turns: Turns, *, keep_d: float) -> Iterator[Done]:
    """Give what each step did until every file is gone that was let go longer than ``keep_d`` ago.

    The files go first, without the writer's lock, since no version reaches them; then they are forgotten.
    """
    scheduled = [str(path) for path in store.read(_SCHEDULED, {"keep_us": int(keep_d * _US_PER_DAY)})["path"]]
    if not scheduled:
        return
    filesystem, _ = filesystem_of(backend.settings, backend.settings.store_url)
    places = {file.name: file.path for file in stored_files(backend)}
    for first in range(0, len(scheduled), STEP_FILES):
        paths = scheduled[first : first + STEP_FILES]
        for name in (path.rsplit("/", 1)[-1] for path in paths):
            if name in places:
                with suppress(FileNotFoundError):  # another upkeep was quicker
                    filesystem.rm_file(places[name])
        yield turns.call(_Forget(paths))


class _Forget:
    """One step: files that are gone leave the list of those to be removed."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = paths

    def __call__(self, lake: duckdb.DuckDBPyConnection) -> Done:
        lake.execute(_FORGET, {"paths": self._paths})
        return Done(removed=len(self._paths))
