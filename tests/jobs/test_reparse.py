"""Rows are made again from the kept answers without network; only what differs is written."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from installations import needs_folder, opened_in
from polars.testing import assert_frame_equal
from recorded_http import RecordedHttp

from engine.errors import Rejected
from engine.target import Target
from jobs.harvest import Asked, harvest_target
from jobs.reparse import Reparsed, reparse_all
from lake.inbox.accepting import UploadRequest, accept, upload
from lake.inbox.uploads import UploadResult, UploadStatus, set_upload_result
from lake.job_rows import JobState
from lake.opening import Lake
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import claim, finish, list_jobs
from lake.rights import SYSTEM
from lake.targets import create_target, delete_target

ANSWERS = Path(__file__).resolve().parent.parent / "data" / "brokers"
GAIA_ROWS = (ANSWERS / "gaia_alerts" / "rows.csv").read_bytes().split(b"\n", 1)[1]
NUMBERS = count(1)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("reparse") / "data")
    create_user(opened.operations, "ada", "a long enough one", full_name="Ada")
    yield opened
    opened.close()


def quietly(step: str, fraction: float) -> None:
    assert step
    assert 0.0 <= fraction <= 1.0


def harvested(lake: Lake, body: bytes = GAIA_ROWS) -> Target:
    """Return a target of which the archive answered with these bytes."""
    number = next(NUMBERS)
    alert = f"Gaia99{chr(96 + number)}aa"
    star = Target(name=f"Star {number}", ra_deg=7.0 * number, dec_deg=-9.0, aliases=(("Gaia", alert),))
    target = create_target(lake.operations, star, by="ada")
    http = RecordedHttp(answers={f"/alert/{alert}/": body})
    harvest_target(http, lake, target, source="gaia_alerts", asked=Asked(by="ada"), progress=quietly)
    return target


def again(lake: Lake, target: Target, *, source: str = "", dry_run: bool = False) -> list[Reparsed]:
    return reparse_all(lake, source=source, target_id=target.target_id, dry_run=dry_run, told=quietly)


def test_what_the_same_code_reads_again_is_unchanged_and_nothing_is_written(lake: Lake) -> None:
    target = harvested(lake)
    version = lake.store.version()
    (done,) = again(lake, target)
    assert (done.target, done.source, done.reason) == (target.name, "gaia_alerts", "")
    assert (done.unchanged, done.changed, done.added, done.removed) == (4, 0, 0, 0)
    assert lake.store.version() == version


def test_rows_that_differ_come_back_under_a_new_batch_of_the_same_bytes(lake: Lake) -> None:
    target = harvested(lake)
    target_id = target.target_id or 0
    sound = lake.store.light_curve(target_id)
    earlier = lake.store.batch(sound["batch_id"][0])
    wrong = sound.with_columns(mag=pl.when(pl.col("mag") > 19).then(5.0).otherwise("mag")).head(3)
    stranger = sound.tail(1).with_columns(point_id=pl.lit(None, dtype=pl.Int64), source_ref=pl.lit("x"))
    wrong = pl.concat([wrong, stranger.with_columns(mag=pl.lit(9.0))])
    lake.store.replace_points(target_id, "gaia_alerts", wrong, batch=new_batch("test", "gaia_alerts"))

    before = lake.store.version()
    (foretold,) = again(lake, target, source="gaia_alerts", dry_run=True)
    assert lake.store.version() == before
    (done,) = again(lake, target, source="gaia_alerts")

    assert done == foretold
    assert (done.added, done.removed) == (1, 1)
    assert done.unchanged + done.changed == 3
    found = lake.store.light_curve(target_id)
    assert_frame_equal(found.drop("batch_id"), sound.drop("batch_id"))
    (batch_id,) = set(found["batch_id"])
    batch = lake.store.batch(batch_id)
    assert (batch.task, batch.raw_sha256) == ("reparse", earlier.raw_sha256)
    assert batch.parameters == earlier.parameters
    assert batch.by == f"batch {earlier.batch_id}"
    (once_more,) = again(lake, target)
    assert (once_more.unchanged, once_more.changed, once_more.added, once_more.removed) == (4, 0, 0, 0)


def test_an_empty_answer_stays_empty(lake: Lake) -> None:
    target = harvested(lake)
    target_id = target.target_id or 0
    asked = {"name": target.name, "ra_deg": target.ra_deg, "dec_deg": target.dec_deg}
    nothing = new_batch("harvest", "gaia_alerts", target_id=target_id, parameters=asked)
    lake.store.replace_points(target_id, "gaia_alerts", lake.store.light_curve(0), batch=nothing)
    (done,) = again(lake, target)
    assert (done.reason, done.unchanged, done.added) == ("", 0, 0)


def test_a_batch_that_does_not_tell_its_question_is_told_of_and_left_alone(lake: Lake) -> None:
    target = harvested(lake)
    target_id = target.target_id or 0
    old = new_batch("harvest", "gaia_alerts", target_id=target_id, parameters={"name": "only"})
    points = lake.store.light_curve(target_id).head(2)
    lake.store.replace_points(target_id, "gaia_alerts", points, batch=old)
    (done,) = again(lake, target)
    assert "does not tell ra_deg, dec_deg" in done.reason
    assert len(lake.store.light_curve(target_id)) == 2


@needs_folder
def test_a_damaged_raw_file_is_never_parsed(lake: Lake) -> None:
    target = harvested(lake, GAIA_ROWS + b"2016-01-01 12:00:00,2457389.00000,17.50\n")
    before = lake.store.light_curve(target.target_id or 0)
    sha256 = lake.store.batch(before["batch_id"][0]).raw_sha256
    file = Path(lake.settings.raw_url) / sha256[:2] / f"{sha256}.zst"
    body = file.read_bytes()
    file.write_bytes(body[:-9] + bytes(9))
    (done,) = again(lake, target)
    assert "is damaged" in done.reason
    file.unlink()
    (done,) = again(lake, target)
    assert "is not kept here" in done.reason
    assert_frame_equal(lake.store.light_curve(target.target_id or 0), before)
    file.write_bytes(body)


def test_rows_of_a_deleted_target_stay_away(lake: Lake) -> None:
    target = harvested(lake)
    delete_target(lake.operations, target.target_id or 0, user=SYSTEM)
    assert again(lake, target) == []


def test_an_upload_is_reduced_again_by_a_worker_and_keeps_its_verdict_until_then(lake: Lake) -> None:
    target = harvested(lake)
    with lake.raw.receive() as reception:
        reception.write(b"this is no image")
        raw_file = reception.finish()
    sent = accept(lake, raw_file, UploadRequest(target=target.name, filename="a.fits", uploaded_by="ada"))
    job = claim(lake.operations, "w")
    assert job is not None
    result = UploadResult(
        upload_id=int(job.args["upload_id"]),
        status=UploadStatus.REJECTED,
        code="not-fits",
        reason="No image.",
    )
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, "No image.")

    (told,) = again(lake, target, source="upload", dry_run=True)
    assert told.is_queued
    assert [each.state for each in list_jobs(lake.operations, kind="reduce")] == [JobState.DONE]
    for _ in range(2):
        again(lake, target, source="upload")

    (waiting, _) = list_jobs(lake.operations, kind="reduce")
    assert (waiting.state, waiting.args) == (JobState.WAITING, {"upload_id": str(sent.upload_id)})
    assert upload(lake.operations, sent.upload_id, SYSTEM).job_id == waiting.job_id


def test_an_unknown_archive_is_refused(lake: Lake) -> None:
    with pytest.raises(Rejected) as refusal:
        reparse_all(lake, source="astrolabe", told=quietly)
    assert refusal.value.code == "unknown-archive"
