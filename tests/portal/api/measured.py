"""Hand-made uploads with their frames, as a reduction leaves them."""

import numpy as np
import polars as pl

from engine.frame import Camera
from engine.photometry.calibration import BandFit, Calibration
from engine.photometry.looked import Glance
from engine.photometry.preview import preview_png
from engine.photometry.verdict import STARS_SCHEMA, Reduction, Status
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.glances import keep_glances
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.uploads import UploadResult, UploadStatus, set_results
from lake.opening import Lake
from lake.provenance import new_batch
from lake.queue import cancel
from lake.rights import SYSTEM
from lake.targets import get_target

BAND = "g(GaiaSP)"
PNG = preview_png(np.zeros((30, 40), dtype=np.float32))
STARS = pl.DataFrame(
    [
        {"ref_id": f"s{n}", "x": 10.0 * n, "y": 5.0, "ra_deg": 100.0 + n / 100, "dec_deg": 12.0,
         "inst_mag": -8.0 + n, "inst_mag_err": 0.01, "ref_mag": 14.0 + n, "residual_mag": 0.02 * (-1) ** n,
         "flags": 0, "used": True}
        for n in range(3)
    ],
    schema=STARS_SCHEMA,
)  # fmt: skip


def upload_measured(
    lake: Lake,
    target: str,
    filename: str,
    *,
    by: str = "owner",
    mag: float | None = 15.5,
    mjd: float = 60000.5,
) -> int:
    """Return the id of an upload that gave a magnitude, or a limit of 19.0 where ``mag`` is None."""
    with lake.raw.receive() as reception:
        reception.write(f"{target} {filename} {by}".encode())
        raw_file = reception.finish()
    request = UploadRequest(target=target, filename=filename, uploaded_by=by, observatory="ROAD_QHY600M")
    sent = accept(lake, raw_file, request)
    origin = FrameOrigin(
        upload_id=sent.upload_id,
        raw_sha256=sent.sha256,
        target=get_target(lake.operations, target, SYSTEM),
        camera=Camera(name="QHY600M", facility="ROAD"),
        observer="An Owner",
    )
    status = Status.LIMIT if mag is None else Status.MEASURED
    reduction = Reduction(
        status=status, code=str(status), reason="It went well.", band=BAND, mjd=mjd, exptime_s=60.0,
        mag=mag, mag_err=None if mag is None else 0.02, limit_mag=19.0 if mag is None else None,
        sys_err_mag=0.01, zero_point_mag=22.0, scatter_mag=0.03, stars=3, stars_table=STARS,
        calibration=calibration(),
    )  # fmt: skip
    batch = new_batch("reduce", "upload", target_id=origin.target.target_id, raw_sha256=sent.sha256)
    frame_ids = save_reduction(lake, origin, [reduction], batch=batch)
    result = UploadResult(
        upload_id=sent.upload_id,
        status=UploadStatus(str(status)),
        code="",
        reason="It went well.",
        frame_ids=frame_ids,
    )
    set_results(lake.operations, [result])
    seen = Glance(
        plane="", width_pix=40, height_pix=30, mjd=mjd, exptime_s=60.0, filter_name="g", ra_deg=None,
        dec_deg=None, stars=3, saturated_share=0.0, saturated_stars=0.0,
    )  # fmt: skip
    keep_glances(lake, sent.sha256, [(seen, PNG)])
    cancel(lake.operations, sent.job_id or 0)  # it was reduced here, without a worker
    return sent.upload_id


def calibration() -> Calibration:
    fit = BandFit(
        band=BAND, catalogue="GaiaSP", zero_point_mag=22.0, zero_point_err_mag=0.01, colour_term=0.0,
        colour_term_err=0.01, scatter_mag=0.03, intrinsic_mag=0.0, stars=3, outlier_fraction=0.1,
        is_good=True, probability=1.0,
    )  # fmt: skip
    same = {name: getattr(fit, name) for name in BandFit.__slots__ if name in Calibration.__slots__}
    return Calibration(
        **same, colour_name="BP-RP", colour_zero_mag=0.8, colour_spread_mag=0.3, spatial=None,
        runner_up=None, runner_up_probability=0.0, fits=(fit,), residuals=pl.DataFrame(),
    )  # fmt: skip
