"""What the portal draws: the light curve as a Vega-Lite specification and small light curves as SVG.

Specifications are plain data: nothing is computed while a page runs but the table of points itself.
"""

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from engine.bands import BANDS, Band
from engine.lightcurve import flag_words
from engine.times import datetime_of

Spec = dict[str, object]

CHART_HEIGHT_PX = 400
MAX_DRAWN_POINTS = 10_000  # above this a browser needs seconds for one step of zooming
UNKNOWN_BAND_COLOUR = "#8b98ad"
THUMBNAIL_WIDTH_PX = 280
THUMBNAIL_HEIGHT_PX = 84
THUMBNAIL_SPAN_D = 1100.0
THUMBNAIL_ALIVE_D = 60.0  # a band whose last point is older says nothing of today
THUMBNAIL_MIN_POINTS = 12
_MJD_OF_UNIX_EPOCH = 40587
_DATE_OF_MJD = f"(datum.value - {_MJD_OF_UNIX_EPOCH}) * 86400000"
_DATE_LABEL = (
    f"span(domain('x')) < 4 ? utcFormat({_DATE_OF_MJD}, '%d %b %H:%M')"
    f" : span(domain('x')) < 400 ? utcFormat({_DATE_OF_MJD}, '%d %b %Y')"
    f" : utcFormat({_DATE_OF_MJD}, '%b %Y')"
)
_TOOLTIP = (
    ("when", "Time (UTC)"),
    ("mjd_text", "MJD"),
    ("band", "Band"),
    ("reading", "Magnitude"),
    ("observer", "Observer"),
    ("facility", "Facility"),
    ("source", "Source"),
    ("remark", "Remark"),
)


def band_of(band_id: str) -> Band | None:
    """Return how a band is drawn, or None for a band that tomlake does not know."""
    return BANDS.get(band_id)


def bands_in_order(points: pl.DataFrame) -> tuple[str, ...]:
    """Return the bands of a light curve from blue to red."""
    present = points.get_column("band").unique().to_list()
    return tuple(
        sorted(present, key=lambda name: (BANDS[name].wavelength_nm if name in BANDS else 1e9, name))
    )


def drawn_points(points: pl.DataFrame) -> pl.DataFrame:
    """Return one row per mark: where it stands, its error bar and the words of its tooltip.

    Rows that have only a flux are left out: this chart is in magnitudes.
    """
    limit_only = pl.col("mag").is_null()
    rows = points.filter(pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null()))
    return rows.select(
        "mjd",
        "band",
        level_mag=pl.coalesce("mag", "limit_mag"),
        is_limit=limit_only,
        bright_mag=pl.col("mag") - pl.col("mag_err"),
        faint_mag=pl.col("mag") + pl.col("mag_err"),
        when=pl.col("mjd").map_elements(_when, return_dtype=pl.String),
        mjd_text=pl.col("mjd").map_elements(lambda mjd: f"{mjd:.5f}", return_dtype=pl.String),
        reading=pl.struct("mag", "mag_err", "limit_mag").map_elements(_reading, return_dtype=pl.String),
        observer=_or_dash("observer"),
        facility=_or_dash("facility"),
        source=pl.col("source"),
        remark=pl.col("flags").map_elements(_remark, return_dtype=pl.String),
    )


def _or_dash(column: str) -> pl.Expr:
    text = pl.col(column).fill_null("")
    return pl.when(text == "").then(pl.lit("–")).otherwise(text)


def _when(mjd: float) -> str:
    return datetime_of(mjd).strftime("%Y-%m-%d %H:%M:%S")


def _remark(flags: int) -> str:
    return flag_words(flags) or "–"


def _reading(point: dict[str, float | None]) -> str:
    mag, mag_err, limit_mag = point["mag"], point["mag_err"], point["limit_mag"]
    if mag is None:
        return f"fainter than {limit_mag:.2f}"
    return f"{mag:.3f} ± {mag_err:.3f}" if mag_err is not None else f"{mag:.3f}"


@lru_cache(maxsize=256)
def light_curve_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of a light curve for :func:`drawn_points`; one colour and symbol per band, always.

    Magnitudes run downward; the scale below is MJD, the one above the calendar. A click on a band in the
    legend shows only it, shift-click adds one; the wheel zooms, dragging moves, a double click resets.
    """
    # The first layer's legend is the one that is drawn: only there does a click reach the selection.
    return {
        "layer": [_magnitudes(bands), _error_bars(bands), _limits(bands), _calendar()],
        "height": CHART_HEIGHT_PX,
        "resolve": {"axis": {"x": "independent"}},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {"legend": {"labelLimit": 220}},
    }


def _x(axis: Spec | None = None) -> Spec:
    scale = {"zero": False, "nice": False, "padding": 14}
    return {"field": "mjd", "type": "quantitative", "scale": scale, "axis": axis}


_TIME_AXIS: Spec = {
    "tickCount": {"expr": "max(2, floor(width / 95))"},
    "labelFlush": True,
    "labelOverlap": True,
    "labelPadding": 8,
    "tickSize": 0,
}
_MJD_AXIS = _TIME_AXIS | {"title": "MJD", "format": "~f", "orient": "bottom", "grid": True}
_CALENDAR_AXIS = _TIME_AXIS | {"title": None, "labelExpr": _DATE_LABEL, "orient": "top", "grid": False}


def _y(field: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": "magnitude",
        "scale": {"zero": False, "reverse": True, "nice": False, "padding": 14},
        "axis": {
            "minExtent": 44,
            "tickCount": {"expr": "max(3, floor(height / 55))"},
            "format": "~g",
            "tickSize": 0,
        },
    }


def _colour(bands: tuple[str, ...]) -> Spec:
    colours = [BANDS[name].colour if name in BANDS else UNKNOWN_BAND_COLOUR for name in bands]
    return {
        "field": "band",
        "type": "nominal",
        "scale": {"domain": list(bands), "range": colours},
        "legend": _LEGEND,
    }


def _symbol(bands: tuple[str, ...]) -> Spec:
    symbols = [BANDS[name].symbol if name in BANDS else "circle" for name in bands]
    return {
        "field": "band",
        "type": "nominal",
        "scale": {"domain": list(bands), "range": symbols},
        "legend": _LEGEND,
    }


_LEGEND: Spec = {
    "title": None,
    "orient": "bottom",
    "columns": {"expr": "max(2, floor(width / 118))"},
    "symbolSize": 130,
    "symbolOpacity": 1,
    "rowPadding": 8,
    "columnPadding": 14,
    "offset": 18,
}


def _tooltip() -> list[Spec]:
    return [{"field": field, "type": "nominal", "title": title} for field, title in _TOOLTIP]


def _calendar() -> Spec:
    """Return an invisible layer whose only purpose is the axis above the chart."""
    return {
        "mark": {"type": "point", "opacity": 0, "tooltip": False},
        "encoding": {"x": _x(_CALENDAR_AXIS), "y": _y("level_mag")},
        "transform": [{"filter": {"param": "only"}}],
    }


def _error_bars(bands: tuple[str, ...]) -> Spec:
    return {
        "transform": [{"filter": {"param": "only"}}, {"filter": "isValid(datum.faint_mag)"}],
        "mark": {"type": "rule", "opacity": 0.55, "strokeWidth": 1.2, "clip": True},
        "encoding": {
            "x": _x(),
            "y": _y("bright_mag"),
            "y2": {"field": "faint_mag"},
            "color": _colour(bands),
        },
    }


def _limits(bands: tuple[str, ...]) -> Spec:
    return {
        "transform": [{"filter": {"param": "only"}}, {"filter": "datum.is_limit"}],
        "mark": {
            "type": "point",
            "shape": "triangle-down",
            "filled": False,
            "size": 62,
            "strokeWidth": 1.3,
            "clip": True,
            "opacity": 0.8,
        },
        "encoding": {"x": _x(), "y": _y("level_mag"), "color": _colour(bands), "tooltip": _tooltip()},
    }


def _magnitudes(bands: tuple[str, ...]) -> Spec:
    return {
        "params": [
            {"name": "only", "select": {"type": "point", "fields": ["band"]}, "bind": "legend"},
            {"name": "zoom", "select": {"type": "interval", "encodings": ["x", "y"]}, "bind": "scales"},
        ],
        "transform": [{"filter": {"param": "only"}}, {"filter": "!datum.is_limit"}],
        "mark": {"type": "point", "filled": True, "size": 46, "opacity": 0.92, "clip": True},
        "encoding": {
            "x": _x(_MJD_AXIS),
            "y": _y("level_mag"),
            "color": _colour(bands),
            "shape": _symbol(bands),
            "tooltip": _tooltip(),
        },
    }


def thumbnail_svg(points: pl.DataFrame) -> str:
    """Return a small light curve of the last years without axes; bright is up.

    It shows the band with most magnitudes among those still observed, and all bands where that is too
    little. Nothing of it is text that a user wrote.
    """
    mags = points.filter(pl.col("mag").is_not_null()).select("mjd", "mag", "band")
    if mags.is_empty():
        return _svg(_BASE_LINE)
    newest = pl.col("mjd").max()
    recent = mags.filter(pl.col("mjd") > newest - THUMBNAIL_SPAN_D)
    bands = recent.group_by("band").agg(pl.len().alias("count"), newest.alias("last_mjd"))
    alive = bands.filter(pl.col("last_mjd") > pl.col("last_mjd").max() - THUMBNAIL_ALIVE_D)
    band, count = alive.sort("count", "band", descending=[True, False]).row(0)[:2]
    return _svg(_dots(recent.filter(pl.col("band") == band) if count >= THUMBNAIL_MIN_POINTS else recent))


_NEUTRAL = "#8b98ad"
_BASE_LINE = (
    f'<path d="M6 {THUMBNAIL_HEIGHT_PX / 2}H{THUMBNAIL_WIDTH_PX - 6}" '
    f'stroke="{_NEUTRAL}" stroke-opacity="0.5" stroke-dasharray="3 6"/>'
)


def _svg(body: str) -> str:
    size = f'width="{THUMBNAIL_WIDTH_PX}" height="{THUMBNAIL_HEIGHT_PX}"'
    box = f'viewBox="0 0 {THUMBNAIL_WIDTH_PX} {THUMBNAIL_HEIGHT_PX}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} {size}>{body}</svg>'


def _dots(shown: pl.DataFrame) -> str:
    if len(shown) > 400:
        shown = shown.gather_every(len(shown) // 400 + 1)
    xs = _scaled(shown.get_column("mjd").to_list(), 6, THUMBNAIL_WIDTH_PX - 6)
    ys = _scaled(shown.get_column("mag").to_list(), 8, THUMBNAIL_HEIGHT_PX - 8)
    bands = shown.get_column("band").to_list()
    return "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{_fill(band)}"/>'
        for x, y, band in zip(xs, ys, bands, strict=True)
    )


def _fill(band: str) -> str:
    return BANDS[band].colour if band in BANDS else UNKNOWN_BAND_COLOUR


def _scaled(values: Sequence[float], low: float, high: float) -> list[float]:
    least, span = min(values), max(values) - min(values)
    if span == 0:
        return [(low + high) / 2] * len(values)
    return [low + (value - least) / span * (high - low) for value in values]
