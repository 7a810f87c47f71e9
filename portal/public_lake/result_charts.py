"""Rows of any query as a table and as a chart of columns that a visitor chose."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import polars as pl
import pyarrow as pa

from engine.bands import BANDS
from portal.light_curve.charts import MAX_DRAWN_POINTS, bands_in_order
from portal.vega import Spec, spec_of

SHOWN_ROWS = 2000
_HEIGHT_PX = 380
_MAG = re.compile(r"(^|_)mag(_\d+)?$")
Kind = Literal["quantitative", "temporal", "nominal"]
_NUMBER: Kind = "quantitative"
_TIME: Kind = "temporal"
_TEXT: Kind = "nominal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Which columns are drawn; no colour: an empty text."""

    x: str
    y: str
    colour: str = ""
    bright_up: bool = False  # magnitudes run downward


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A chart of chosen columns; of many rows every ``one_of``-th is drawn."""

    rows: pl.DataFrame
    spec: Spec
    one_of: int


def shown_rows(rows: pa.Table, *, most: int = SHOWN_ROWS) -> pl.DataFrame:
    """Return the first rows as a table can show them: names told apart, odd types as text."""
    columns: dict[str, pl.Series] = {}
    for name, column in zip(rows.column_names, rows.slice(0, most).columns, strict=True):
        title, number = name or " ", 2
        while title in columns:
            title, number = f"{name} ({number})", number + 1
        columns[title] = _shown(title, column)
    return pl.DataFrame(columns)


def _shown(name: str, column: pa.ChunkedArray) -> pl.Series:
    kind = column.type
    if pa.types.is_decimal(kind):  # sums of whole numbers come so
        column = column.cast(pa.float64()) if kind.scale or kind.precision > 18 else column.cast(pa.int64())
    elif not _is_plain(kind):
        texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return pl.Series(name, texts, dtype=pl.String)
    return pl.Series(name, column)


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_large_string)
    return any(test(kind) for test in (*tests, types.is_date, types.is_timestamp))


def axes_of(rows: pl.DataFrame, x: str = "", y: str = "", colour: str = "") -> Axes | None:
    """Return the columns to begin with, or None where nothing can be drawn."""
    numbers = [name for name in rows.columns if rows[name].dtype.is_numeric()]
    if rows.is_empty() or not numbers or len(rows.columns) < 2:
        return None
    across = x if x in rows.columns else numbers[0]
    others = [name for name in numbers if name != across] or [name for name in rows.columns if name != across]
    up = y if y in rows.columns else others[0]
    shade = colour if colour in rows.columns else ""
    return Axes(x=across, y=up, colour=shade, bright_up=is_magnitude(up))


def is_magnitude(name: str) -> bool:
    """Return whether a column is a magnitude by its name, so that its small numbers are the bright ones."""
    return bool(_MAG.search(name)) and not re.search("err|scatter|brighter|gap", name)


def drawn(rows: pl.DataFrame, axes: Axes) -> Drawn:
    """Return the chart of these columns.

    The columns go under names of our own: a name that a visitor wrote could be an expression to Vega.
    """
    one_of = -(-len(rows) // MAX_DRAWN_POINTS) if len(rows) > MAX_DRAWN_POINTS else 1
    thinned = rows.gather_every(one_of)
    wanted = {"x": axes.x, "y": axes.y} | ({"c": axes.colour} if axes.colour else {})
    marks = pl.DataFrame({key: thinned[name] for key, name in wanted.items()})
    kinds = tuple(_kind(marks[key].dtype) for key in wanted)
    if axes.colour and marks["c"].n_unique() > 30 and kinds[2] == _TEXT:
        marks, wanted, kinds = marks.drop("c"), {"x": axes.x, "y": axes.y}, kinds[:2]
    return Drawn(
        rows=marks, spec=_spec(tuple(wanted.values()), kinds, _bands_of(marks), axes.bright_up), one_of=one_of
    )


def _bands_of(marks: pl.DataFrame) -> tuple[str, ...]:
    """Return the bands from blue to red where the colour column holds nothing else, else nothing."""
    if "c" not in marks.columns or marks["c"].dtype != pl.String or not marks["c"].is_in(list(BANDS)).all():
        return ()
    return bands_in_order(marks.select(band="c"))


def _kind(dtype: pl.DataType) -> Kind:
    if dtype.is_numeric():
        return _NUMBER
    return _TIME if dtype.is_temporal() else _TEXT


@lru_cache(maxsize=128)
def _spec(titles: tuple[str, ...], kinds: tuple[Kind, ...], bands: tuple[str, ...], bright_up: bool) -> Spec:
    rows = alt.Chart(alt.NamedData(name="rows"))
    is_bars = _TEXT in kinds[:2]
    mark = rows.mark_bar(opacity=0.85) if is_bars else rows.mark_point(filled=True, size=40, opacity=0.85)
    encoded: dict[str, object] = {
        "x": alt.X("x", **_axis(titles[0], kinds[0], is_bars=is_bars, bright_up=False)),
        "y": alt.Y("y", **_axis(titles[1], kinds[1], is_bars=is_bars, bright_up=bright_up)),
        "tooltip": [
            alt.Tooltip(key, type=kind, title=title, format=".10~g" if kind == _NUMBER else alt.Undefined)
            for key, kind, title in zip("xyc", kinds, titles, strict=False)
        ],
    }
    if len(titles) > 2:
        legend = alt.Legend(orient="bottom", columns=alt.ExprRef("max(2, floor(width / 150))"))
        encoded["color"] = alt.Color(
            "c", type=kinds[2], title=titles[2], legend=legend, scale=_colours(bands)
        )
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    height = alt.Step(22) if kinds[1] == _TEXT else _HEIGHT_PX
    chart = mark.encode(**encoded).properties(height=height, autosize=size)
    if not is_bars:
        chart = chart.add_params(alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales"))
    return spec_of(chart)


def _colours(bands: tuple[str, ...]) -> alt.Scale:
    """Return the colours that the light curves give to these bands; without bands the theme's own."""
    if not bands:
        return alt.Scale()
    return alt.Scale(domain=list(bands), range=[BANDS[name].colour for name in bands])


def _axis(title: str, kind: Kind, *, is_bars: bool, bright_up: bool) -> dict[str, Any]:
    """Return the words of one axis; bars begin at zero and therefore never run downward."""
    told: dict[str, Any] = {"type": kind, "title": title}
    if kind == _TEXT:
        return told | {"axis": alt.Axis(labelLimit=130, labelOverlap=True), "sort": None}
    reverse = bright_up and kind == _NUMBER and not is_bars
    scale = alt.Scale(zero=is_bars, nice=is_bars, reverse=reverse, padding=0 if is_bars else 12)
    axis = alt.Axis(format="~f", tickSize=0) if kind == _NUMBER else alt.Axis(tickSize=0)
    return told | {"scale": scale, "axis": axis}
