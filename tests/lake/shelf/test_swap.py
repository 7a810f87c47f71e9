"""Two processings of the same uploads change places and back; no row of either is lost or changed."""

from dataclasses import replace
from itertools import count

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.frame import Camera
from engine.photometry.verdict import Reduction, Status
from engine.target import Target
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.uploads import Upload, UploadResult, UploadStatus, set_upload_result, upload
from lake.opening import Lake
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import Kinds, claim, finish
from lake.rights import SYSTEM
from lake.shelf.report import comparison, in_sum
from lake.shelf.selection import Direction, Selection, choices, selected_uploads
from lake.shelf.swap import Swapped, shelve, swap
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY, SHELVES
from lake.targets import create_target, delete_target

CAMERA = Camera(name="ZWO", facility="Ostrowik")
NUMBERS = count(1)


@pytest.fixture(scope="module", autouse=True)
def ada(lake: Lake) -> None:
    create_user(lake.operations, "ada", "a long enough one")


def verdict(processing: str, *, mag: float | None, plane: str = "", mjd: float = 61000.0) -> Reduction:
    """Return a measurement, or without a magnitude a refusal."""
    if mag is None:
        return Reduction(
            status=Status.REJECTED, code="few-stars", reason="Few stars.", plane=plane, mjd=mjd,
            calib_version=processing,
        )  # fmt: skip
    return Reduction(
        status=Status.MEASURED, code="measured", reason=f"Measured by {processing}.", band="r(GaiaSP)",
        mjd=mjd, mag=mag, mag_err=0.02, plane=plane, calib_version=processing,
    )  # fmt: skip


def new_target(lake: Lake) -> Target:
    number = next(NUMBERS)
    star = Target(name=f"Star {number}", ra_deg=number % 360, dec_deg=1.0)
    return create_target(lake.operations, star, by="ada")


def sent_to(lake: Lake, target: Target, first: list[Reduction]) -> tuple[Upload, FrameOrigin]:
    """Return an upload to a target that was reduced once."""
    with lake.raw.receive() as reception:
        reception.write(f"{target.name} {next(NUMBERS)}".encode())
        raw_file = reception.finish()
    sent = accept(lake, raw_file, UploadRequest(target=target.name, filename="a.fits", uploaded_by="ada"))
    origin = FrameOrigin(upload_id=sent.upload_id, raw_sha256=raw_file.sha256, target=target, camera=CAMERA)
    job = claim(lake.operations, "w", kinds=Kinds(only={"reduce"}))
    assert job is not None
    frame_ids = save_reduction(lake, origin, first, batch=new_batch("reduce", "upload", by="ada"))
    best = first[0]
    result = UploadResult(
        upload_id=sent.upload_id,
        status=UploadStatus(best.status.value),
        code=best.code,
        reason=best.reason,
        frame_ids=frame_ids,
    )
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, "Done.")
    return upload(lake.operations, sent.upload_id, SYSTEM), origin


def anew(lake: Lake, origin: FrameOrigin, reductions: list[Reduction]) -> None:
    shelve(lake, origin, reductions, batch=new_batch("reduce", "upload", by="ada"))


def rows(lake: Lake, target: Target, tables: list[str]) -> list[pl.DataFrame]:
    """Return every row that a target has in these tables, in a fixed order."""
    found = []
    for table in tables:
        all_rows = lake.store.read(
            f"SELECT * FROM lake.{table} WHERE target_id = $target_id", {"target_id": target.target_id}
        )
        found.append(all_rows.sort([name for name in all_rows.columns if all_rows[name].dtype != pl.List]))
    return found


CURRENT = [table.name for table in (FRAMES, CALIBRATIONS, FRAME_STARS, PHOTOMETRY)]
SHELF = [table.name for table in SHELVES.values()]


def everything(lake: Lake, target: Target) -> list[pl.DataFrame]:
    return rows(lake, target, [*CURRENT, *SHELF])


def equal(these: list[pl.DataFrame], those: list[pl.DataFrame]) -> None:
    for one, other in zip(these, those, strict=True):
        assert_frame_equal(one, other)


def moved(lake: Lake, sent: list[Upload], direction: Direction, *, to: str = "") -> Swapped:
    upload_ids = [each.upload_id for each in sent]
    return swap(lake, upload_ids, direction, to=to, by="ada", told=lambda _step, _share: None)


MAGS = st.one_of(st.none(), st.floats(5.0, 22.0))


@given(before=st.lists(MAGS, min_size=1, max_size=3), after=st.lists(MAGS, min_size=1, max_size=3))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_demoting_restores_every_row_exactly(
    lake: Lake, before: list[float | None], after: list[float | None]
) -> None:
    target = new_target(lake)
    planes = ("R", "G", "B")
    first = [verdict("old", mag=mag, plane=plane) for mag, plane in zip(before, planes, strict=False)]
    then = [verdict("new", mag=mag, plane=plane) for mag, plane in zip(after, planes, strict=False)]
    sent, origin = sent_to(lake, target, first)
    light_curve = lake.store.light_curve(target.target_id or 0)
    anew(lake, origin, then)
    waiting = everything(lake, target)
    assert_frame_equal(lake.store.light_curve(target.target_id or 0), light_curve)

    done = moved(lake, [sent], Direction.PROMOTE)
    assert done == Swapped(uploads=1, points=sum(mag is not None for mag in after))
    counting = lake.store.light_curve(target.target_id or 0)
    assert sorted(counting["mag"]) == sorted(mag for mag in after if mag is not None)
    promoted = everything(lake, target)
    assert moved(lake, [sent], Direction.PROMOTE).uploads == 0
    equal(everything(lake, target), promoted)

    assert moved(lake, [sent], Direction.DEMOTE).uploads == 1
    equal(everything(lake, target), waiting)
    assert_frame_equal(lake.store.light_curve(target.target_id or 0), light_curve)
    assert moved(lake, [sent], Direction.DEMOTE).uploads == 0
    moved(lake, [sent], Direction.PROMOTE)
    equal(everything(lake, target), promoted)


def test_what_is_not_meant_stays_as_it_is(lake: Lake) -> None:
    target, other = new_target(lake), new_target(lake)
    sent, origin = sent_to(lake, target, [verdict("old", mag=15.0)])
    second, of_second = sent_to(lake, target, [verdict("old", mag=16.0, mjd=61001.0)])
    third, of_third = sent_to(lake, other, [verdict("old", mag=17.0)])
    for each in (origin, of_second, of_third):
        anew(lake, each, [verdict("new", mag=10.0)])
    before = everything(lake, other)
    assert moved(lake, [sent], Direction.PROMOTE) == Swapped(uploads=1, points=1)
    assert sorted(lake.store.light_curve(target.target_id or 0)["mag"]) == [10.0, 16.0]
    equal(everything(lake, other), before)
    assert moved(lake, [sent, second, third], Direction.PROMOTE) == Swapped(uploads=2, points=2)


def test_one_of_several_processings_is_chosen_by_name_or_by_time(lake: Lake) -> None:
    target = new_target(lake)
    sent, origin = sent_to(lake, target, [verdict("first", mag=1.0)])
    for number, name in enumerate(("second", "third"), 2):
        anew(lake, origin, [verdict(name, mag=float(number))])

    def mags() -> list[float]:
        return lake.store.light_curve(target.target_id or 0)["mag"].to_list()

    assert moved(lake, [sent], Direction.PROMOTE, to="second").uploads == 1
    assert mags() == [2.0]
    assert moved(lake, [sent], Direction.PROMOTE).uploads == 1
    assert mags() == [3.0]
    assert moved(lake, [sent], Direction.DEMOTE).uploads == 1
    assert mags() == [2.0]
    assert moved(lake, [sent], Direction.DEMOTE).uploads == 1
    assert mags() == [1.0]
    assert moved(lake, [sent], Direction.PROMOTE, to="fourth").uploads == 0


def test_uploads_and_lists_tell_what_counts(lake: Lake) -> None:
    target = new_target(lake)
    sent, origin = sent_to(lake, target, [verdict("old", mag=None)])
    assert (sent.status, sent.code) == ("rejected", "few-stars")
    anew(lake, origin, [verdict("new", mag=14.5)])
    moved(lake, [sent], Direction.PROMOTE)
    now = upload(lake.operations, sent.upload_id, SYSTEM)
    assert (now.status, now.code, now.reason) == ("measured", "measured", "Measured by new.")
    assert now.frame_ids == sent.frame_ids
    moved(lake, [sent], Direction.DEMOTE)
    assert upload(lake.operations, sent.upload_id, SYSTEM) == sent


def test_uploads_are_selected_by_target_camera_and_day(lake: Lake) -> None:
    target = new_target(lake)
    early, _ = sent_to(lake, target, [verdict("old", mag=15.0, mjd=60000.0)])
    late, _ = sent_to(lake, target, [verdict("old", mag=15.0, mjd=61000.0)])

    def found(**asked: object) -> list[Upload]:
        return selected_uploads(lake, replace(Selection(target_id=target.target_id), **asked))  # type: ignore[arg-type]

    assert found() == [early, late]
    assert found(since_mjd=60500.0) == [late]
    assert found(camera="ZWO") == [early, late]
    assert found(camera="another") == []


def test_a_report_tells_before_and_after(lake: Lake) -> None:
    target = new_target(lake)
    uploads = []
    for old, new in ((15.0, 15.01), (16.0, 16.03), (17.0, None), (None, 12.0)):
        sent, origin = sent_to(lake, target, [verdict("old", mag=old)])
        anew(lake, origin, [verdict("new", mag=new)])
        uploads.append(sent.upload_id)
    compared = comparison(lake.store, choices(lake.store, uploads, Direction.PROMOTE))
    assert compared["change_mag"].to_list() == [pytest.approx(0.01), pytest.approx(0.03), None, None]
    (row,) = in_sum(compared.filter(pl.col("band_shelf") == "r(GaiaSP)")).iter_rows(named=True)
    assert (row["frames"], row["compared"], row["verdicts"]) == (3, 2, 1)
    assert row["median_mag"] == pytest.approx(0.02)
    assert row["largest_mag"] == pytest.approx(0.03)


def test_a_deleted_target_leaves_nothing_on_the_shelf(lake: Lake) -> None:
    target = new_target(lake)
    sent, origin = sent_to(lake, target, [verdict("old", mag=15.0)])
    anew(lake, origin, [verdict("new", mag=15.1)])
    lake.store.delete_target_points([target.target_id or 0], batch=new_batch("delete", "person"))
    assert all(found.is_empty() for found in everything(lake, target))
    delete_target(lake.operations, target.target_id or 0, user=SYSTEM)
    assert moved(lake, [sent], Direction.PROMOTE).uploads == 0
