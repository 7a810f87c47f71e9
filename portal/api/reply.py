"""Answers: JSON as BHTOM's framework writes it, one exception handler, and a number for every request."""

import logging
import uuid
from collections.abc import Iterable, Mapping

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Rejected, TomlakeError, Transient
from portal.security.answer_start import AnswerStart

logger = logging.getLogger(__name__)

CORRELATION_HEADER = "correlation-id"
Body = Mapping[str, object] | list[object] | str


class Refused(Exception):  # noqa: N818 - the request ends here, on purpose
    """An answer other than success, as it goes to the client."""

    def __init__(self, status: int, body: Body, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def not_signed_in(detail: str = "Authentication credentials were not provided.") -> Refused:
    """Return the 401 of BHTOM's framework."""
    return Refused(401, {"detail": detail}, headers={"WWW-Authenticate": "Token"})


def non_field(sentence: str, *, status: int = 400) -> Refused:
    """Return BHTOM's envelope for what concerns no single field."""
    return Refused(status, {"non_field_errors": [sentence]})


def json_reply(body: Body, *, status: int = 200) -> JSONResponse:
    """Return compact JSON that no cache keeps."""
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store"})


async def answer_refused(_request: Request, error: Exception) -> Response:
    """Answer a refusal."""
    if not isinstance(error, Refused):
        raise error
    reply = json_reply(error.body, status=error.status)
    reply.headers.update(error.headers)
    return reply


async def answer_tomlake_error(_request: Request, error: Exception) -> Response:
    """Answer what the rooms below refuse: their sentence, and their code for programs."""
    if not isinstance(error, TomlakeError):
        raise error
    body = {"detail": error.reason, "code": error.code}
    if isinstance(error, Rejected):
        return json_reply(body, status=400)
    reply = json_reply(body, status=507 if error.code == "disk-full" else 503)
    reply.headers["Retry-After"] = str(int(error.retry_after_s) if isinstance(error, Transient) else 30)
    return reply


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method in the words of BHTOM's framework."""
    if not isinstance(error, HTTPException):
        raise error
    words = {
        404: f"tomlake does not answer {request.method} {request.url.path:.100}; see /api/openapi.json.",
        405: f'Method "{request.method}" not allowed.',
    }
    reply = json_reply({"detail": words.get(error.status_code, error.detail)}, status=error.status_code)
    reply.headers.update(error.headers or {})
    if error.status_code == 405:
        reply.headers["Allow"] = allowed_at(request, request.app.state.own_routes)
    return reply


def own_routes(router: Router) -> list[Route]:
    """Return the routes of a part that answer something: not those that say that nothing is there."""
    return [each for each in router.routes if isinstance(each, Route) and "{rest:path}" not in each.path]


def allowed_at(request: Request, routes: Iterable[Route]) -> str:
    """Return the methods that a path has: several routes share one, and each knows only its own."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    here = [route for route in routes if route.path_regex.match(path)]
    named = min((route.path.count("{") for route in here), default=0)  # "/x/import" before "/x/{name}"
    found = {method for route in here if route.path.count("{") == named for method in route.methods or ()}
    return ", ".join(sorted(found))


async def answer_unreadable(_request: Request, error: Exception) -> Response:
    """Answer a parameter that is missing or of another kind."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = str(first.get("loc", ("",))[-1])
    return json_reply({"detail": f"{name}: {first.get('msg', 'not understood')}."}, status=400)


class OneSentence:
    """ASGI middleware: numbers each request, and turns a bug into one sentence with that number."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped app does; no traceback ever leaves."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = uuid.uuid4().hex
        send_numbered = AnswerStart(send, lambda headers: headers.append(CORRELATION_HEADER, number))
        try:
            await self.app(scope, receive, send_numbered)
        except ClientDisconnect:
            logger.info("the client left before its request was complete", extra={"request": number})
        except Exception as error:
            sentence = our_bug(error, scope, number)
            if send_numbered.has_begun:
                raise
            await json_reply({"detail": sentence}, status=500)(scope, receive, send_numbered)


def our_bug(error: Exception, scope: Scope, number: str) -> str:
    """Return what to tell of an exception that nobody foresaw, after it is noted under a number."""
    logger.error("a request failed", exc_info=error, extra={"request": number, "path": scope["path"]})
    return f"Something went wrong on our side; please report it with the number {number}."
