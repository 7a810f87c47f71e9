"""Draw how much stars scatter against how bright they are, with the least that photons allow.

``python benchmarks/star_plot.py docs/images/stars.svg`` (a few minutes)
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_stars import FIELDS, Matched, matched, methods, spread
from benchmarks.growth import Axis, axis, levels
from benchmarks.star_fields import star_field

Array = NDArray[np.float64]

SEEDS = range(1, 4)
WIDTH, HEIGHT, MARGIN, RIGHT = 470, 330, 52, 14
MAGS = np.arange(10.5, 19.0, 0.75)
LEAST_STARS = 12
LEAST_MMAG, MOST_MMAG = 1.0, 1000.0
COLOURS = {
    "tomlake, catalogue off by 0.1 px, 10 % missing, 5 % wrong": "#0d9aa8",
    "tomlake, no catalogue": "#7c3aed",
    "SExtractor + PSFEx": "#b45309",
    "photutils, ePSF in groups": "#65a30d",
}


def curve(told: Sequence[Matched], mags: Sequence[Array], *, least: bool) -> list[tuple[float, float]]:
    """Return the scatter [mmag] of the stars found, or the least possible, at steps of brightness."""
    places = []
    mag = np.concatenate(mags)
    miss = np.concatenate([each.miss_mag for each in told])
    limit = np.concatenate([each.least_mag for each in told])
    for low, high in pairwise(MAGS):
        here = (mag >= low) & (mag < high) & np.isfinite(miss) & np.isfinite(limit)
        if here.sum() >= LEAST_STARS:
            value = float(np.median(limit[here])) if least else spread(miss[here])
            places.append(((low + high) / 2, 1e3 * value))
    return places


def panel(side_pix: int, stars: int) -> str:
    """Return one plot as SVG."""
    fields = [star_field(seed, side_pix=side_pix, stars=stars) for seed in SEEDS]
    mags = [field.truth["mag"].to_numpy() for field in fields]
    up = axis([LEAST_MMAG, MOST_MMAG], start_px=HEIGHT - 36, length_px=-(HEIGHT - 70))
    title = f"{side_pix}² pixels, {stars:,} stars: scatter [mmag]"
    parts = [
        f'<text x="{MARGIN}" y="18" font-weight="600">{title}</text>',
        _grid(up),
    ]
    limit: list[tuple[float, float]] = []
    for name, colour in COLOURS.items():
        told = [matched(field, methods()[name](field)) for field in fields]
        limit = limit or curve(told, mags, least=True)
        parts.append(_line(curve(told, mags, least=False), up, f'stroke="{colour}" stroke-width="2"'))
    parts.append(_line(limit, up, 'stroke="#444" stroke-width="1.5" stroke-dasharray="5 4"'))
    return "\n".join(parts)


def _across(mag: float) -> float:
    return MARGIN + (WIDTH - MARGIN - RIGHT) * (mag - 10.0) / 9.0


def _grid(up: Axis) -> str:
    parts = []
    for mag in range(10, 20):
        x = _across(mag)
        parts.append(f'<path d="M{x:.1f} 34V{HEIGHT - 36}" stroke="#8884"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 20}" text-anchor="middle">{mag}</text>')
    parts += levels(up, left_px=MARGIN, right_px=WIDTH - RIGHT)
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">magnitude</text>')
    return "\n".join(parts)


def _line(line: Sequence[tuple[float, float]], up: Axis, style: str) -> str:
    inside = [(mag, value) for mag, value in line if LEAST_MMAG <= value <= MOST_MMAG]
    path = "L".join(f"{_across(mag):.1f} {up.place(value):.1f}" for mag, value in inside)
    return f'<path d="M{path}" fill="none" {style}/>' if inside else ""


def main() -> None:
    """Write the picture."""
    width, height = WIDTH * len(FIELDS), HEIGHT + 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12" fill="#444">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, (side_pix, stars) in enumerate(FIELDS):
        parts.append(f'<g transform="translate({WIDTH * number} 0)">\n{panel(side_pix, stars)}\n</g>')
    legend = {**COLOURS, "least possible (Cramér-Rao)": "#444"}
    for number, (name, colour) in enumerate(legend.items()):
        x, y = MARGIN + 345 * (number // 2), HEIGHT + 14 + 20 * (number % 2)
        parts.append(f'<path d="M{x} {y - 4}h18" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(f'<text x="{x + 25}" y="{y}">{name}</text>')
    Path(sys.argv[1]).write_text("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    main()
