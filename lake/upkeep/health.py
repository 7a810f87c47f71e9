"""The health of one lake on one page: what it holds, what upkeep did, and what somebody should do."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from fsspec import AbstractFileSystem

from engine.errors import Transient
from engine.times import SECONDS_PER_DAY
from lake.backend import Backend
from lake.catalog import CatalogKind
from lake.files import filesystem_of, is_s3
from lake.opening import Lake
from lake.paths import local_folder
from lake.queue import JobState, counts
from lake.raw import SUFFIX
from lake.settings import Settings
from lake.snapshots import Snapshot, list_snapshots
from lake.tables import TABLES
from lake.upkeep.live import METADATA, LiveFile, live_files
from lake.upkeep.orphans import known_names, orphans, stored_files
from lake.upkeep.runs import Run, last_run

ORPHAN_AFTER_S = 3600.0  # a younger file may be of a writer at work
_LOCK_TRY_S = 0.05
_RAW_TIME_S = 0.3
_RAW_ENOUGH = 1000  # files that give a fair estimate: parts of the raw store are alike, named by a sha256
_DIGITS = "0123456789abcdef"
_VERSIONS = f"""
    SELECT count(*), min(snapshot_id), min(epoch_us(snapshot_time::TIMESTAMPTZ)), max(snapshot_id)
    FROM {METADATA}.ducklake_snapshot
"""  # noqa: S608 - our own names
_POSTGRES_BYTES = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE 'ducklake%'"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHealth:
    """One table in the newest version."""

    name: str
    rows: int  # deleted ones left out
    files: int
    delete_files: int
    size_bytes: int
    median_file_bytes: int
    deleted_share: float

    @property
    def bytes_per_row(self) -> float | None:
        """Return the size of a row on the disk."""
        return self.size_bytes / self.rows if self.rows else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHealth:
    """The kept raw answers and uploads."""

    files: int
    size_bytes: int  # compressed
    is_estimate: bool  # counted in a part of the folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Everything that ``tomlake lake status`` shows."""

    version: int
    tables: tuple[TableHealth, ...]
    orphans: int
    orphan_bytes: int
    missing: tuple[str, ...]  # files that the newest version needs and that are not there
    versions: int
    oldest_version: int
    oldest_mjd: float
    snapshots: tuple[Snapshot, ...]
    catalog_bytes: int
    raw: RawHealth
    lock_is_held: bool
    waiting_jobs: int
    last_run: Run | None
    disk_free_bytes: int  # where the data are, or, with data on S3, where spool and catalog are
    disk_bytes: int

    @property
    def live_files(self) -> int:
        """Return how many files the newest version is made of."""
        return sum(table.files + table.delete_files for table in self.tables)


def health(lake: Lake) -> Health:
    """Return the health of a lake; takes less than a second.

    Raises
    ------
    Transient
        ``lake-away``: a server does not answer.
    """
    backend = lake.store.backend
    live = live_files(lake.store)
    stored = stored_files(backend)
    lost = {file.name for file in live} - {file.name for file in stored}
    left = orphans(stored, known_names(lake.store), older_than_s=ORPHAN_AFTER_S)
    versions, oldest, oldest_us, newest = lake.store.read(_VERSIONS).row(0)
    disk = shutil.disk_usage(local_folder(lake.settings.store_url) or lake.settings.data_dir)
    return Health(
        version=newest,
        tables=tuple(_table(table.name, live) for table in TABLES),
        orphans=len(left),
        orphan_bytes=sum(file.size_bytes for file in left),
        missing=tuple(sorted(lost)),
        versions=versions,
        oldest_version=oldest,
        oldest_mjd=40587.0 + oldest_us / (SECONDS_PER_DAY * 1e6),
        snapshots=tuple(list_snapshots(lake.operations)),
        catalog_bytes=_catalog_bytes(backend),
        raw=_raw(lake.settings),
        lock_is_held=_is_lock_held(backend),
        waiting_jobs=counts(lake.operations)[JobState.WAITING],
        last_run=last_run(lake.operations),
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
    )


def _table(name: str, live: Sequence[LiveFile]) -> TableHealth:
    files = [file for file in live if file.table == name]
    rows, deleted = sum(file.rows for file in files), sum(file.deleted_rows for file in files)
    return TableHealth(
        name=name,
        rows=rows - deleted,
        files=len(files),
        delete_files=sum(file.delete_file_bytes > 0 for file in files),
        size_bytes=sum(file.size_bytes + file.delete_file_bytes for file in files),
        median_file_bytes=int(median(file.size_bytes for file in files)) if files else 0,
        deleted_share=deleted / rows if rows else 0.0,
    )


def _catalog_bytes(backend: Backend) -> int:
    if backend.catalog.kind == CatalogKind.POSTGRESQL:
        return int(backend.catalog.rows(_POSTGRES_BYTES)[0][0])
    file = backend.catalog.file or Path()
    parts = [Path(f"{file}{suffix}") for suffix in ("", "-wal")]
    return sum(part.stat().st_size for part in parts if part.exists())


def _raw(settings: Settings) -> RawHealth:
    filesystem, root = filesystem_of(settings, settings.raw_url)
    began_s, files, size_bytes, looked_at = time.monotonic(), 0, 0, 0
    parts = list(_DIGITS) if is_s3(settings.raw_url) else [f"{a}{b}" for a in _DIGITS for b in _DIGITS]
    for part in parts:
        if files > _RAW_ENOUGH and time.monotonic() - began_s > _RAW_TIME_S:
            break
        for size in _raw_sizes(filesystem, root, part):
            files, size_bytes = files + 1, size_bytes + size
        looked_at += 1
    share = len(parts) / looked_at
    return RawHealth(
        files=round(files * share),
        size_bytes=round(size_bytes * share),
        is_estimate=looked_at < len(parts),
    )


def _raw_sizes(filesystem: AbstractFileSystem, root: str, part: str) -> list[int]:
    """Return the sizes of raw files whose name begins so: a request to S3, or a folder."""
    if len(part) == 1:
        found = filesystem.find(root, prefix=part, detail=True)
    else:
        found = filesystem.find(f"{root}/{part}", detail=True)
    return [int(facts["size"]) for name, facts in found.items() if str(name).endswith(SUFFIX)]


def _is_lock_held(backend: Backend) -> bool:
    try:
        with backend.writer_turn(timeout_s=_LOCK_TRY_S):
            return False
    except Transient as error:
        if error.code != "lake-busy":
            raise
        return True
