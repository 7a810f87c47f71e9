"""The chart of a night: altitudes against time, the brightness of the sky behind them, the Moon across."""

from collections.abc import Mapping
from functools import lru_cache

import altair as alt
import numpy as np
import polars as pl

from engine.visibility.horizon import Array
from engine.visibility.night import (
    ASTRONOMICAL_DEG,
    CIVIL_DEG,
    NAUTICAL_DEG,
    SUNSET_DEG,
    Night,
    Span,
)
from portal.vega import Spec, spec_of
from portal.words import _

NIGHT_HEIGHT_PX = 330
STRIP_POINTS = 48
_MS_PER_DAY = 86_400_000.0
_UNIX_EPOCH_MJD = 40587.0
_SKY_COLOUR, _MOON_COLOUR, _NOW_COLOUR = "#4f8df5", "#c99a2e", "#e5484d"  # seen on white and on black
# the brighter the sky, the more of its colour
_SHADES = ((SUNSET_DEG, 0.07), (CIVIL_DEG, 0.07), (NAUTICAL_DEG, 0.06), (ASTRONOMICAL_DEG, 0.05))
_MARGIN_D = 20.0 / 1440.0
_SCHEMA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "name": pl.String(),
    "ms": pl.Float64(),
    "ends_ms": pl.Float64(),
    "altitude_deg": pl.Float64(),
    "shade": pl.Float64(),
}


def sun_down(night: Night) -> Span:
    """Return from sunset to sunrise; the hours round midnight where the Sun does not set."""
    middle_mjd = float(night.mjd[len(night.mjd) // 2])
    return night.with_sun_below(SUNSET_DEG) or Span(from_mjd=middle_mjd - 0.25, to_mjd=middle_mjd + 0.25)


def night_rows(
    night: Night,
    tracks: Mapping[str, tuple[Array, Array]],
    *,
    shown: Span,
    limit_deg: float,
    now_mjd: float,
) -> pl.DataFrame:
    """Return one row per mark: the tracks (times and altitudes by name), the sky, the Moon, limit and now."""
    wide = Span(from_mjd=shown.from_mjd - _MARGIN_D, to_mjd=shown.to_mjd + _MARGIN_D)
    parts = [_line("track", name, track, wide) for name, track in tracks.items()]
    parts += [_line("moon", _("Moon"), (night.mjd, night.moon_altitude_deg), wide)]
    parts += [_sky(night, wide.from_mjd, wide.to_mjd)]
    parts += [pl.DataFrame({"kind": ["limit"], "altitude_deg": [limit_deg]})]
    if wide.from_mjd < now_mjd < wide.to_mjd:
        parts += [pl.DataFrame({"kind": ["now"], "ms": [float(_ms(now_mjd))]})]
    empty = pl.DataFrame(schema=_SCHEMA)
    return pl.concat([empty, *parts], how="diagonal_relaxed")


def strip_of(night: Night, altitudes_deg: Array) -> list[list[float]]:
    """Return altitudes from sunset to sunrise, never below 0, for the small pictures of a list."""
    span = sun_down(night)
    inside = np.flatnonzero((night.mjd >= span.from_mjd) & (night.mjd <= span.to_mjd))
    some = inside[np.linspace(0, len(inside) - 1, STRIP_POINTS).astype(int)]
    heights_deg = np.clip(np.nan_to_num(altitudes_deg[:, some], nan=0.0), 0.0, 90.0)
    return [[float(height) for height in row] for row in np.round(heights_deg, 1)]


def _line(kind: str, name: str, track: tuple[Array, Array], shown: Span) -> pl.DataFrame:
    mjd, altitude_deg = track
    # somewhat below the axis too, so that lines end on it
    seen = (mjd >= shown.from_mjd) & (mjd <= shown.to_mjd) & (altitude_deg > -3.0)
    return pl.DataFrame(
        {"kind": kind, "name": name, "ms": _ms(mjd[seen]), "altitude_deg": np.round(altitude_deg[seen], 2)}
    )


def _sky(night: Night, from_mjd: float, to_mjd: float) -> pl.DataFrame:
    rows = []
    for sun_deg, shade in _SHADES:
        dark = night.with_sun_below(sun_deg)
        bright = (
            [(from_mjd, to_mjd)]
            if dark is None
            else [(from_mjd, min(dark.from_mjd, to_mjd)), (max(dark.to_mjd, from_mjd), to_mjd)]
        )
        rows += [
            {"kind": "sky", "ms": float(_ms(begins)), "ends_ms": float(_ms(ends)), "shade": shade}
            for begins, ends in bright
            if begins < ends
        ]
    return pl.DataFrame(rows, schema={name: _SCHEMA[name] for name in ("kind", "ms", "ends_ms", "shade")})


def _ms(mjd: Array | float) -> Array:
    return np.asarray(np.round((np.asarray(mjd) - _UNIX_EPOCH_MJD) * _MS_PER_DAY), dtype=np.float64)


@lru_cache(maxsize=64)
def night_spec(names: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - it has words
    """Return the chart of ``night_rows`` for tracks of these names; colours are those of the theme."""
    rows = alt.Chart(alt.NamedData(name="points"))
    x = alt.X("ms:T", title="UTC", scale=alt.Scale(type="utc", nice=False), axis=_clock_axis())
    only = alt.selection_point(name="only", fields=["name"], bind="legend")
    shade = alt.Opacity("shade:Q", scale=None, legend=None)
    moon, limit = (
        rows.transform_filter("datum.kind == 'moon'"),
        rows.transform_filter("datum.kind == 'limit'"),
    )
    layers = (
        _tracks(rows, x, names, only),
        rows.transform_filter("datum.kind == 'sky'")
        .mark_rect(color=_SKY_COLOUR, clip=True)
        .encode(x=x, x2="ends_ms:T", opacity=shade, tooltip=alt.value(None)),
        moon.mark_line(color=_MOON_COLOUR, strokeDash=[2, 4], strokeWidth=2, clip=True).encode(
            x=x, y=_y(), tooltip=_tooltip()
        ),
        limit.mark_rule(strokeDash=[6, 5], color="gray", opacity=0.7).encode(y=_y()),
        rows.transform_filter("datum.kind == 'now'")
        .mark_rule(color=_NOW_COLOUR, strokeWidth=1.6)
        .encode(x=x),
    )
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(*layers).properties(height=NIGHT_HEIGHT_PX, autosize=size)
    return spec_of(chart)


def _tracks(rows: alt.Chart, x: alt.X, names: tuple[str, ...], only: alt.Parameter) -> alt.Chart:
    legend = alt.Legend(
        title=None,
        orient="bottom",
        columns=alt.ExprRef("max(2, floor(width / 125))"),
        labelLimit=220,
        offset=14,
    )
    layer: alt.Chart = (
        rows.transform_filter("datum.kind == 'track'")
        .mark_line(strokeWidth=2.6, clip=True)
        .encode(
            x=x,
            y=_y(),
            color=alt.Color("name:N", scale=alt.Scale(domain=list(names)), legend=legend),
            opacity=alt.condition(only, alt.value(1.0), alt.value(0.15)),
            tooltip=_tooltip(),
        )
        .add_params(only)
    )
    return layer


def _clock_axis() -> alt.Axis:
    return alt.Axis(
        format="%H:%M",
        tickSize=0,
        grid=False,
        labelPadding=8,
        labelOverlap=True,
        labelFlush=True,
        tickCount=alt.ExprRef("max(3, floor(width / 90))"),
    )


def _y() -> alt.Y:
    axis = alt.Axis(
        values=[0, 15, 30, 45, 60, 75, 90], tickSize=0, labelExpr="datum.value + '°'", gridOpacity=0.5
    )
    return alt.Y("altitude_deg:Q", title=_("altitude"), scale=alt.Scale(domain=[0, 90]), axis=axis)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=_("What")),
        alt.Tooltip("ms:T", title="UTC", format="%H:%M", formatType="utc"),
        alt.Tooltip("altitude_deg:Q", title=_("Altitude [°]"), format=".0f"),
    ]
