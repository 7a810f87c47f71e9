"""The charts of a camera's accuracy and the map of observatories: specifications, built once per look."""

import json
from collections.abc import Sequence
from functools import lru_cache

import altair as alt
import polars as pl

from engine.accuracy.report import Accuracy
from engine.accuracy.tally import FEWEST_STARS
from engine.bands import BANDS
from portal.light_curve.charts import UNKNOWN_BAND_COLOUR, bands_in_order
from portal.vega import Spec, spec_of
from portal.words import _, language, marked

HEIGHT_PX = 210
LAND_URL = "/assets/land.svg"  # every degree is five units of it
MAP_HEIGHT_PX = 330
_RULE_COLOUR = "#8b98ad"
_DATE_OF_MJD = "(datum.value - 40587) * 86400000"
_DATE_LABEL = f"utcFormat({_DATE_OF_MJD}, span(domain('x')) < 400 ? '%d %b' : '%b %Y')"
_DAY_COLOUR, _PLACE_COLOUR = "#f5b942", "#0e9bd8"


def stars_by_mag(found: Accuracy) -> pl.DataFrame:
    """Return the bins of magnitude that have a number; those with too few stars are left out."""
    return found.field.by_mag.filter(pl.col("stars") >= FEWEST_STARS)


def stars_by_colour(found: Accuracy) -> pl.DataFrame:
    """Return the bins of colour that have a number, with the ends of their error bars."""
    rows = found.field.by_colour.filter(pl.col("stars") >= FEWEST_STARS)
    return rows.with_columns(
        low=pl.col("offset_mag") - pl.col("offset_err_mag"),
        high=pl.col("offset_mag") + pl.col("offset_err_mag"),
    )


def bands_of(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return the bands of a table from blue to red, as the charts want them."""
    return bands_in_order(rows) if len(rows) else ()


def rms_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of rms against magnitude, with lines at a hundredth and a tenth."""
    return _rms_spec(bands, language())


@lru_cache(maxsize=64)
def _rms_spec(bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="points"))
    scale = alt.Scale(type="log", nice=True)
    y = alt.Y("rms_mag:Q", title=_("rms [mag]"), scale=scale, axis=_axis(values=_RMS_TICKS))
    lines = rows.mark_line(point=_POINT, strokeWidth=1.6, clip=True).encode(
        x=_mag(), y=y, color=_colour(bands), tooltip=_tips("mag", "rms_mag", "stars")
    )
    return _finished(lines, _rule(rows, 0.01), _rule(rows, 0.1))


def honesty_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of scatter over stated errors; one is honest."""
    return _honesty_spec(bands, language())


@lru_cache(maxsize=64)
def _honesty_spec(bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="points"))
    scale = alt.Scale(type="log", nice=True)
    y = alt.Y("pull:Q", title=_("scatter / stated error"), scale=scale, axis=_axis(values=_PULLS))
    lines = rows.mark_line(point=_POINT, strokeWidth=1.6, clip=True).encode(
        x=_mag(), y=y, color=_colour(bands), tooltip=_tips("mag", "pull", "stars")
    )
    return _finished(lines, _rule(rows, 1.0))


def colour_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of what is left over against the colour of stars."""
    return _colour_spec(bands, language())


@lru_cache(maxsize=64)
def _colour_spec(bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="points"))
    x = alt.X("colour_mag:Q", title="Gaia BP − RP [mag]", scale=_tight(), axis=_axis())
    y = alt.Y("offset_mag:Q", title=_("catalogue − measured [mag]"), scale=_tight(), axis=_axis())
    points = rows.mark_line(point=_POINT, strokeWidth=1.2, clip=True).encode(
        x=x, y=y, color=_colour(bands), tooltip=_tips("colour_mag", "offset_mag", "offset_err_mag", "stars")
    )
    bars = rows.mark_rule(opacity=0.6, clip=True).encode(x=x, y="low:Q", y2="high", color=_colour(bands))
    return _finished(points, bars, _rule(rows, 0.0))


def nights_spec(field: str, title: str, bands: tuple[str, ...]) -> Spec:
    """Return the chart of one number per night and band."""
    return _nights_spec(field, title, bands, language())


@lru_cache(maxsize=64)
def _nights_spec(field: str, title: str, bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="points"))
    points = rows.mark_point(filled=True, size=26, opacity=0.8, clip=True).encode(
        x=_date(),
        y=alt.Y(f"{field}:Q", title=title, scale=_tight(), axis=_axis()),
        color=_colour(bands),
        tooltip=_tips("mjd", field, "frames"),
    )
    return _finished(points)


def zero_point_spec(bands: tuple[str, ...]) -> Spec:
    """Return the chart of zero points against their median, with the line through all of them."""
    return _zero_point_spec(bands, language())


@lru_cache(maxsize=64)
def _zero_point_spec(bands: tuple[str, ...], language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="points"))
    y = alt.Y("deviation_mag:Q", title=_("zero point − usual [mag]"), scale=_tight(), axis=_axis())
    nights = rows.transform_filter("!isValid(datum.line_mag)")
    points = nights.mark_point(filled=True, size=26, opacity=0.75, clip=True).encode(
        x=_date(), y=y, color=_colour(bands), tooltip=_tips("mjd", "zero_point_mag", "frames")
    )
    line = rows.transform_filter("isValid(datum.line_mag)").mark_line(
        strokeWidth=2, strokeDash=[6, 4], color=_RULE_COLOUR
    )
    return _finished(points, line.encode(x=_date(), y="line_mag:Q"), _rule(rows, 0.0))


def zero_points(found: Accuracy) -> pl.DataFrame:
    """Return the nights' zero points, and the two ends of the line through them where there is one."""
    trend = found.trend
    if trend is None:
        return found.nights.with_columns(line_mag=pl.lit(None, dtype=pl.Float64))
    middle = float(found.nights["deviation_mag"].median() or 0.0)  # type: ignore[arg-type]
    half = trend.change_mag / 2
    ends = pl.DataFrame({"mjd": [trend.from_mjd, trend.to_mjd], "line_mag": [middle - half, middle + half]})
    return pl.concat([found.nights, ends], how="diagonal_relaxed")


def map_spec() -> Spec:
    """Return the map: land, the side where it is day now, a graticule, and a mark for each observatory."""
    return _map_spec(language())


@lru_cache(maxsize=16)
def _map_spec(language: str) -> Spec:  # noqa: ARG001 - it has words
    rows = alt.Chart(alt.NamedData(name="points"))
    x = alt.X(
        "longitude_deg:Q",
        title=None,
        scale=alt.Scale(domain=[-180, 180], nice=False),
        axis=_degrees([*range(-180, 181, 30)], _("W"), _("E")),
    )
    y = alt.Y(
        "latitude_deg:Q",
        title=None,
        scale=alt.Scale(domain=[-90, 90], nice=False),
        axis=_degrees([*range(-90, 91, 30)], _("S"), _("N")),
    )
    edge = rows.transform_filter("datum.kind === 'edge'").transform_calculate(bright_deg="-datum.dark_deg")
    day = edge.mark_area(color=_DAY_COLOUR, opacity=0.16, line=False, tooltip=False)
    places = rows.transform_filter("datum.kind === 'place'")
    marks = places.mark_point(filled=True, opacity=0.95, color=_PLACE_COLOUR, stroke="#ffffff", strokeWidth=1)
    # a phone has no room for names: there the tooltip tells them
    names = places.transform_calculate(name="width < 560 ? '' : datum.observatory").mark_text(
        dy=-12, fontSize=11, color=_RULE_COLOUR, align=alt.ExprRef(_NAME_SIDE)
    )
    tips = [
        alt.Tooltip("observatory:N", title=_("Observatory")),
        alt.Tooltip("cameras:N", title=_("Cameras")),
        alt.Tooltip("frames:Q", title=_("Frames"), format=","),
    ]
    size = alt.Size("frames:Q", scale=alt.Scale(type="sqrt", range=[60, 420]), legend=None)
    # one row, made of any: a chart with data of its own would be given none of ours
    once = rows.transform_aggregate(rows="count()").transform_calculate(
        longitude_deg="-180", latitude_deg="-90", east="180", north="90"
    )
    land = once.mark_image(url=LAND_URL, aspect=False).encode(x=x, x2="east", y=y, y2="north")
    return _finished(
        land,
        day.encode(x=x, y=y, y2="bright_deg"),
        marks.encode(x=x, y=y, size=size, tooltip=tips),
        names.encode(x=x, y=y, text="name:N"),
        height_px=MAP_HEIGHT_PX,
        can_zoom=False,
    )


_NAME_SIDE = "datum.longitude_deg > 120 ? 'right' : datum.longitude_deg < -120 ? 'left' : 'center'"
_RMS_TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
_PULLS = [0.2, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0]
_POINT = alt.OverlayMarkDef(filled=True, size=34)


def _finished(*layers: alt.Chart, height_px: int = HEIGHT_PX, can_zoom: bool = True) -> Spec:
    first, *rest = layers
    if can_zoom:
        zoom = alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales")
        first = first.add_params(zoom)
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(first, *rest).properties(height=height_px, autosize=size)
    return spec_of(chart)


def _rule(rows: alt.Chart, level: float) -> alt.Chart:
    """Return one line across the chart: the rows only lend their chart, and are counted to one."""
    one = rows.transform_aggregate(all="count()").transform_calculate(level=str(level))
    rule: alt.Chart = one.mark_rule(strokeDash=[3, 3], color=_RULE_COLOUR, opacity=0.8).encode(y="level:Q")
    return rule


def _mag() -> alt.X:
    scale = alt.Scale(zero=False, nice=False, padding=10)
    return alt.X("mag:Q", title=_("magnitude"), scale=scale, axis=_axis())


def _date() -> alt.X:
    scale = alt.Scale(zero=False, nice=False, padding=10)
    axis = _axis(label=_DATE_LABEL)
    axis["tickMinStep"] = 1  # else one day stands there twice
    return alt.X("mjd:Q", title=None, scale=scale, axis=axis)


def _tight() -> alt.Scale:
    return alt.Scale(zero=False, nice=True, padding=10)


def _axis(*, values: Sequence[float] | None = None, label: str = "") -> alt.Axis:
    return alt.Axis(
        tickSize=0,
        labelPadding=7,
        labelOverlap=True,
        tickCount=alt.Undefined if values else alt.ExprRef("max(3, floor(width / 90))"),
        values=list(values) if values else alt.Undefined,
        labelExpr=label or "format(datum.value, '~g')",
    )


def _degrees(values: Sequence[int], below: str, above: str) -> alt.Axis:
    # as an expression writes texts
    under, over = (json.dumps(f" {side}", ensure_ascii=False) for side in (below, above))
    word = f"abs(datum.value) + '°' + (datum.value < 0 ? {under} : datum.value > 0 ? {over} : '')"
    return alt.Axis(
        values=list(values), labelExpr=word, tickSize=0, labelPadding=7, grid=True, labelOverlap=True
    )


def _colour(bands: Sequence[str]) -> alt.Color:
    colours = [BANDS[name].colour if name in BANDS else UNKNOWN_BAND_COLOUR for name in bands]
    legend = alt.Legend(title=None, orient="top", symbolSize=90, padding=0, offset=6, symbolType="circle")
    scale = alt.Scale(domain=list(bands), range=colours)
    return alt.Color("band:N", scale=scale, legend=legend if len(bands) > 1 else None)


def _tips(*fields: str) -> list[alt.Tooltip]:
    numbers = [
        alt.Tooltip(f"{field}:Q", title=_(_WORDS.get(field, field)), format=_FORMATS.get(field, ".3f"))
        for field in fields
    ]
    return [alt.Tooltip("band:N", title=_("Band")), *numbers]


_FORMATS = {"stars": ",", "frames": ",", "mag": ".2f", "mjd": ".1f", "pull": ".2f"}
_WORDS = {
    "mag": marked("Magnitude"),
    "rms_mag": marked("Rms [mag]"),
    "pull": marked("Scatter / stated"),
    "stars": marked("Stars"),
    "frames": marked("Frames"),
    "mjd": "MJD",
    "colour_mag": marked("BP − RP"),
    "offset_mag": marked("Offset [mag]"),
    "offset_err_mag": marked("± [mag]"),
    "zero_point_mag": marked("Zero point"),
    "limit_mag": marked("Limit [mag]"),
    "seeing_arcsec": marked("Seeing [″]"),
}
