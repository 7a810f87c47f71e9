"""Opening an installation: folders, operations tables, the lake's tables and the raw store at once."""

from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import Engine

from lake.lock import locked
from lake.operations import open_operations
from lake.paths import make_folders
from lake.people.noted_later import note_now
from lake.raw import RawStore, open_raw
from lake.safekeeping.mark import refuse_unfinished
from lake.settings import Settings
from lake.store import Store

OPENING_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """One open installation; it serves all threads of a process."""

    settings: Settings
    operations: Engine
    store: Store
    raw: RawStore

    def close(self) -> None:
        """Close every connection; what waits for the log goes there before."""
        note_now(self.operations)
        self.store.close()
        self.operations.dispose()


def open_lake(settings: Settings) -> Lake:
    """Return the installation, made ready first where it is new; cheap where it is complete.

    Raises
    ------
    Rejected
        ``no-write-access``: the data folder cannot be written; ``bad-setting``: a URL cannot be used;
        ``unfinished-restore``: a restore to this place was killed.
    """
    refuse_unfinished(settings)
    places = make_folders(settings)
    with locked(places.opening_lock, timeout_s=OPENING_TIMEOUT_S), ExitStack() as unfinished:
        operations = open_operations(settings.operations_url)
        unfinished.callback(operations.dispose)
        store = Store(settings)
        unfinished.callback(store.close)
        store.prepare()
        store.backend.remove_stale_spills()
        raw = open_raw(settings)
        unfinished.pop_all()
    return Lake(settings=settings, operations=operations, store=store, raw=raw)
