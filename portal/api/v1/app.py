"""Builds ``/api/v1``: its parts, its refusals, its description and the page that shows it."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.datastructures import State
from starlette.exceptions import HTTPException

from engine.errors import TomlakeError
from lake.provenance import code_version
from portal.api.reply import Refused
from portal.api.v1 import (
    accuracy,
    archives,
    docs,
    frames,
    jobs,
    light_curves,
    observatories,
    search,
    snapshots,
    targets,
    transfers,
    uploads,
)
from portal.api.v1.problems import (
    PROBLEMS,
    Guard,
    Problem,
    answer_http_error,
    answer_refused,
    answer_tomlake_error,
    answer_unreadable,
)

PARTS = (
    targets, light_curves, frames, uploads, transfers, jobs, archives, observatories, accuracy,
    snapshots, search, docs,
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
    api.add_exception_handler(HTTPException, answer_http_error)
    api.add_exception_handler(RequestValidationError, answer_unreadable)
    api.add_middleware(Guard)
    api.openapi = lambda: _described(api)  # type: ignore[method-assign]
    return api


def _described(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        told = get_openapi(
            title=api.title, version=api.version, description=api.description, routes=api.routes
        )
        told["servers"] = [{"url": "/api/v1"}]
        components = told.setdefault("components", {})
        defined = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components.setdefault("schemas", {}).update(defined.pop("$defs", {}) | {"Problem": defined})
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        told["security"] = [{}, {"token": []}]
        api.openapi_schema = told
    return api.openapi_schema
