"""The task `publish`: where something public changed, the public lake gets one more version, every night."""

import time

from sqlalchemy import Engine

from engine.errors import NotReady
from engine.times import mjd_now
from jobs.progress import Progress
from lake.opening import Lake
from lake.public.origin import origin_of
from lake.public.publish import is_due, publish, terms_of_last
from lake.queue import Job, enqueue, list_jobs
from lake.settings import Settings

KIND = "publish"
EVERY_D = 1.0
_PRIORITY = 8  # after everything that somebody waits for
_SHARE = 0.8  # of the time that a job may take


def enqueue_due_publication(settings: Settings, operations: Engine) -> bool:
    """Return whether publishing was put into the queue because it was last looked at a day ago or earlier."""
    last = list_jobs(operations, kind=KIND, limit=1)
    if origin_of(settings) is not None or (last and mjd_now() - last[0].created_mjd < EVERY_D):
        return False
    enqueue(operations, KIND, {}, dedupe=KIND, lock=KIND, priority=_PRIORITY)
    return True


def publish_lake(lake: Lake, job: Job, progress: Progress) -> str:  # noqa: ARG001 - of every task
    """Return what was published, on the terms of the version before.

    Raises
    ------
    NotReady
        The time of one job is over; the next one goes on with the files that are not written yet.
    """
    if not is_due(lake):
        return "Nothing public changed since the public lake was last published."
    stop_s = time.monotonic() + _SHARE * lake.settings.job_wall_clock_s

    def step(words: str, fraction: float) -> None:
        progress(words, fraction)
        if time.monotonic() > stop_s:
            raise NotReady(
                "Publishing goes on where it stopped.", code="publishing-continues", retry_after_s=1.0
            )

    done = publish(lake, terms_of_last(lake), progress=step)
    if not done.is_new:
        return f"Nothing public changed since version {done.version.name}."
    return (
        f"Published version {done.version.name} with {done.version.points:,} points of "
        f"{done.version.targets:,} targets; {done.written} of {done.files} files are new."
    )
