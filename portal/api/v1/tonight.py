"""``/tonight``: which targets to observe from a telescope in a night, as JSON, CSV, calendar or text."""

from dataclasses import replace
from datetime import date as Date  # noqa: N812 - a field of the query has this name
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from engine.formats.registry import media_types_wanted
from engine.times import mjd_now
from engine.visibility.night import ASTRONOMICAL_DEG, CIVIL_DEG, NAUTICAL_DEG, day_of, tonight
from engine.visibility.plan_files import csv_text, icalendar, plain_text, rounded
from engine.visibility.windows import Limits
from lake.opening import Lake
from lake.sites.telescopes import Telescope, telescope_at, telescope_named
from lake.tonight import Asked, Plan, plan_night
from portal.api.identity import TheLake, Visitor
from portal.spreadsheet import harmless_texts

router = APIRouter(tags=["tonight"])
MOST_TARGETS = 1000


class Twilight(StrEnum):
    """How dark it must be."""

    CIVIL = "civil"
    NAUTICAL = "nautical"
    ASTRONOMICAL = "astronomical"


SUN_MAX_DEG = {
    Twilight.CIVIL: CIVIL_DEG,
    Twilight.NAUTICAL: NAUTICAL_DEG,
    Twilight.ASTRONOMICAL: ASTRONOMICAL_DEG,
}


class PlannedTarget(BaseModel):
    """A target that can be observed, with when and why."""

    rank: int
    name: str
    target_id: int
    classification: str
    simulated: bool
    ra_deg: float = Field(description="of a body of the Solar System: at the middle of the night")
    dec_deg: float
    score: float = Field(description="from 0 to 100: importance, waiting, hours, Moon and brightness")
    reasons: str = Field(examples=["not seen for 12 nights, wanted every night; up for 5 h"])
    best_mjd: float
    best_utc: str = Field(examples=["2026-11-22T23:40:00Z"])
    best_altitude_deg: float
    best_airmass: float
    from_mjd: float
    to_mjd: float
    hours_up: float = Field(description="above the least altitude, in the dark")
    moon_separation_deg: float
    moon_altitude_deg: float
    importance: float
    cadence_d: float
    since_last_d: float | None = Field(description="null: never observed")
    last_mag: float | None
    last_band: str | None


class PlanAnswer(BaseModel):
    """The best targets of a night."""

    title: str
    telescope: str
    longitude_deg: float
    latitude_deg: float
    date: Date = Field(description="of the evening, at the site")
    dark_from_mjd: float | None = Field(description="null: it does not get dark")
    dark_to_mjd: float | None
    moon_lit: float = Field(description="share of its face")
    depth: str | None = Field(description="how faint the telescope sees, and how that is known")
    limit_mag: float | None
    considered: int = Field(description="targets that you may see")
    observable: int = Field(description="of which `items` are the best")
    items: list[PlannedTarget]


class NightQuery(BaseModel):
    """From where, when, and within which limits."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    telescope: str = Field("", max_length=100, description="name of an observatory", examples=["ROAD"])
    longitude_deg: float | None = Field(None, ge=-180, le=360, description="without one; East is positive")
    latitude_deg: float | None = Field(None, ge=-90, le=90)
    aperture_m: float | None = Field(None, gt=0, le=100, description="of the telescope there")
    date: Date | None = Field(None, description="of the evening at the site; tonight without it")
    altitude_min_deg: float = Field(30.0, ge=0, le=89)
    moon_min_deg: float = Field(0.0, ge=0, le=180, description="least distance while the Moon is up")
    twilight: Twilight = Field(Twilight.NAUTICAL, description="the Sun is 6, 12 or 18 degrees down")
    limit: int = Field(100, ge=1, le=MOST_TARGETS, description="how many of the best")
    format: str = Field(
        "",
        max_length=10,
        description="json, csv, ics or txt; it beats Accept",
        json_schema_extra={"enum": ["", "json", "csv", "ics", "txt"]},
    )

    def asked(self, lake: Lake) -> Asked:
        """Return it as the lake takes it."""
        telescope = self._telescope(lake)
        day = tonight(telescope.site, mjd_now()) if self.date is None else day_of(self.date)
        limits = Limits(
            altitude_min_deg=self.altitude_min_deg,
            sun_max_deg=SUN_MAX_DEG[self.twilight],
            moon_min_deg=self.moon_min_deg,
        )
        return Asked(telescope=telescope, day=day, limits=limits)

    def _telescope(self, lake: Lake) -> Telescope:
        if self.telescope:
            return telescope_named(lake.operations, self.telescope)
        if self.longitude_deg is None or self.latitude_deg is None:
            raise Rejected(
                "Name a telescope, or give longitude_deg and latitude_deg of your site.", code="no-site"
            )
        return telescope_at(self.longitude_deg, self.latitude_deg, aperture_m=self.aperture_m)


_TYPES = {  # the first is what a reader gets who does not say
    "json": "application/json",
    "csv": "text/csv",
    "ics": "text/calendar",
    "txt": "text/plain",
}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the best targets, the best first",
        "content": {media_type: _TEXT for key, media_type in _TYPES.items() if key != "json"},
    }
}


@router.get("/tonight", response_model=PlanAnswer, responses=_WRITTEN)
def plan(request: Request, user: Visitor, lake: TheLake, query: Annotated[NightQuery, Query()]) -> Response:
    """Rank the targets that you may see for a telescope and a night; CSV, iCalendar and text by `Accept`."""
    chosen = _chosen(query.format, request.headers.get("accept", ""))
    found = plan_night(
        lake.operations, lake.store, query.asked(lake), user, limit=query.limit, now_mjd=mjd_now()
    )
    name = f"tonight-{found.night.evening.isoformat()}.{chosen}"
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, Cookie",
    }
    suffix = "" if chosen == "json" else "; charset=utf-8"
    return Response(_body(found, chosen), headers={"Content-Type": _TYPES[chosen] + suffix, **headers})


def _body(found: Plan, chosen: str) -> str:
    if chosen == "csv":
        return csv_text(replace(found.file, rows=harmless_texts(found.file.rows)))
    if chosen == "ics":
        return icalendar(found.file, now_mjd=mjd_now())
    if chosen == "txt":
        return plain_text(found.file)
    return plan_answer(found).model_dump_json()


def plan_answer(found: Plan) -> PlanAnswer:
    """Return a plan as JSON has it."""
    dark = found.night.with_sun_below(found.asked.limits.sun_max_deg)
    return PlanAnswer(
        title=found.title,
        telescope=found.night.site.name,
        longitude_deg=found.night.site.longitude_deg,
        latitude_deg=found.night.site.latitude_deg,
        date=found.night.evening,
        dark_from_mjd=None if dark is None else dark.from_mjd,
        dark_to_mjd=None if dark is None else dark.to_mjd,
        moon_lit=round(found.night.moon_lit, 3),
        depth=None if found.depth is None else found.depth.told,
        limit_mag=None if found.depth is None else found.depth.limit_mag,
        considered=found.considered,
        observable=found.observable,
        items=[
            PlannedTarget(**{name: row[name] for name in PlannedTarget.model_fields})
            for row in rounded(found.rows).iter_rows(named=True)
        ],
    )


def _chosen(named: str, accept: str) -> str:
    if named:
        key = named.strip().lower()
        if key not in _TYPES:
            raise Rejected(f"The format is one of {', '.join(_TYPES)}.", code="bad-format")
        return key
    if not accept.strip():
        return "json"
    for wanted in media_types_wanted(accept):
        for key, media_type in _TYPES.items():
            if wanted in {media_type, "*/*", media_type.split("/")[0] + "/*"}:
                return key
    raise Rejected(f"Accept one of {', '.join(_TYPES.values())}, or say ?format=.", code="not-acceptable")
