"""``GET /share/<target>.png``: the picture that other sites show beside a link to a public target."""

import threading
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.errors import Rejected
from engine.target import Target
from lake.seen import Closed, closed_to
from lake.store import Store
from lake.targets import get_target
from portal.data import has_simulated
from portal.links.previews import preview_png
from portal.opened import lake, settings
from portal.words import language

_ONE_AT_A_TIME = threading.Lock()  # however many ask, pages keep the processor
_HEADERS = {"Cache-Control": "no-cache"}  # a target may become private at any time


def share_route() -> Route:
    """Return the route of the previews."""
    return Route("/share/{name:path}.png", _share, methods=["GET"])


def preview_address(target: Target) -> str:
    """Return where the preview of a target is, whole, as other sites need it."""
    return f"{settings().public_url}/share/{quote(target.name, safe='')}.png"


async def _share(request: Request) -> Response:
    return await anyio.to_thread.run_sync(_answer, request.path_params["name"])


def _answer(name: str) -> Response:
    """Give what anybody may see, whoever asks: a target that is not public is as one that is not there."""
    try:
        target = get_target(lake().operations, name, None)
    except Rejected:
        return PlainTextResponse("There is no such picture.", status_code=404, headers=_HEADERS)
    closed = closed_to(lake().operations, None, target_id=target.target_id)
    with _ONE_AT_A_TIME:
        version = lake().store.version()
        body = _preview(lake().store, version, replace(target, track=None), closed, language())
    return Response(body, media_type="image/png", headers=_HEADERS)


@lru_cache(maxsize=128)
def _preview(store: Store, version: int, target: Target, closed: Closed, _language: str) -> bytes:
    points = closed.open_points(store.light_curve(target.target_id or 0, as_of=version))
    return preview_png(target, points, is_simulated=target.simulated or has_simulated(points))
