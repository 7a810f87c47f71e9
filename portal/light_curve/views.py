"""Which part of a light curve a visitor looks at, and how its chart is used; a link keeps both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from engine.errors import Rejected
from engine.times import mjd_of
from portal.vega import Spec
from portal.words import _, marked

BOTH, MJD, CALENDAR = marked("MJD and calendar"), "MJD", marked("Calendar")
TIMES = (BOTH, MJD, CALENDAR)
BRUSH, PICKED = "brush", "picked"  # the names under which the browser tells what was chosen
_EARLIEST_MJD, _LATEST_MJD = 0.0, 100_000.0  # 1858 to 2132
_LIVE_D = 60.0  # the line of now stands so long after the last point
_LIVE_SHARE = 0.2  # or so much of the whole light curve: else it would press the points together
_CHOSEN = "#0a7fc8"
_NOW_MJD = "now() / 86400000 + 40587"
_DRAG = "[pointerdown[{when}], window:pointerup] > window:pointermove!"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a visitor looks at; the defaults show the whole light curve, and nothing can be chosen."""

    hidden: tuple[str, ...] = ()  # archives
    since_mjd: float | None = None
    until_mjd: float | None = None
    times: str = BOTH
    is_choosable: bool = False
    drag_chooses: bool = False  # and not moves; on a desk shift and drag choose always

    def chosen(self, points: pl.DataFrame) -> pl.DataFrame:
        """Return the points that are looked at."""
        conditions: list[pl.Expr] = []
        if self.hidden:
            conditions.append(~pl.col("source").is_in(list(self.hidden)))
        if self.since_mjd is not None:
            conditions.append(pl.col("mjd") >= self.since_mjd)
        if self.until_mjd is not None:
            conditions.append(pl.col("mjd") <= self.until_mjd)
        return points.filter(*conditions) if conditions else points


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A part of the chart, from edge to edge; a single mark is a box without size."""

    mjd: tuple[float, float]
    level: tuple[float, float]
    band: str = ""  # "": any


def mjd_of_text(text: str) -> float | None:
    """Return the time that somebody wrote, an MJD or a date such as 2026-05-01; None for an empty text.

    Raises
    ------
    Rejected
        ``bad-time``
    """
    words = text.strip()
    if not words:
        return None
    try:
        mjd = float(words)
    except ValueError:
        mjd = _mjd_of_date(words)
    if not _EARLIEST_MJD <= mjd <= _LATEST_MJD:
        raise _bad_time(words)
    return mjd


def _mjd_of_date(words: str) -> float:
    try:
        moment = datetime.fromisoformat(words)
        return mjd_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise _bad_time(words) from error


def _bad_time(words: str) -> Rejected:
    return Rejected(
        f"{words[:40]!r} is no time: write a date such as 2026-05-01, or an MJD such as 61161.",
        code="bad-time",
    )


def boxes_of(selection: Mapping[str, Any]) -> list[Box]:
    """Return what the browser says was chosen; what it cannot mean counts as nothing."""
    brush = selection.get(BRUSH)
    found = [_box(brush)] if isinstance(brush, Mapping) else []
    picked = selection.get(PICKED)
    found += [_box(each) for each in picked if isinstance(each, Mapping)] if isinstance(picked, list) else []
    return [box for box in found if box is not None]


def _box(told: Mapping[str, Any]) -> Box | None:
    mjd, level, band = _edges(told.get("mjd")), _edges(told.get("level_mag")), told.get("band", "")
    if mjd is None or level is None or not isinstance(band, str):
        return None
    return Box(mjd=mjd, level=level, band=band)


def _edges(value: object) -> tuple[float, float] | None:
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(isinstance(each, int | float) for each in numbers):
        return None
    return float(min(numbers)), float(max(numbers))


def within(points: pl.DataFrame, boxes: list[Box]) -> pl.DataFrame:
    """Return the points whose ``mag``, or ``limit_mag`` where there is none, lies in one of the boxes."""
    level = pl.coalesce("mag", "limit_mag")
    inside = [
        pl.col("mjd").is_between(*box.mjd)
        & level.is_between(*box.level)
        & (pl.col("band") == box.band if box.band else pl.lit(value=True))
        for box in boxes
    ]
    return points.filter(pl.any_horizontal(inside)) if inside else points.clear()


def viewed_spec(spec: Spec, view: View, *, is_live: bool) -> Spec:
    """Return the chart of a light curve with the scales, the line of now and the ways to choose of a view."""
    shown: dict[str, Any] = json.loads(json.dumps(spec))  # a copy: the plain one is shared
    if view.times == CALENDAR:
        shown["layer"][0]["encoding"]["x"]["axis"] = shown["layer"].pop()["encoding"]["x"]["axis"]
        shown["layer"][0]["encoding"]["x"]["axis"] |= {"orient": "bottom", "grid": True}
    elif view.times == MJD:
        shown["layer"].pop()
    if is_live:
        shown["layer"] += _now_layers(shown["layer"][0]["encoding"]["x"])
    if view.is_choosable:
        _let_choose(shown, drag_chooses=view.drag_chooses)
    return shown


def is_live(points: pl.DataFrame, now_mjd: float) -> bool:
    """Return whether now is near enough to the points that a line belongs into their chart."""
    first, last = points["mjd"].min(), points["mjd"].max()
    if not isinstance(first, float) or not isinstance(last, float):
        return False
    return now_mjd - last <= max(_LIVE_D, _LIVE_SHARE * (last - first))


def _now_layers(x: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a line and its word; the browser knows the time, so that the specification stays the same."""
    now = {
        "data": {"values": [{}]},
        "transform": [{"calculate": _NOW_MJD, "as": "mjd"}],
    }
    across = {**x, "axis": None}
    return [
        now
        | {
            "mark": {"type": "rule", "strokeDash": [2, 4], "color": "#8b98ad", "clip": True},
            "encoding": {"x": across},
        },
        now
        | {
            "mark": {"type": "text", "align": "right", "baseline": "top", "dx": -4, "color": "#8b98ad",
                     "fontSize": 11, "clip": True},
            "encoding": {"x": across, "y": {"value": 4}, "text": {"value": _("now")}},
        },
    ]  # fmt: skip


def _let_choose(spec: dict[str, Any], *, drag_chooses: bool) -> None:
    """Add the brush and the click on a mark; the drag that moves must not be the one that chooses."""
    views = spec["params"][0]["views"]
    for param in spec["params"]:
        if param["name"] == "zoom":
            moves = _DRAG.format(when="event.shiftKey" if drag_chooses else "!event.shiftKey")
            param["select"] |= {"on": moves, "translate": moves}
    draws = _DRAG.format(when="!event.shiftKey" if drag_chooses else "event.shiftKey")
    box: dict[str, Any] = {
        "type": "interval",
        "encodings": ["x", "y"],
        "on": draws,
        "translate": draws,
        "zoom": False,
    }
    box["mark"] = {"fill": _CHOSEN, "fillOpacity": 0.1, "stroke": _CHOSEN, "strokeOpacity": 0.9}
    mark = {"type": "point", "fields": ["mjd", "band", "level_mag"], "on": "click[!event.shiftKey]"}
    spec["params"] += [
        {"name": BRUSH, "select": box, "views": views},
        {"name": PICKED, "select": mark | {"toggle": False}, "views": views},
    ]
