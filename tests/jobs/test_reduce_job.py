"""The task `reduce`: reference stars that must come first, and refusals that are results."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from installations import opened_in

from engine.errors import NotReady, Rejected, Transient
from engine.frame import Camera
from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.sky_stars import CATALOGUE as SIMULATED_CATALOGUE
from engine.target import Target
from jobs.loop import work
from jobs.reduce import reduce_upload
from jobs.reference_stars import ENOUGH_STARS, stars_for
from jobs.watch import Limits
from lake.frames import frames_of_target
from lake.inbox.accepting import UploadRequest, UploadStatus, accept, upload
from lake.job_rows import Job, JobState
from lake.opening import Lake
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import claim, enqueue, fail, get_job, list_jobs
from lake.references import put_stars
from lake.rights import SYSTEM
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.targets import create_target

RADIUS_DEG = 0.2
FAR_AWAY = Target(name="Far", ra_deg=200.0, dec_deg=-40.0)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path)
    create_user(opened.operations, "ada", "a long enough one", full_name="Ada")
    yield opened
    opened.close()


def stars(count: int, catalogue: str) -> pl.DataFrame:
    """Return stars beside the target, with a magnitude each."""
    rows = [
        {
            "ref_id": f"{catalogue} {number}",
            "ra_deg": FAR_AWAY.ra_deg + 0.001 * number,
            "dec_deg": FAR_AWAY.dec_deg,
            "catalogue": catalogue,
            "band": "V(GaiaSP)",
            "mag": 12.0,
            "mag_err": 0.01,
        }
        for number in range(count)
    ]
    return pl.DataFrame(rows, schema=REFERENCE_SCHEMA)


def put(lake: Lake, count: int, catalogue: str) -> None:
    put_stars(lake.store, stars(count, catalogue), batch=new_batch("references", "file"))


def claimed(lake: Lake, kind: str) -> Job:
    """Return the next job, which must be of this kind."""
    job = claim(lake.operations, "w")
    assert job is not None
    assert job.kind == kind
    return job


def test_a_frame_waits_for_reference_stars_that_another_job_fetches_once(lake: Lake) -> None:
    enqueue(lake.operations, "reduce", {"upload_id": "1"})
    job = claimed(lake, "reduce")
    for _ in range(2):
        with pytest.raises(NotReady) as wait:
            stars_for(lake, job, FAR_AWAY, RADIUS_DEG, simulated=False)
    asked = [each for each in list_jobs(lake.operations) if each.kind == "references"]
    assert asked
    assert sorted(wait.value.ticket.split()) == sorted(str(each.job_id) for each in asked)
    assert len({each.args["cell"] for each in asked}) == len(asked)


def test_an_archive_that_does_not_answer_is_named_and_asked_again(lake: Lake) -> None:
    enqueue(lake.operations, "reduce", {"upload_id": "1"})
    job = claimed(lake, "reduce")
    with pytest.raises(NotReady):
        stars_for(lake, job, FAR_AWAY, RADIUS_DEG, simulated=False)
    while (asked := claim(lake.operations, "w")) is not None:
        fail(lake.operations, asked, Transient("The archive sleeps.", code="unreachable"))
    with pytest.raises(NotReady) as wait:
        stars_for(lake, job, FAR_AWAY, RADIUS_DEG, simulated=False)
    assert "The archive sleeps." in wait.value.reason


def test_a_field_that_the_archive_gave_up_goes_on_with_what_is_there(lake: Lake) -> None:
    put(lake, 2, "GaiaSP")
    enqueue(lake.operations, "reduce", {"upload_id": "1"})
    job = claimed(lake, "reduce")
    with pytest.raises(NotReady) as wait:
        stars_for(lake, job, FAR_AWAY, RADIUS_DEG, simulated=False)
    fail(lake.operations, job, wait.value)
    for job_id in wait.value.ticket.split():
        asked = claimed(lake, "references")
        fail(lake.operations, asked, Rejected("There is nothing.", code="bad-region"))
        assert get_job(lake.operations, int(job_id)).kind == "references"
    again = get_job(lake.operations, job.job_id)
    assert again.ticket == wait.value.ticket
    assert len(stars_for(lake, again, FAR_AWAY, RADIUS_DEG, simulated=False)) == 2


def test_real_frames_never_see_simulated_stars_nor_the_other_way_round(lake: Lake) -> None:
    put(lake, ENOUGH_STARS, SIMULATED_CATALOGUE)
    put(lake, ENOUGH_STARS, "GaiaSP")
    enqueue(lake.operations, "reduce", {"upload_id": "1"})
    job = claimed(lake, "reduce")
    for simulated in (True, False):
        found = stars_for(lake, job, FAR_AWAY, RADIUS_DEG, simulated=simulated)
        assert len(found) == ENOUGH_STARS
        assert set(found["catalogue"]) == {SIMULATED_CATALOGUE if simulated else "GaiaSP"}


def test_a_refused_file_is_a_result_with_one_sentence_and_its_bytes_are_kept(lake: Lake) -> None:
    target = create_target(lake.operations, FAR_AWAY, by="ada")
    with lake.raw.receive() as reception:
        reception.write(b"this is no image")
        raw_file = reception.finish()
    request = UploadRequest(target="Far", filename="<b>.fits", uploaded_by="ada")
    sent = accept(lake, raw_file, request)
    assert accept(lake, raw_file, request).upload_id == sent.upload_id
    work(lake, {"reduce": reduce_upload}, name="w", limits=Limits(wall_clock_s=60, memory_mb=3000), once=True)
    ended = upload(lake.operations, sent.upload_id, SYSTEM)
    assert (ended.status, ended.code) == (UploadStatus.REJECTED, "not-fits")
    assert ended.reason.count("\n") == 0
    assert [job.state for job in list_jobs(lake.operations)] == [JobState.DONE]
    frames = frames_of_target(lake.store, target.target_id or 0)
    assert frames["code"].to_list() == ["not-fits"]
    assert frames["file"].to_list() == ["<b>.fits"]
    assert lake.raw.is_sound(sent.sha256)
    assert lake.store.light_curve(target.target_id or 0).is_empty()


def test_a_verdict_says_that_staff_had_not_approved_the_camera(lake: Lake) -> None:
    target = create_target(lake.operations, FAR_AWAY, by="ada")
    site = add_observatory(
        lake.operations, Observatory(name="Hill", longitude_deg=1.0, latitude_deg=2.0), by="ada"
    )
    for oname, is_approved in (("NEW", False), ("OLD", True)):
        add_camera(
            lake.operations, site.observatory_id or 0, Camera(name=oname), by="ada", oname=oname,
            is_approved=is_approved,
        )  # fmt: skip
        with lake.raw.receive() as reception:
            reception.write(f"no image of {oname}".encode())
            raw_file = reception.finish()
        request = UploadRequest(target="Far", filename=oname, uploaded_by="ada", observatory=oname)
        accept(lake, raw_file, request)
    work(lake, {"reduce": reduce_upload}, name="w", limits=Limits(wall_clock_s=60, memory_mb=3000), once=True)
    frames = frames_of_target(lake.store, target.target_id or 0)
    notes = {row["file"]: " ".join(row["notes"]) for row in frames.iter_rows(named=True)}
    assert "Staff had not approved the camera NEW yet" in notes["NEW"]
    assert "approved" not in notes["OLD"]
