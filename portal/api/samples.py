"""The beginning of a sample frame, from the form for a new camera: its header is read, nothing is kept."""

from dataclasses import asdict

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from engine.photometry.reading.first_look import FIRST_BYTES, first_look
from portal.api.body import Body
from portal.api.identity import SignedIn
from portal.api.reply import Refused, json_reply

router = APIRouter()


@router.put("/session/sample-frame")
async def read_sample(request: Request, user: SignedIn) -> Response:  # noqa: ARG001 - only for people with an account
    """Tell what the header of a frame says of its camera; the body is the first mebibyte of the file."""
    body = Body(request, max_bytes=FIRST_BYTES)
    try:
        start = b"".join([chunk async for chunk in body.chunks()])
        told = await anyio.to_thread.run_sync(first_look, start)
    except Rejected as error:
        await body.drain()
        raise Refused(400, {"detail": error.reason, "code": error.code}) from error
    return json_reply(asdict(told))
