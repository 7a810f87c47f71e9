"""What the lakes of the page tests are filled with."""

import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.frame import Camera
from engine.lightcurve import Flag, light_curve
from engine.photometry.cutout import Cutout
from engine.photometry.verdict import Reduction, Status
from engine.target import Target, Visibility
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.inbox.accepting import UploadRequest, UploadStatus, accept
from lake.inbox.uploads import UploadResult, set_upload_result
from lake.opening import Lake
from lake.people.accounts import User, create_user
from lake.provenance import new_batch
from lake.queue import claim, fail, finish
from lake.raw import RawFile
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.targets import create_target, update_summary

HOSTILE_NAME = "[x]* _#1 'A' *b*"
HOSTILE_TEXT = "<img src=x onerror=alert(1)> **bold** $x^2$ :red[hi] [a](javascript:alert(1))"
PASSWORD = "a long enough password"
SIMULATED_NAME = "Sim26aaa"
REAL_NAME = "Gaia22dkv"


def example_points(target_id: int, *, flags: int = 0, count: int = 40) -> pl.DataFrame:
    """Return a light curve in two bands with limits and observers."""
    mjd = np.linspace(60000.0, 60200.0, count)
    seen = np.arange(count) % 8 != 0
    return light_curve(
        pl.DataFrame(
            {
                "target_id": target_id,
                "source": "ztf",
                "source_ref": [str(number) for number in range(count)],
                "mjd": mjd,
                "band": np.where(np.arange(count) % 2 == 0, "ZTF(zg)", "ZTF(zr)"),
                "mag": np.where(seen, 17.0 + np.sin(mjd / 20), np.nan),
                "mag_err": np.where(seen, 0.05, np.nan),
                "limit_mag": np.where(seen, np.nan, 20.5),
                "facility": "ZTF",
                "observer": np.where(np.arange(count) % 3 == 0, "<b>Eve</b>", "Adam"),
                "flags": flags,
            }
        )
    )


def fill(lake: Lake) -> None:
    maker = create_user(lake.operations, "maker", PASSWORD, full_name="Mia Maker")
    place = Observatory(name="Ostrowik", longitude_deg=21.42, latitude_deg=52.09, altitude_m=138.0)
    site = add_observatory(lake.operations, place, by="maker")
    camera = Camera(name="CCD1", facility="Ostrowik", gain_e_adu=1.5)
    add_camera(lake.operations, site.observatory_id or 0, camera, by="maker")
    simulated = _add_target(lake, SIMULATED_NAME, 10.0, simulated=True, classification="SN")
    _add_points(lake, simulated, int(Flag.SIMULATED))
    real = _add_target(lake, REAL_NAME, 20.0, classification="Microlensing Event")
    _add_points(lake, real, 0)
    _add_target(lake, HOSTILE_NAME, 30.0, description=HOSTILE_TEXT)
    _add_target(lake, "Secret1", 40.0, visibility=Visibility.PRIVATE)
    for number in range(60):
        _add_target(lake, f"Many{number:02d}", 100.0 + number)
    for status in Status:
        _add_frame(lake, simulated, camera, maker, status)
    request = UploadRequest(target=REAL_NAME, filename="waits.fits", uploaded_by="maker")
    accept(lake, _kept(lake, b"still waiting"), request)


def _add_target(lake: Lake, name: str, ra_deg: float, **facts: object) -> Target:
    target = Target(name=name, ra_deg=ra_deg, dec_deg=-20.0, **facts)  # type: ignore[arg-type]
    return create_target(lake.operations, target, by="maker")


def _add_points(lake: Lake, target: Target, flags: int) -> None:
    points = example_points(target.target_id or 0, flags=flags)
    batch = new_batch("test", "ztf", target_id=target.target_id)
    lake.store.replace_points(target.target_id or 0, "ztf", points, batch=batch)
    update_summary(lake.operations, target.target_id or 0, points)


def _kept(lake: Lake, body: bytes) -> RawFile:
    reception = lake.raw.receive()
    reception.write(body)
    return reception.finish()


def _add_frame(lake: Lake, target: Target, camera: Camera, maker: User, status: Status) -> None:
    request = UploadRequest(
        target=target.name, filename=f"{status}*.fits", uploaded_by=maker.username, simulated=True
    )
    sent = accept(lake, _kept(lake, status.encode()), request)
    job = claim(lake.operations, "test", lease_s=60)
    assert job is not None
    reduction = example_reduction(status, sent.filename)
    origin = FrameOrigin(
        upload_id=sent.upload_id,
        raw_sha256=sent.sha256,
        target=target,
        camera=camera,
        observer="Mia *Maker*",
        simulated=True,
    )
    batch = new_batch("reduce", "upload", target_id=target.target_id)
    frame_ids = save_reduction(lake, origin, [reduction], batch=batch)
    result = UploadResult(
        upload_id=sent.upload_id,
        status=UploadStatus(status.value),
        code=reduction.code,
        reason=reduction.reason,
        frame_ids=frame_ids,
    )
    set_upload_result(lake.operations, job, result)
    if status == Status.REJECTED:
        fail(lake.operations, job, Rejected(reduction.reason, code=reduction.code))
    else:
        finish(lake.operations, job, "The frame was measured.")


def example_reduction(status: Status, file: str) -> Reduction:
    """Return a verdict of each kind, with the numbers and the picture that it would have."""
    facts: dict[str, object] = {"file": file, "mjd": 60210.5, "exptime_s": 60.0, "code": status.value}
    if status != Status.REJECTED:
        rng = np.random.default_rng(4)
        facts |= {"band": "r(GaiaSP)", "limit_mag": 18.5, "zero_point_mag": 22.1, "stars": 60}
        facts |= {"cutout": Cutout(pixels=rng.normal(300, 9, (61, 61)).astype(np.float32), x=100, y=50)}
    if status == Status.MEASURED:
        facts |= {"mag": 16.321, "mag_err": 0.021}
    return Reduction(
        status=status,
        reason="The target lies outside the frame.",
        sentences=("The frame has <60> reference stars.", "Its *scatter* is small."),
        notes=("The header has no GAIN.",),
        **facts,  # type: ignore[arg-type]
    )
