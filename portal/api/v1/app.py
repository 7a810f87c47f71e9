"""Builds ``/api/v1``: its parts, its refusals, its description and the page that shows it."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from engine.errors import TomlakeError
from lake.provenance import code_version
from portal.api.reply import Refused
from portal.api.v1 import (
    accuracy,
    archives,
    audit,
    comments,
    docs,
    favourites,
    frame_files,
    frames,
    groups,
    jobs,
    light_curves,
    notices,
    observatories,
    search,
    sharing,
    snapshots,
    targets,
    tokens,
    tonight,
    transfers,
    uploads,
)
from portal.api.v1.described import described
from portal.api.v1.problems import (
    PROBLEMS,
    Guard,
    answer_http_error,
    answer_refused,
    answer_tomlake_error,
    answer_unreadable,
)
from portal.security.rate import LIMIT_HEADERS

# what is public may be read by scripts of any site, and with a token what is not: no cookie ever counts
FROM_ANYWHERE: dict[str, Any] = {
    "allow_origins": ["*"],
    "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": [
        "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Upload-Offset",
    ],
    "expose_headers": [
        "Content-Disposition", "ETag", "Idempotent-Replayed", "Location", "Retry-After", "Upload-Length",
        "Upload-Offset", "X-Tomlake-Lake-Version", *LIMIT_HEADERS,
    ],
    "max_age": 86400,
}  # fmt: skip
PARTS = (
    targets, light_curves, frames, frame_files, uploads, transfers, jobs, archives, observatories, accuracy,
    tonight, snapshots, search, sharing, groups, comments, tokens, favourites, notices, audit, docs,
)  # fmt: skip
DESCRIPTION = """Targets, light curves, frames and uploads of this tomlake.

What is public can be read without an account. Otherwise send a token: `Authorization: Bearer tl_...`
(`Token tl_...` works too). Lists come in pages: follow `next` until it is null. Every refusal is
`application/problem+json` with a stable `code`. Times are MJD in UTC, positions ICRS degrees."""


def build_v1(state: State) -> FastAPI:
    """Return the API; it shares the state, and so the lake, of the one that it is mounted in."""
    api = FastAPI(
        title="tomlake",
        version=code_version(),
        description=DESCRIPTION,
        docs_url=None,  # docs.py has a page of its own, which needs no other site
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        responses=PROBLEMS,
    )
    api.state = state
    for part in PARTS:
        api.include_router(part.router)
    api.add_exception_handler(Refused, answer_refused)
    api.add_exception_handler(TomlakeError, answer_tomlake_error)
    routes = [each for part in PARTS for each in part.router.routes if isinstance(each, APIRoute)]
    api.add_exception_handler(HTTPException, answer_http_error)
    api.state.v1_routes = routes
    api.add_exception_handler(RequestValidationError, answer_unreadable)
    api.add_middleware(Guard)
    api.add_middleware(CORSMiddleware, **FROM_ANYWHERE)
    api.openapi = lambda: _described(api, routes)  # type: ignore[method-assign]
    return api


def _described(api: FastAPI, routes: list[APIRoute]) -> dict[str, Any]:
    if api.openapi_schema is None:
        api.openapi_schema = described(api, routes)
    return api.openapi_schema
