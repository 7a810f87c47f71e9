"""The API: BHTOM's routes at BHTOM's paths, the session's routes, downloads and health.

It stands alone under uvicorn, or inside the portal's server through :func:`api_routes`.
"""

import re
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route

from engine.errors import TomlakeError
from lake.provenance import code_version
from portal.api import (
    downloads,
    finishing,
    health,
    language,
    oidc,
    public_lake,
    samples,
    sessions,
    sign_up,
    sql,
    target_export,
    targets,
    tokens,
    uploads,
)
from portal.api.bhtom.parts import BHTOM_PARTS
from portal.api.identity import LakeProvider
from portal.api.reply import (
    OneSentence,
    Refused,
    answer_http_error,
    answer_refused,
    answer_tomlake_error,
    answer_unreadable,
    own_routes,
)
from portal.api.v1.app import build_v1
from portal.api.vo import routes as vo
from portal.security.door import Door
from portal.security.oidc import SignInServices
from portal.security.patience import Patience
from portal.security.rate import Buckets, RateLimit

# BHTOM answers under these prefixes; whatever it has there and we have not is a JSON 404, never a page
PREFIXES = (
    "/api", "/calibFile", "/calibration", "/common/api", "/dataproducts", "/observatory",
    "/photometry-upload", "/session", "/targets", "/upload",
)  # fmt: skip
PARTS = (
    tokens, uploads, targets, target_export, downloads, sessions, language, sign_up, oidc, finishing, samples,
    health, public_lake, sql, vo, *BHTOM_PARTS,
)  # fmt: skip
# BHTOM refuses in shapes of its own: an object, a sentence or a list
_ANY: dict[str, Any] = {"application/json": {"schema": {}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "refused, in words", "content": _ANY},
    "5XX": {"description": "not now, or a bug of ours", "content": _ANY},
}
RoutePath = TypeVar("RoutePath", Mount, Route)
WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def build_api(lake_provider: LakeProvider, *, requests_per_min: int = 0) -> FastAPI:
    """Return the API over the lake that ``lake_provider`` gives at each request.

    Parameters
    ----------
    requests_per_min
        That one address, and one token, may send; 0: any number.
    """
    api = FastAPI(
        title="tomlake",
        version=code_version(),
        docs_url=None,  # its scripts come from another site, which the content policy forbids
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,  # a redirect would drop the body of a POST
        responses=REFUSALS,
    )
    api.state.lake_provider = lake_provider
    api.state.door = Door()
    api.state.oidc = SignInServices()
    api.state.oidc_attempts = oidc.throttle()
    api.state.own_routes = [route for part in PARTS for route in own_routes(part.router)]
    # before the others, which are tried one after another: a third of what a small answer costs
    api.router.routes.append(_whole(Mount("/api/v1", build_v1(api.state))))
    for part in PARTS:
        api.include_router(part.router)
    api.add_exception_handler(Refused, answer_refused)
    api.add_exception_handler(TomlakeError, answer_tomlake_error)
    api.add_exception_handler(HTTPException, answer_http_error)
    api.add_exception_handler(RequestValidationError, answer_unreadable)
    api.add_middleware(Patience)
    api.add_middleware(RateLimit, buckets=Buckets(per_min=requests_per_min))
    api.add_middleware(OneSentence)
    return api


def _whole(route: RoutePath) -> RoutePath:
    """Return a route that also takes paths with an encoded line break, which Starlette's leave out."""
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z", re.DOTALL)
    return route


def api_routes(api: FastAPI) -> list[BaseRoute]:
    """Return routes for a larger server: exactly the API's paths and methods, so that pages keep theirs.

    ``GET /targets`` and ``GET /upload`` stay pages. Of BHTOM's own prefixes, methods that write go to the
    API also where it has no such route, so that a script gets a JSON 404 and not a page.
    """
    all_methods = ["GET", "OPTIONS", *WRITING_METHODS]
    routes: list[BaseRoute] = [_whole(Route("/api/v1/{rest:path}", api, methods=all_methods))]
    routes += [
        Route(route.path, api, methods=sorted(route.methods or ()))
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, Route)
    ]
    routes.append(_whole(Route("/api/{rest:path}", api, methods=all_methods)))
    for prefix in PREFIXES:
        routes.append(Route(prefix, api, methods=list(WRITING_METHODS)))
        routes.append(Route(prefix + "/{rest:path}", api, methods=list(WRITING_METHODS)))
    return routes
