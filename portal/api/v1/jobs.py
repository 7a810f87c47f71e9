"""``/jobs``: what the workers do and did, as far as you may see what it is about."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from engine.errors import Rejected
from lake.job_rows import Job, JobState
from lake.job_subjects import jobs_page, subject_of
from lake.queue import get_job
from portal.api.identity import TheLake, Visitor
from portal.api.v1.paging import MOST_ID, Cursor, Limit, Page, id_of, page_of

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


@router.get("/jobs")
def list_jobs(
    user: Visitor, lake: TheLake, state: JobState | None = None, cursor: Cursor = "", limit: Limit = 100
) -> Page[JobAnswer]:
    """List jobs, the newest first."""
    found = jobs_page(lake.operations, user, state=state, before_id=id_of(cursor), limit=limit + 1)
    answers = [_answer(job, subject) for job, subject in found]
    return page_of(answers, [each.job_id for each in answers], limit=limit)


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
