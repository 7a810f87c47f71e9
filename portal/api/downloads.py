"""``GET /download/<target>.csv``: every column of a light curve, for people and for caches."""

from typing import Annotated, Any
from zlib import crc32

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from engine.target import Target
from lake.given_curve import Asked, Selection, curve_in_pieces
from lake.people.audit import note_download
from lake.seen import Closed, closed_to
from lake.snapshots import version_of
from lake.targets import get_target
from portal.api.bulk import bulk_response
from portal.api.identity import TheLake, Visitor, address_of
from portal.api.light_curve_csv import tomlake_csv
from portal.api.reply import Refused

AS_OF_MEANS = "a named snapshot, a version or a date (UTC): the lake as it stood then; now without it"

router = APIRouter()


_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "every column, sorted by time",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    304: {"description": "what the visitor has is still right"},
}


@router.get("/download/{name}.csv", response_class=Response, responses=_CSV)
def download(
    request: Request,
    user: Visitor,
    lake: TheLake,
    name: str,
    as_of: Annotated[str, Query(description=AS_OF_MEANS)] = "",
) -> Response:
    """Give the light curve of a target that the visitor may see; 304 where the visitor has it already."""
    try:
        target = get_target(lake.operations, name, user)
    except Rejected as error:
        raise Refused(404, {"detail": error.reason}) from error
    version = version_of(lake, as_of) if as_of else lake.store.version()
    closed = closed_to(lake.operations, user, target_id=target.target_id)
    asked = Asked(target=target, version=version, closed=closed)
    tag = _tag(target, version, closed)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    note_download(lake.operations, target, who=user, address=address_of(request))
    curve = curve_in_pieces(lake, asked, Selection())
    headers |= {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{target.name}.csv"',
    }
    return bulk_response(tomlake_csv(curve), headers)


def _tag(target: Target, version: int, closed: Closed) -> str:
    """Return a weak tag: the lake's version, what the rows repeat of the target, and what is left out."""
    shown = f"{target.name}\n{target.ra_deg!r}\n{target.dec_deg!r}\n{sorted(closed.upload_ids)}"
    return f'W/"{version}-{target.target_id}-{crc32(shown.encode()):08x}"'
