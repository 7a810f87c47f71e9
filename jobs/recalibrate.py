"""The task `recalibrate`: an upload is reduced anew with today's code, and waits beside what counts."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from engine.errors import Rejected
from engine.photometry.verdict import CALIB_VERSION
from jobs.executor import EPHEMERIS, left_to_cluster
from jobs.progress import Progress
from jobs.reduce import reduced_upload
from jobs.worker import EXIT_REFUSED
from lake.inbox.uploads import Upload
from lake.job_rows import ENDED, Job, JobState
from lake.opening import Lake
from lake.queue import Kinds, due_jobs, enqueue, get_job, states_of
from lake.shelf.selection import processings_now, processings_waiting
from lake.shelf.swap import shelve
from lake.trace.sources import AGAIN_PRIORITY

KIND = "recalibrate"
_KINDS = (KIND, "references", EPHEMERIS)  # without stars no frame is calibrated, nor a body found
_WORKER = (sys.executable, "-m", "jobs.worker", "--once", "--child", "--only", *_KINDS)
_LOOK_S = 0.3


def recalibrate_upload(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how the upload in ``upload_id`` comes out with today's code; it goes to the shelf."""
    reduced = reduced_upload(lake, job, progress)
    progress("Storing", 0.95)
    shelve(lake, reduced.origin, reduced.reductions, batch=reduced.batch)
    return reduced.best.reason


def outdated(lake: Lake, uploads: Sequence[Upload]) -> list[Upload]:
    """Return the uploads that today's code has not processed, neither for what counts nor for the shelf."""
    upload_ids = [sent.upload_id for sent in uploads]
    now = processings_now(lake.store, upload_ids).select("upload_id", "replaced").iter_rows()
    waiting = processings_waiting(lake.store, upload_ids).select("upload_id", "processing").iter_rows()
    done = {upload_id for upload_id, processing in (*now, *waiting) if processing == CALIB_VERSION}
    return [sent for sent in uploads if sent.upload_id not in done]


def enqueue_recalibration(lake: Lake, sent: Upload) -> int:
    """Return the job that reduces an upload for the shelf; asked twice it is the same job.

    Raises
    ------
    Rejected
        ``raw-missing``: its bytes are not kept here.
    """
    if not lake.raw.has(sent.sha256):
        raise Rejected(
            f"The raw file {sent.sha256} of {sent.filename} is not kept here: put it back from a backup.",
            code="raw-missing",
        )
    key = f"{KIND}:{sent.upload_id}"
    args = {"upload_id": str(sent.upload_id)}
    return enqueue(lake.operations, KIND, args, dedupe=key, lock=key, priority=AGAIN_PRIORITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibrated:
    """How many uploads went to the shelf, and in words why others did not."""

    uploads: int
    reasons: tuple[str, ...]


def recalibrate_all(
    lake: Lake, uploads: Sequence[Upload], *, processes: int, told: Callable[[str, float], None]
) -> Recalibrated:
    """Return how it ended, after worker processes of our own and of others have reduced what is outdated.

    Who stops it loses nothing: jobs stay in the queue, and the next call goes on with them.
    """
    job_ids, reasons = [], []
    for sent in outdated(lake, uploads):
        try:
            job_ids.append(enqueue_recalibration(lake, sent))
        except Rejected as refusal:
            reasons.append(refusal.reason)
    failed = _work_off(lake, job_ids, processes=processes, told=told)
    reasons += [f"Upload {job.args['upload_id']}: {job.reason}" for job in failed]
    return Recalibrated(uploads=len(job_ids) - len(failed), reasons=tuple(reasons))


def _work_off(
    lake: Lake, job_ids: Sequence[int], *, processes: int, told: Callable[[str, float], None]
) -> list[Job]:
    """Return the jobs that ended without success, when all have ended."""
    workers: list[subprocess.Popen[bytes]] = []
    ours = set(_KINDS) - left_to_cluster(lake.settings)  # on a cluster, workers of our own would find nothing
    with tempfile.TemporaryFile() as log:
        while True:
            states = states_of(lake.operations, job_ids)
            ended = [job_id for job_id, state in states.items() if state in ENDED]
            told(f"Reduced {len(ended):,} of {len(job_ids):,} uploads", len(ended) / max(len(job_ids), 1))
            if len(ended) == len(states):
                break
            workers = _living(workers, log)
            wanted = len(due_jobs(lake.operations, kinds=Kinds(only=ours), limit=processes)) if ours else 0
            for _ in range(wanted - len(workers)):
                workers.append(subprocess.Popen(_WORKER, stderr=log))  # noqa: S603 - our own program
            time.sleep(_LOOK_S)
        for worker in workers:
            worker.wait()
    return [get_job(lake.operations, each) for each in ended if states[each] != JobState.DONE]


def _living(workers: Sequence[subprocess.Popen[bytes]], log: IO[bytes]) -> list[subprocess.Popen[bytes]]:
    """Return the workers that are at work still; one that was killed over a job is no failure of all."""
    if any(worker.poll() == EXIT_REFUSED for worker in workers):
        log.seek(0)
        words = log.read().decode(errors="replace").strip().splitlines()
        raise Rejected(f"No worker can start: {words[-1] if words else 'it says nothing'}", code="no-worker")
    return [worker for worker in workers if worker.poll() is None]
