"""The upkeep of one lake from first to last step: light for every hour, in full for every night."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from lake.notices.notices import remove_old_notices
from lake.opening import Lake
from lake.readable import Readable
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.expire import expire_versions
from lake.upkeep.leftovers import KEEP_FILES_D, remove_leftovers
from lake.upkeep.live import live_files
from lake.upkeep.merge import FULL_BELOW_BYTES, LIGHT_BELOW_BYTES, merge_small_files
from lake.upkeep.orphans import remove_orphans
from lake.upkeep.rewrite import refresh_small_files, rewrite_deletes
from lake.upkeep.turns import Turns

CROWD_FILES = 150  # from here on the light part also frees small files of deleted rows, to merge them
Tell = Callable[[str, float], None]  # what is done now, in words, and which part of all lies behind


class Scope(StrEnum):
    """How much upkeep."""

    LIGHT = "light"  # merge what came lately
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run of upkeep ended."""

    done: Done
    is_complete: bool  # False: its time was over, and the rest waits for the next run

    @property
    def sentence(self) -> str:
        """Return what was done, in one sentence."""
        return self.done.sentence if self.is_complete else f"{self.done.sentence} More is left to do."


def maintain(lake: Lake, scope: Scope, *, tell: Tell, budget_s: float | None = None) -> Outcome:
    """Return what upkeep did; readers and writers go on meanwhile.

    Parameters
    ----------
    tell
        Called before each step; what it raises ends the run between two steps.
    budget_s
        No step begins after this time.

    Raises
    ------
    Transient
        ``lake-busy``: other writers kept the lock for too long; ``lake-away``: a server does not answer.
    """
    began_s, total = time.monotonic(), NOTHING
    turns = Turns(lake.store.backend)
    works = _works(lake, turns, scope)
    try:
        for number, (title, steps) in enumerate(works):
            tell(title, number / len(works))
            for done in steps:
                total += done
                if budget_s is not None and time.monotonic() - began_s > budget_s:
                    return Outcome(done=total, is_complete=False)
                tell(f"{title}: {total.sentence}", number / len(works))
        return Outcome(done=total, is_complete=True)
    finally:
        turns.close()


def _works(lake: Lake, turns: Turns, scope: Scope) -> list[tuple[str, Iterator[Done]]]:
    store = lake.store
    if scope == Scope.LIGHT:
        return [("Merging small files", _merge_lately(store, turns))]
    store.backend.remove_stale_spills()
    keep_d = float(lake.settings.keep_versions_d)
    return [
        ("Leaving out deleted rows", chain(rewrite_deletes(store, turns), refresh_small_files(store, turns))),
        ("Merging small files", merge_small_files(store, turns, below_bytes=FULL_BELOW_BYTES)),
        ("Letting old versions go", expire_versions(lake.operations, turns, keep_d=keep_d)),
        (
            "Removing files that no version needs",
            remove_leftovers(store, store.backend, turns, keep_d=KEEP_FILES_D),
        ),
        ("Removing orphaned files", remove_orphans(store, store.backend)),
        ("Removing old notices", _remove_notices(lake)),
    ]


def _remove_notices(lake: Lake) -> Iterator[Done]:
    yield Done(notices=remove_old_notices(lake.operations))


def _merge_lately(store: Readable, turns: Turns) -> Iterator[Done]:
    yield from merge_small_files(store, turns, below_bytes=LIGHT_BELOW_BYTES)
    if sum(1 + (file.delete_file_bytes > 0) for file in live_files(store)) > CROWD_FILES:
        yield from refresh_small_files(store, turns)
        yield from merge_small_files(store, turns, below_bytes=LIGHT_BELOW_BYTES)
