"""Small light curves for cards and lists, as SVG without axes."""

from collections.abc import Sequence

import polars as pl

from engine.bands import BANDS
from portal.light_curve.charts import UNKNOWN_BAND_COLOUR

THUMBNAIL_WIDTH_PX = 280
THUMBNAIL_HEIGHT_PX = 84
THUMBNAIL_SPAN_D = 1100.0
THUMBNAIL_ALIVE_D = 60.0  # a band whose last point is older says nothing of today
THUMBNAIL_MIN_POINTS = 12


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


def sparkline_svg(mags: Sequence[float], band: str) -> str:
    """Return the summary of a light curve as a small line without axes, oldest left; bright is up."""
    if not mags:
        return _svg(_BASE_LINE)
    xs = _scaled(range(len(mags)), 8, THUMBNAIL_WIDTH_PX - 8)
    ys = _scaled(mags, 10, THUMBNAIL_HEIGHT_PX - 10)
    places = [f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True)]
    colour = _fill(band)
    line = (
        f'<polyline points="{" ".join(places)}" fill="none" stroke="{colour}" '
        'stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/>'
    )
    dot = f'<circle cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="4" fill="{colour}"/>'
    return _svg(line + dot)


_BASE_LINE = (
    f'<path d="M6 {THUMBNAIL_HEIGHT_PX / 2}H{THUMBNAIL_WIDTH_PX - 6}" '
    f'stroke="{UNKNOWN_BAND_COLOUR}" stroke-opacity="0.5" stroke-dasharray="3 6"/>'
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
