"""Both stores made to read from the disk again, as after a night in which others used the memory."""

import os
from pathlib import Path

from benchmarks.build import Pair


def drop_caches(pair: Pair) -> None:
    """Write everything out, then ask the system to forget the stores' files; both start anew."""
    pair.server.stop()
    pair.lake.store.close()
    os.sync()
    for folder in (pair.folder / "lake", pair.server.folder):
        for path in folder.rglob("*"):
            if path.is_file():
                _forget(path)
    pair.server.start()


def _forget(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
