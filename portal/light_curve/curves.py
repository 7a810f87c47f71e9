"""The light curve of a target as pages draw it, cached by the lake's version."""

from dataclasses import dataclass

import polars as pl

from engine.repeats import is_repeat
from engine.times import mjd_now
from lake.people.accounts import User
from lake.points.bounded import kept_within
from lake.seen import Closed, closed_to
from lake.store import Store
from portal.light_curve.charts import (
    FLUX_UNITS,
    MAX_DRAWN_POINTS,
    bands_in_order,
    flux_spec,
    light_curve_spec,
)
from portal.light_curve.looks import FLUX, Look, as_shown, groups_of, looked_spec, with_groups
from portal.light_curve.marks import drawn_points, flux_points, with_magnitude
from portal.light_curve.moment import read_version
from portal.light_curve.views import Box, View, is_live, viewed_spec, within
from portal.opened import lake
from portal.this_run import once
from portal.vega import Spec
from portal.words import language

_MOST_BYTES = 32 << 20  # of charts of one kind, however many they are
_BYTES_BESIDE = 8192  # what a chart keeps beside its rows
_BINS_D = (0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A light curve ready to be drawn."""

    rows: pl.DataFrame
    spec: Spec
    points: int  # that the marks stand for
    repeats: int  # points left out, because a better archive tells of the same exposures
    is_binned: bool
    unknown: int = 0  # points left out, because the band says nothing of what was asked for


def light_curve(target_id: int, user: User | None = None) -> pl.DataFrame:
    """Return the points of a target that a visitor may see, or anybody where none is named, by time."""
    return light_curve_of(lake().store, read_version(), target_id, closed_of(target_id, user))


def closed_of(target_id: int, user: User | None) -> Closed:
    """Return what of a target's uploads is closed to a visitor."""
    return once(("closed", target_id, user), lambda: closed_to(lake().operations, user, target_id=target_id))


def light_curve_of(store: Store, version: int, target_id: int, closed: Closed) -> pl.DataFrame:
    """Return the points of a target in a version, without those of closed uploads."""
    return closed.open_points(store.light_curve(target_id, as_of=version))


def chart_of(
    target_id: int,
    user: User | None = None,
    *,
    every_point: bool = False,
    look: Look | None = None,
    view: View | None = None,
) -> Chart | None:
    """Return the light curve ready to be drawn, or None where nothing has a place on it.

    More than 10,000 points are drawn as medians of short intervals, unless every point is asked for.
    """
    asked = _Asked(every_point=every_point, look=look or Look(), view=view or View(), language=language())
    return _chart(lake().store, read_version(), target_id, closed_of(target_id, user), asked)


def points_within(
    target_id: int, user: User | None, look: Look, view: View, boxes: list[Box]
) -> pl.DataFrame:
    """Return the points behind the marks in parts of the chart, as they were measured."""
    points = light_curve(target_id, user)
    chosen = within(_drawable(_placed(points, look, view)), boxes)
    return points.join(chosen.select("point_id"), on="point_id", how="semi", maintain_order="left")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    every_point: bool
    look: Look
    view: View
    language: str  # of the words in it


def _placed(points: pl.DataFrame, look: Look, view: View) -> pl.DataFrame:
    """Return the points that have a place on the chart, with what is shown in place of ``mag``."""
    viewed = view.chosen(points)
    told = viewed if look.brightness == FLUX else with_magnitude(viewed)
    return told if look.is_plain else as_shown(told, look)


def _drawable(placed: pl.DataFrame) -> pl.DataFrame:
    return placed.filter(~is_repeat(placed))


def _chart_bytes(chart: Chart | None) -> int:
    return _BYTES_BESIDE + (int(chart.rows.estimated_size()) if chart else 0)


@kept_within(_MOST_BYTES, _chart_bytes)
def _chart(store: Store, version: int, target_id: int, closed: Closed, asked: _Asked) -> Chart | None:
    points, look, view = light_curve_of(store, version, target_id, closed), asked.look, asked.view
    placed = _placed(points, look, view)
    if placed.is_empty():
        return None
    drawable = _drawable(placed)
    is_binned = len(drawable) > MAX_DRAWN_POINTS and not asked.every_point
    rows = drawn_points(_binned(drawable) if is_binned else drawable)
    bands = bands_in_order(drawable)
    spec = light_curve_spec(bands)
    if not look.is_plain:
        rows = with_groups(rows, look)
        spec = looked_spec(bands, groups_of(rows), look.axis, look.brightness == FLUX)
    if view != View():
        spec = viewed_spec(spec, view, is_live=is_live(drawable, mjd_now()))
    return Chart(
        rows=rows,
        spec=spec,
        points=len(drawable),
        repeats=len(placed) - len(drawable),
        is_binned=is_binned,
        unknown=len(with_magnitude(view.chosen(points))) - len(with_magnitude(placed)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxPanel:
    """A light curve in a unit of flux, such as mJy, ready to be drawn."""

    unit: str
    rows: pl.DataFrame
    spec: Spec


def flux_panels(
    target_id: int, user: User | None = None, *, view: View | None = None
) -> tuple[FluxPanel, ...]:
    """Return the light curves in radio and gamma rays, whose fields write fluxes, one for each unit."""
    closed = closed_of(target_id, user)
    return _flux_panels(lake().store, read_version(), target_id, closed, view or View(), language())


def _panel_bytes(panels: tuple[FluxPanel, ...]) -> int:
    return _BYTES_BESIDE + sum(int(panel.rows.estimated_size()) for panel in panels)


@kept_within(_MOST_BYTES, _panel_bytes)
def _flux_panels(
    store: Store,
    version: int,
    target_id: int,
    closed: Closed,
    view: View,
    language: str,  # noqa: ARG001 - of its words
) -> tuple[FluxPanel, ...]:
    points = view.chosen(light_curve_of(store, version, target_id, closed))
    found = {unit: flux_points(points, unit) for unit in FLUX_UNITS}
    return tuple(
        FluxPanel(unit=unit, rows=rows, spec=flux_spec(bands_in_order(rows), unit))
        for unit, rows in found.items()
        if len(rows)
    )


def is_long(points: int) -> bool:
    """Return whether a light curve has more points than a browser draws at ease."""
    return points > MAX_DRAWN_POINTS


def _binned(points: pl.DataFrame) -> pl.DataFrame:
    """Return medians per band in the shortest interval that leaves few enough of them."""
    kept_apart = (pl.col("band"), pl.col("source"), pl.col("mag").is_null().alias("is_limit"))
    for width_d in _BINS_D:  # counting is cheap beside the medians, which are taken once
        bins = (*kept_apart, (pl.col("mjd") // width_d).alias("place"))
        if points.select(pl.struct(bins).n_unique()).item() <= MAX_DRAWN_POINTS:
            break
    medians = points.group_by(bins).agg(
        pl.col("mjd", "mag", "mag_err", "limit_mag").median(),
        pl.col("observer", "facility").unique(maintain_order=True).drop_nulls().str.join(", "),
        pl.col("flags").bitwise_or(),
    )
    return medians.sort("mjd")
