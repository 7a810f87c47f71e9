"""``/targets/{name}/light-curve``: points in the format that the reader asks for."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.bands import BANDS
from engine.errors import Rejected
from engine.formats.curve import LongCurve
from engine.formats.json_records import json_pieces
from engine.formats.registry import FORMATS, Format, format_accepted, format_named
from lake.given_curve import Selection, curve_in_pieces, given_curve, target_and_version
from lake.opening import Lake
from lake.people.accounts import User
from lake.seen import closed_to
from portal.api.bulk import bulk_response
from portal.api.identity import TheLake, Visitor
from portal.api.v1.quick import Answer, body_of, quickly
from portal.api.v1.replies import NOT_CHANGED, IfNoneMatch, cache_headers, has_it, not_modified, tag_of
from portal.api.v1.targets import Name

router = APIRouter(tags=["light curves"])
MOST_WHOLE = 5000  # points that are sent as one piece
AS_OF_MEANS = "a named snapshot, a version or a date (UTC): the lake as it stood then"
PointId = Annotated[int, Path(ge=-(2**63), lt=2**63)]
KEYS = [each.key for each in FORMATS]
AsOf = Annotated[str, Query(max_length=100, description=AS_OF_MEANS, examples=["2026-03-01"])]


class Point(BaseModel):
    """One measurement: a magnitude, a flux or a limit."""

    point_id: str = Field(description="a 64-bit number as text, because JavaScript would round it")
    mjd_utc: float
    bjd_tdb: float | None
    exptime_s: float | None
    mag: float | None
    mag_err: float | None
    limit_mag: float | None = Field(description="5 sigma")
    mag_system: str | None
    flux_uJy: float | None  # noqa: N815 - the unit's own spelling
    flux_err_uJy: float | None  # noqa: N815
    filter: str = Field(examples=["V(GaiaSP)"])
    filter_standard: str | None = Field(examples=["V"])
    survey: str | None
    facility: str | None
    camera: str | None
    observer: str | None
    orcid: str | None
    airmass: float | None
    fwhm_arcsec: float | None
    zp: float | None
    zp_err: float | None
    n_ref_stars: int | None
    ref_catalogue: str | None
    calib_version: str | None
    quality_flags: int
    quality_text: str | None
    image_sha256: str | None
    source_url: str | None
    bibcode: str | None
    licence: str | None
    source: str
    source_ref: str
    batch_id: str | None


class LightCurve(BaseModel):
    """A light curve as JSON."""

    target: str
    ra_deg: float
    dec_deg: float
    snapshot: int = Field(description="version of the lake: ?as_of= with it gives the same for ever")
    points_total: int
    points: list[Point]


_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_CONTENT = {each.asked_as[0]: _BINARY if each.key in {"parquet", "fits"} else _TEXT for each in FORMATS[1:]}
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "the light curve, sorted by time", "content": _CONTENT}
}


class CurveQuery(BaseModel):
    """Which points are wanted, and how they are written."""

    model_config = ConfigDict(extra="forbid")
    as_of: str = Field("", max_length=100, description=AS_OF_MEANS, examples=["2026-03-01"])
    bands: list[str] = Field([], max_length=200, description="repeat it, or separate by commas")
    sources: list[str] = Field([], max_length=200, description="archive keys, or upload")
    without_repeats: bool = Field(
        False, description="leave out points of an exposure that a better archive tells of"
    )
    format: str = Field("", max_length=20, description=f"{', '.join(KEYS)}; it beats Accept")

    def selection(self) -> Selection:
        """Return it as the lake takes it."""
        return Selection(
            bands=_bands(self.bands), sources=_split(self.sources), without_repeats=self.without_repeats
        )


@router.get("/targets/{name}/light-curve", response_model=LightCurve, responses={**_WRITTEN, **NOT_CHANGED})
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
    whole = await quickly(lake, key, lambda: _written(lake, user, name, query, accept))
    return not_modified(whole) if has_it(if_none_match, whole.headers["etag"]) else whole


def _written(
    lake: Lake, user: User | None, name: str, query: CurveQuery, accept: str
) -> Answer | StreamingResponse:
    """Return a short light curve whole, and a long one as it is written."""
    chosen = format_named(query.format) if query.format else format_accepted(accept)
    target, version = target_and_version(lake, name, user, query.as_of)
    wanted = query.selection()
    closed = closed_to(lake.operations, user, target_id=target.target_id)
    shown = (target.target_id, target.name, target.ra_deg, target.dec_deg, *sorted(closed.upload_ids))
    headers = {
        **cache_headers(tag_of(version, chosen.key, wanted, *shown)),
        "X-Tomlake-Lake-Version": str(version),
        "Content-Type": chosen.media_type,
        **_disposition(target.name, chosen),
    }

    curve = curve_in_pieces(lake, target, version, wanted, closed)
    if isinstance(curve, LongCurve) or curve.total > MOST_WHOLE:
        return bulk_response(chosen.pieces(curve), headers)
    key = (chosen.key, version, wanted, shown)
    return Answer(body=body_of(lake, key, lambda: b"".join(chosen.pieces(curve))), headers=headers)


@router.get("/targets/{name}/points/{point_id}")
def point(user: Visitor, lake: TheLake, name: Name, point_id: PointId, as_of: AsOf = "") -> Point:
    """Give one point of a light curve with everything known of it."""
    target, version = target_and_version(lake, name, user, as_of)
    closed = closed_to(lake.operations, user, target_id=target.target_id)
    curve = given_curve(lake, target, version, Selection(point_id=point_id), closed)
    if curve.points.is_empty():
        raise Rejected(f"{target.name} has no point {point_id}.", code="unknown-point")
    told = json.loads(b"".join(json_pieces(curve)))
    return Point(**told["points"][0])


def _disposition(name: str, wanted: Format) -> dict[str, str]:
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._+-") else "_" for char in name)
    return {"Content-Disposition": f'inline; filename="{plain}.{wanted.ending}"'}


def _split(values: list[str] | None) -> tuple[str, ...]:
    return tuple(
        sorted({word.strip() for value in values or [] for word in value.split(",") if word.strip()})
    )


def _bands(values: list[str] | None) -> tuple[str, ...]:
    named = _split(values)
    strange = [band for band in named if band not in BANDS]
    if strange:
        raise Rejected(
            f"The band {strange[0]!r:.60} is unknown: write it as light curves do, such as V(GaiaSP).",
            code="bad-band",
        )
    return named
