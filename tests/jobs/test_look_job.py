"""First looks: kept when a frame is reduced, made again for who has none, never of what is no image."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from installations import opened_in

from engine.errors import Rejected
from engine.photometry.preview import preview_png
from engine.target import Target
from jobs.look import look_again
from jobs.loop import work
from jobs.reduce import reduce_upload
from jobs.watch import Limits
from lake.glances import ask_to_look, glances_of, keep_glances, picture_png
from lake.inbox.accepting import Upload, UploadRequest, accept
from lake.job_rows import JobState
from lake.opening import Lake
from lake.people.accounts import create_user
from lake.queue import claim, fail, get_job, list_jobs
from lake.targets import create_target

LIMITS = Limits(wall_clock_s=60, memory_mb=3000)
PNG = b"\x89PNG"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path)
    create_user(opened.operations, "ada", "a long enough one", full_name="Ada")
    create_target(opened.operations, Target(name="Far", ra_deg=200.0, dec_deg=-40.0), by="ada")
    yield opened
    opened.close()


def sent(lake: Lake, body: bytes) -> Upload:
    with lake.raw.receive() as reception:
        reception.write(body)
        raw_file = reception.finish()
    return accept(lake, raw_file, UploadRequest(target="Far", filename="a.fits", uploaded_by="ada"))


def image(shared: Path) -> bytes:
    return (shared / "images" / "sep_image.fits").read_bytes()  # a real frame


def test_a_reduction_leaves_a_picture_before_it_knows_its_stars(lake: Lake, shared: Path) -> None:
    upload = sent(lake, image(shared))
    assert glances_of(lake, upload.sha256) is None
    work(lake, {"reduce": reduce_upload}, name="w", limits=LIMITS, once=True)
    (seen,) = glances_of(lake, upload.sha256) or ()
    assert (seen.width_pix, seen.height_pix) == (256, 256)
    assert (picture_png(lake, upload.sha256, "") or b"").startswith(PNG)


def test_an_old_upload_is_looked_at_when_somebody_asks_and_once(lake: Lake, shared: Path) -> None:
    upload = sent(lake, image(shared))
    assert ask_to_look(lake, upload.upload_id)
    assert ask_to_look(lake, upload.upload_id)
    (job_id,) = [job.job_id for job in list_jobs(lake.operations) if job.kind == "look"]
    work(lake, {"look": look_again, "reduce": lambda *_: ""}, name="w", limits=LIMITS, once=True)
    assert get_job(lake.operations, job_id).state == JobState.DONE
    assert picture_png(lake, upload.sha256, "") is not None


def test_what_is_no_image_is_looked_at_once_and_has_no_picture(lake: Lake) -> None:
    upload = sent(lake, b"this is no image")
    ask_to_look(lake, upload.upload_id)
    work(lake, {"look": look_again, "reduce": lambda *_: ""}, name="w", limits=LIMITS, once=True)
    assert glances_of(lake, upload.sha256) == ()
    assert picture_png(lake, upload.sha256, "") is None


def test_a_look_that_failed_is_not_asked_for_again_by_every_visit(lake: Lake) -> None:
    upload = sent(lake, b"a monster")
    assert ask_to_look(lake, upload.upload_id)
    while (job := claim(lake.operations, "w")) is not None:
        fail(lake.operations, job, Rejected("It needs too much memory.", code="too-large"))
    assert not ask_to_look(lake, upload.upload_id)
    assert len([job for job in list_jobs(lake.operations) if job.kind == "look"]) == 1


def test_pictures_lie_beside_the_raw_files_and_not_among_them(lake: Lake) -> None:
    upload = sent(lake, b"bytes")
    keep_glances(lake, upload.sha256, [])
    assert glances_of(lake, upload.sha256) == ()
    assert list(lake.raw.hashes()) == [upload.sha256]
    assert not list((lake.settings.data_dir / "raw").glob("**/*.json"))


def test_a_picture_of_the_sky_alone_is_small() -> None:
    sky = np.random.default_rng(1).normal(500.0, 20.0, (2000, 3000)).astype(np.float32)
    assert len(preview_png(sky)) < 900_000
