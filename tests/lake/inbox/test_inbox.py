from dataclasses import replace

import pytest
from sqlalchemy import func, select

from engine.errors import NotReady, Rejected
from engine.frame import Camera
from engine.target import Target, Visibility
from lake.inbox.accepting import (
    Upload,
    UploadKind,
    UploadRequest,
    UploadStatus,
    accept,
    upload,
    upload_counts,
    uploads,
)
from lake.inbox.uploads import UploadResult, set_upload_result
from lake.opening import Lake
from lake.operations import jobs, reading
from lake.people.accounts import User, create_user
from lake.queue import (
    Job,
    JobState,
    LeaseLost,
    cancel,
    claim,
    fail,
    finish,
    get_job,
    heartbeat,
    release_worker,
)
from lake.raw import RawFile
from lake.rights import SYSTEM
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.targets import create_target, delete_target

REQUEST = UploadRequest(target="Open star", filename="night/../frame 1.FITS", uploaded_by="ada")


@pytest.fixture(scope="module", autouse=True)
def people_and_targets(lake: Lake) -> dict[str, User]:
    """Put two people, a public and a private target and a camera into the installation."""
    people = {name: create_user(lake.operations, name, "an honest password") for name in ("ada", "bob")}
    create_target(lake.operations, Target(name="Open star", ra_deg=10.0, dec_deg=5.0), by="ada")
    secret = Target(name="Secret star", ra_deg=20.0, dec_deg=5.0, visibility=Visibility.PRIVATE)
    create_target(lake.operations, secret, by="ada")
    site = add_observatory(
        lake.operations, Observatory(name="ROAD", longitude_deg=-68.0, latitude_deg=-22.0), by="ada"
    )
    add_camera(lake.operations, site.observatory_id or 0, Camera(name="FLI"), by="ada", oname="ROAD_FLI")
    return people


def _bytes(lake: Lake, text: str) -> RawFile:
    with lake.raw.receive() as reception:
        reception.write(text.encode())
        return reception.finish()


def _jobs(lake: Lake) -> int:
    with reading(lake.operations) as connection:
        return int(connection.execute(select(func.count()).select_from(jobs)).scalar_one())


def _begun(lake: Lake, sent: Upload) -> Job:
    job = claim(lake.operations, "w")
    assert job is not None
    assert job.job_id == sent.job_id
    return job


def _status(lake: Lake, sent: Upload) -> tuple[UploadStatus, str]:
    now = upload(lake.operations, sent.upload_id, SYSTEM)
    return now.status, now.code


def test_an_accepted_upload_has_its_job_and_says_how_far_it_is(lake: Lake) -> None:
    request = replace(REQUEST, observatory="road_fli", observers=("Bob",), comment="clouds", mjd=60000.5)
    sent = accept(lake, _bytes(lake, "one"), request)
    assert (sent.filename, sent.oname, sent.observers) == ("frame 1.FITS", "ROAD_FLI", ("bob",))
    assert (sent.target_name, sent.size_bytes, sent.status) == ("Open star", 3, UploadStatus.RECEIVED)
    job = _begun(lake, sent)
    assert (job.kind, job.args) == ("reduce", {"upload_id": str(sent.upload_id)})
    heartbeat(lake.operations, job, progress=0.25, step="Reading the file")
    now = upload(lake.operations, sent.upload_id, None)
    assert (now.status, now.progress, now.step) == (UploadStatus.WORKING, 0.25, "Reading the file")
    result = UploadResult(
        upload_id=sent.upload_id,
        status=UploadStatus.LIMIT,
        code="limit",
        reason="Fainter than 19.",
        frame_ids=("f1",),
    )
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, "A limit.")
    now = upload(lake.operations, sent.upload_id, None)
    assert (now.status, now.code, now.reason, now.frame_ids) == (
        "limit",
        "limit",
        "Fainter than 19.",
        ("f1",),
    )


def test_the_same_bytes_for_the_same_target_are_one_upload_and_one_job(lake: Lake) -> None:
    sent = accept(lake, _bytes(lake, "two"), REQUEST)
    before = _jobs(lake)
    assert accept(lake, _bytes(lake, "two"), replace(REQUEST, comment="again", uploaded_by="bob")) == sent
    assert _jobs(lake) == before
    rehearsal = accept(lake, _bytes(lake, "two"), replace(REQUEST, dry_run=True))
    elsewhere = accept(lake, _bytes(lake, "two"), replace(REQUEST, target="Secret star"))
    assert len({sent.upload_id, rehearsal.upload_id, elsewhere.upload_id}) == 3
    assert _jobs(lake) == before + 2
    for each in (sent, rehearsal, elsewhere):
        cancel(lake.operations, each.job_id or 0)


def test_a_rejected_upload_is_tried_again_only_when_something_else_is_said(lake: Lake) -> None:
    sent = accept(lake, _bytes(lake, "three"), REQUEST)
    job = _begun(lake, sent)
    no_time = UploadResult(
        upload_id=sent.upload_id, status=UploadStatus.REJECTED, code="no-time", reason="No time."
    )
    set_upload_result(lake.operations, job, no_time)
    finish(lake.operations, job, "No time.")
    assert _status(lake, sent) == (UploadStatus.REJECTED, "no-time")
    assert accept(lake, _bytes(lake, "three"), REQUEST).status == UploadStatus.REJECTED
    again = accept(lake, _bytes(lake, "three"), replace(REQUEST, mjd=60000.5))
    assert (again.upload_id, again.status, again.code, again.mjd) == (sent.upload_id, "received", "", 60000.5)
    assert again.job_id != sent.job_id
    cancel(lake.operations, again.job_id or 0)


def test_an_upload_tells_why_its_job_waits_or_died(lake: Lake) -> None:
    sent = accept(lake, _bytes(lake, "four"), REQUEST)
    fail(lake.operations, _begun(lake, sent), NotReady("It waits for reference stars.", retry_after_s=0.0))
    assert upload(lake.operations, sent.upload_id, None).reason == "It waits for reference stars."
    fail(lake.operations, _begun(lake, sent), Rejected("The target was deleted.", code="unknown-target"))
    assert _status(lake, sent) == (UploadStatus.REJECTED, "unknown-target")
    again = accept(lake, _bytes(lake, "five"), REQUEST)
    cancel(lake.operations, again.job_id or 0)
    assert _status(lake, again) == (UploadStatus.FAILED, "cancelled")
    assert accept(lake, _bytes(lake, "five"), REQUEST).status == UploadStatus.RECEIVED


def test_a_worker_that_lost_its_lease_stores_no_result(lake: Lake) -> None:
    for each in uploads(lake.operations, SYSTEM):
        cancel(lake.operations, each.job_id or 0)
    sent = accept(lake, _bytes(lake, "six"), REQUEST)
    job = _begun(lake, sent)
    release_worker(lake.operations, "w")
    late = UploadResult(upload_id=sent.upload_id, status=UploadStatus.MEASURED, code="measured", reason="")
    with pytest.raises(LeaseLost):
        set_upload_result(lake.operations, job, late)
    assert _status(lake, sent)[0] == UploadStatus.RECEIVED
    assert get_job(lake.operations, job.job_id).state == JobState.WAITING


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"target": "nobody"}, "unknown-target"),
        ({"target": "Secret star", "uploaded_by": "bob"}, "unknown-target"),
        ({"observatory": "NOWHERE"}, "unknown-observatory"),
        ({"uploaded_by": "eve"}, "unknown-user"),
        ({"observers": ("ada", "eve")}, "unknown-user"),
        ({"kind": UploadKind.PHOTOMETRY}, "no-mjd"),
        ({"mjd": 2460000.5}, "bad-upload"),
        ({"filename": " "}, "bad-upload"),
        ({"comment": "x" * 5000}, "bad-upload"),
        ({"match_dist_arcsec": float("nan")}, "bad-upload"),
    ],
)
def test_an_upload_that_cannot_be_used_is_refused_and_leaves_nothing(
    lake: Lake, values: dict[str, object], code: str
) -> None:
    before = (_jobs(lake), len(uploads(lake.operations, SYSTEM)))
    with pytest.raises(Rejected) as refusal:
        accept(lake, _bytes(lake, "seven"), replace(REQUEST, **values))  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert (_jobs(lake), len(uploads(lake.operations, SYSTEM))) == before


def test_uploads_of_a_private_target_are_seen_by_its_maker_and_staff(
    lake: Lake, people_and_targets: dict[str, User]
) -> None:
    sent = accept(lake, _bytes(lake, "eight"), replace(REQUEST, target="Secret star"))
    for user, sees in (
        (None, False),
        (people_and_targets["bob"], False),
        (people_and_targets["ada"], True),
        (SYSTEM, True),
    ):
        assert (sent in uploads(lake.operations, user, target_id=sent.target_id)) is sees
        assert sum(upload_counts(lake.operations, user).values()) == len(uploads(lake.operations, user))
    with pytest.raises(Rejected) as refusal:
        upload(lake.operations, sent.upload_id, people_and_targets["bob"])
    assert refusal.value.code == "unknown-upload"


def test_an_upload_outlives_its_target(lake: Lake, people_and_targets: dict[str, User]) -> None:
    made = create_target(lake.operations, Target(name="Gone", ra_deg=99.0, dec_deg=5.0), by="ada")
    sent = accept(lake, _bytes(lake, "nine"), replace(REQUEST, target="Gone", uploaded_by="bob"))
    delete_target(lake.operations, made.target_id or 0, user=SYSTEM)
    kept = upload(lake.operations, sent.upload_id, people_and_targets["bob"])
    assert (kept.target_id, kept.target_name, kept.sha256) == (None, "Gone", sent.sha256)
    assert kept in uploads(lake.operations, people_and_targets["bob"], uploaded_by="bob")


def test_what_is_sent_to_a_made_up_target_counts_as_made_up(lake: Lake) -> None:
    invented = Target(name="Invented star", ra_deg=30.0, dec_deg=5.0, simulated=True)
    create_target(lake.operations, invented, by="ada")
    sent = accept(lake, _bytes(lake, "a simulated frame"), replace(REQUEST, target="Invented star"))
    real = accept(lake, _bytes(lake, "a real frame"), REQUEST)
    assert (sent.simulated, real.simulated) == (True, False)
    for one in (sent, real):
        cancel(lake.operations, one.job_id or 0)
