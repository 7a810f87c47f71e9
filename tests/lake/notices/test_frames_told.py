"""A batch of files is one notice, made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import opened_in
from sqlalchemy import update

from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.uploads import UploadResult, UploadStatus, set_upload_result
from lake.notices.frames import LONGEST_WAIT_D, has_batch_to_tell, tell_of_batches
from lake.notices.notices import list_notices
from lake.notices.words import sentence_of
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.people.accounts import User, create_user
from lake.queue import claim, fail, finish, retry
from lake.targets import create_target


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    create_target(opened.operations, Target(name="T1", ra_deg=1.0, dec_deg=1.0), by="ada")
    yield opened
    opened.close()


@pytest.fixture
def ada(lake: Lake) -> User:
    return create_user(lake.operations, "ada", "an honest password")


def send(lake: Lake, body: bytes) -> None:
    with lake.raw.receive() as reception:
        reception.write(body)
        raw_file = reception.finish()
    accept(lake, raw_file, UploadRequest(target="T1", filename="a.fits", uploaded_by="ada"))


def work(lake: Lake, status: UploadStatus | None) -> int:
    """Let the next file end so; None: its job fails without a result."""
    job = claim(lake.operations, "w")
    assert job is not None
    if status is None:
        fail(lake.operations, job, Rejected("The target was deleted.", code="unknown-target"))
        return job.job_id
    result = UploadResult(upload_id=int(job.args["upload_id"]), status=status, code="", reason="")
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, "")
    return job.job_id


def told(lake: Lake, user: User) -> list[str]:
    return [sentence_of(each) for each in list_notices(lake.operations, user)]


def test_a_batch_is_told_once_when_its_last_file_is_done(lake: Lake, ada: User) -> None:
    for number in range(4):
        send(lake, f"file {number}".encode())
    for status in (UploadStatus.MEASURED, UploadStatus.MEASURED, UploadStatus.FAILED):
        work(lake, status)
        assert not has_batch_to_tell(lake.operations)
        assert tell_of_batches(lake.operations) == 0
    refused = work(lake, None)
    assert has_batch_to_tell(lake.operations)
    assert tell_of_batches(lake.operations) == 1
    assert tell_of_batches(lake.operations) == 0
    assert told(lake, ada) == ["Your files: measured 2, limits 0, rejected 1, failed 1."]
    retry(lake.operations, refused)  # staff try again what was told already
    work(lake, UploadStatus.LIMIT)
    assert not has_batch_to_tell(lake.operations)


def test_a_batch_without_an_end_is_told_in_parts(lake: Lake, ada: User) -> None:
    for number in range(2):
        send(lake, f"file {number}".encode())
    first = work(lake, UploadStatus.LIMIT)
    with writing(lake.operations) as connection:
        long_ago_mjd = mjd_now() - 1.1 * LONGEST_WAIT_D
        connection.execute(update(jobs).where(jobs.c.job_id == first).values(finished_mjd=long_ago_mjd))
    assert tell_of_batches(lake.operations) == 1
    work(lake, UploadStatus.MEASURED)
    assert tell_of_batches(lake.operations) == 1
    assert told(lake, ada) == [
        "Your files: measured 1, limits 0, rejected 0, failed 0.",
        "Your files: measured 0, limits 1, rejected 0, failed 0.",
    ]
