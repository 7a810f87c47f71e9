"""The task `backup`: everything of one moment is held where ``TOMLAKE_BACKUP_URL`` says, every night."""

import time

from sqlalchemy import Engine

from engine.errors import NotReady, Rejected
from engine.times import mjd_now
from jobs.progress import Progress
from lake.opening import Lake
from lake.queue import Job, enqueue, list_jobs
from lake.safekeeping.backup import backup
from lake.settings import Settings

KIND = "backup"
EVERY_D = 1.0
_PRIORITY = 8  # after everything that somebody waits for
_SHARE = 0.8  # of the time that a job may take


def enqueue_due_backup(settings: Settings, operations: Engine) -> bool:
    """Return whether a backup was put into the queue because the last one began a day ago or earlier."""
    last = list_jobs(operations, kind=KIND, limit=1)
    if not settings.backup_url or (last and mjd_now() - last[0].created_mjd < EVERY_D):
        return False
    enqueue(operations, KIND, {}, dedupe=KIND, lock=KIND, priority=_PRIORITY)
    return True


def backup_lake(lake: Lake, job: Job, progress: Progress) -> str:
    """Return what was copied; ``url`` may name another place than the setting.

    Raises
    ------
    Rejected
        ``no-backup-url``; ``files-lost``: the backup was made, but the lake misses files.
    NotReady
        The time of one job is over; the next one goes on with what is not copied yet.
    """
    url = job.args.get("url", lake.settings.backup_url)
    if not url:
        raise Rejected("Set TOMLAKE_BACKUP_URL to a folder or an s3:// place.", code="no-backup-url")
    stop_s = time.monotonic() + _SHARE * lake.settings.job_wall_clock_s

    def step(words: str, fraction: float) -> None:
        progress(words, fraction)
        if time.monotonic() > stop_s:
            raise NotReady("The backup goes on where it stopped.", code="backup-continues", retry_after_s=1.0)

    report = backup(lake, url, progress=step)
    missing = (*report.gone, *report.lost)
    if missing:
        raise Rejected(
            f"The backup {report.name} was made, but {len(missing)} files are missing in the lake, such as "
            f"{missing[0]}: bring them back from an earlier backup.",
            code="files-lost",
        )
    return f"Backup {report.name}: {report.copied_files} of {report.files} files were new and copied."
