"""What the pages show and change of uploads, jobs, cameras and tokens; every change asks for rights here."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from engine.errors import Rejected
from lake.inbox.accepting import Upload, UploadStatus, uploads
from lake.inbox.data_products import uploads_of
from lake.job_rows import ENDED, Job, JobState
from lake.job_subjects import is_simulated as _is_simulated
from lake.job_subjects import subject_of
from lake.people.accounts import User
from lake.people.favourites import list_favourites
from lake.queue import cancel, counts, get_job, list_jobs, retry
from lake.sites.observatories import list_cameras
from portal.fmt import ago_text
from portal.opened import lake, settings
from portal.words import _, marked

JOB_STATES = tuple(JobState)
JOB_KINDS = (
    marked("reduce"), marked("look"), marked("harvest"), marked("aliases"), marked("references"),
    marked("watch"), marked("canary"), marked("maintain"), marked("seal"), marked("publish"),
    marked("backup"), marked("notify"),
)  # fmt: skip
MOST_JOBS = 100
UNFINISHED = (UploadStatus.RECEIVED, UploadStatus.WORKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job with what it is about, in words."""

    job: Job
    subject: str


def upload_max_mb() -> int:
    """Return how large one file may be."""
    return settings().upload_max_mb


def cameras(user: User) -> dict[str, str]:
    """Return every active camera by ONAME in words, those that somebody keeps at hand first."""
    at_hand = {each.oname for each in list_favourites(lake().operations, user)}
    found = sorted(list_cameras(lake().operations), key=lambda each: each.oname not in at_hand)
    return {
        each.oname: each.oname if each.is_approved else _("{camera} (waits for staff)", camera=each.oname)
        for each in found
    }


def uploads_named(upload_ids: Iterable[int], user: User | None) -> list[Upload]:
    """Return these uploads, newest first, as far as this visitor may see them."""
    return uploads_of(lake().operations, sorted(set(upload_ids), reverse=True), user)


def own_uploads(user: User, *, limit: int) -> list[Upload]:
    """Return what somebody uploaded last."""
    return uploads(lake().operations, user, uploaded_by=user.username, limit=limit)


def is_finished(sent: Upload) -> bool:
    """Return whether the verdict on an upload is in."""
    return sent.status not in UNFINISHED


def job_counts() -> dict[JobState, int]:
    """Return how many jobs stand in each state."""
    return counts(lake().operations)


def jobs_listed(user: User | None, *, state: str = "", kind: str = "") -> list[ListedJob]:
    """Return the newest jobs in a state and of a kind, as far as this visitor may see their target."""
    wanted = JobState(state) if state in JOB_STATES else None
    jobs = list_jobs(lake().operations, state=wanted, kind=kind, limit=MOST_JOBS)
    with_subjects = [(job, subject_of(lake().operations, job, user)) for job in jobs]
    return [ListedJob(job=job, subject=subject) for job, subject in with_subjects if subject is not None]


def is_simulated(sent: Upload, user: User | None) -> bool:
    """Return whether a file was made by simulation, or belongs to a target that was."""
    return _is_simulated(lake().operations, sent, user)


def job_table(listed: Iterable[ListedJob]) -> pl.DataFrame:
    """Return jobs as the page lists them."""
    rows = [
        {
            "Job": one.job.job_id,
            "State": _(str(one.job.state)),
            "For": one.subject,
            "Progress": 1.0 if one.job.state == JobState.DONE else one.job.progress,
            "Says": _(one.job.reason or one.job.step),
            "Work": _(one.job.kind),
            "Tries": one.job.attempts,
            "Created": ago_text(one.job.created_mjd),
        }
        for one in listed
    ]
    return pl.DataFrame(rows, schema=_JOB_COLUMNS)


_JOB_COLUMNS: dict[str, pl.DataType] = {
    "Job": pl.Int64(),
    "State": pl.String(),
    "For": pl.String(),
    "Progress": pl.Float64(),
    "Says": pl.String(),
    "Work": pl.String(),
    "Tries": pl.Int64(),
    "Created": pl.String(),
}


def can_retry(job: Job) -> bool:
    """Return whether a job ended without success."""
    return job.state in ENDED and job.state != JobState.DONE


def can_cancel(job: Job) -> bool:
    """Return whether a job has not ended."""
    return job.state not in ENDED


def job_now(job_id: int) -> Job | None:
    """Return a job as it stands, or None where there is none."""
    try:
        return get_job(lake().operations, job_id)
    except Rejected:
        return None


def retry_job(job_id: int, user: User | None) -> str:
    """Let a job run again; return what to tell the person."""
    _only_staff(user)
    retry(lake().operations, job_id)
    return _("Job {number} waits for a worker again.", number=job_id)


def cancel_job(job_id: int, user: User | None) -> str:
    """Ask a job to stop; return what to tell the person."""
    _only_staff(user)
    state = cancel(lake().operations, job_id)
    if state == JobState.RUNNING:
        return _("Job {number} stops at its next step.", number=job_id)
    return _("Job {number} is {state}.", number=job_id, state=_(str(state)))


def _only_staff(user: User | None) -> None:
    if user is None or not user.is_staff:
        raise Rejected("Only staff may retry or cancel jobs.", code="no-right")
