"""The charts of a period: the periodogram with its levels and marks, and the folded light curve."""

import json
import math
from functools import lru_cache

import altair as alt
import polars as pl

from engine.periods.aliases import Mark
from engine.periods.folding import phase
from engine.periods.search import PeriodSearch, strongest
from portal.light_curve.charts import bands_in_order, phase_spec
from portal.light_curve.marks import drawn_points
from portal.vega import Spec, spec_of
from portal.words import _, language, marked

MOST_DRAWN = 2_000
MOST_FOLDED = 5_000
PERIODOGRAM_HEIGHT_PX = 330
_CURVE, _LEVEL, _BEST, _HARMONIC, _ALIAS = "#0e9bd8", "#8b98ad", "#d55e00", "#009e73", "#b8860b"
_APART = 0.05  # of the axis, between two names
_SAME = 1e-4  # of a period: then it is the one looked at
_MANY_MARKS = 1_000
_KINDS = (marked("this period"), marked("harmonic"), marked("alias"))
_RHYTHMS = {"Moon": marked("Moon"), "year": marked("year")}  # of observing; others are numbers of days


def periodogram_rows(found: PeriodSearch, period_d: float) -> pl.DataFrame:
    """Return the rows of the periodogram chart: what is a curve, a level or a mark stands in ``kind``.

    The marks belong to the best period; ``period_d`` is the one that the visitor looks at.
    """
    frequency, power = strongest(found, most=MOST_DRAWN)
    curve = pl.DataFrame({"period_d": 1.0 / frequency, "power": power}).with_columns(
        kind=pl.lit("curve"), label=pl.lit("")
    )
    levels = [
        {"period_d": 1.0 / frequency[0], "power": level, "kind": "level", "label": f"{chance * 100:g} %"}
        for chance, level in found.levels.items()
    ]
    marks = [
        {
            "period_d": mark.period_d,
            "power": _power_near(found, mark.frequency_per_d),
            "kind": "alias" if mark.is_alias else "harmonic",
            "label": _mark_words(mark),
        }
        for mark in (Mark(label=_("best"), period_d=found.period_d, is_alias=False), *found.marks)
        if abs(math.log(mark.period_d / period_d)) > _SAME
    ]
    chosen = {"period_d": period_d, "kind": "this period", "label": "P"}
    chosen["power"] = _power_near(found, 1.0 / period_d)
    longest_d, shortest_d = float(1.0 / frequency[0]), float(1.0 / frequency[-1])
    inside = [chosen] if shortest_d <= period_d <= longest_d else []
    rest = pl.DataFrame([*levels, *marks, *inside], schema=curve.schema)
    return pl.concat([curve, rest]).with_columns(
        _names(rest, found, len(curve)),
        told=pl.col("kind").replace({kind: _(kind) for kind in _KINDS}),
        power_text=pl.col("power").map_elements(lambda power: f"{power:.3f}", return_dtype=pl.String),
        period_text=pl.col("period_d").map_elements(lambda days: f"{days:.6g} d", return_dtype=pl.String),
    )


def rhythm_words(name: str) -> str:
    """Return the name of a rhythm of observing, such as ``Moon`` or ``1 d``, in the reader's language."""
    return _(_RHYTHMS[name]) if name in _RHYTHMS else name


def _mark_words(mark: Mark) -> str:
    """Return what a mark is called: a harmonic such as ``2P``, or an alias such as ``Moon +``."""
    name, gap, sign = mark.label.rpartition(" ")
    return f"{rhythm_words(name)}{gap}{sign}"


def _names(marks: pl.DataFrame, found: PeriodSearch, unnamed: int) -> pl.Series:
    """Return the words beside the marks: of levels that of 1 %, of peaks those that stand out and apart."""
    width = math.log(found.grid.count) * _APART
    named: list[float] = []
    words: dict[int, str] = {}
    rows = list(enumerate(marks.iter_rows(named=True)))
    rows.sort(key=lambda pair: (pair[1]["kind"] != "this period", -pair[1]["power"]))
    for place, row in rows:
        if row["kind"] == "level":
            words[place] = _("noise: 1 %") if row["label"] == "1 %" else ""
            continue
        at = math.log(row["period_d"])
        stands_out = row["power"] > found.levels[0.01] or row["kind"] == "this period"
        if stands_out and all(abs(at - other) > width for other in named):
            named.append(at)
            words[place] = row["label"]
    return pl.Series("name", [""] * unnamed + [words.get(place, "") for place in range(len(marks))])


def _power_near(found: PeriodSearch, frequency_per_d: float) -> float:
    """Return the highest power within the width of a peak of a frequency."""
    place = round(frequency_per_d / found.grid.step_per_d) - found.grid.first
    width = round(found.grid.oversampling)
    around = found.power[max(place - width, 0) : max(place + width + 1, 1)]
    return float(around.max()) if len(around) else 0.0


def periodogram_spec() -> Spec:
    """Return the chart of ``periodogram_rows``: power against the period, which runs by factors."""
    return _periodogram_spec(language())


@lru_cache(maxsize=16)
def _periodogram_spec(language: str) -> Spec:  # noqa: ARG001 - of its words
    zoom = alt.selection_interval(name="zoom", encodings=["x"], bind="scales")
    rows = alt.Chart(alt.NamedData(name="points"))
    scale = alt.Scale(type="log", nice=False, padding=6)
    axis = alt.Axis(format="~g", grid=False, tickSize=0, labelOverlap=True, tickCount=8)
    x = alt.X("period_d:Q", title=_("period [d]"), scale=scale, axis=axis)
    y = alt.Y("power:Q", title=_("power"), axis=alt.Axis(minExtent=44, format="~g", tickSize=0, tickCount=5))
    tips = [
        alt.Tooltip("label:N", title=_("Mark")),
        alt.Tooltip("period_text:N", title=_("Period")),
        alt.Tooltip("power_text:N", title=_("Power")),
    ]
    colour = alt.Color(
        "told:N",
        scale=alt.Scale(domain=[_(kind) for kind in _KINDS], range=[_BEST, _HARMONIC, _ALIAS]),
        legend=alt.Legend(title=None, orient="bottom", offset=14),
    )
    curve = (
        rows.transform_filter("datum.kind == 'curve'")
        .mark_line(color=_CURVE, strokeWidth=1.1, clip=True)
        .encode(x=x, y=y)
    )
    level = rows.transform_filter("datum.kind == 'level'")
    lines = level.mark_rule(color=_LEVEL, strokeDash=[5, 4], clip=True).encode(y=y)
    words = level.mark_text(color=_LEVEL, align="right", dx=-6, dy=-6, fontSize=11).encode(
        x=alt.value("width"), y=y, text="name:N"
    )
    marks = rows.transform_filter("datum.kind != 'curve' && datum.kind != 'level'")
    points = marks.mark_point(filled=True, size=60, yOffset=-7, shape="triangle-down", clip=True).encode(
        x=x, y=y, color=colour, tooltip=tips
    )
    names = marks.mark_text(dy=-17, fontSize=11, clip=True).encode(x=x, y=y, text="name:N", color=colour)
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    layers = alt.layer(curve.add_params(zoom), lines, words, points, names)
    return spec_of(layers.properties(height=PERIODOGRAM_HEIGHT_PX, autosize=size))


def folded_rows(points: pl.DataFrame, *, time: str, period_d: float, epoch: float) -> pl.DataFrame:
    """Return the marks of a light curve folded with a period, each drawn in two cycles."""
    shown = points.gather_every(-(-len(points) // MOST_FOLDED)) if len(points) else points
    turn = pl.Series("phase", phase(shown[time].to_numpy(), period_d=period_d, epoch=epoch))
    once = drawn_points(shown).with_columns(turn)
    return pl.concat([once, once.with_columns(pl.col("phase") + 1.0)])


def folded_spec(bands: tuple[str, ...], many: bool) -> Spec:
    """Return the chart of ``folded_rows``, in the colours of the light curve."""
    return _folded_spec(bands, many, language())


@lru_cache(maxsize=64)
def _folded_spec(bands: tuple[str, ...], many: bool, language: str) -> Spec:  # noqa: ARG001 - of its words
    text = json.dumps(phase_spec(bands)).replace("phase_deg", "phase")
    if many:
        text = text.replace('"size": 46', '"size": 16')
    spec = json.loads(text)
    for layer in spec["layer"]:
        layer["encoding"]["x"]["title"] = _("phase")
    return {**spec, "height": PERIODOGRAM_HEIGHT_PX}


def is_many(rows: pl.DataFrame) -> bool:
    """Return whether so many marks are drawn that they must be small."""
    return len(rows) > _MANY_MARKS


def bands_of(points: pl.DataFrame) -> tuple[str, ...]:
    """Return the bands of folded points from blue to red."""
    return bands_in_order(points)
