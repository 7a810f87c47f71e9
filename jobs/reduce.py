"""The task `reduce`: an upload becomes verdicts, and its good frames become points."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from engine.errors import Rejected
from engine.frame import Camera
from engine.photometry.exposures import (
    Exposure,
    field_radius_deg,
    read_exposures,
    reduce_exposure,
    unreadable,
)
from engine.photometry.instrumental import InstrumentalTable
from engine.photometry.reduce_table import MATCH_RADIUS_ARCSEC, reduce_table
from engine.photometry.verdict import CALIB_VERSION, Reduction, Status
from engine.target import Target
from jobs.look import look_at
from jobs.moving_targets import placed
from jobs.progress import Progress
from jobs.ready_made import take_ready_made
from jobs.reference_stars import stars_for
from lake.credit import credited
from lake.frame_rows import UPLOAD, FrameOrigin
from lake.frames import save_reduction
from lake.habits import band_habits
from lake.inbox.accepting import Upload, UploadStatus, upload
from lake.inbox.quarantine import put_aside, take_back
from lake.inbox.uploads import READY_MADE, UploadResult, set_upload_result
from lake.job_rows import Job
from lake.opening import Lake
from lake.provenance import Batch, new_batch
from lake.rights import SYSTEM
from lake.sites.camera_approval import approval_note
from lake.sites.observatories import camera_by_oname
from lake.target_list import update_summary
from lake.targets import get_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """What an upload gave, not stored yet."""

    sent: Upload
    origin: FrameOrigin
    reductions: Sequence[Reduction]
    batch: Batch

    @property
    def best(self) -> Reduction:
        """Return the verdict on the plane that went best."""
        return min(self.reductions, key=lambda each: tuple(Status).index(each.status))


def reduce_upload(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how the reduction of the upload in ``upload_id`` ended, in words; a refusal is a result too."""
    sent = upload(lake.operations, int(job.args["upload_id"]), SYSTEM)
    if sent.kind in READY_MADE:
        return take_ready_made(lake, job, sent)
    reduced = reduced_upload(lake, job, progress)
    progress("Storing", 0.95)
    frame_ids = save_reduction(lake, reduced.origin, reduced.reductions, batch=reduced.batch)
    target_id = reduced.origin.target.target_id or 0
    update_summary(lake.operations, target_id, lake.store.light_curve(target_id))
    best = reduced.best
    result = UploadResult(
        upload_id=reduced.sent.upload_id,
        status=UploadStatus(best.status.value),
        code=best.code,
        reason=best.reason,
        frame_ids=frame_ids,
    )
    set_upload_result(lake.operations, job, result)
    return best.reason


def reduced_upload(lake: Lake, job: Job, progress: Progress) -> Reduced:
    """Return what the upload in ``upload_id`` gives with today's code; a refusal is a result too."""
    sent = upload(lake.operations, int(job.args["upload_id"]), SYSTEM)
    if sent.target_id is None:
        raise Rejected("The target of this upload was deleted.", code="unknown-target")
    target = get_target(lake.operations, sent.target_id, SYSTEM)
    origin = _origin(lake, sent, target)
    progress("Reading the file", 0.05)
    try:
        exposures = _exposures(lake, sent, origin.camera)
    except Rejected as refusal:
        put_aside(lake.operations, sent.upload_id, refusal)
        look_at(lake, sent, [])
        return _reduced(lake, sent, origin, [unreadable(refusal)])
    take_back(lake.operations, sent.upload_id)
    look_at(lake, sent, exposures)  # people see it while the rest is under way
    try:
        target = placed(lake, job, target, exposures, simulated=sent.simulated)
    except Rejected as refusal:
        return _reduced(lake, sent, origin, [unreadable(refusal)])
    progress("Looking up reference stars", 0.15)
    references = stars_for(lake, job, target, field_radius_deg(exposures), simulated=sent.simulated)
    reductions = []
    for number, exposure in enumerate(exposures):
        progress("Solving, measuring and calibrating", 0.25 + 0.65 * number / len(exposures))
        reductions.append(_verdict(sent, exposure, target, references, index_dir=lake.settings.index_dir))
    return _reduced(lake, sent, _of_file(origin, exposures[0]), reductions)


def _verdict(
    sent: Upload, exposure: Exposure, target: Target, references: pl.DataFrame, *, index_dir: Path | None
) -> Reduction:
    """Return the verdict on one exposure.

    In a table the sender may say how far from its place the target may stand; in an image it is measured
    at its place whatever stands there.
    """
    if not isinstance(exposure, InstrumentalTable):
        return reduce_exposure(
            exposure, target, references, requested=sent.requested_filter, index_dir=index_dir
        )
    return reduce_table(
        exposure,
        target,
        references,
        requested=sent.requested_filter,
        match_radius_arcsec=sent.match_dist_arcsec or MATCH_RADIUS_ARCSEC,
    )


def _origin(lake: Lake, sent: Upload, target: Target) -> FrameOrigin:
    camera = camera_by_oname(lake.operations, sent.oname)[1] if sent.oname else Camera()
    habits = band_habits(lake.store, camera, without_upload=sent.upload_id, simulated=sent.simulated)
    camera = replace(camera, habits=habits)
    return FrameOrigin(
        upload_id=sent.upload_id,
        raw_sha256=sent.sha256,
        target=target,
        camera=camera,
        observer=credited(lake, sent),
        dry_run=sent.dry_run,
        simulated=sent.simulated,
    )


def _exposures(lake: Lake, sent: Upload, camera: Camera) -> list[Exposure]:
    with lake.raw.path_of(sent.sha256, suffix=Path(sent.filename).suffix) as path:
        exposures = read_exposures(path, camera=camera)
    if sent.mjd is None:
        return exposures
    return [
        replace(each, mjd=sent.mjd) if isinstance(each, InstrumentalTable) else each for each in exposures
    ]


def _of_file(origin: FrameOrigin, exposure: Exposure) -> FrameOrigin:
    """Return the origin with site, telescope and observer of the file where no camera is registered."""
    if isinstance(exposure, InstrumentalTable) or origin.camera.name or origin.camera.facility:
        return origin
    camera = replace(exposure.camera, facility=exposure.camera.facility or exposure.telescope)
    return replace(origin, camera=camera, observer=origin.observer or exposure.observer)


def _reduced(lake: Lake, sent: Upload, origin: FrameOrigin, reductions: Sequence[Reduction]) -> Reduced:
    batch = new_batch(
        "reduce",
        UPLOAD,
        target_id=origin.target.target_id,
        parameters={
            "calib_version": CALIB_VERSION,
            "requested": sent.requested_filter,
            "oname": sent.oname,
            "match_dist_arcsec": sent.match_dist_arcsec,
            "habits": [asdict(habit) for habit in origin.camera.habits],  # they change from frame to frame
        },
        raw_sha256=sent.sha256,
        by=sent.uploaded_by,
    )
    note = approval_note(lake.operations, sent.oname) if sent.oname else ""
    more = (note,) if note else ()
    named = [replace(each, file=sent.filename, notes=(*each.notes, *more)) for each in reductions]
    return Reduced(sent=sent, origin=origin, reductions=named, batch=batch)
