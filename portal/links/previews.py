"""The picture of a light curve that a link to a target shows elsewhere; drawn here, without a browser."""

import math
from collections.abc import Sequence

import polars as pl

from engine.bands import BANDS
from engine.target import Target
from engine.times import datetime_of
from portal.drawing import Disc, Drawing, Line, Shape, Words, png_of
from portal.light_curve.charts import MAG_BANDS, UNKNOWN_BAND_COLOUR, bands_in_order
from portal.words import _

WIDTH_PX, HEIGHT_PX = 1200, 630  # what sites that show links ask for
MOST_DRAWN = 3000
_LEFT, _RIGHT, _TOP, _BOTTOM = 96.0, 1160.0, 150.0, 540.0
_GROUND, _INK, _PALE, _GRID, _WARN = "#fbfcfe", "#0f1b2e", "#5b6b84", "#d5deea", "#b45309"
_MOST_BANDS = 7
_STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_NAME_CHARS = 40
Span = tuple[float, float]


def preview_png(target: Target, points: pl.DataFrame, *, is_simulated: bool) -> bytes:
    """Return the preview of a target with these points, which must be those that anybody may see."""
    mags = points.filter(pl.col("mag").is_not_null(), pl.col("band").is_in(MAG_BANDS))
    mags = mags.gather_every(-(-len(mags) // MOST_DRAWN)) if len(mags) > MOST_DRAWN else mags
    shapes = [*_heading(target, is_simulated=is_simulated), *(_curve(mags) if len(mags) else _nothing())]
    return png_of(Drawing(width=WIDTH_PX, height=HEIGHT_PX, ground=_GROUND, shapes=shapes))


def _heading(target: Target, *, is_simulated: bool) -> list[Shape]:
    kind = "" if target.classification == "Unknown" else f"{target.classification}  |  "
    place = f"RA {target.ra_deg:.5f}  Dec {target.dec_deg:+.5f}"
    name = target.name if len(target.name) <= _NAME_CHARS else f"{target.name[: _NAME_CHARS - 1]}..."
    words: list[Shape] = [
        Words(x=40, y=74, text=name, colour=_INK, size=50),
        Words(x=42, y=114, text=f"{kind}{place}", colour=_PALE, size=23),
        Words(x=_RIGHT, y=66, text="tomlake", colour=_PALE, size=28, anchor="end"),
    ]
    if is_simulated:
        words.append(Words(x=_RIGHT, y=114, text=_("simulated"), colour=_WARN, size=25, anchor="end"))
    return words


def _nothing() -> list[Shape]:
    middle = ((_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2)
    text = _("no points yet")
    return [Words(x=middle[0], y=middle[1], text=text, colour=_PALE, size=28, anchor="middle")]


def _curve(mags: pl.DataFrame) -> list[Shape]:
    mjd, mag = mags["mjd"].to_list(), mags["mag"].to_list()
    across, down = _span(mjd, least=1.0), _span(mag, least=0.1)
    dots: list[Shape] = [
        Disc(x=_x(at, across), y=_y(level, down), radius=3.2, fill=_colour(band))
        for at, level, band in zip(mjd, mag, mags["band"].to_list(), strict=True)
    ]
    return [*_scales(across, down), *dots, *_legend(bands_in_order(mags))]


def _span(values: Sequence[float], *, least: float) -> Span:
    middle, half = (min(values) + max(values)) / 2, max(max(values) - min(values), least) / 2
    return middle - 1.06 * half, middle + 1.06 * half


def _x(mjd: float, span: Span) -> float:
    return _LEFT + (mjd - span[0]) / (span[1] - span[0]) * (_RIGHT - _LEFT)


def _y(mag: float, span: Span) -> float:
    return _TOP + (mag - span[0]) / (span[1] - span[0]) * (_BOTTOM - _TOP)


def _scales(across: Span, down: Span) -> list[Shape]:
    """Return the grid: magnitudes, the bright ones above, and days of the calendar."""
    shapes: list[Shape] = []
    step = next((each for each in _STEPS if (down[1] - down[0]) / each <= 6), _STEPS[-1])
    for number in range(math.ceil(down[0] / step), math.floor(down[1] / step) + 1):
        y = _y(number * step, down)
        shapes.append(Line(points=((_LEFT, y), (_RIGHT, y)), colour=_GRID, width=1.5))
        label = f"{number * step:.2f}" if step < 0.1 else f"{number * step:.1f}"
        shapes.append(Words(x=_LEFT - 12, y=y + 7, text=label, colour=_PALE, size=21, anchor="end"))
    form = "%d %b %Y" if across[1] - across[0] < 1000 else "%b %Y"
    for part in (0.1, 0.37, 0.63, 0.9):
        mjd = across[0] + part * (across[1] - across[0])
        x = _x(mjd, across)
        shapes.append(Line(points=((x, _TOP), (x, _BOTTOM)), colour=_GRID, width=1.5))
        day = f"{datetime_of(mjd):{form}}"
        shapes.append(Words(x=x, y=_BOTTOM + 30, text=day, colour=_PALE, size=21, anchor="middle"))
    return shapes


def _legend(bands: Sequence[str]) -> list[Shape]:
    shapes: list[Shape] = []
    for number, band in enumerate(bands[:_MOST_BANDS]):
        x = _LEFT + number * (_RIGHT - _LEFT) / _MOST_BANDS
        more = len(bands) > _MOST_BANDS and number == _MOST_BANDS - 1
        if not more:
            shapes.append(Disc(x=x + 7, y=_BOTTOM + 63, radius=7, fill=_colour(band)))
        text = _("+ {number} more", number=len(bands) - number) if more else band
        shapes.append(Words(x=x + 22, y=_BOTTOM + 70, text=text, colour=_PALE, size=20))
    return shapes


def _colour(band: str) -> str:
    return BANDS[band].colour if band in BANDS else UNKNOWN_BAND_COLOUR
