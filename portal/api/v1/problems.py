"""Refusals of the new API: ``application/problem+json`` (RFC 9457) with the refusal's stable code."""

import uuid
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import Rejected, TomlakeError, Transient
from portal.api.reply import Refused, allowed_at, our_bug
from portal.security.answer_start import AnswerStart

MEDIA_TYPE = "application/problem+json"
MOST_BODY_BYTES = 1_000_000
_STREAMED = ("/uploads", "/transfers/")  # these count their bytes themselves
_STATUS = {
    "no-right": 403,
    "name-taken": 409,
    "group-taken": 409,
    "observatory-taken": 409,
    "oname-taken": 409,
    "last-leader": 409,
    "duplicate-position": 409,
    "wrong-offset": 409,
    "too-many-transfers": 409,
    "raw-missing": 404,
    "not-acceptable": 406,
    "changed-meanwhile": 412,
    "upload-too-large": 413,
    "idempotency-key-reused": 422,
    "wrong-sha256": 422,
    "no-group": 422,
    "bad-group-name": 422,
    "bad-oname": 422,
    "no-mjd": 422,
    "no-site": 422,
    "bad-csv": 422,
    "still-answering": 409,
    "transfer-busy": 409,
    "too-many-uploads": 429,
    "disk-full": 507,
}


class WrongField(BaseModel):
    """One field of a request that cannot be used."""

    field: str = Field(examples=["ra_deg"])
    detail: str = Field(examples=["Input should be less than or equal to 360"])


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field(default="about:blank", description="always about:blank: the code tells problems apart")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="one sentence for people", examples=["Target 'X' does not exist."])
    code: str = Field(description="stable word for programs", examples=["unknown-target"])
    errors: list[WrongField] = Field(default=[], description="each field that is wrong, where fields are")


_CONTENT = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "refused: what to change stands in `detail`", **_CONTENT},
    "5XX": {"description": "not now, or a bug of ours", **_CONTENT},
}


def problem(status: int, detail: str, *, code: str, errors: list[WrongField] | None = None) -> JSONResponse:
    """Return a refusal."""
    told = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=errors or []
    )
    return JSONResponse(
        told.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"}
    )


def status_of(error: TomlakeError) -> int:
    """Return the status of a refusal by its code."""
    if error.code in _STATUS:
        return _STATUS[error.code]
    if not isinstance(error, Rejected):
        return 503
    return 404 if error.code.startswith("unknown-") else 400


async def answer_refused(_request: Request, error: Exception) -> Response:
    """Answer a refusal of the parts that both APIs share."""
    if not isinstance(error, Refused):
        raise error
    body = error.body if isinstance(error.body, dict) else {"detail": str(error.body)}
    code = {401: "not-signed-in", 403: "no-right", 429: "too-many-requests"}.get(error.status, "refused")
    detail = body.get("detail") or "; ".join(f"{name}: {words}" for name, words in body.items())
    reply = problem(error.status, str(detail), code=str(body.get("code") or code))
    reply.headers.update(error.headers)
    return reply


async def answer_tomlake_error(_request: Request, error: Exception) -> Response:
    """Answer what the rooms below refuse."""
    if not isinstance(error, TomlakeError):
        raise error
    reply = problem(status_of(error), error.reason, code=error.code)
    if isinstance(error, Transient):
        reply.headers["Retry-After"] = str(max(1, int(error.retry_after_s)))
    return reply


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method."""
    if not isinstance(error, HTTPException):
        raise error
    known = {
        404: ("unknown-route", f"There is nothing at {request.url.path:.100}: see /api/v1/docs."),
        405: ("wrong-method", f"{request.method} is not answered here: see /api/v1/docs."),
        408: ("too-slow", str(error.detail)),
        413: ("body-too-large", "The body of this request may have 1 MB at most."),
    }
    code, detail = known.get(error.status_code, ("bad-request", str(error.detail)))
    reply = problem(error.status_code, detail, code=code)
    reply.headers.update(error.headers or {})
    if error.status_code == 405:  # several routes share a path: each knows its own methods only
        reply.headers["Allow"] = allowed_at(request, request.app.state.v1_routes)
    return reply


async def answer_unreadable(_request: Request, error: Exception) -> Response:
    """Answer a request with fields that are missing or of another kind."""
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [WrongField(field=_place(each["loc"]), detail=str(each["msg"])) for each in error.errors()[:20]]
    sentence = f"{wrong[0].field}: {wrong[0].detail}." if wrong else "The request cannot be read."
    return problem(400, sentence, code="bad-request", errors=wrong)


def _place(loc: tuple[int | str, ...]) -> str:
    names = [str(part) for part in loc if part not in {"body", "query", "path", "header"}]
    return ".".join(names).encode("utf-8", "replace").decode()[:100] or str(loc[0])


class Guard:
    """ASGI middleware: keeps bodies small, NUL out of addresses, and tracebacks in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped app does; a bug becomes one sentence with a number."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            reply = problem(400, "An address has no NUL character.", code="bad-request")
            await reply(scope, receive, send)
            return
        send_watched = AnswerStart(send)
        try:
            await self.app(scope, _counted(scope, receive), send_watched)
        except ClientDisconnect:
            raise
        except Exception as error:
            if send_watched.has_begun:
                raise
            sentence = our_bug(error, scope, uuid.uuid4().hex)
            await problem(500, sentence, code="our-bug")(scope, receive, send)


def _counted(scope: Scope, receive: Receive) -> Receive:
    if any(part in scope["path"] for part in _STREAMED) and not scope["path"].endswith("/sharing"):
        return receive
    size_bytes = 0

    async def receive_counted() -> Message:
        nonlocal size_bytes
        message = await receive()
        size_bytes += len(message.get("body", b""))
        if size_bytes > MOST_BODY_BYTES:
            raise HTTPException(413)
        return message

    return receive_counted
