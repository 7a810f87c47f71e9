"""First looks at frames, long before the verdict: a picture and quick checks; `look` is the task."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import Rejected
from engine.frame import Frame
from engine.photometry.exposures import Exposure, read_exposures
from engine.photometry.glance import glance_at
from engine.photometry.preview import preview_png
from jobs.progress import Progress
from lake.glances import keep_glances
from lake.inbox.accepting import Upload, upload
from lake.job_rows import Job
from lake.opening import Lake
from lake.rights import SYSTEM
from lake.sites.observatories import camera_by_oname


def look_at(lake: Lake, sent: Upload, exposures: Sequence[Exposure]) -> None:
    """Keep what a first look at the planes of an upload shows; a table of stars shows nothing."""
    frames = [each for each in exposures if isinstance(each, Frame)]
    keep_glances(lake, sent.sha256, [(glance_at(each), preview_png(each.data)) for each in frames])


def look_again(lake: Lake, job: Job, progress: Progress) -> str:
    """Return in words what a look at the upload in ``upload_id`` gave; its verdict stays as it is."""
    sent = upload(lake.operations, int(job.args["upload_id"]), SYSTEM)
    progress("Drawing the picture", 0.1)
    try:
        camera = camera_by_oname(lake.operations, sent.oname)[1] if sent.oname else None
        with lake.raw.path_of(sent.sha256, suffix=Path(sent.filename).suffix) as path:
            exposures = read_exposures(path, camera=camera) if camera else read_exposures(path)
    except Rejected as refusal:
        keep_glances(lake, sent.sha256, [])  # or every visit of its page would ask again
        return f"There is nothing to be seen: {refusal.reason}"
    look_at(lake, sent, exposures)
    return "The picture is drawn."
