"""``GET /lake/...``: the public lake by URL, with ranges; only what a manifest names is served."""

import itertools
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.errors import Rejected
from lake.public.manifest import Version
from lake.public.shelf import Item, Shelf
from lake.public.versions import LATEST
from lake.settings import Settings
from portal.api.byte_range import ByteRange, Unsatisfiable, byte_range
from portal.api.identity import TheLake
from portal.api.reply import Refused, json_reply

router = APIRouter()
Answer = TypeVar("Answer")

_STATUS = {"unknown-version": 404, "unknown-file": 404, "withdrawn-version": 410}
_TYPES = {
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "properties": "text/plain; charset=utf-8",
}
_OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-Match, If-None-Match, If-Range, Range",
    "Access-Control-Max-Age": "86400",
}
_FOR_A_DAY = "public, max-age=86400, immutable"  # not for ever: a version may be withdrawn
_ASK_AGAIN = "no-cache"


@lru_cache(maxsize=4)
def _shelf_of(settings: Settings) -> Shelf:
    return Shelf(settings)


def _the_shelf(lake: TheLake) -> Shelf:
    return _shelf_of(lake.settings)


TheShelf = Annotated[Shelf, Depends(_the_shelf)]


@router.options("/lake", status_code=204)
def preflight_of_index() -> Response:
    """Let scripts of other sites ask what there is."""
    return preflight("")


@router.options("/lake/{rest:path}", status_code=204)
def preflight(rest: str) -> Response:  # noqa: ARG001 - the same for every file
    """Let scripts of other sites ask for ranges."""
    return Response(status_code=204, headers=_OPEN_TO_ALL | _PREFLIGHT)


@router.get("/lake")
@router.head("/lake", include_in_schema=False)
@router.get("/lake/")
@router.head("/lake/", include_in_schema=False)
def index(lake: TheLake, shelf: TheShelf) -> Response:
    """Tell what is published, and how to open it."""
    known = [version for version in _asked(shelf.versions) if not version.is_withdrawn]
    address = f"{lake.settings.public_url}/lake"
    told = [_told(version, address) for version in reversed(known)]
    words = (
        f"The public lake: plain Parquet files, opened by URL. Begin with {address}/latest/manifest.json."
        if known
        else "The public lake: nothing has been published yet."
    )
    reply = json_reply({"about": words, "latest": told[0] if told else None, "versions": told})
    reply.headers.update(_OPEN_TO_ALL)
    return reply


@router.get("/lake/versions.json")
@router.head("/lake/versions.json", include_in_schema=False)
def list_of_versions(shelf: TheShelf) -> Response:
    """Give the list of versions, newest last; withdrawn ones say so."""
    body = shelf.list_of_versions()
    if body is None:
        raise _refused(Rejected("Nothing has been published yet.", code="unknown-version"))
    headers = _OPEN_TO_ALL | {"Cache-Control": _ASK_AGAIN}
    return Response(body, headers=headers, media_type="application/json")


@router.get("/lake/latest/{path:path}")
@router.head("/lake/latest/{path:path}", include_in_schema=False)
def latest(request: Request, shelf: TheShelf, path: str) -> Response:
    """Give a file of the newest version."""
    return _file(request, shelf, _asked(shelf.latest), path, cache=_ASK_AGAIN)


@router.get("/lake/v/{version}/{path:path}")
@router.head("/lake/v/{version}/{path:path}", include_in_schema=False)
def versioned(request: Request, shelf: TheShelf, version: str, path: str) -> Response:
    """Give a file of one version, the same for ever."""
    if version == LATEST:  # it changes, and what is below /lake/v does not
        return nowhere(f"v/{version}")
    found = _asked(lambda: shelf.version(version))
    return _file(request, shelf, found, path, cache=_FOR_A_DAY)


@router.get("/lake/{rest:path}")
@router.head("/lake/{rest:path}", include_in_schema=False)
def nowhere(rest: str) -> Response:
    """Say that nothing is there."""
    raise Refused(404, {"detail": f"The public lake has nothing at {rest!r:.120}."}, headers=_OPEN_TO_ALL)


def _file(request: Request, shelf: Shelf, version: Version, path: str, *, cache: str) -> Response:
    item = _asked(lambda: shelf.item(version, path))
    headers = _OPEN_TO_ALL | {
        "Accept-Ranges": "bytes",
        "Cache-Control": cache,
        "Content-Type": _TYPES.get(path.rpartition(".")[2], "application/octet-stream"),
        "ETag": f'"{item.sha256}"',
        "X-Tomlake-Version": version.name,
    }
    if item.sha256 in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    try:
        wanted = byte_range(request.headers, size_bytes=item.size_bytes, etag=headers["ETag"])
    except Unsatisfiable:
        return Response(
            status_code=416, headers=_OPEN_TO_ALL | {"Content-Range": f"bytes */{item.size_bytes}"}
        )
    status = 200 if wanted is None else 206
    wanted = wanted or ByteRange(start=0, end=item.size_bytes)
    headers["Content-Length"] = str(wanted.end - wanted.start)
    if status == 206:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end - 1}/{item.size_bytes}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_body(shelf, item, wanted), status_code=status, headers=headers)


def _body(shelf: Shelf, item: Item, wanted: ByteRange) -> Iterator[bytes]:
    """Return the bytes in chunks, the first of them read already: what is missing is refused in words."""
    chunks = shelf.chunks(item, wanted.start, wanted.end)
    first = _asked(lambda: next(chunks, b""))
    return itertools.chain([first], chunks)


def _asked(question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except Rejected as refusal:
        raise _refused(refusal) from refusal


def _refused(refusal: Rejected) -> Refused:
    status = _STATUS.get(refusal.code, 503)
    return Refused(status, {"detail": refusal.reason, "code": refusal.code}, headers=_OPEN_TO_ALL)


def _told(version: Version, address: str) -> dict[str, object]:
    return {
        "name": version.name,
        "manifest": f"{address}/v/{version.name}/manifest.json",
        "made_utc": version.made_utc,
        "lake_version": version.lake_version,
        "points": version.points,
        "targets": version.targets,
        "bytes": version.size_bytes,
        "simulated": version.simulated,
    }
