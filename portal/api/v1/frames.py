"""``/frames`` and ``/calibrations``: the verdict on every image and what it rests on."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from engine.errors import Rejected
from lake.frames import calibrations_of_frame, cutout_file, frame, frames_of_target, stars_of_frame
from lake.inbox.uploads import upload
from lake.opening import Lake
from lake.people.accounts import User
from lake.readable import Readable
from lake.seen import closed_to
from lake.snapshots import version_of
from lake.targets import get_target
from portal.api.identity import TheLake, Visitor
from portal.api.v1.curve_models import AsOf
from portal.api.v1.targets import Name

router = APIRouter(tags=["frames"])
Cell = float | int | str | bool | None
FrameId = Annotated[str, Path(max_length=40, examples=["u17"])]


class FrameAnswer(BaseModel):
    """The verdict on one image."""

    frame_id: str
    upload_id: int
    target_id: int
    file: str | None
    plane: str | None = Field(description="R, G or B of a one-shot-colour frame, else empty")
    status: str = Field(description="measured, limit or rejected")
    code: str | None
    reason: str | None
    sentences: list[str] | None = Field(description="the verdict in words")
    notes: list[str] | None
    dry_run: bool | None
    mjd: float | None
    exptime_s: float | None
    filter_name: str | None = Field(description="as the header wrote it")
    band: str | None
    mag: float | None
    mag_err: float | None
    limit_mag: float | None
    zero_point_mag: float | None
    zero_point_err_mag: float | None
    scatter_mag: float | None
    stars: int | None
    seeing_arcsec: float | None
    airmass: float | None
    pixel_scale_arcsec: float | None
    solution_method: str | None
    solution_rms_arcsec: float | None
    raw_sha256: str | None
    facility: str | None
    camera: str | None
    observer: str | None
    calib_version: str | None
    flags: int | None


class CalibrationAnswer(BaseModel):
    """How well one candidate band fits a frame."""

    frame_id: str
    band: str
    chosen: bool
    catalogue: str | None
    zero_point_mag: float | None
    zero_point_err_mag: float | None
    colour_term: float | None
    colour_term_err: float | None
    colour_name: str | None
    colour_zero_mag: float | None
    scatter_mag: float | None
    intrinsic_mag: float | None
    stars: int | None
    outlier_fraction: float | None
    is_good: bool | None
    probability: float | None


@router.get("/targets/{name}/frames")
def of_target(user: Visitor, lake: TheLake, name: Name, as_of: AsOf = "") -> list[FrameAnswer]:
    """Give the frames of a target, the last exposure first."""
    target = get_target(lake.operations, name, user)
    closed = closed_to(lake.operations, user, target_id=target.target_id)
    frames = closed.open_frames(frames_of_target(_as_of(lake, as_of), target.target_id or 0))
    return [_answer(row) for row in frames.iter_rows(named=True)]


@router.get("/frames/{frame_id}")
def get(user: Visitor, lake: TheLake, frame_id: FrameId, as_of: AsOf = "") -> FrameAnswer:
    """Give one frame."""
    return _answer(visible_frame(lake, _as_of(lake, as_of), frame_id, user))


@router.get("/frames/{frame_id}/calibrations")
def calibrations(
    user: Visitor, lake: TheLake, frame_id: FrameId, as_of: AsOf = ""
) -> list[CalibrationAnswer]:
    """Give the fit of every candidate band of a frame, the chosen one first."""
    store = _as_of(lake, as_of)
    visible_frame(lake, store, frame_id, user)
    rows = calibrations_of_frame(store, frame_id)
    return [CalibrationAnswer.model_validate(row) for row in rows.iter_rows(named=True)]


@router.get("/frames/{frame_id}/stars")
def stars(user: Visitor, lake: TheLake, frame_id: FrameId, as_of: AsOf = "") -> list[dict[str, Cell]]:
    """Give the stars of a frame with their residuals, the brightest first."""
    store = _as_of(lake, as_of)
    visible_frame(lake, store, frame_id, user)
    return stars_of_frame(store, frame_id).to_dicts()


@router.get(
    "/frames/{frame_id}/cutout",
    responses={200: {"content": {"application/fits": {"schema": {"type": "string", "format": "binary"}}}}},
    response_class=Response,
)
def cutout(user: Visitor, lake: TheLake, frame_id: FrameId) -> Response:
    """Give the pixels round the target as FITS."""
    body = cutout_file(lake, visible_frame(lake, lake.store, frame_id, user)["cutout_sha256"])
    if body is None:
        raise Rejected(f"No pixels of frame {frame_id} were kept.", code="unknown-cutout")
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    return Response(body, media_type="application/fits", headers=headers)


def _as_of(lake: Lake, as_of: str) -> Readable:
    return lake.store.at(version_of(lake, as_of)) if as_of.strip() else lake.store


def visible_frame(lake: Lake, store: Readable, frame_id: str, user: User | None) -> dict[str, Any]:
    """Return a frame whose upload a visitor may see; another's looks like one that is not there."""
    row = frame(store, frame_id)
    if not _may_see(lake, int(str(row["upload_id"])), user):
        raise Rejected(f"There is no frame {frame_id[:40]}.", code="unknown-frame")
    return row


def _may_see(lake: Lake, upload_id: int, user: User | None) -> bool:
    try:
        upload(lake.operations, upload_id, user)
    except Rejected:
        return False
    return True


def _answer(row: dict[str, Any]) -> FrameAnswer:
    return FrameAnswer.model_validate(row)
