"""The light curve as a chart: its specification, built once per set of bands and language."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import altair as alt
import polars as pl

from engine.bands import BANDS
from portal.light_curve.readings import Steps, flux_steps, magnitude_steps
from portal.vega import Spec, spec_of
from portal.words import _, language, marked

CHART_HEIGHT_PX = 400
FLUX_HEIGHT_PX = 170
PHASE_HEIGHT_PX = 300
MAX_DRAWN_POINTS = 10_000  # above this a browser needs seconds for one step of zooming
UNKNOWN_BAND_COLOUR = "#8b98ad"
_MJD_OF_UNIX_EPOCH = 40587
_DATE_OF_MJD = f"(datum.value - {_MJD_OF_UNIX_EPOCH}) * 86400000"
_MJD_LABEL = "format(datum.value, '~f')"
_DATE_LABEL = (
    f"span(domain('x')) < 4 ? utcFormat({_DATE_OF_MJD}, '%d %b %H:%M')"
    f" : span(domain('x')) < 400 ? utcFormat({_DATE_OF_MJD}, '%d %b %Y')"
    f" : utcFormat({_DATE_OF_MJD}, '%b %Y')"
)
MAG_BANDS = tuple(name for name, band in BANDS.items() if band.unit == "mag")
FLUX_UNITS = tuple(dict.fromkeys(band.unit for band in BANDS.values() if band.unit != "mag"))
_TOOLTIP = (
    ("when", marked("Time (UTC)")),
    ("mjd_text", "MJD"),
    ("band", marked("Band")),
    ("reading", marked("Brightness")),
    ("observer", marked("Observer")),
    ("facility", marked("Facility")),
    ("source", marked("Source")),
    ("remark", marked("Remark")),
)


def bands_in_order(points: pl.DataFrame) -> tuple[str, ...]:
    """Return the bands of a light curve from blue to red."""
    present = points.get_column("band").unique().to_list()
    return tuple(
        sorted(present, key=lambda name: (BANDS[name].wavelength_nm if name in BANDS else 1e9, name))
    )


def flux_spec(bands: tuple[str, ...], unit: str) -> Spec:
    """Return the chart of ``flux_points``: brighter is higher, and zero is in sight."""
    return _flux_spec(bands, unit, language())


@lru_cache(maxsize=64)
def _flux_spec(bands: tuple[str, ...], unit: str, language: str) -> Spec:  # noqa: ARG001 - of its words
    zoom = alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales")
    rows = alt.Chart(alt.NamedData(name="points"))
    x = _x(_time_axis(orient="bottom", title="MJD", label=_MJD_LABEL, grid=True))
    axis = alt.Axis(minExtent=44, format="~g", tickSize=0, tickCount=4)
    marks = rows.mark_point(filled=True, size=46, opacity=0.92, clip=True).encode(
        x=x,
        y=alt.Y("level:Q", title=unit, axis=axis),
        color=_colour(bands),
        shape=_symbol(bands),
        tooltip=_tooltip(),
    )
    bars = rows.mark_rule(opacity=0.55, strokeWidth=1.2, clip=True).encode(
        x=x, y=alt.Y("low:Q", title=unit, axis=axis), y2="high", color=_colour(bands)
    )
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(marks.add_params(zoom), bars).properties(height=FLUX_HEIGHT_PX, autosize=size)
    return _bare(chart, flux_steps(unit))


def phase_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of magnitudes against the phase angle, in the colours of the light curve."""
    return _phase_spec(bands, language())


@lru_cache(maxsize=64)
def _phase_spec(bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - of its words
    zoom = alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales")
    rows = alt.Chart(alt.NamedData(name="points"))
    scale = alt.Scale(zero=False, nice=False, padding=14)
    x = alt.X("phase_deg:Q", title=_("phase angle [°]"), scale=scale, axis=alt.Axis(format="~g", tickSize=0))
    marks = rows.mark_point(filled=True, size=46, opacity=0.92, clip=True).encode(
        x=x, y=_y("level_mag"), color=_colour(bands), shape=_symbol(bands), tooltip=_tooltip()
    )
    valid = rows.transform_filter("isValid(datum.faint_mag)")
    bars = valid.mark_rule(opacity=0.55, strokeWidth=1.2, clip=True).encode(
        x=x, y=_y("bright_mag"), y2="faint_mag", color=_colour(bands)
    )
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(marks.add_params(zoom), bars).properties(height=PHASE_HEIGHT_PX, autosize=size)
    return _bare(chart, magnitude_steps())


def _bare(chart: alt.LayerChart | alt.FacetChart, steps: Steps) -> Spec:
    """Return a specification with what the browser works out."""
    return {**spec_of(chart), "transform": steps}


def light_curve_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of a light curve for ``drawn_points``; one colour and symbol per band, always.

    Magnitudes run downward; the scale below is MJD, the one above the calendar. A click on a band in the
    legend shows only it, shift-click adds one; the wheel zooms, dragging moves, a double click resets.
    """
    return _light_curve_spec(bands, language())


@lru_cache(maxsize=256)
def _light_curve_spec(bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - of its words
    only = alt.selection_point(name="only", fields=["band"], bind="legend")
    zoom = alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales")
    rows = alt.Chart(alt.NamedData(name="points")).transform_filter(only)
    layers = (
        _magnitudes(rows, bands).add_params(only, zoom),  # first, or clicks on its legend are lost
        _error_bars(rows, bands),
        _limits(rows, bands),
        _calendar(rows),
    )
    chart = (  # building takes 0.1 s: far too long for every run of a page
        alt.layer(*layers)
        .resolve_axis(x="independent")
        .properties(height=CHART_HEIGHT_PX, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    )
    return _bare(chart, magnitude_steps())


def _error_bars(rows: alt.Chart, bands: Sequence[str]) -> alt.Chart:
    layer: alt.Chart = (
        rows.transform_filter("isValid(datum.faint_mag)")
        .mark_rule(opacity=0.55, strokeWidth=1.2, clip=True)
        .encode(x=_x(None), y=_y("bright_mag"), y2="faint_mag", color=_colour(bands))
    )
    return layer


def _limits(rows: alt.Chart, bands: Sequence[str]) -> alt.Chart:
    layer: alt.Chart = (
        rows.transform_filter("datum.is_limit")
        .mark_point(shape="triangle-down", filled=False, size=62, strokeWidth=1.3, clip=True, opacity=0.8)
        .encode(x=_x(None), y=_y("level_mag"), color=_colour(bands), tooltip=_tooltip())
    )
    return layer


def _magnitudes(rows: alt.Chart, bands: Sequence[str]) -> alt.Chart:
    layer: alt.Chart = (
        rows.transform_filter("!datum.is_limit")
        .mark_point(filled=True, size=46, opacity=0.92, clip=True)
        .encode(
            x=_x(_time_axis(orient="bottom", title="MJD", label=_MJD_LABEL, grid=True)),
            y=_y("level_mag"),
            color=_colour(bands),
            shape=_symbol(bands),
            tooltip=_tooltip(),
        )
    )
    return layer


def _calendar(rows: alt.Chart) -> alt.Chart:
    """Return an invisible layer whose only purpose is the axis above the chart."""
    axis = _time_axis(orient="top", title=None, label=_DATE_LABEL, grid=False)
    layer: alt.Chart = rows.mark_point(opacity=0, tooltip=False).encode(x=_x(axis), y=_y("level_mag"))
    return layer


def _x(axis: alt.Axis | None) -> alt.X:
    return alt.X("mjd:Q", scale=alt.Scale(zero=False, nice=False, padding=14), axis=axis)


def _y(field: str) -> alt.Y:
    axis = alt.Axis(
        minExtent=44, tickCount=alt.ExprRef("max(3, floor(height / 55))"), format="~g", tickSize=0
    )
    scale = alt.Scale(zero=False, reverse=True, nice=False, padding=14)
    return alt.Y(f"{field}:Q", title=_("magnitude"), scale=scale, axis=axis)


def _time_axis(*, orient: Literal["top", "bottom"], title: str | None, label: str, grid: bool) -> alt.Axis:
    return alt.Axis(
        orient=orient,
        title=title,
        labelExpr=label,
        grid=grid,
        tickCount=alt.ExprRef("max(2, floor(width / 95))"),
        labelFlush=True,
        labelOverlap=True,
        labelPadding=8,
        tickSize=0,
    )


def _colour(bands: Sequence[str]) -> alt.Color:
    colours = [BANDS[name].colour if name in BANDS else UNKNOWN_BAND_COLOUR for name in bands]
    return alt.Color("band:N", scale=alt.Scale(domain=list(bands), range=colours), legend=_legend())


def _symbol(bands: Sequence[str]) -> alt.Shape:
    symbols = [BANDS[name].symbol if name in BANDS else "circle" for name in bands]
    return alt.Shape("band:N", scale=alt.Scale(domain=list(bands), range=symbols), legend=_legend())


def _legend() -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="bottom",
        columns=alt.ExprRef("max(2, floor(width / 132))"),
        symbolLimit=120,
        symbolSize=130,
        symbolOpacity=1,
        rowPadding=8,
        columnPadding=14,
        offset=18,
        labelLimit=220,
    )


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=_(title)) for field, title in _TOOLTIP]
