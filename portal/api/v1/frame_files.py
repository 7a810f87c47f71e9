"""``/frames/{frame_id}/picture`` and ``/raw``: what a frame looks like, and its file as it was sent."""

import re
from collections.abc import Iterator
from typing import IO

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from lake.glances import picture_png
from lake.inbox.quarantine import may_be_given
from lake.inbox.uploads import Upload, upload
from portal.api.bulk import bulk_response
from portal.api.identity import TheLake, Visitor
from portal.api.v1.frames import FrameId, visible_frame

router = APIRouter(tags=["frames"])
_PIECE_BYTES = 1 << 20
_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,12}){1,2}$")
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


class Png(Response):
    """A picture."""

    media_type = "image/png"


class RawFrame(Response):
    """Bytes as somebody sent them: never shown, only kept."""

    media_type = "application/octet-stream"


@router.get(
    "/frames/{frame_id}/picture",
    response_class=Png,
    responses={
        200: {"content": {Png.media_type: {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "what the visitor has is still right"},
    },
)
def picture(request: Request, user: Visitor, lake: TheLake, frame_id: FrameId) -> Response:
    """Give a frame as a small stretched PNG, y upward; each of its pixels is the mean of a square."""
    row = visible_frame(lake, lake.store, frame_id, user)
    sha256, plane = str(row["raw_sha256"]), str(row["plane"] or "")
    headers = _PRIVATE | {"ETag": f'"{sha256}-{plane}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = picture_png(lake, sha256, plane)
    if body is None:
        raise Rejected(f"There is no picture of frame {frame_id}.", code="unknown-picture")
    return Png(body, headers=headers)


@router.get(
    "/frames/{frame_id}/raw",
    response_class=RawFrame,
    responses={200: {"content": {RawFrame.media_type: {"schema": {"type": "string", "format": "binary"}}}}},
)
def raw(user: Visitor, lake: TheLake, frame_id: FrameId) -> Response:
    """Give the file that a frame came in, byte for byte."""
    row = visible_frame(lake, lake.store, frame_id, user)
    sent = upload(lake.operations, int(str(row["upload_id"])), user)
    if not may_be_given(lake.operations, sent):
        raise Rejected(f"The file of frame {frame_id} could not be read, or not yet.", code="unknown-raw")
    headers = _PRIVATE | {
        "Content-Type": RawFrame.media_type,
        "Content-Disposition": f'attachment; filename="{frame_id}{_suffix(sent)}"',
        "Content-Encoding": "identity",
        "Content-Length": str(sent.size_bytes),
    }
    return bulk_response(_pieces(lake.raw.open(sent.sha256)), headers)


def _suffix(sent: Upload) -> str:
    found = _SUFFIX.search(sent.filename)
    return found[0] if found else ".fits"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
