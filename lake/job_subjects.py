"""What a job is about, in words, for those who may see the target, the upload or the watch behind it."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from engine.errors import Rejected
from lake.inbox.accepting import Upload, upload
from lake.job_rows import Job, JobState, job_of
from lake.operations import jobs, reading, uploads
from lake.people.accounts import User
from lake.targets import get_target
from lake.watches import get_watch

_PLACE = "cell"  # of the sky, whose reference stars are fetched for a frame
_AT_ONCE = 200  # rows looked at together, until a page is full of those that may be seen


def subject_of(operations: Engine, job: Job, user: User | None) -> str | None:
    """Return what a job is about, or None where this visitor must not know."""
    try:
        if "upload_id" in job.args:
            sent = upload(operations, int(job.args["upload_id"]), user)
            simulated = is_simulated(operations, sent, user)
            return _marked(f"{sent.target_name}: {sent.filename}", is_simulated=simulated)
        if "target_id" in job.args:
            target = get_target(operations, int(job.args["target_id"]), user)
            about = f"{target.name} {job.args.get('source', '')}".strip()
            return _marked(about, is_simulated=target.simulated)
        if "watch_id" in job.args:
            return get_watch(operations, int(job.args["watch_id"]), user).name
    except (Rejected, ValueError):
        return "something deleted" if user is not None and user.is_staff else None
    if _PLACE in job.args and not (user is not None and user.is_staff):
        return None  # it would tell of a field in which perhaps only hidden targets are
    return ", ".join(f"{name} {value}" for name, value in job.args.items())


def is_simulated(operations: Engine, sent: Upload, user: User | None) -> bool:
    """Return whether a file was made by simulation, or belongs to a target that was."""
    if sent.simulated or sent.target_id is None:
        return sent.simulated
    try:
        return get_target(operations, sent.target_id, user).simulated
    except Rejected:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs a list shows; what is left out does not narrow it."""

    state: JobState | None = None
    kind: str = ""
    before_id: int | None = None
    limit: int = 100
    uploaded_by: str = ""  # only those that measure what this person sent


def jobs_page(operations: Engine, user: User | None, wanted: JobFilter) -> list[tuple[Job, str]]:
    """Return a page of the jobs that a visitor may know of, the newest first, each with its subject."""
    page: list[tuple[Job, str]] = []
    before_id, limit = wanted.before_id, wanted.limit
    while len(page) < limit:
        rows = _older(operations, wanted, before_id)
        for job in rows:
            subject = subject_of(operations, job, user)
            if subject is not None:
                page.append((job, subject))
        if len(rows) < _AT_ONCE:
            break
        before_id = rows[-1].job_id
    return page[:limit]


def _older(operations: Engine, wanted: JobFilter, before_id: int | None) -> list[Job]:
    query = select(jobs).order_by(jobs.c.job_id.desc()).limit(_AT_ONCE)
    if wanted.state is not None:
        query = query.where(jobs.c.state == wanted.state.value)
    if wanted.kind:
        query = query.where(jobs.c.kind == wanted.kind)
    if wanted.uploaded_by:
        sent = select(uploads.c.job_id).where(uploads.c.uploaded_by == wanted.uploaded_by)
        query = query.where(jobs.c.job_id.in_(sent))
    if before_id is not None:
        query = query.where(jobs.c.job_id < before_id)
    with reading(operations) as connection:
        return [job_of(row) for row in connection.execute(query).mappings()]


def _marked(about: str, *, is_simulated: bool) -> str:
    return f"{about} (simulated)" if is_simulated else about
