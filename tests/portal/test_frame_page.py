"""The page of one frame: what it says of a measured frame and of a failure, and to whom."""

from urllib.parse import parse_qsl

import numpy as np
import polars as pl
import pytest
from page_lakes import PASSWORD, REAL_NAME, SIMULATED_NAME, example_reduction
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.frame import Camera
from engine.photometry.looked import Glance
from engine.photometry.preview import preview_png
from engine.photometry.verdict import STARS_SCHEMA, Reduction, Status
from engine.target import Visibility
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.glances import keep_glances
from lake.inbox.accepting import UploadKind, UploadRequest, accept
from lake.inbox.changes import share_upload
from lake.inbox.uploads import Upload, UploadResult, UploadStatus, set_results, uploads
from lake.opening import Lake
from lake.people.accounts import create_user, find_user, open_session
from lake.provenance import new_batch
from lake.queue import JobState, cancel, list_jobs
from lake.rights import SYSTEM, Shared
from lake.targets import get_target
from portal.frame.frame_charts import MOST_RINGS, picture_html

HOSTILE_FILE = "<img src=x onerror=alert(1)> **b** $x$ :red[r].fits"
SHAPE = (300, 400)


def stars(count: int) -> pl.DataFrame:
    """Return hand-made stars with the target last."""
    rng = np.random.default_rng(2)
    rows = [
        {"ref_id": f"<s{n}>", "x": 4.0 * n % 400, "y": 7.0 * n % 300, "ra_deg": 10.0, "dec_deg": -20.0,
         "inst_mag": -9.0 + n / 20, "inst_mag_err": 0.01, "ref_mag": 12.0 + n / 20,
         "residual_mag": float(rng.normal(0.0, 0.02)), "used": n % 9 != 0, "flags": 0}
        for n in range(count)
    ]  # fmt: skip
    target = {"ref_id": "target", "x": 200.0, "y": 150.0, "inst_mag": -6.0, "used": False, "flags": 0}
    return pl.DataFrame([*rows, target], schema=STARS_SCHEMA)


def send(lake: Lake, reduction: Reduction | None, filename: str, **said: object) -> Upload:
    """Return an upload of the maker to the real target, with what it gave."""
    with lake.raw.receive() as reception:
        reception.write(filename.encode())
        raw_file = reception.finish()
    request = UploadRequest(target=REAL_NAME, filename=filename, uploaded_by="maker", **said)  # type: ignore[arg-type]
    sent = accept(lake, raw_file, request)
    cancel(lake.operations, sent.job_id or 0)
    ids: tuple[str, ...] = ()
    if reduction is not None:
        origin = FrameOrigin(
            upload_id=sent.upload_id,
            raw_sha256=sent.sha256,
            target=get_target(lake.operations, REAL_NAME, SYSTEM),
            camera=Camera(name="CCD1", facility="Ostrowik"),
            observer="Mia *Maker*",
            dry_run=sent.dry_run,
        )
        batch = new_batch("reduce", "upload", target_id=sent.target_id)
        ids = save_reduction(lake, origin, [reduction], batch=batch)
    status = UploadStatus(reduction.status.value) if reduction else UploadStatus.MEASURED
    reason = reduction.reason if reduction else "A spectrum of 900 points was read."
    set_results(
        lake.operations,
        [UploadResult(upload_id=sent.upload_id, status=status, code="", reason=reason, frame_ids=ids)],
    )
    return sent


def pictured(lake: Lake, sent: Upload) -> None:
    seen = Glance(
        plane="", width_pix=400, height_pix=300, mjd=60210.5, exptime_s=60.0, filter_name="r", ra_deg=None,
        dec_deg=None, stars=3, saturated_share=0.0, saturated_stars=0.0,
    )  # fmt: skip
    keep_glances(lake, sent.sha256, [(seen, preview_png(np.zeros(SHAPE, dtype=np.float32)))])


@pytest.fixture(scope="module")
def measured(built_full_lake: Lake) -> Upload:
    """Return a measured frame of a name that means harm."""
    made = example_reduction(Status.MEASURED, HOSTILE_FILE)
    reduction = Reduction(
        **{name: getattr(made, name) for name in Reduction.__slots__ if name != "stars_table"},
        stars_table=stars(80),
    )
    sent = send(built_full_lake, reduction, HOSTILE_FILE)
    pictured(built_full_lake, sent)
    return sent


@pytest.fixture(scope="module")
def closed(built_full_lake: Lake) -> Upload:
    """Return the maker's own private frame."""
    sent = send(built_full_lake, example_reduction(Status.MEASURED, "hidden.fits"), "hidden.fits")
    pictured(built_full_lake, sent)
    owner = Shared(owner="maker", visibility=Visibility.PRIVATE)
    share_upload(built_full_lake, sent.upload_id, owner, user=SYSTEM)
    return sent


def html_of(at: AppTest) -> str:
    return "\n".join(block.proto.body for block in at.get("html"))


def test_a_measured_frame_shows_picture_worth_charts_point_and_files(
    full_lake: Lake, measured: Upload
) -> None:
    at = visit("frame", frame=f"u{measured.upload_id}")
    assert not at.exception
    said = words(at)
    assert "Good to 1.9%" in said.replace("\\", "")
    assert f'src="/api/v1/frames/u{measured.upload_id}/picture"' in html_of(at)
    assert len(at.get("vega_lite_chart")) == 3  # the catalogue of this lake knows no colours
    links = [link.proto.label for link in at.get("page_link")]
    assert "Passport of its point" in links
    assert {"Stars (CSV)", "Cut-out (FITS)"} <= {each.proto.label for each in at.get("download_button")}


def test_a_frames_link_opens_the_passport_though_its_target_was_looked_at_before(
    full_lake: Lake, measured: Upload
) -> None:
    at = visit("target", name=REAL_NAME)
    at.query_params.clear()
    at.query_params["frame"] = f"u{measured.upload_id}"
    at.switch_page("../pages/frame.py").run()
    links = {each.proto.label: each.proto.query_string for each in at.get("page_link")}
    at.query_params.clear()
    at.query_params.update(dict(parse_qsl(links["Passport of its point"])))
    at.switch_page("../pages/target.py").run()
    assert "**The point**" in words(at)


def test_a_hostile_file_name_stays_text(full_lake: Lake, measured: Upload) -> None:
    at = visit("frame", frame=f"u{measured.upload_id}")
    assert at.title[0].value.startswith("\\<img src\\=x")
    assert "<img src=x" not in html_of(at)
    assert "&lt;img src=x" in html_of(at)


def test_a_failure_has_a_page_that_says_what_stopped_it_and_what_to_change(full_lake: Lake) -> None:
    (failed,) = [
        each for each in uploads(full_lake.operations, None) if each.status == UploadStatus.REJECTED
        and each.target_name == SIMULATED_NAME
    ]  # fmt: skip
    at = visit("frame", frame=f"u{failed.upload_id}")
    assert not at.exception
    assert "What to change" in words(at)
    assert "It gave no point" in words(at)
    assert not at.get("vega_lite_chart")


def test_a_frame_without_a_picture_asks_for_one_once(full_lake: Lake) -> None:
    sent = send(full_lake, example_reduction(Status.LIMIT, "old.fits"), "old.fits")
    for _ in range(2):
        at = visit("frame", frame=f"u{sent.upload_id}")
        assert not at.exception
        assert "being drawn" in words(at)
    waiting = [job for job in list_jobs(full_lake.operations, state=JobState.WAITING) if job.kind == "look"]
    mine = [job for job in waiting if job.args == {"upload_id": str(sent.upload_id)}]
    assert len(mine) == 1
    keep_glances(full_lake, sent.sha256, [])
    assert "No picture could be drawn" in words(visit("frame", frame=f"u{sent.upload_id}"))
    cancel(full_lake.operations, mine[0].job_id)


def test_what_is_not_measured_yet_says_so_and_asks_for_nothing(full_lake: Lake) -> None:
    (waits,) = [each for each in uploads(full_lake.operations, None) if each.filename == "waits.fits"]
    at = visit("frame", frame=f"u{waits.upload_id}")
    assert not at.exception
    assert "The verdict is not in yet" in words(at)
    looks = [job for job in list_jobs(full_lake.operations) if job.kind == "look"]
    assert str(waits.upload_id) not in {job.args["upload_id"] for job in looks}


def test_a_spectrum_has_a_page_with_its_word_and_no_picture(full_lake: Lake) -> None:
    sent = send(full_lake, None, "spectrum.txt", kind=UploadKind.SPECTROSCOPY)
    at = visit("frame", frame=f"u{sent.upload_id}")
    assert not at.exception
    assert "A spectrum of 900 points was read" in words(at)


def test_a_closed_upload_looks_exactly_like_one_that_is_not_there(
    full_lake: Lake,
    closed: Upload,
    signed_in,  # noqa: ANN001
) -> None:
    def seen(frame_id: str) -> list[str]:
        at = visit("frame", frame=frame_id)
        assert not at.exception
        return [
            words(at).replace(frame_id, "ID"),
            html_of(at),
            str([link.proto.label for link in at.get("page_link")]),
        ]

    mine, missing = f"u{closed.upload_id}", "u999999"
    assert seen(mine) == seen(missing)
    for name, is_staff in (("nosy", False), ("boss", True)):
        found = find_user(full_lake.operations, name)
        user = found or create_user(full_lake.operations, name, PASSWORD, full_name=name, is_staff=is_staff)
        signed_in(open_session(full_lake.operations, user))
        assert (seen(mine) == seen(missing)) is not is_staff
    maker = find_user(full_lake.operations, "maker")
    assert maker is not None
    signed_in(open_session(full_lake.operations, maker))
    assert "hidden" in seen(mine)[0]


@pytest.mark.parametrize(
    "frame_id", ["", "u", "u1; DROP TABLE", "u0-G", "9" * 10_000, "u1-X", "\u202eu1", "u" + "9" * 30]
)
def test_any_text_in_the_address_is_only_a_frame_that_is_not_there(frame_id: str, full_lake: Lake) -> None:
    at = visit("frame", frame=frame_id)
    assert not at.exception
    assert at.title[0].value == "No such frame"


def test_a_crowd_of_stars_is_thinned_and_the_target_stays() -> None:
    crowd = stars(3 * MOST_RINGS)
    drawn = picture_html("/p", crowd, SHAPE, title="t")
    assert drawn.count("<span") == MOST_RINGS
    assert drawn.count('class="target" style="left: 50.12%; top: 49.83%') == 1
    assert "<s" not in drawn.replace("<span", "").replace("<style", "")
