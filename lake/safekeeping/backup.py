"""Backups: everything of one moment in a folder or on S3, while everybody works on.

Files of the lake never change, so only what the place does not hold yet is copied. The manifest comes last.
"""

import logging
import time
from dataclasses import dataclass

from lake.lock import locked
from lake.opening import Lake
from lake.paths import paths_of
from lake.safekeeping.gathering import Gathering
from lake.safekeeping.manifest import write_manifest
from lake.safekeeping.moment import working_folder
from lake.safekeeping.place import Place
from lake.safekeeping.pruning import prune
from lake.safekeeping.sums import Progress

logger = logging.getLogger(__name__)

KEEP = 7
LOCK = "backup.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup did."""

    name: str
    lake_version: int
    files: int
    size_bytes: int
    copied_files: int
    copied_bytes: int
    removed_files: int  # of backups that are kept no longer
    gone: tuple[str, ...]  # files that the lake has lost and the backup still holds
    lost: tuple[str, ...]  # files that the lake lost before any backup held them
    seconds: float


def backup(lake: Lake, destination_url: str, *, keep: int = KEEP, progress: Progress) -> BackupReport:
    """Return what was done to hold this moment of the lake in a folder or at an ``s3://`` place.

    Parameters
    ----------
    keep
        How many backups stay there; the oldest go, but none while the lake misses files.

    Raises
    ------
    Rejected
        ``other-lake``: the place holds backups of another lake; ``bad-setting``; ``no-write-access``.
    Transient
        ``lake-busy``: another backup runs, or files kept vanishing while they were copied.
    """
    began_s = time.monotonic()
    lock = paths_of(lake.settings).data_dir / LOCK
    with locked(lock, timeout_s=1.0), working_folder(lake.settings) as folder:
        place = Place(lake.settings, destination_url, spool_dir=folder)
        gathering = Gathering(lake, place, folder=folder, progress=progress)
        manifest = gathering.manifest()
        write_manifest(place, manifest)
        removed = 0 if gathering.absent else prune(place, keep=keep)
    logger.info("backup %s was made, %d files were copied", manifest.name, gathering.copied_files)
    return BackupReport(
        name=manifest.name,
        lake_version=manifest.lake_version,
        files=len(manifest.pieces),
        size_bytes=manifest.size_bytes,
        copied_files=gathering.copied_files,
        copied_bytes=gathering.copied_bytes,
        removed_files=removed,
        gone=tuple(sorted(gathering.absent - set(manifest.lost))),
        lost=manifest.lost,
        seconds=time.monotonic() - began_s,
    )
