"""Light curves as the new API writes them, and which of their points somebody wants."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from engine.bands import BANDS
from engine.errors import Rejected
from engine.formats.registry import FORMATS, Format
from lake.given_curve import Selection
from portal.api.v1.replies import CACHED
from portal.api.v1.target_models import Number

AS_OF_MEANS = "a named snapshot, a version or a date (UTC): the lake as it stood then"
AS_OF_IS: dict[str, Any] = {  # what cannot be one is told before it is sent; the server checks it itself
    "anyOf": [
        {"pattern": "^([A-Za-z][A-Za-z0-9._-]{0,99}|[0-9]{1,18})?$", "maxLength": 100},
        {"format": "date"},
        {"format": "date-time"},
    ]
}
KEYS = [each.key for each in FORMATS]
FORMAT_MEANS = f"{', '.join(KEYS)}; it beats Accept"
PointId = Annotated[int, Path(ge=-(2**63), lt=2**63)]
AsOf = Annotated[
    str,
    Query(max_length=100, description=AS_OF_MEANS, examples=["2026-03-01"], json_schema_extra=AS_OF_IS),
]


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


class Changes(BaseModel):
    """What of a light curve is new, other than before, or gone."""

    target: str
    ra_deg: float
    dec_deg: float
    snapshot: int = Field(description="version of the lake up to which this tells")
    points_total: int = Field(description="how many points this answer has")
    is_whole: bool = Field(description="these are all points there are: forget what you had")
    next: str = Field(description="ask with `since` being this, for what comes after", examples=["17~5e0c"])
    removed: list[str] = Field(description="numbers of points that are gone, taken out or closed to you")
    points: list[Point] = Field(description="new, or other than they were")


class LightCurves(BaseModel):
    """Light curves of several targets."""

    snapshot: int = Field(description="version of the lake")
    light_curves: list[LightCurve]


class PointsQuery(BaseModel):
    """Which points are wanted, and how they are written."""

    model_config = ConfigDict(extra="forbid")
    as_of: str = Field(
        "", max_length=100, description=AS_OF_MEANS, examples=["2026-03-01"], json_schema_extra=AS_OF_IS
    )
    bands: list[str] = Field(
        [],
        max_length=200,
        description="repeat it, or separate by commas",
        examples=[["V(GaiaSP)"]],
        json_schema_extra={"items": {"type": "string", "enum": ["", *BANDS]}},
    )
    sources: list[str] = Field([], max_length=200, description="archive keys, or upload", examples=[["ztf"]])
    since_mjd: Number | None = Field(None, description="points observed then or later")
    before_mjd: Number | None = Field(None, description="points observed before")
    without_repeats: bool = Field(
        False, description="leave out points of an exposure that a better archive tells of"
    )

    def selection(self) -> Selection:
        """Return it as the lake takes it."""
        return Selection(
            bands=_bands(self.bands),
            sources=_split(self.sources),
            since_mjd=self.since_mjd,
            before_mjd=self.before_mjd,
            without_repeats=self.without_repeats,
        )


class CurveQuery(PointsQuery):
    """Which points of one light curve are wanted, and how they are written."""

    format: str = Field("", max_length=20, description=FORMAT_MEANS, json_schema_extra={"enum": ["", *KEYS]})


def written_as(formats: tuple[Format, ...], description: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of an answer in formats other than JSON, and of its headers."""
    content = {
        each.asked_as[0]: {"schema": {"type": "string"} | _binary(each)}
        for each in formats
        if each.key != "json"
    }
    version = {"X-Tomlake-Lake-Version": {"schema": {"type": "integer"}, "description": "as `snapshot`"}}
    return {200: {"description": description, "content": content, "headers": CACHED | version}}


def split(values: list[str]) -> list[str]:
    """Return the words of values that are repeated or separated by commas, each once, in their order."""
    words = (word.strip() for value in values for word in value.split(","))
    return list(dict.fromkeys(word for word in words if word))


def _binary(each: Format) -> dict[str, str]:
    return {"format": "binary"} if each.key in {"parquet", "fits"} else {}


def _split(values: list[str]) -> tuple[str, ...]:
    return tuple(sorted(split(values)))


def _bands(values: list[str]) -> tuple[str, ...]:
    named = _split(values)
    strange = [band for band in named if band not in BANDS]
    if strange:
        raise Rejected(
            f"The band {strange[0]!r:.60} is unknown: write it as light curves do, such as V(GaiaSP).",
            code="bad-band",
        )
    return named
