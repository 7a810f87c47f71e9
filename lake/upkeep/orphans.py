"""Files in the lake's folder that belong to no version: what killed writers leave behind."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lake.backend import Backend
from lake.files import filesystem_of
from lake.readable import Readable
from lake.upkeep.done import Done
from lake.upkeep.live import METADATA

ORPHAN_AGE_S = 86400.0
STEP_FILES = 500
_OURS = re.compile(r"ducklake-[0-9a-f-]{36}(-delete)?\.parquet")  # anything else was put there by somebody
_KNOWN = f"""
    SELECT path FROM {METADATA}.ducklake_data_file
    UNION ALL SELECT path FROM {METADATA}.ducklake_delete_file
    UNION ALL SELECT path FROM {METADATA}.ducklake_files_scheduled_for_deletion
"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A Parquet file of DuckLake's making in the lake's folder."""

    path: str
    size_bytes: int
    age_s: float

    @property
    def name(self) -> str:
        """Return the name of the file without folders; no two files of a lake share one."""
        return self.path.rsplit("/", 1)[-1]


def stored_files(backend: Backend) -> list[StoredFile]:
    """Return every file of DuckLake's making in the lake's folder, whether a version knows it or not."""
    filesystem, root = filesystem_of(backend.settings, backend.settings.store_url)
    if not filesystem.exists(root):
        return []
    now_s = time.time()
    return [
        StoredFile(path=str(path), size_bytes=int(facts["size"]), age_s=now_s - _modified_s(facts))
        for path, facts in filesystem.find(root, detail=True).items()
        if _OURS.fullmatch(str(path).rsplit("/", 1)[-1])
    ]


def known_names(store: Readable) -> set[str]:
    """Return the names of all files that any version needs, or that wait to be removed."""
    return {str(path).rsplit("/", 1)[-1] for path in store.read(_KNOWN)["path"]}


def orphans(files: list[StoredFile], known: set[str], *, older_than_s: float) -> list[StoredFile]:
    """Return the files that nothing knows; a younger one may be a writer's who is still at work."""
    return [file for file in files if file.name not in known and file.age_s > older_than_s]


def remove_orphans(
    store: Readable, backend: Backend, *, older_than_s: float = ORPHAN_AGE_S
) -> Iterator[Done]:
    """Give what each step did until every old orphan is gone."""
    found = orphans(stored_files(backend), known_names(store), older_than_s=older_than_s)
    filesystem, _ = filesystem_of(backend.settings, backend.settings.store_url)
    for first in range(0, len(found), STEP_FILES):
        with backend.writer_turn():  # no writer is at work, so what nothing knows now stays unknown
            doomed = orphans(found[first : first + STEP_FILES], known_names(store), older_than_s=older_than_s)
            for file in doomed:
                filesystem.rm_file(file.path)
        yield Done(orphans=len(doomed))


def _modified_s(facts: dict[str, object]) -> float:
    moment = facts.get("mtime", facts.get("LastModified"))
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment) if isinstance(moment, int | float) else time.time()
