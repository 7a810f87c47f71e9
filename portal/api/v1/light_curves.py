"""``/targets/{name}/light-curve``: points in the format that the reader asks for."""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.errors import Rejected
from engine.formats.curve import LongCurve
from engine.formats.json_records import json_pieces
from engine.formats.registry import FORMATS, Format, format_accepted, format_named
from engine.formats.several import SEVERAL
from lake.curve_changes import changes_since
from lake.given_curve import Selection, curve_in_pieces, given_curve, what_is_asked
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.audit import note_download_later
from lake.snapshots import version_of
from portal.api.bulk import bulk_response
from portal.api.identity import TheLake, Visitor, address_of
from portal.api.v1.curve_models import (
    AS_OF_IS,
    AsOf,
    Changes,
    CurveQuery,
    LightCurve,
    LightCurves,
    Point,
    PointId,
    PointsQuery,
    split,
    written_as,
)
from portal.api.v1.quick import Answer, body_of, quickly
from portal.api.v1.replies import NOT_CHANGED, IfNoneMatch, cache_headers, has_it, not_modified, tag_of
from portal.api.v1.targets import Name

router = APIRouter(tags=["light curves"])
MOST_TARGETS = 100
MOST_WHOLE = 5000  # points that are sent as one piece
SINCE_MEANS = "`next` of the answer before; or a version, a snapshot, a date. All points where left out"
SINCE_IS = {"anyOf": [*AS_OF_IS["anyOf"], {"pattern": "^[0-9]{1,18}~[0-9a-f]{16}$"}]}
_SEVERAL_FORMATS = tuple(each for each in FORMATS if each.key in SEVERAL)
_CURVE = written_as(FORMATS, "the light curve, sorted by time")
_CURVES = written_as(_SEVERAL_FORMATS, "the light curves, in the order in which they were asked for")


class SeveralQuery(PointsQuery):
    """Which targets and points are wanted, and how they are written."""

    targets: list[str] = Field(
        min_length=1,
        max_length=MOST_TARGETS,
        description="names: repeat it, or separate by commas",
        examples=[["Gaia22dkv"]],
        json_schema_extra={"items": {"type": "string", "pattern": "^[^,\\s\\u0000]+$"}},
    )
    format: str = Field(
        "",
        max_length=20,
        description=f"{', '.join(SEVERAL)}; it beats Accept",
        json_schema_extra={"enum": ["", *SEVERAL]},
    )


@router.get("/light-curves", response_model=LightCurves, responses={**_CURVES, **NOT_CHANGED})
def light_curves(
    request: Request,
    user: Visitor,
    lake: TheLake,
    query: Annotated[SeveralQuery, Query()],
    if_none_match: IfNoneMatch = "",
) -> Response:
    """Give the light curves of up to 100 targets, all as of one version of the lake.

    A name that is unknown, or closed to you, is refused by name: half an answer never looks like a whole one.
    """
    chosen = _chosen(request.headers.get("accept", ""), query.format, _SEVERAL_FORMATS)
    names = split(query.targets)
    if not 1 <= len(names) <= MOST_TARGETS:
        raise Rejected(f"Name 1 to {MOST_TARGETS} targets at once.", code="too-many-targets")
    version = version_of(lake, query.as_of) if query.as_of.strip() else lake.store.version()
    asked = [what_is_asked(lake, name, user, str(version)) for name in names]
    wanted = query.selection()
    tag = tag_of(version, user, chosen.key, wanted, *(each.shown() for each in asked))
    headers = _headers(tag, version)
    if has_it(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    for each in asked:
        note_download_later(lake.operations, each.target, who=user, address=address_of(request))
    headers |= {"Content-Type": chosen.media_type, **_disposition("light_curves", chosen)}
    curves = (curve_in_pieces(lake, each, wanted) for each in asked)
    return bulk_response(SEVERAL[chosen.key](curves, version), headers)


@router.get("/targets/{name}/light-curve", response_model=LightCurve, responses={**_CURVE, **NOT_CHANGED})
async def light_curve(
    request: Request,
    user: Visitor,
    lake: TheLake,
    name: Name,
    query: Annotated[CurveQuery, Query()],
    if_none_match: IfNoneMatch = "",
) -> Response:
    """Give a light curve as JSON, CSV, Parquet, VOTable, FITS, AAVSO Extended, SkyPortal's or TOM's CSV.

    The answer is sent while it is written. What a format cannot say is left out of it: AAVSO has only points
    measured here, SkyPortal only points with an error, TOM Toolkit no fluxes.
    """
    accept = request.headers.get("accept", "")
    key = ("light-curve", user, name, query.model_dump_json(), accept)
    given = await quickly(lake, key, lambda: _written(lake, user, name, query, accept))
    if has_it(if_none_match, given.headers["ETag"]):
        return not_modified(given.headers)
    if given.about is not None:
        note_download_later(lake.operations, given.about, who=user, address=address_of(request))
    return given.response()


def _written(lake: Lake, user: User | None, name: str, query: CurveQuery, accept: str) -> Answer:
    """Return a short light curve whole, and a long one that is read while it is sent."""
    chosen = _chosen(accept, query.format, FORMATS)
    asked = what_is_asked(lake, name, user, query.as_of)
    wanted = query.selection()
    tag = tag_of(asked.version, user, chosen.key, wanted, asked.shown())
    headers = _headers(tag, asked.version)
    headers |= {"Content-Type": chosen.media_type, **_disposition(asked.target.name, chosen)}
    curve = curve_in_pieces(lake, asked, wanted)
    if isinstance(curve, LongCurve) or curve.total > MOST_WHOLE:
        return Answer(body=chosen.pieces(curve), headers=headers, about=asked.target)
    key = (chosen.key, asked.version, wanted, str(asked.shown()), asked.closed)
    body = body_of(lake, key, lambda: b"".join(chosen.pieces(curve)))
    return Answer(body=body, headers=headers, about=asked.target)


@router.get("/targets/{name}/light-curve/changes", response_model=Changes)
def changes(
    request: Request,
    user: Visitor,
    lake: TheLake,
    name: Name,
    since: Annotated[str, Query(max_length=100, description=SINCE_MEANS, json_schema_extra=SINCE_IS)] = "",
) -> Response:
    """Give what of a light curve is new since you last asked: ask again and again with `next`.

    `next` knows what you may see. Where that has changed since, and where the version that you have is
    kept no longer, `is_whole` is true and all points come anew.
    """
    asked = what_is_asked(lake, name, user, "")
    told = changes_since(lake, asked, since)
    if not told.curve.points.is_empty():
        note_download_later(lake.operations, asked.target, who=user, address=address_of(request))
    head = {
        "is_whole": told.is_whole,
        "next": told.cursor,
        "removed": [str(point_id) for point_id in told.removed],
    }
    headers = {"Cache-Control": "private, no-store"}
    return StreamingResponse(json_pieces(told.curve, head), headers=headers, media_type="application/json")


@router.get("/targets/{name}/points/{point_id}")
def point(user: Visitor, lake: TheLake, name: Name, point_id: PointId, as_of: AsOf = "") -> Point:
    """Give one point of a light curve with everything known of it."""
    asked = what_is_asked(lake, name, user, as_of)
    curve = given_curve(lake, asked, Selection(point_id=point_id))
    if curve.points.is_empty():
        raise Rejected(f"{asked.target.name} has no point {point_id}.", code="unknown-point")
    told = json.loads(b"".join(json_pieces(curve)))
    return Point(**told["points"][0])


def _chosen(accept: str, format_key: str, formats: tuple[Format, ...]) -> Format:
    if format_key:
        return format_named(format_key, formats)
    return format_accepted(accept, formats)


def _headers(tag: str, version: int) -> dict[str, str]:
    return cache_headers(tag) | {"X-Tomlake-Lake-Version": str(version)}


def _disposition(name: str, wanted: Format) -> dict[str, str]:
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._+-") else "_" for char in name)
    return {"Content-Disposition": f'inline; filename="{plain}.{wanted.ending}"'}
