"""``/transfers``: a file in pieces, by offset, as tus does it."""

from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Header, Path
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from engine.errors import TomlakeError
from lake.inbox.accepting import accept
from lake.inbox.transfers import Piece, Transfer, begin, finish, forget, transfer
from lake.kept_replies import KeptReply
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.groups import group_named
from lake.raw import RawFile
from portal.api.body import Body
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.replies import IdempotencyKey, created, once
from portal.api.v1.upload_models import (
    AboutFile,
    NewTransfer,
    TransferAnswer,
    UploadAnswer,
    transfer_answer,
    upload_answer,
)
from portal.api.v1.uploads import check_about
from portal.frame.uploading import HOP_BYTES

router = APIRouter(tags=["transfers"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_OFFSET = {"Upload-Offset": {"schema": {"type": "integer"}, "description": "bytes that are safe"}}
_PIECE = {
    "requestBody": {
        "required": False,
        "description": "the next bytes; none where all are here already and the end was not told",
        "content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/transfers", status_code=201, response_model=TransferAnswer)
def start(user: SignedIn, lake: TheLake, body: NewTransfer, idempotency_key: IdempotencyKey = "") -> Response:
    """Begin to send a file in pieces; send them with PATCH to the address in `Location`."""

    def make() -> KeptReply:
        check_about(lake, user, body)
        about = body.model_dump(mode="json", exclude={"size_bytes", "sha256"})
        made = begin(lake, user, size_bytes=body.size_bytes, sha256=body.sha256, about=about)
        return created(transfer_answer(made), f"/api/v1/transfers/{made.transfer_id}")

    return once(lake, user, (idempotency_key, "POST /transfers ", body.model_dump_json().encode()), make)


@router.get("/transfers/{transfer_id}", responses={200: {"headers": _OFFSET}})
def stand(user: SignedIn, lake: TheLake, transfer_id: Id, response: Response) -> TransferAnswer:
    """Tell how many bytes are safe: from there the sender goes on."""
    stands = transfer(lake, transfer_id, user)
    response.headers["Upload-Offset"] = str(stands.offset_bytes)
    return transfer_answer(stands)


@router.head("/transfers/{transfer_id}", responses={200: {"headers": _OFFSET}})
def stand_in_short(user: SignedIn, lake: TheLake, transfer_id: Id) -> Response:
    """Tell the same in headers only."""
    stands = transfer(lake, transfer_id, user)
    return Response(
        headers={
            "Upload-Offset": str(stands.offset_bytes),
            "Upload-Length": str(stands.size_bytes),
            "Cache-Control": "no-store",
        }
    )


@router.patch("/transfers/{transfer_id}", openapi_extra=_PIECE, responses={200: {"headers": _OFFSET}})
async def go_on(
    request: Request,
    user: SignedIn,
    lake: TheLake,
    transfer_id: Id,
    upload_offset: Annotated[int, Header(ge=0, le=2**50, description="where these bytes begin")],
    response: Response,
) -> TransferAnswer:
    """Send the next bytes; with the last ones the file becomes an upload, which the answer holds."""
    stands = await anyio.to_thread.run_sync(transfer, lake, transfer_id, user)
    body = Body(request, max_bytes=stands.size_bytes)
    try:
        await _take(lake, stands, body, offset_bytes=upload_offset)
    except TomlakeError:
        await body.drain()
        raise
    stands = await anyio.to_thread.run_sync(transfer, lake, transfer_id, user)
    response.headers["Upload-Offset"] = str(stands.offset_bytes)
    if stands.offset_bytes < stands.size_bytes:
        return transfer_answer(stands)
    return transfer_answer(stands, await anyio.to_thread.run_sync(_finished, lake, user, stands))


@router.delete("/transfers/{transfer_id}", status_code=204)
def give_up(user: SignedIn, lake: TheLake, transfer_id: Id) -> Response:
    """Forget a transfer and what came of it."""
    forget(lake, transfer(lake, transfer_id, user))
    return Response(status_code=204)


async def _take(lake: Lake, stands: Transfer, body: Body, *, offset_bytes: int) -> None:
    piece = Piece(lake, stands, offset_bytes=offset_bytes)
    await anyio.to_thread.run_sync(piece.__enter__)
    waiting: list[bytes] = []
    try:
        async for chunk in body.chunks():
            waiting.append(chunk)
            if sum(map(len, waiting)) >= HOP_BYTES:
                await anyio.to_thread.run_sync(piece.write, b"".join(waiting))
                waiting = []
        await anyio.to_thread.run_sync(piece.write, b"".join(waiting))
    except ClientDisconnect:
        piece.write(b"".join(waiting))  # what came before the cut need not come again
        raise
    finally:
        await anyio.to_thread.run_sync(partial(piece.__exit__, None, None, None))


def _finished(lake: Lake, user: User, whole: Transfer) -> UploadAnswer:
    about = AboutFile.model_validate(whole.about)
    group_id = group_named(lake.operations, about.group, user)
    answers: list[UploadAnswer] = []

    def then(kept: RawFile) -> None:
        answers.append(upload_answer(accept(lake, kept, about.request(user.username, group_id=group_id))))

    finish(lake, whole, then)
    return answers[0]
