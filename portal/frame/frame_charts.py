"""The charts of one frame's stars, built once per look, and its picture with the stars marked on it."""

from functools import lru_cache
from html import escape

import altair as alt
import polars as pl

from engine.photometry.preview import block_pix
from engine.photometry.verdict import TARGET_REF_ID
from portal.vega import Spec, spec_of
from portal.words import _

HEIGHT_PX = 230
GROWTH_HEIGHT_PX = 360
MAP_WIDTH_PX = 560  # about what a column has; the map's height follows the frame's shape
LEAST_LEVEL_MAG = 5e-4
MOST_RINGS = 400  # more hide the picture, and are slow to draw
RED, BLUE, GREY, VIOLET = "#d9485f", "#0e9bd8", "#8b98ad", "#7c5cff"
_FEWEST_CLIP_MAG = 0.02
_GROWTH_TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
_PICTURE_CSS = """
.tl-frame { position: relative; overflow: hidden; width: 100%; border-radius: 0.5rem; background: #040a1a; }
.tl-frame img { position: absolute; left: 0; bottom: 0; max-width: none; }
.tl-frame span { position: absolute; aspect-ratio: 1; transform: translate(-50%, -50%); border-radius: 50%;
  border: 1.5px solid #5eead4; min-width: 9px; }
.tl-frame span.left { border: 1.5px dashed #ff8fa3; }
.tl-frame span.target { border: 2.5px solid #fbbf24; min-width: 16px; }
"""


def star_rows(stars: pl.DataFrame) -> pl.DataFrame:
    """Return one row per star for the charts."""
    return stars.select(
        "x", "y", "ref_mag", "colour_mag", "residual_mag", "stated_err_mag", "ref_id",
        role=pl.when("used").then(pl.lit(_("used"))).otherwise(pl.lit(_("left out"))),
    )  # fmt: skip


def clip_mag(stars: pl.DataFrame) -> float:
    """Return at which residual the colours of the map are full: three times the usual one."""
    usual = stars.filter("used")["residual_mag"].abs().median() if len(stars) else None
    wanted = 3.0 * 1.4826 * float(usual) if isinstance(usual, int | float) else _FEWEST_CLIP_MAG
    return float(f"{max(wanted, _FEWEST_CLIP_MAG):.1g}")


@lru_cache(maxsize=64)
def map_spec(shape: tuple[int, int], clip: float, language: str) -> Spec:  # noqa: ARG001 - it has words
    """Return the chart of residuals over the field, ``shape`` is (ny, nx): blue fainter, red brighter."""
    ny, nx = shape
    rows = alt.Chart(alt.NamedData(name="points"))
    colour = alt.Color(
        "residual_mag:Q",
        scale=alt.Scale(domain=[-clip, 0, clip], range=[BLUE, "#cfd6df", RED], clamp=True),
        legend=alt.Legend(
            title=_("catalogue − measured [mag]"), orient="bottom", gradientLength=220, format="+.2~f"
        ),
    )
    place = {
        "x": alt.X("x:Q", title="x [px]", scale=alt.Scale(domain=[0, nx], nice=False), axis=_axis("d")),
        "y": alt.Y("y:Q", title="y [px]", scale=alt.Scale(domain=[0, ny], nice=False), axis=_axis("d")),
        "tooltip": _tips(),
    }
    used = rows.transform_filter(_is("role", _("used"))).mark_point(
        filled=True, size=70, opacity=0.9, stroke=GREY, strokeWidth=0.5
    )
    left = rows.transform_filter(_is("role", _("left out"))).mark_point(
        shape="cross", size=40, opacity=0.6, color=GREY, filled=False
    )
    height = int(min(max(MAP_WIDTH_PX * ny / max(nx, 1), 180), 520)) // 20 * 20
    return _finished(used.encode(color=colour, **place), left.encode(**place), height_px=height)


@lru_cache(maxsize=32)
def residual_spec(field: str, title: str, language: str) -> Spec:  # noqa: ARG001 - it has words
    """Return the chart of residuals against a column; what lies on the line agrees with the catalogue."""
    rows = alt.Chart(alt.NamedData(name="points")).transform_filter(f"isValid(datum.{field})")
    points = rows.mark_point(size=34, opacity=0.75, clip=True).encode(
        x=alt.X(f"{field}:Q", title=title, scale=_tight(), axis=_axis()),
        y=alt.Y("residual_mag:Q", title=_("catalogue − measured [mag]"), scale=_tight(), axis=_axis()),
        color=_roles(),
        shape=_role_shapes(),
        tooltip=_tips(),
    )
    return _finished(points, _rule(rows, 0.0))


@lru_cache(maxsize=16)
def growth_spec(language: str) -> Spec:  # noqa: ARG001 - it has words
    """Return the chart of errors against magnitude: each star, what bins scatter by, and what they state."""
    rows = alt.Chart(alt.NamedData(name="points"))
    x = alt.X("mag:Q", title=_("magnitude"), scale=_tight(), axis=_axis())
    scale = alt.Scale(type="log", nice=True)
    y = alt.Y("level:Q", title=_("error [mag]"), scale=scale, axis=_axis(values=_GROWTH_TICKS))
    kinds = [_("measured scatter"), _("stated error")]
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[RED, BLUE]),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    stars = rows.transform_filter(_is("kind", _("star"))).mark_point(
        filled=True, size=14, opacity=0.35, color=GREY, clip=True
    )
    lines = rows.transform_filter(_is("kind", *kinds)).mark_line(
        point=alt.OverlayMarkDef(filled=True, size=40), strokeWidth=2, clip=True
    )
    tips = [
        alt.Tooltip("kind:N", title=_("What")),
        alt.Tooltip("mag:Q", title=_("Magnitude"), format=".2f"),
        alt.Tooltip("level:Q", title=_("Error [mag]"), format=".4f"),
        alt.Tooltip("stars:Q", title=_("Stars")),
    ]
    marks = (lines.encode(x=x, y=y, color=colour, tooltip=tips), stars.encode(x=x, y=y))
    return _finished(*marks, height_px=GROWTH_HEIGHT_PX)


def growth_rows(stars: pl.DataFrame, grown: pl.DataFrame) -> pl.DataFrame:
    """Return the marks of the chart of errors."""
    schema = {"kind": pl.String(), "mag": pl.Float64(), "level": pl.Float64(), "stars": pl.Int64()}
    each = stars.select(
        kind=pl.lit(_("star")), mag="ref_mag", level=pl.col("residual_mag").abs(), stars=pl.lit(1)
    )
    scatter = grown.select(kind=pl.lit(_("measured scatter")), mag="mag", level="scatter_mag", stars="stars")
    stated = grown.select(kind=pl.lit(_("stated error")), mag="mag", level="stated_mag", stars="stars")
    rows = pl.concat([part.cast(schema) for part in (scatter, stated, each)])  # type: ignore[arg-type]
    # a star that hits its magnitude by chance would stretch the chart downward
    return rows.filter(pl.col("level") > LEAST_LEVEL_MAG, pl.col("mag").is_not_null())


def picture_html(url: str, stars: pl.DataFrame, shape: tuple[int, int], *, title: str) -> str:
    """Return the picture of a frame, ``shape`` is (ny, nx), with rings round the target and the stars.

    A frame counts y upward, a screen downward; Streamlit takes a drawing (SVG) out of HTML, rings stay.
    """
    ny, nx = shape
    block = block_pix(shape)
    wide, high = 100.0 * (-(-nx // block) * block) / nx, 100.0 * (-(-ny // block) * block) / ny
    rings = "".join(_ring(row, shape) for row in _shown(stars).iter_rows(named=True))
    return (
        f"<style>{_PICTURE_CSS}</style>"
        f'<div class="tl-frame" style="aspect-ratio: {nx} / {ny}">'
        f'<img src="{escape(url, quote=True)}" alt="{escape(title, quote=True)}" '
        f'style="width: {wide:.4f}%; height: {high:.4f}%">{rings}</div>'
    )


def _shown(stars: pl.DataFrame) -> pl.DataFrame:
    """Return the target and the brightest stars, those that count first."""
    if stars.is_empty():
        return stars
    is_target = pl.col("ref_id") == TARGET_REF_ID
    return stars.sort(is_target, "used", -pl.col("inst_mag"), descending=True, nulls_last=True).head(
        MOST_RINGS
    )


def _ring(star: dict[str, object], shape: tuple[int, int]) -> str:
    ny, nx = shape
    x, y = float(str(star["x"])), float(str(star["y"]))
    is_target = star["ref_id"] == TARGET_REF_ID
    role = "target" if is_target else ("used" if star["used"] else "left")
    words = escape(_ring_words(star, is_target=is_target), quote=True)
    wide = 4.0 if is_target else 2.0
    place = f"left: {100 * (x + 0.5) / nx:.2f}%; top: {100 * (1 - (y + 0.5) / ny):.2f}%"
    return f'<span class="{role}" style="{place}; width: {wide}%" title="{words}"></span>'


def _ring_words(star: dict[str, object], *, is_target: bool) -> str:
    if is_target:
        return _("the target")
    words = [str(star["ref_id"])]
    if star["ref_mag"] is not None:
        words.append(f"{float(str(star['ref_mag'])):.2f} mag")
    if star["residual_mag"] is not None:
        words.append(_("off by {residual} mag", residual=f"{float(str(star['residual_mag'])):+.3f}"))
    return ", ".join(words if star["used"] else [*words, _("left out")])


def _finished(*layers: alt.Chart, height_px: int = HEIGHT_PX) -> Spec:
    first, *rest = layers
    zoom = alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales")
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(first.add_params(zoom), *rest).properties(height=height_px, autosize=size)
    return spec_of(chart)


def _rule(rows: alt.Chart, level: float) -> alt.Chart:
    one = rows.transform_aggregate(all="count()").transform_calculate(level=str(level))
    rule: alt.Chart = one.mark_rule(strokeDash=[3, 3], color=GREY, opacity=0.8).encode(y="level:Q")
    return rule


def _is(field: str, *values: str) -> alt.FieldOneOfPredicate:
    """Return the rows that have one of these values, which are words and no part of an expression."""
    return alt.FieldOneOfPredicate(field=field, oneOf=list(values))


def _tight() -> alt.Scale:
    return alt.Scale(zero=False, nice=False, padding=12)


def _axis(form: str = "~g", values: list[float] | None = None) -> alt.Axis:
    ticks = alt.Undefined if values is None else values
    return alt.Axis(format=form, tickSize=0, minExtent=40, labelOverlap=True, values=ticks)


def _roles() -> alt.Color:
    scale = alt.Scale(domain=[_("used"), _("left out")], range=[BLUE, GREY])
    return alt.Color("role:N", scale=scale, legend=alt.Legend(title=None, orient="bottom"))


def _role_shapes() -> alt.Shape:
    scale = alt.Scale(domain=[_("used"), _("left out")], range=["circle", "cross"])
    return alt.Shape("role:N", scale=scale, legend=alt.Legend(title=None, orient="bottom"))


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("ref_id:N", title=_("Star")),
        alt.Tooltip("ref_mag:Q", title=_("Catalogue mag"), format=".3f"),
        alt.Tooltip("residual_mag:Q", title=_("Off by [mag]"), format="+.4f"),
        alt.Tooltip("colour_mag:Q", title="BP − RP [mag]", format=".2f"),
        alt.Tooltip("role:N", title=_("For the zero point")),
    ]
