"""Uploads that need no reduction: a light curve becomes points, a spectrum is read and kept as it came."""

from pathlib import Path

import polars as pl

from engine.errors import Rejected
from engine.sent.curve_file import read_curve
from engine.sent.spectrum import read_spectrum
from engine.target import Target
from lake.frame_rows import UPLOAD
from lake.inbox.accepting import Upload, UploadKind, UploadStatus
from lake.inbox.sent_points import save_curve
from lake.inbox.uploads import UploadResult, set_upload_result
from lake.job_rows import Job
from lake.opening import Lake
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.targets import get_target


def take_ready_made(lake: Lake, job: Job, sent: Upload) -> str:
    """Return in words what a light curve or a spectrum gave; a refusal is a result too."""
    if sent.target_id is None:
        raise Rejected("The target of this upload was deleted.", code="unknown-target")
    target = get_target(lake.operations, sent.target_id, SYSTEM)
    try:
        with lake.raw.path_of(sent.sha256, suffix=Path(sent.filename).suffix) as path:
            if sent.kind == UploadKind.SPECTROSCOPY:
                result = _result(sent, UploadStatus.MEASURED, "spectrum", read_spectrum(path).words)
            else:
                result = _keep(lake, sent, target, read_curve(path))
    except Rejected as refusal:
        result = _result(sent, UploadStatus.REJECTED, refusal.code, refusal.reason)
    set_upload_result(lake.operations, job, result)
    return result.reason


def _keep(lake: Lake, sent: Upload, target: Target, rows: pl.DataFrame) -> UploadResult:
    measured = len(rows.drop_nulls("mag"))
    found = f"{measured:,} magnitudes and {len(rows) - measured:,} limits"
    status = UploadStatus.MEASURED if measured else UploadStatus.LIMIT
    if sent.dry_run:
        return _result(sent, status, "dry-run", f"A trial: {found} were read, none was added.")
    batch = new_batch(
        "reduce", UPLOAD, target_id=target.target_id, raw_sha256=sent.sha256, by=sent.uploaded_by,
        parameters={"kind": sent.kind.value, "facility": sent.oname},
    )  # fmt: skip
    save_curve(lake, sent, target, rows, batch=batch)
    return _result(sent, status, str(status), f"{found} were added as they were sent.")


def _result(sent: Upload, status: UploadStatus, code: str, reason: str) -> UploadResult:
    return UploadResult(upload_id=sent.upload_id, status=status, code=code, reason=reason)
