"""``/jobs``: what the workers do and did, as far as you may see what it is about."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from engine.errors import Rejected
from lake.job_rows import Job, JobState
from lake.job_subjects import JobFilter, jobs_page, subject_of
from lake.queue import get_job
from portal.api.identity import TheLake, Visitor
from portal.api.reply import not_signed_in
from portal.api.v1.paging import CURSOR, MOST_ID, MOST_ROWS, Page, id_of, page_of

router = APIRouter(tags=["jobs"])


class JobAnswer(BaseModel):
    """One piece of work."""

    job_id: int
    kind: str = Field(examples=["reduce"])
    subject: str = Field(description="what it is about", examples=["Gaia22dkv: a.fits"])
    state: JobState
    attempts: int
    progress: float = Field(description="0 to 1")
    step: str
    reason: str = Field(description="how it ended, or why it waits")
    code: str
    created_mjd: float
    started_mjd: float | None
    finished_mjd: float | None


class JobQuery(BaseModel):
    """Which jobs a list shows; what is left out does not narrow it."""

    model_config = ConfigDict(extra="forbid")
    state: JobState | None = None
    kind: str = Field("", max_length=40, description="such as reduce or harvest")
    mine: bool = Field(False, description="only those that measure what you sent")
    cursor: str = CURSOR
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="rows in one page")


@router.get("/jobs")
def list_jobs(user: Visitor, lake: TheLake, query: Annotated[JobQuery, Query()]) -> Page[JobAnswer]:
    """List jobs, the newest first; with `mine`, those that measure what you sent."""
    if query.mine and user is None:
        raise not_signed_in("Sign in, or send a token, to ask for jobs of yours.")
    wanted = JobFilter(
        state=query.state,
        kind=query.kind,
        before_id=id_of(query.cursor),
        limit=query.limit + 1,
        uploaded_by=user.username if query.mine and user else "",
    )
    answers = [_answer(job, subject) for job, subject in jobs_page(lake.operations, user, wanted)]
    return page_of(answers, [each.job_id for each in answers], limit=query.limit)


@router.get("/jobs/{job_id}")
def get(user: Visitor, lake: TheLake, job_id: Annotated[int, Path(ge=1, le=MOST_ID)]) -> JobAnswer:
    """Tell how a job is faring."""
    job = get_job(lake.operations, job_id)
    subject = subject_of(lake.operations, job, user)
    if subject is None:
        raise Rejected(f"Job {job_id} does not exist.", code="unknown-job")
    return _answer(job, subject)


def _answer(job: Job, subject: str) -> JobAnswer:
    told = {name: getattr(job, name) for name in JobAnswer.model_fields if name != "subject"}
    return JobAnswer(**told, subject=subject)
